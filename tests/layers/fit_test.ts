// What does not fit a layer is refused by `apply` as by `declare`, on each backend, before it is computed.
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  adaptiveMeanPool,
  type AnyLayer,
  auxiliary,
  batchNorm,
  conv,
  dense,
  dropout,
  flatten,
  globalMeanPool,
  graph,
  identity,
  init,
  jit,
  key,
  type Layer,
  layers,
  leakyRelu,
  lenet5,
  localResponseNorm,
  maxPool,
  meanPool,
  type Network,
  normPool,
  ones,
  padTo,
  parallel,
  relu,
  residual,
  sequential,
  type Shape,
  sigmoid,
  softmax,
  tanh,
  type Tensor,
  tf,
  zeroPadShortcut,
} from "../../mod.ts";
import { scaledTanh } from "../../lib/layers/activation.ts";
import { radialBasis } from "../../lib/layers/radial_basis.ts";
import { subsample } from "../../lib/layers/subsample.ts";
import { tableConv } from "../../lib/layers/table_conv.ts";
import { gpuTest } from "../device/adapter.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { start } from "../../mod.ts";

/**
 * Every layer with a shape that it takes, shapes that it refuses to declare, and shapes that it
 * takes, but not with the parameters and state that were made for the first.
 */
type Case = {
  readonly layer: AnyLayer;
  readonly fits: Shape;
  readonly refuses: readonly Shape[];
  readonly misfits: readonly Shape[];
};

/** What no layer of images takes. */
const NO_IMAGES: readonly Shape[] = [[], [4], [6, 6], [2, 6, 6, 3]];

const image = (
  layer: AnyLayer,
  fits: Shape,
  refuses: Shape[] = [],
  misfits: Shape[] = [],
): Case => ({
  layer,
  fits,
  refuses: [...NO_IMAGES, ...refuses],
  misfits,
});
const anything = (layer: AnyLayer, fits: Shape = [4, 3]): Case => ({
  layer,
  fits,
  refuses: [],
  misfits: [],
});

