// The contract of layers: names, paths, keys, intercepts, states, declarations.
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  batchNorm,
  type Context,
  conv,
  countParameters,
  countSlots,
  dense,
  disposeTree,
  dropout,
  enter,
  entries,
  flatten,
  fold,
  globalMeanPool,
  init,
  type Intercept,
  key,
  type Layer,
  leaves,
  maxPool,
  type NamedLayers,
  ones,
  padTo,
  parallel,
  relu,
  residual,
  sequential,
  type Shape,
  sum,
  type Tensor,
  tf,
  type Tree,
} from "../../mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";

/** A layer that adds 1, and writes down the context of each call. */
function spy(seen: Context[]): Layer<Record<string, never>, Record<string, never>> {
  return {
    op: "spy",
    declare: (shape) => ({ shape, params: {}, state: {} }),
    apply(_params, state, x, context) {
      seen.push(context);
      return [tf.add(x, 1), state];
    },
  };
}

/** A layer whose state counts its calls. */
function counter(): Layer<Record<string, never>, { readonly calls: Tensor }> {
  const zero = (): Float32Array => new Float32Array(1);
  return {
    op: "counter",
    declare: (shape) => ({
      shape,
      params: {},
      state: { calls: { shape: [], initializer: zero } },
    }),
    apply: (_params, state, x) => [x, { calls: tf.add(state.calls, 1) }],
  };
}

async function values(tree: Tree): Promise<Record<string, number[]>> {
  const pairs = await Promise.all(
    entries(tree).map(async ([path, leaf]) => [path, Array.from(await leaf.data())]),
  );
  return Object.fromEntries(pairs);
}

onCpu("each named layer is given its path, and its parent's key folded with its name", () => {
  const seen: Context[] = [];
  const model = sequential({
    block: parallel({ left: spy(seen), right: sequential({ deep: spy(seen) }) }),
    last: residual(spy(seen)),
  });
  const root = key(5);
  const { params, state } = init(model, key(0), [2]);
  model.apply(params, state, tf.ones([1, 2]), { training: true, key: root });
  const paths = ["block/left", "block/right/deep", "last/body"];
  assertEquals(seen.map(({ path }) => path), paths);
  assertEquals(
    seen.map((context) => context.key),
    paths.map((path) => path.split("/").reduce((parent, name) => fold(parent, name), root)),
  );
  assert(seen.every(({ training }) => training));
});

onCpu("without a key there is none within", () => {
  const seen: Context[] = [];
  const model = sequential({ a: spy(seen) });
  model.apply({ a: {} }, { a: {} }, tf.ones([1]), {});
  assertEquals(seen, [{ path: "a" }]);
});

onCpu("a model inside another continues the path it is called at", () => {
  const seen: Context[] = [];
  const inner = sequential({ a: spy(seen) });
  enter("outer", inner, { outer: { a: {} } }, { outer: { a: {} } }, tf.ones([1]), { path: "top" });
  assertEquals(seen[0]!.path, "top/outer/a");
});

onEachBackend(
  "an intercept sees each named layer's path, operation, input and output",
  async () => {
    const model = sequential({
      conv1: conv({ features: 2, size: 2, initializer: ones }),
      mixed: parallel({ a: relu(), b: maxPool({ size: 1 }) }),
      skip: residual(relu()),
      flatten: flatten(),
    });
    const { params, state } = init(model, key(0), [2, 2, 1]);
    const sites: string[] = [];
    const taps = new Map<string, Tensor>();
    const intercept: Intercept = ({ path, op }, x, next) => {
      sites.push(`${path}:${op}`);
      const y = next(x);
      taps.set(path, y);
      return y;
    };
    const x = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
    const [y] = model.apply(params, state, x, { intercept });
    assertEquals(sites, [
      "conv1:conv",
      "mixed:concat",
      "mixed/a:relu",
      "mixed/b:maxPool",
      "skip:residual",
      "skip/body:relu",
      "skip/shortcut:identity",
      "flatten:flatten",
    ]);
    assertEquals(Array.from(await taps.get("conv1")!.data()), [10, 10]);
    assertEquals(taps.get("mixed")!.shape, [1, 1, 1, 4]);
    assertEquals(Array.from(await taps.get("skip/body")!.data()), [10, 10, 10, 10]);
    assertEquals(Array.from(await y.data()), [20, 20, 20, 20]);
  },
);

