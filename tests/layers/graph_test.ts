// Graphs of layers: skip connections, shared layers, several inputs and outputs.
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  adam,
  type AnyLayer,
  batchNorm,
  conv,
  countParameters,
  dense,
  dropout,
  entries,
  fit,
  flatten,
  graph,
  type GraphNodes,
  identity,
  init,
  key,
  type Layer,
  layersOf,
  maxPool,
  meanSquaredError,
  parallel,
  predict,
  relu,
  residual,
  sequential,
  sizing,
  softmaxCrossEntropy,
  type Tensor,
  tf,
  valueAndGrad,
} from "../../mod.ts";
import { counters } from "../../lib/device/mod.ts";
import { toTorch } from "../../lib/weights/mod.ts";
import { assertClose } from "../closeness.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { gpuTest } from "../device/adapter.ts";

const block = (features: number, size = 3): AnyLayer =>
  conv({ features, size, padding: "same" }) as AnyLayer;

/** A small U-Net; its up-sampling is a convolution of the pooled maps at half the size. */
function skips(): Layer {
  return graph({
    stem: block(4),
    relu1: relu(),
    down: maxPool(),
    low: block(6),
    relu2: relu(),
    side: { layer: maxPool(), from: "relu1" },
    both: { from: ["relu2", "side"] },
    summed: { layer: block(5), from: ["both", "both"], join: "sum" },
    flatten: flatten(),
    logits: dense({ features: 3 }),
  }) as Layer;
}

onEachBackend("a graph computes what its layers compute by hand, forward and back", async () => {
  const model = skips();
  const { params, state, outputShape } = init(model, key(0), [6, 4, 2]);
  assertEquals(outputShape, [3]);
  const x = tf.randomNormal([2, 6, 4, 2], 0, 1, "float32", 1);
  type Named = Record<string, { kernel: Tensor; bias: Tensor }>;
  const byHand = (p: Named): Tensor => {
    const convolve = (y: Tensor, name: string): Tensor =>
      tf.add(tf.conv2d(y as tf.Tensor4D, p[name]!.kernel as tf.Tensor4D, 1, "same"), p[name]!.bias);
    const pool = (y: Tensor): Tensor => tf.maxPool(y as tf.Tensor4D, 2, 2, "valid");
    const relu1 = tf.relu(convolve(x, "stem"));
    const relu2 = tf.relu(convolve(pool(relu1), "low"));
    const both = tf.concat([relu2, pool(relu1)], -1);
    const summed = convolve(tf.add(both, both), "summed");
    const flat = tf.reshape(summed, [2, -1]) as tf.Tensor2D;
    return tf.add(tf.matMul(flat, p.logits!.kernel as tf.Tensor2D), p.logits!.bias);
  };
  const gradient = (f: (p: Named) => Tensor) =>
    valueAndGrad((p: Named) => [tf.sum(tf.square(f(p))).asScalar(), {}])(
      Object.fromEntries(
        ["stem", "low", "summed", "logits"].map((
          name,
        ) => [name, (params as unknown as Named)[name]!]),
      ),
    );
  const whole = { ...params as Record<string, never> };
  for (
    const context of [{}, {
      intercept: (_: unknown, y: Tensor, next: (y: Tensor) => Tensor) => next(y),
    }]
  ) {
    const own = gradient((p) => model.apply({ ...whole, ...p }, state, x, context)[0]);
    const expected = gradient(byHand);
    await assertClose(own.value, await expected.value.data());
    for (const [name, { kernel, bias }] of Object.entries(expected.grads)) {
      await assertClose(own.grads[name]!.kernel, await kernel.data());
      await assertClose(own.grads[name]!.bias, await bias.data());
    }
  }
});

gpuTest(
  "neighbors in a graph are fused as those of a chain are, and what is used twice is not",
  async () => {
    const chain = {
      conv1: block(4),
      relu1: relu(),
      pool1: maxPool(),
      conv2: block(4),
      tanh: relu(),
    };
    const count = async (model: Layer): Promise<number> => {
      const { params, state } = init(model, key(0), [8, 8, 2]);
      const x = tf.ones([1, 8, 8, 2]);
      await model.apply(params, state, x, {})[0].data();
      const before = counters().dispatches;
      await model.apply(params, state, x, {})[0].data();
      return counters().dispatches - before;
    };
    assertEquals(await count(graph(chain) as Layer), await count(sequential(chain) as Layer));
    const shown = graph({ ...chain, both: { from: ["tanh", "conv2"] } }) as Layer;
    const { params, state } = init(shown, key(0), [8, 8, 2]);
    const [y] = shown.apply(params, state, tf.randomNormal([1, 8, 8, 2]), {});
    const [after, before] = tf.split(y, 2, 3);
    await assertClose(after!, await tf.relu(before!).data());
  },
);