const CASES: Readonly<Record<string, Case>> = {
  conv: image(conv({ features: 2, size: 3 }), [6, 6, 3], [[2, 6, 3]], [[6, 6, 1], [6, 6, 4]]),
  "conv in groups": image(conv({ features: 2, size: 1, groups: 2 }), [6, 6, 4], [[6, 6, 3]], [[
    6,
    6,
    2,
  ]]),
  dense: {
    layer: dense({ features: 2 }),
    fits: [5],
    refuses: [[], [5, 5], [1, 1, 5]],
    misfits: [[4], [6], [1]],
  },
  tableConv: image(
    tableConv({ table: [[0, 2], [1]], size: 3 }),
    [6, 6, 3],
    [[6, 6, 2], [2, 6, 3]],
  ),
  subsample: image(subsample(), [6, 6, 6], [[1, 6, 6]], [[6, 6, 1], [6, 6, 12]]),
  radialBasis: {
    layer: radialBasis([[1, -1], [-1, 1]]),
    fits: [2],
    refuses: [[], [1], [3], [1, 2]],
    misfits: [],
  },
  maxPool: image(maxPool({ size: 3 }), [6, 6, 3], [[2, 6, 3]]),
  meanPool: image(meanPool({ size: 3 }), [6, 6, 3], [[6, 2, 3]]),
  normPool: image(normPool({ size: 3 }), [6, 6, 3], [[2, 2, 3]]),
  globalMeanPool: image(globalMeanPool(), [6, 6, 3]),
  adaptiveMeanPool: image(adaptiveMeanPool(2), [6, 6, 3]),
  zeroPadShortcut: image(zeroPadShortcut({ features: 4, stride: 2 }), [6, 6, 3], [[6, 6, 5]]),
  padTo: image(padTo(8), [6, 6, 3], [[9, 6, 3], [6, 9, 3]]),
  batchNorm: { layer: batchNorm(), fits: [4, 3], refuses: [[]], misfits: [[3, 4], [1], [4, 1]] },
  localResponseNorm: { layer: localResponseNorm(), fits: [4, 3], refuses: [[]], misfits: [] },
  softmax: { layer: softmax(), fits: [3], refuses: [[]], misfits: [] },
  relu: anything(relu()),
  leakyRelu: anything(leakyRelu()),
  tanh: anything(tanh()),
  scaledTanh: anything(scaledTanh()),
  sigmoid: anything(sigmoid()),
  identity: anything(identity()),
  dropout: anything(dropout(0.5)),
  flatten: anything(flatten()),
  sequential: image(
    sequential({ pool: maxPool({ size: 2 }), conv: conv({ features: 2, size: 3 }) }),
    [6, 6, 3],
    [[4, 6, 3]],
    [[6, 6, 1]],
  ),
  parallel: image(
    parallel({ a: conv({ features: 2, size: 1 }), b: maxPool({ size: 3, stride: 1, padding: 1 }) }),
    [6, 6, 3],
    [],
    [[6, 6, 1]],
  ),
  "a sum of what broadcasts": image(
    parallel({ a: conv({ features: 1, size: 1 }), b: identity() }, "sum"),
    [6, 6, 1],
    [[6, 6, 3]],
  ),
  graph: image(
    graph({
      a: conv({ features: 2, size: 1 }),
      b: { layer: conv({ features: 2, size: 3 }), from: ["a", "input"] },
    }) as Layer,
    [6, 6, 3],
    [],
    [[6, 6, 1]],
  ),
  "a graph's sum of what broadcasts": image(
    graph({
      a: conv({ features: 1, size: 1 }),
      b: { from: ["a", "input"], join: "sum" },
    }) as Layer,
    [6, 6, 1],
    [[6, 6, 3]],
  ),
  residual: image(
    residual(conv({ features: 3, size: 3, padding: 1 })),
    [6, 6, 3],
    [[6, 6, 1]],
  ),
  auxiliary: image(
    auxiliary(sequential({ mean: globalMeanPool(), logits: dense({ features: 2 }) }) as Layer),
    [6, 6, 3],
    [],
    [[6, 6, 1]],
  ),
  readOut: {
    layer: layers.readOut(
      graph({
        digit: { layer: dense({ features: 2 }), from: "input" },
        angle: { layer: dense({ features: 1 }), from: "input" },
      }, { outputs: ["digit", "angle"] }),
      "digit",
    ),
    fits: [5],
    refuses: [[], [5, 5], [1, 1, 5]],
    misfits: [[4], [6], [1]],
  },
  checkpoint: image(
    layers.checkpoint(conv({ features: 2, size: 3 })),
    [6, 6, 3],
    [[2, 6, 3]],
    [[6, 6, 1]],
  ),
  ...Object.fromEntries(
    (["relu6", "elu", "selu", "gelu", "silu", "hardSwish", "hardSigmoid", "softplus"] as const)
      .map((name) => [name, anything(layers[name]())]),
  ),
  activation: anything(layers.activation(tf.square, "square")),
  prelu: { layer: layers.prelu(), fits: [4, 3], refuses: [[]], misfits: [[3, 4], [1]] },
  logSoftmax: { layer: layers.logSoftmax(), fits: [3], refuses: [[]], misfits: [] },
  convTranspose: image(
    layers.convTranspose({ features: 2, size: 3, padding: 1 }),
    [6, 6, 3],
    [[0, 6, 3]],
    [[6, 6, 1], [6, 6, 4]],
  ),
  upsample: image(layers.upsample(), [6, 6, 3]),
  pixelShuffle: image(layers.pixelShuffle(2), [6, 6, 4], [[6, 6, 3]]),
  pixelUnshuffle: image(layers.pixelUnshuffle(2), [6, 6, 3], [[5, 6, 3]]),
  padBy: image(layers.padBy({ amount: 3, mode: "reflect" }), [6, 6, 3], [[6, 3, 3]]),
  groupNorm: {
    layer: layers.groupNorm({ groups: 2 }),
    fits: [6, 4],
    refuses: [[], [4, 3]],
    misfits: [[6, 2]],
  },
  instanceNorm: {
    layer: layers.instanceNorm({ affine: true }),
    fits: [6, 4],
    refuses: [[], [4]],
    misfits: [[6, 2]],
  },
  layerNorm: { layer: layers.layerNorm(), fits: [6, 4], refuses: [[]], misfits: [[6, 2]] },
  squeezeExcite: image(
    layers.squeezeExcite({ channels: 4, squeezed: 2 }),
    [6, 6, 4],
    [[6, 6, 1], [6, 6, 3]],
  ),
  spatialDropout: image(layers.spatialDropout(0.5), [6, 6, 3]),
  stochasticDepth: anything(layers.stochasticDepth(0.5)),
  gaussianNoise: anything(layers.gaussianNoise(0.5)),
  reduce: { layer: layers.reduce({ axes: [1] }), fits: [4, 3], refuses: [[], [4]], misfits: [] },
  transpose: {
    layer: layers.transpose([1, 0]),
    fits: [4, 3],
    refuses: [[], [4], [4, 3, 2]],
    misfits: [],
  },
  slice: {
    layer: layers.slice({ begin: [1, 0], size: [2, -1] }),
    fits: [4, 3],
    refuses: [[], [4], [2, 3], [4, 3, 2]],
    misfits: [],
  },
  reshape: {
    layer: layers.reshape([2, -1]),
    fits: [4, 3],
    refuses: [[], [3, 5]],
    misfits: [],
  },
};