onCpu("an intercept may change input and output, or not call the layer at all", async () => {
  const seen: Context[] = [];
  const model = sequential({ a: spy(seen), b: spy(seen), c: spy(seen) });
  const none = { a: {}, b: {}, c: {} };
  const at = async (intercept: Intercept): Promise<number> => {
    const [y] = model.apply(none, none, tf.scalar(0), { intercept });
    return (await y.data())[0]!;
  };
  assertEquals(await at((_, x, next) => next(x)), 3);
  const scaled: Intercept = ({ path }, x, next) =>
    path === "b" ? tf.mul(next(tf.add(x, 10)), 2) : next(x);
  assertEquals(await at(scaled), 25);
  seen.length = 0;
  assertEquals(await at(({ path }, x, next) => path === "b" ? x : next(x)), 2);
  assertEquals(seen.map(({ path }) => path), ["a", "c"]);
});

onCpu("a layer that an intercept passes over keeps its state, whatever its name", async () => {
  const model = sequential({ a: counter(), b: counter() });
  const { params, state } = init(model, key(0), [1]);
  const intercept: Intercept = ({ path }, x, next) => path === "a" ? x : next(x);
  const [, next] = model.apply(params, state, tf.ones([1, 1]), { intercept });
  assertStrictEquals(next.a.calls, state.a.calls);
  assertEquals(await next.b.calls.array(), 1);
});

onCpu("states go in and come out, those of blocks too; the one given stays as it is", async () => {
  const model = sequential({
    first: counter(),
    block: parallel({ left: counter(), right: relu() }),
    skip: residual(counter()),
  });
  const { params, state } = init(model, key(0), [3]);
  const x = tf.ones([1, 3]);
  const [, once] = model.apply(params, state, x, {});
  const [, twice] = model.apply(params, once, x, {});
  const paths = ["first/calls", "block/left/calls", "skip/body/calls"];
  const all = (count: number): Record<string, number[]> =>
    Object.fromEntries(paths.map((path) => [path, [count]]));
  assertEquals(await values(state), all(0));
  assertEquals(await values(once), all(1));
  assertEquals(await values(twice), all(2));
});

onCpu("the same key gives the same parameters, another key others", async () => {
  const model = sequential({ a: dense({ features: 4 }), b: dense({ features: 3 }) });
  const once = await values(init(model, key(3), [5]).params);
  assertEquals(await values(init(model, key(3), [5]).params), once);
  const other = await values(init(model, key(4), [5]).params);
  assertNotEquals(other["a/kernel"], once["a/kernel"]);
  assertNotEquals(once["a/kernel"]!.slice(0, 12), once["b/kernel"]);
});

onCpu("a layer's first values do not change when others are added beside it", async () => {
  const small = sequential({ a: dense({ features: 4 }), z: dense({ features: 3 }) });
  const large = sequential({
    before: relu(),
    a: dense({ features: 4 }),
    between: batchNorm(),
    z: dense({ features: 3 }),
    after: dense({ features: 2 }),
  });
  const [few, many] = await Promise.all(
    [small, large].map((model) => values(init(model as Layer, key(3), [5]).params)),
  );
  for (const path of Object.keys(few!)) assertEquals(many![path], few![path]);
});