onEachBackend(
  "a shared layer has one set of parameters, one state, and the sum of gradients",
  async () => {
    const tower = sequential({ fc: dense({ features: 3 }), norm: batchNorm() });
    const model = graph({
      left: { layer: tower, from: "a" },
      right: { layer: tower, from: "b" },
      sum: { from: ["left", "right"], join: "sum" },
    }, { inputs: ["a", "b"] });
    const shape = { a: [4], b: [4] };
    const { params, state } = init(model, key(0), shape);
    assertEquals(entries(params).map(([path]) => path), [
      "left/fc/kernel",
      "left/fc/bias",
      "left/norm/scale",
      "left/norm/shift",
    ]);
    assertEquals(countParameters(model.declare(shape).params), 4 * 3 + 3 + 6);
    const x = { a: tf.randomNormal([5, 4]), b: tf.randomNormal([5, 4]) };
    const alone = init(tower, key(0), [4]);
    const training = { training: true };
    const [yA, afterA] = tower.apply(params.left, state.left, x.a, training);
    const [yB, afterB] = tower.apply(params.left, afterA, x.b, training);
    const [y, next] = model.apply(params, state, x, training);
    await assertClose(y, await tf.add(yA, yB).data());
    await assertClose(next.left.norm.mean, await afterB.norm.mean.data());
    assertEquals(Object.keys(next.right), []);
    const slope = valueAndGrad((p: typeof params) => [
      tf.sum(tf.square(model.apply(p, state, x, {})[0])).asScalar(),
      {},
    ])(params);
    const apart = valueAndGrad((p: typeof params) => [
      tf.sum(tf.square(tf.add(
        tower.apply(p.left, state.left, x.a, {})[0],
        tower.apply(p.left, state.left, x.b, {})[0],
      ))).asScalar(),
      {},
    ])(params);
    await assertClose(slope.grads.left.fc.kernel, await apart.grads.left.fc.kernel.data());
    assertEquals(alone.params.fc.kernel.shape, params.left.fc.kernel.shape);
    // Frozen by its first name, it is frozen wherever it runs.
    const frozen = { training: true, frozen: (path: string) => path.startsWith("left/norm") };
    const [, kept] = model.apply(params, state, x, frozen);
    await assertClose(kept.left.norm.mean, await state.left.norm.mean.data());
  },
);

onEachBackend(
  "a network of several inputs and outputs is trained by fit, and asked by predict",
  async () => {
    const tower = sequential({ fc: dense({ features: 6 }), relu: relu() });
    const model = graph({
      left: { layer: tower, from: "a" },
      right: { layer: tower, from: "b" },
      both: { from: ["left", "right"] },
      larger: { layer: dense({ features: 2 }), from: "both" },
      sum: { layer: dense({ features: 1 }), from: "both" },
    }, { inputs: ["a", "b"], outputs: ["larger", "sum"] });
    const a = Float32Array.from({ length: 40 }, (_, i) => (i * 7 % 10) / 10);
    const b = Float32Array.from({ length: 40 }, (_, i) => (i * 3 % 9) / 9);
    const column = (values: Float32Array) => ({ values, shape: [1], normalize: "none" }) as const;
    const examples = {
      name: "pairs",
      inputs: { a: column(a), b: column(b) },
      targets: {
        larger: { values: Uint8Array.from(a, (x, i) => Number(x > b[i]!)), shape: [], classes: 2 },
        sum: column(a.map((x, i) => x + b[i]!)),
      },
    };
    const loss = { larger: softmaxCrossEntropy, sum: meanSquaredError };
    const losses: number[] = [];
    for await (
      const report of fit(model, examples, {
        loss,
        optimizer: adam({ learningRate: 0.02 }),
        epochs: 30,
        batchSize: 10,
      })
    ) {
      losses.push(report.metrics!.sumLoss!);
      if (report.epoch < 30) continue;
      const x = { a: tf.tensor2d([[0.5]]), b: tf.tensor2d([[0.25]]) };
      const { larger, sum } = predict(report.network, x, { probabilities: false });
      assertEquals([larger.shape, sum.shape], [[1, 2], [1, 1]]);
    }
    assert(losses.at(-1)! < losses[0]! / 2, `${losses}`);
    const wrong = { ...examples, inputs: { a: column(a), c: column(b) } };
    await assertRejects(
      () => fit(model, wrong, { loss }).next(),
      TypeError,
      "inputs a, b, got a, c",
    );
  },
);