/** What is said of an input that would fit as one example. */
const HINT = "without the batch. Of one example make a batch by tf.expandDims(x)";

/** The same, or of one that has no channels either. */
const MEND = /Of one( example)? make a batch by tf\.(expandDims|reshape)\(x/;

type Thrown = { readonly name: string; readonly message: string };

/** What a function throws; of an input that would fit as one example, what it is refused for. */
function thrown(f: () => unknown): Thrown {
  const error = assertThrows(f, Error) as Error;
  const isExample = MEND.test(error.message);
  const { name, message } = isExample ? error.cause as Error : error;
  return { name, message };
}

function apply({ model, params, state }: Network, shape: Shape, batch = 2): Tensor {
  return tf.tidy(() => model.apply(params, state, tf.zeros([batch, ...shape]), {})[0]);
}

for (const [name, { layer, fits, refuses, misfits }] of Object.entries(CASES)) {
  onEachBackend(`${name} refuses in apply what it refuses to declare, in the same words`, () => {
    const alone: Network = init(layer, key(0), fits);
    const inner = sequential({ outer: sequential({ it: layer }) }) as Layer;
    const within: Network = init(inner, key(0), fits);
    assertEquals(apply(alone, fits).shape, [2, ...layer.declare(fits).shape]);
    for (const shape of refuses) {
      assertEquals(thrown(() => apply(alone, shape)), thrown(() => layer.declare(shape)));
      assertEquals(thrown(() => apply(within, shape)), thrown(() => inner.declare(shape)));
    }
    for (const shape of misfits) {
      layer.declare(shape);
      const { name: kind, message } = thrown(() => apply(alone, shape));
      assertEquals(kind, "TypeError");
      assert(/must be of shape \[[\d,]+\], got \[[\d,]+\]$/.test(message), message);
      assert(thrown(() => apply(within, shape)).message.includes('In "outer/it'), message);
    }
    tf.dispose([alone, within] as never);
  });
}

Deno.test("every layer has a case of what it refuses", async () => {
  const room = await import("../../lib/layers/mod.ts");
  const makers = Object.keys(room).filter((name) =>
    !/^(init|enter|countParameters|layersOf|ones|zeros|.*(Normal|Uniform))$/.test(name)
  );
  const others = Object.keys(layers).filter((name) => name !== "concatAlong");
  assertEquals([...makers, ...others].filter((name) => !Object.hasOwn(CASES, name)), []);
});

onEachBackend("an image without a batch is refused, with what to do", () => {
  const models: readonly (readonly [Layer, Shape])[] = [
    [lenet5() as Layer, [28, 28, 1]],
    [conv({ features: 2, size: 3 }) as Layer, [28, 28, 1]],
    // Each of 28 rows would be an example, if the weights were for rows.
    [sequential({ flatten: flatten(), logits: dense({ features: 2 }) }) as Layer, [28, 28, 1]],
    [dense({ features: 2 }) as Layer, [784]],
  ];
  for (const [model, shape] of models) {
    const { params, state } = init(model, key(0), shape);
    const x = tf.zeros([...shape]);
    assertThrows(() => model.apply(params, state, x, {}), TypeError, HINT);
    assertEquals(model.apply(params, state, tf.expandDims(x), {})[0].shape[0], 1);
    // What would not fit as a batch of one either is not told to be one.
    const { message } = assertThrows(
      () => model.apply(params, state, tf.zeros([2, 3]), {}),
      TypeError,
    );
    assert(!message.includes(HINT), message);
  }
});

onEachBackend(
  "LeNet-5 for 28 × 28 refuses 33 × 33, and parameters of another layer are named",
  () => {
    const model = lenet5();
    const { params, state } = init(model, key(0), [28, 28, 1]);
    assertThrows(
      () => model.apply(params, state, tf.zeros([1, 33, 33, 1]), {}),
      RangeError,
      'In "pad": Cannot apply a padTo layer: its input must not be larger than 32 × 32, got [33,33,1]',
    );
    assertThrows(
      () => model.apply(params, state, tf.zeros([1, 28, 28, 3]), {}),
      TypeError,
      'In "conv1": Cannot apply a conv layer to [32,32,3]: its kernel must be of shape [5,5,3,6], got [5,5,1,6]',
    );
    const { bias: _, ...rest } = params.dense1;
    assertThrows(
      () =>
        model.apply(
          { ...params, dense1: rest as typeof params.dense1 },
          state,
          tf.zeros([1, 28, 28, 1]),
          {},
        ),
      TypeError,
      'In "dense1": Cannot apply a dense layer to [400]: its bias must be of shape [120], got none',
    );
  },
);

/** A layer that is made by hand: it halves an even number of features, and keeps their first half. */
const halving: Layer<{ readonly scale: Tensor }> = {
  op: "halving",
  declare([features, ...rest]) {
    if (rest.length > 0 || features! % 2 !== 0) throw new RangeError(`Cannot halve ${features}`);
    return {
      shape: [features! / 2],
      params: { scale: { shape: [1], initializer: ones } },
      state: {},
    };
  },
  apply: ({ scale }, state, x) => [
    tf.mul(tf.slice(x, [0, 0], [-1, Math.floor(x.shape[1]! / 2)]), scale),
    state,
  ],
};

onEachBackend("your own layers are checked in a model: input, parameters and output", () => {
  const model = sequential({ halve: halving });
  const { params, state } = init(model, key(0), [4]);
  assertEquals(model.apply(params, state, tf.ones([3, 4]), {})[0].shape, [3, 2]);
  const said = 'In "halve": Cannot halve 5';
  assertThrows(() => model.apply(params, state, tf.ones([3, 5]), {}), RangeError, said);
  const other = { halve: { scale: tf.ones([2]) } };
  assertThrows(
    () => model.apply(other, state, tf.ones([3, 4]), {}),
    TypeError,
    'In "halve": Cannot apply a halving layer to [4]: its scale must be of shape [1], got [2]',
  );
  const wrong: AnyLayer = { ...halving, apply: (_params, s, x) => [x, s] };
  const liar = sequential({ halve: wrong });
  assertThrows(
    () => liar.apply(params, state, tf.ones([3, 4]), {}),
    TypeError,
    'In "halve": Cannot apply a halving layer to [3,4]: each output must be of shape [2], as it declares, got a batch of [3,4]',
  );
});

onEachBackend("what an intercept hands on is checked too", () => {
  const model = sequential({ a: relu(), b: dense({ features: 2 }) });
  const { params, state } = init(model, key(0), [3]);
  assertThrows(
    () =>
      model.apply(params, state, tf.ones([1, 3]), {
        intercept: ({ path }, x, next) => next(path === "b" ? tf.ones([1, 4]) : x),
      }),
    TypeError,
    'In "b": Cannot apply a dense layer to [4]',
  );
});

gpuTest("a recorded model refuses as an eager one, and a replay checks nothing again", async () => {
  await start();
  let declared = 0;
  const counting: Layer = {
    op: "counting",
    declare(shape) {
      declared++;
      return { shape, params: {}, state: {} };
    },
    apply: (_params, state, x) => [tf.add(x, 1), state],
  };
  const model = sequential({ counting, logits: dense({ features: 2 }) });
  const { params, state } = init(model, key(0), [3]);
  const forward = jit((p: typeof params, x: Tensor) => model.apply(p, state, x, {})[0]);
  assertThrows(() => forward(params, tf.ones([1, 4])), TypeError, 'In "logits": ');
  const [one] = [1, 2].map(() => forward(params, tf.ones([1, 3]))); // Recorded, and compared.
  const before = declared;
  const other = forward(params, tf.ones([1, 3]));
  assertEquals(declared, before);
  assertEquals(await other.data(), await one!.data());
  forward.dispose();
});

onCpu("a shape is declared once, whatever becomes of the caller's array", () => {
  let declared = 0;
  const model = sequential({
    a: {
      op: "once",
      declare(shape: Shape) {
        declared++;
        return { shape, params: {}, state: {} };
      },
      apply: (_params, state, x) => [x, state],
    } as Layer,
  });
  const shape = [4, 2];
  const first = model.declare(shape);
  assertEquals(model.declare([4, 2]), first);
  assertEquals(declared, 1);
  shape[0] = 9;
  assertEquals(first.shape, [4, 2]);
  assertEquals(model.declare(shape).shape, [9, 2]);
  assertEquals(declared, 2);
});