Deno.test("declaring allocates no tensor", () => {
  const before = tf.memory().numTensors;
  const model = sequential({
    conv: conv({ features: 8, size: 3, groups: 4 }),
    norm: batchNorm(),
    block: residual(conv({ features: 8, size: 3, padding: "same" })),
    pool: globalMeanPool(),
    logits: dense({ features: 10 }),
  });
  const declared = model.declare([224, 224, 512]);
  assertEquals(declared.shape, [10]);
  assertEquals(countSlots(declared.params), 9224 + 16 + 584 + 90);
  assertEquals(countSlots(declared.state), 16);
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("a declaration lists its layers in the order they run, with their shapes", () => {
  const model = sequential({
    conv: conv({ features: 4, size: 3 }),
    block: residual(relu()),
    pool: maxPool(),
  });
  const children = model.declare([8, 8, 1]).children!;
  assertEquals(
    children.map(({ name, layer, inputShape, declaration }) => [
      name,
      layer.op,
      inputShape,
      declaration.shape,
    ]),
    [
      ["conv", "conv", [8, 8, 1], [6, 6, 4]],
      ["block", "residual", [6, 6, 4], [6, 6, 4]],
      ["pool", "maxPool", [6, 6, 4], [3, 3, 4]],
    ],
  );
  assertEquals(
    children[1]!.declaration.children!.map(({ name }) => name),
    ["body", "shortcut"],
  );
});

onCpu("init makes what was declared, and the caller can free it", () => {
  const before = tf.memory().numTensors;
  const model = sequential({ conv: conv({ features: 4, size: 3 }), norm: batchNorm() });
  const declared = model.declare([8, 8, 3]);
  const made = init(model, key(0), [8, 8, 3]);
  assertEquals(made.shape, declared.shape);
  assertEquals(countParameters(made.params), countSlots(declared.params));
  assertEquals(countParameters(made.state), countSlots(declared.state));
  assert(leaves(made.params).every((leaf) => leaf.dtype === "float32"));
  disposeTree(made.params);
  disposeTree(made.state);
  assertEquals(tf.memory().numTensors, before);
});

onCpu("every layer's output has the declared shape", () => {
  const layers: [Layer, Shape][] = [
    [conv({ features: 3, size: [3, 2], stride: [2, 1], padding: 1 }) as Layer, [7, 6, 2]],
    [conv({ features: 4, size: 3, stride: 2, padding: "same", dilation: 2, groups: 2 }) as Layer, [
      7,
      6,
      2,
    ]],
    [maxPool({ size: 3, stride: 2 }) as Layer, [8, 7, 2]],
    [maxPool({ size: [3, 2], padding: 1 }) as Layer, [8, 7, 2]],
    [globalMeanPool() as Layer, [4, 5, 6]],
    [flatten() as Layer, [4, 5, 6]],
    [padTo(9, 8) as Layer, [8, 5, 1]],
    [dense({ features: 3 }) as Layer, [4]],
    [batchNorm() as Layer, [4, 5, 6]],
    [parallel({ a: relu(), b: conv({ features: 5, size: 1 }) }) as Layer, [4, 3, 2]],
    [parallel({ a: relu(), b: relu() }, sum) as Layer, [4, 3, 2]],
    [sequential({}) as Layer, [4, 3]],
  ];
  for (const [layer, shape] of layers) {
    const made = init(layer, key(0), shape);
    const [y] = layer.apply(made.params, made.state, tf.ones([2, ...shape]), { training: true });
    assertEquals(y.shape, [2, ...made.shape], layer.op);
  }
});

onCpu("padTo puts the image in the middle, the odd row and column at the end", async () => {
  const [y] = padTo(4, 3).apply({}, {}, tf.tensor4d([1, 2], [1, 1, 2, 1]), {});
  assertEquals(await y.flatten().array(), [0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0]);
});

onCpu("flatten lays out height, then width, then channel", async () => {
  const x = tf.range(0, 12).reshape([1, 2, 3, 2]);
  assertEquals(await flatten().apply({}, {}, x, {})[0].array(), [await x.flatten().array()]);
});

onCpu("batchNorm of a single example answers its shift, not NaN", async () => {
  const layer = batchNorm();
  const { params, state } = init(layer, key(0), [2]);
  const [y] = layer.apply(params, state, tf.fill([1, 2], 7), { training: true });
  assertEquals(Array.from(await y.data()), [0, 0]);
});

onCpu("dropout does nothing outside training, and at rate 0", () => {
  const x = tf.ones([10]);
  assertStrictEquals(dropout(0.5).apply({}, {}, x, { key: key(0) })[0], x);
  assertStrictEquals(dropout(0).apply({}, {}, x, { training: true })[0], x);
});

onCpu(
  "dropout layers of one model drop different units, the same ones for the same key",
  async () => {
    const model = parallel({ a: dropout(0.5), b: dropout(0.5) });
    const none = { a: {}, b: {} };
    const run = async (seed: number): Promise<number[]> => {
      const [y] = model.apply(none, none, tf.ones([1, 64]), { training: true, key: key(seed) });
      return Array.from(await y.data());
    };
    const once = await run(0);
    assertEquals(await run(0), once);
    assertNotEquals(await run(1), once);
    assertNotEquals(once.slice(0, 64), once.slice(64));
  },
);

onCpu("what fails in a layer says which, by its path", () => {
  const deep = (layer: Layer): Layer =>
    sequential({ block: parallel({ left: sequential({ inner: layer }) }) }) as Layer;
  assertThrows(
    () => init(deep(dense({ features: 2 }) as Layer), key(0), [4, 4, 1]),
    TypeError,
    'In "block/left/inner": Cannot apply a dense layer',
  );
  const model = deep(dropout(0.5) as Layer);
  const { params, state } = init(model, key(0), [4]);
  const error = assertThrows(
    () => model.apply(params, state, tf.ones([1, 4]), { training: true }),
    TypeError,
  );
  assertEquals(
    error.message,
    'In "block/left/inner": Cannot apply a dropout layer in training as its context must have a key: current value is undefined',
  );
});

onCpu("inputs of another size than declared are refused by the layer they do not fit", () => {
  const model = sequential({ flatten: flatten(), logits: dense({ features: 2 }) });
  const { params, state } = init(model, key(0), [4, 4, 1]);
  assertThrows(() => model.apply(params, state, tf.ones([1, 5, 5, 1]), {}), Error, 'In "logits": ');
});

Deno.test("errors that say where are not told again in outer layers", () => {
  const bad: Layer = {
    op: "bad",
    declare: () => {
      throw new RangeError("Cannot do this");
    },
    apply: () => {
      throw new RangeError("Cannot do that");
    },
  };
  const model = sequential({ a: sequential({ b: bad }) });
  const declared = assertThrows(() => model.declare([1]), RangeError);
  assertEquals(declared.message, 'In "a/b": Cannot do this');
  const none = { a: { b: {} } };
  const applied = assertThrows(() => model.apply(none, none, tf.scalar(0), {}), RangeError);
  assertEquals(applied.message, 'In "a/b": Cannot do that');
});

Deno.test("names that are no part of a path are refused", () => {
  for (const name of ["", "a/b", "/", "0", "17"]) {
    const layers: NamedLayers = { [name]: relu() };
    const said = `names must have a letter and no slash: current value is "${name}"`;
    assertThrows(() => sequential(layers), TypeError, said);
    assertThrows(() => parallel(layers), TypeError, said);
  }
});

Deno.test("parallel layers must be there, and their outputs must go together", () => {
  assertThrows(() => parallel({}), TypeError, "at least one");
  const pair = (size: number, join = sum): unknown =>
    parallel({ a: relu(), b: conv({ features: 3, size }) }, join).declare([5, 5, 2]);
  assertThrows(
    () => pair(1),
    TypeError,
    "all sizes of their outputs must be equal: current value is [5,5,2], [5,5,3]",
  );
  assertThrows(
    () => parallel({ a: relu(), b: maxPool() }).declare([4, 4, 2]),
    TypeError,
    "all but the last size of their outputs must be equal: current value is [4,4,2], [2,2,2]",
  );
  assertThrows(
    () => sequential({ skip: residual(conv({ features: 3, size: 3 })) }).declare([5, 5, 3]),
    TypeError,
    'In "skip": Cannot join parallel layers',
  );
});