onCpu("names, sizes, depths and fields of a graph are those of its paths", () => {
  const model = skips();
  const shape = [6, 4, 2];
  assertEquals([...layersOf(model, shape).keys()].slice(0, 4), ["", "stem", "relu1", "down"]);
  assertEquals(layersOf(model, shape).get("both")!.shape, [3, 2, 10]);
  const size = sizing.sizeOfModel(model, shape);
  const field = (path: string): unknown =>
    size.layers.find((layer) => layer.path === path)!.receptiveField;
  assertEquals([field("stem"), field("down"), field("low"), field("side")], [3, 4, 8, 4]);
  assertEquals(field("both"), 8);
  assertEquals(size.depth, 4); // stem, low, summed, logits
  assertEquals(size.parameters, countParameters(model.declare(shape).params));
  // The same as a chain with branches in it, where there is one.
  const ofGraph = graph({
    a: block(3),
    b: { layer: block(3), from: "input" },
    sum: { from: ["a", "b"], join: "sum" },
  });
  const ofBranches = parallel({ a: block(3), b: block(3) }, "sum");
  const sizes = [ofGraph, ofBranches].map((one) => sizing.sizeOfModel(one as Layer, [5, 5, 3]));
  assertEquals(sizes[0]!.parameters, sizes[1]!.parameters);
  assertEquals(sizes[0]!.receptiveField, sizes[1]!.receptiveField);
  const names = [...toTorch(init(model, key(0), [4, 6, 2]), [4, 6, 2]).keys()];
  assertEquals(names.slice(0, 2), ["stem.weight", "stem.bias"]);
  const nested = sequential({ inner: residual(skipping() as Layer), end: identity() });
  assertEquals(nested.declare([4, 4, 3]).shape, [4, 4, 3]);
});

function skipping(): Layer {
  return graph({
    one: block(3),
    two: block(3),
    both: { layer: dropout(0.5), from: ["one", "two"], join: "product" },
  }) as Layer;
}

onCpu("graphs that do not fit together are refused, with the nearest name", () => {
  const refused = (message: string, nodes: unknown, options: unknown = {}): void =>
    void assertThrows(() => graph(nodes as GraphNodes, options as never), TypeError, message);
  const one = block(2);
  refused('did you mean "stem"?', { stem: one, next: { layer: relu(), from: "stm" } });
  refused('"b", which comes later', { a: { layer: relu(), from: ["input", "b"] }, b: relu() });
  refused('must be used, got "side"', {
    a: one,
    side: { layer: relu(), from: "a" },
    b: { layer: relu(), from: "a" },
  });
  refused('must be used, got "y"', { a: { layer: relu(), from: "x" } }, { inputs: ["x", "y"] });
  refused("must say which of the inputs", { a: relu() }, { inputs: ["x", "y"] });
  refused('unknown option "form"', { a: { layer: relu(), form: "input" } });
  refused('unknown option "output"', { a: relu() }, { output: "a" });
  refused("its output is", { a: relu() }, { outputs: "b" });
  refused("must have a node", {});
  refused("must be a layer, such as relu(), got 5", { a: { layer: 5 } });
  refused("several things to join", { a: { layer: relu(), from: "input", join: "sum" } });
  refused('two named "a"', { a: { layer: relu(), from: "a" } }, { inputs: ["a"] });
  refused("a letter and no slash", { "a/b": relu() });
  assertThrows(
    () => graph({ a: { from: ["input", "input"], join: "cat" as never } }),
    RangeError,
    'got "cat"',
  );
  const sizes = graph({ a: maxPool(), b: { from: ["a", "input"] } });
  assertThrows(() => sizes.declare([4, 4, 1]), TypeError, 'In "b"');
  const shared = dense({ features: 3 });
  const uneven = graph({
    a: { layer: shared, from: "x" },
    b: { layer: shared, from: "y" },
    c: { from: ["a", "b"] },
  }, { inputs: ["x", "y"] });
  assertThrows(() => uneven.declare({ x: [3], y: [4] }), TypeError, "Cannot share a layer");
  assertThrows(() => uneven.declare({ x: [3] } as never), TypeError, "inputs x, y, got x");
  assertThrows(() => uneven.declare([3] as never), TypeError, "got one of [3]");
});

onCpu("a drawing of a graph has a link for each output that passes over others", () => {
  const links = (svg: string): number => svg.split('class="residual"').length - 1;
  // relu1 to side, relu2 to both.
  assertEquals(links(sizing.drawing(skips(), [6, 4, 2], { title: "skips" })), 2);
  const tower = dense({ features: 3 });
  const siamese = graph({
    left: { layer: tower, from: "a" },
    right: { layer: tower, from: "b" },
    both: { from: ["left", "right"], join: "product" },
  }, { inputs: ["a", "b"], outputs: ["both", "left"] });
  const shape = { a: [2], b: [2] };
  const svg = sizing.drawing(siamese, shape, { title: "siamese" });
  // From both inputs, and left to both and to the second output.
  assertEquals(links(svg), 4);
  assert(svg.includes("right = left") && svg.includes("product"));
  assert(sizing.summary(siamese, shape).includes("a 2, b 2"));
  const { layers } = sizing.sizeOfModel(siamese, shape);
  assertEquals(layers.map(({ parameters }) => parameters), [9, 0, 0, 0]);
  assertEquals(layers[2]!.path, "both (product)");
});

Deno.test("a name where a list of inputs belongs is refused", () => {
  const inputs = "image" as unknown as ["image"];
  assertThrows(
    () => graph({ relu: { layer: relu(), from: "image" } }, { inputs }),
    TypeError,
    'the option inputs must be a list of names, such as ["image", "age"], got "image"',
  );
});
