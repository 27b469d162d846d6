// DeepLIFT, gradient SHAP and layer-wise relevance: as Captum has them, complete, and refused.
import { assertAlmostEquals, assertEquals, assertLess, assertRejects } from "@std/assert";
import {
  channel,
  classLogit,
  deepLift,
  gradientShap,
  inputTimesGradient,
  integratedGradients,
  layerwiseRelevance,
  type LayerwiseRelevanceOptions,
  weighted,
} from "../../lib/explain/mod.ts";
import {
  batchNorm,
  conv,
  dense,
  flatten,
  globalMeanPool,
  graph,
  init,
  key,
  type Layer,
  layers,
  leakyRelu,
  lenet5,
  lenet5Of1998,
  localResponseNorm,
  maxPool,
  meanPool,
  type Network,
  normPool,
  parallel,
  relu,
  residual,
  sequential,
  sigmoid,
  tanh,
  tf,
} from "../../mod.ts";
import { densenet } from "../../lib/models/densenet.ts";
import { subsample } from "../../lib/layers/subsample.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import {
  GOLDEN_TARGET,
  goldenImages,
  goldenNetwork,
  goldenNumbers,
} from "../golden/golden_network.ts";
import { images, linear, small, sum } from "./small_networks.ts";

onEachBackend("DeepLIFT is Captum's, and complete", async () => {
  const [x, baseline] = [goldenImages(11), goldenImages(12, 2, 0.5)];
  const found = await deepLift(goldenNetwork(1, meanPool), x, GOLDEN_TARGET, { baseline });
  await assertClose(found.values, goldenNumbers("deepLift"), "DeepLIFT", 1e-5);
  for (const delta of found.deltas) assertLess(Math.abs(delta), 1e-5);
});

/** A network of every kind of layer that is not linear, with biases of random numbers. */
function various(): Network {
  const block = sequential({
    norm: batchNorm(),
    tanh: tanh(),
    conv: conv({ features: 6, size: 3, padding: 1 }),
  });
  const model = sequential({
    conv: conv({ features: 6, size: 3, padding: 1 }),
    lrn: localResponseNorm({ size: 3, alpha: 1 }),
    leaky: leakyRelu(0.2),
    block: residual(block),
    beside: parallel({
      max: maxPool({ size: 3, stride: 2 }),
      soft: sequential({
        down: subsample({ size: 2 }),
        cut: maxPool({ size: 2, stride: 1 }),
        sigmoid: sigmoid(),
      }),
    }),
    grouped: conv({ features: 4, size: 2, groups: 2 }),
    relu: relu(),
    flatten: flatten(),
    logits: dense({ features: 3 }),
  });
  const { params, state } = init(model, key(3), [12, 12, 2]);
  return { model: model as unknown as Layer, params, state };
}

onEachBackend("DeepLIFT is complete through every kind of layer", async () => {
  for (const network of [various(), small()]) {
    const x = images(2);
    const before = tf.memory().numTensors;
    const found = await deepLift(network, x, 2, { baseline: 0.4 });
    assertEquals(tf.memory().numTensors, before);
    found.deltas.forEach((delta, i) => {
      const difference = found.scores[i]! - found.baselineScores[i]!;
      assertLess(Math.abs(delta), 2e-3 * Math.abs(difference), `${delta} of ${difference}`);
    });
    const own = await deepLift(network, tf.slice(x, [1], [1]), 2, { baseline: 0.4 });
    await assertClose(found.values.slice(288), own.values, "the second image", 1e-5);
  }
});

onCpu(
  "DeepLIFT of max pooling by hand: by the largest of the image, or of the baseline",
  async () => {
    const model = sequential({
      pool: maxPool(),
      flatten: flatten(),
      logits: dense({ features: 1, bias: false }),
    });
    const params = { pool: {}, flatten: {}, logits: { kernel: tf.tensor2d([[2], [3]]) } };
    const network = { model, params, state: { pool: {}, flatten: {}, logits: {} } };
    // The first window rises from 1 to 4, at the place of the 4; the second falls from 5 to 3, where the 5 was.
    const x = tf.tensor4d([4, 1, 3, 0, 2, 2, 1, 1], [1, 2, 4, 1]);
    const baseline = tf.tensor3d([0, 1, 2, 5, 0, 0, 0, 0], [2, 4, 1]);
    const found = await deepLift(network, x, channel("logits", 0), { baseline });
    await assertClose(found.values, [2 * 3, 0, 0, 3 * -2, 0, 0, 0, 0]);
    assertEquals([found.scores, found.baselineScores], [[17], [17]]);
  },
);

onCpu("DeepLIFT through a norm, which is not smooth, is nearly complete", async () => {
  const model = sequential({
    conv: conv({ features: 6, size: 3, padding: 1 }),
    norms: normPool({ size: 3, stride: 1, padding: 1 }),
    flatten: flatten(),
    logits: dense({ features: 3 }),
  });
  const network = init(model, key(3), [12, 12, 2]);
  const found = await deepLift(network, images(2), 2, { baseline: 0.4 });
  for (const delta of found.deltas) assertLess(Math.abs(delta), 0.05);
});

onCpu("DeepLIFT of a ReLU by hand: the slope of the secant", async () => {
  const model = sequential({
    relu: relu(),
    flatten: flatten(),
    logits: dense({ features: 1, bias: false }),
  });
  const params = { relu: {}, flatten: {}, logits: { kernel: tf.tensor2d([[2], [3]]) } };
  const network = { model, params, state: { relu: {}, flatten: {}, logits: {} } };
  const x = tf.tensor4d([2, -1], [1, 1, 2, 1]);
  const found = await deepLift(network, x, channel("logits", 0), {
    baseline: tf.tensor3d([-2, 1], [1, 2, 1]),
  });
  assertEquals([...found.values], [4, -3]);
  assertEquals([found.scores, found.baselineScores, found.deltas], [[4], [3], [0]]);
});

onEachBackend(
  "gradient SHAP of many samples is Captum's mean of integrated gradients",
  async () => {
    const network = goldenNetwork();
    const [x, baselines] = [goldenImages(11), goldenImages(13, 3, 0.5)];
    const found = await gradientShap(network, x, GOLDEN_TARGET, baselines, {
      samples: 600,
      key: key(2),
    });
    const wanted = goldenNumbers("expectedGradients");
    const error = Math.hypot(...found.values.map((value, i) => value - wanted[i]!));
    assertLess(error / Math.hypot(...wanted), 0.12);
    for (const delta of found.deltas) assertLess(Math.abs(delta), 0.1);
  },
);

onCpu("gradient SHAP of one baseline and a linear network is exact, noise or not", async () => {
  const network = linear(
    [12, 12, 2],
    Array.from({ length: 288 }, (_, i) => [Math.sin(i), Math.cos(i)]),
  );
  const [x, baselines] = [images(2), images(1, 8)];
  const exact = await integratedGradients(network, x, 1, { baseline: tf.squeeze(baselines, [0]) });
  const found = await gradientShap(network, x, 1, baselines, { samples: 3 });
  await assertClose(found.values, exact.values, "values", 1e-5);
  await assertClose(found.baselineScores, exact.baselineScores, "scores", 1e-5);
  const before = tf.memory().numTensors;
  const noisy = await gradientShap(network, x, 1, baselines, { samples: 200, noise: 0.1 });
  assertEquals(tf.memory().numTensors, before);
  await assertClose(noisy.values, exact.values, "with noise", 0.05);
  await assertRejects(() => assertClose(noisy.values, exact.values, "with noise", 1e-4));
});

onEachBackend(
  "layer-wise relevance is Captum's by the ε rule, and by z⁺ for inputs above 0",
  async () => {
    const network = goldenNetwork();
    const x = goldenImages(11);
    const rule = { rule: "epsilon", epsilon: 0.1 } as const;
    const found = await layerwiseRelevance(network, x, GOLDEN_TARGET, rule);
    await assertClose(found.values, goldenNumbers("lrpEpsilon"), "ε", 1e-5);
    const params = network.params as Record<string, Record<string, tf.Tensor>>;
    const without = (name: string) => ({
      ...params[name],
      bias: tf.zerosLike(params[name]!.bias!),
    });
    const unbiased = {
      ...network,
      params: { ...params, conv1: without("conv1"), conv2: without("conv2") },
    };
    const plus = await layerwiseRelevance(unbiased, tf.abs(x), GOLDEN_TARGET);
    await assertClose(plus.values, goldenNumbers("lrpPlus"), "z⁺", 1e-5);
  },
);

onEachBackend("the αβ rule is its formula, for inputs of both signs", async () => {
  const weights = [[0.5, -1], [-2, 0.3], [1.5, 0.7], [-0.4, -0.6]];
  const biases = [0.2, -0.3];
  const numbers = [1.2, -0.7, 0.4, 2];
  const model = sequential({
    flatten: flatten(),
    hidden: dense({ features: 2 }),
    logits: dense({ features: 1 }),
  });
  const top = [1.1, -0.8];
  const params = {
    flatten: {},
    hidden: { kernel: tf.tensor2d(weights), bias: tf.tensor1d(biases) },
    logits: { kernel: tf.tensor2d(top, [2, 1]), bias: tf.tensor1d([0]) },
  };
  const network = { model, params, state: { flatten: {}, hidden: {}, logits: {} } };
  const x = tf.tensor4d(numbers, [1, 2, 2, 1]);
  const z = biases.map((b, k) => b + sum(numbers.map((x, j) => x * weights[j]![k]!)));
  const above = (x: number) => Math.max(0, x);
  const below = (x: number) => Math.min(0, x);
  for (const [rule, alpha] of [["z-plus", 1], ["alpha-beta", 2], ["alpha-beta", 3.5]] as const) {
    // The logits' own by ε, which is exact: z_k times its weight.
    const relevance = z.map((value, k) => value * top[k]!);
    const wanted = numbers.map((x, j) =>
      sum(relevance.map((r, k) => {
        const terms = numbers.map((x, j) => x * weights[j]![k]!);
        const plus = above(biases[k]!) + sum(terms.map(above));
        const minus = below(biases[k]!) + sum(terms.map(below));
        const term = x * weights[j]![k]!;
        return r * (alpha * above(term) / plus - (alpha - 1) * below(term) / minus);
      }))
    );
    const ruleOf: LayerwiseRelevanceOptions["rule"] = ({ path }) =>
      path === "hidden" ? rule : "epsilon";
    const options = { rule: ruleOf, alpha, epsilon: 0 };
    const found = await layerwiseRelevance(network, x, channel("logits", 0), options);
    await assertClose(found.values, wanted, `${rule} ${alpha}`, 1e-5);
  }
});

/** Without biases, so that all relevance reaches the image. */
function unbiased(): Network {
  const body = sequential({
    conv: conv({ features: 6, size: 3, padding: 1, bias: false }),
    relu: relu(),
  });
  const model = sequential({
    conv: conv({ features: 6, size: 3, padding: 1, bias: false }),
    relu: relu(),
    lrn: localResponseNorm({ size: 3, alpha: 1 }),
    norms: normPool({ size: 3, stride: 1, padding: 1 }),
    block: residual(body),
    beside: parallel({
      max: maxPool(),
      mean: sequential({
        conv: conv({ features: 5, size: 2, stride: 2, bias: false }),
        tanh: tanh(),
      }),
    }),
    pool: globalMeanPool(),
    logits: dense({ features: 3, bias: false }),
  });
  const { params, state } = init(model, key(4), [12, 12, 2]);
  return { model: model as unknown as Layer, params, state };
}

onEachBackend("relevance is kept through residual blocks, branches and all rules", async () => {
  const network = unbiased();
  const x = images(2);
  for (const rule of ["epsilon", "z-plus", "alpha-beta", undefined] as const) {
    const options = rule ? { rule } : {};
    const before = tf.memory().numTensors;
    const found = await layerwiseRelevance(network, x, 1, options);
    assertEquals(tf.memory().numTensors, before);
    for (const i of [0, 1]) {
      const all = sum(found.values.slice(288 * i, 288 * (i + 1)));
      assertAlmostEquals(all, found.scores[i]!, 2e-3 * Math.abs(found.scores[i]!), `${rule}`);
    }
  }
});

onCpu(
  "by ε = 0 relevance of ReLUs is input × gradient; objectives of all kinds are explained",
  async () => {
    const network = small();
    const between = weighted([[classLogit(0), 1], [classLogit(2), -1]]);
    for (const target of [1, between, channel("conv2", 3)]) {
      const options = { rule: "epsilon", epsilon: 0 } as const;
      const found = await layerwiseRelevance(network, images(), target, options);
      const wanted = await inputTimesGradient(network, images(), target);
      await assertClose(found.values, wanted.values, "relevance", 1e-5);
    }
  },
);

onCpu("every model of one input has DeepLIFT and relevance, but for codes", async () => {
  const networks = [
    init(lenet5(), key(0), [28, 28, 1]),
    init(densenet({ blocks: [2, 1, 1, 2], growth: 8, numClasses: 3 }), key(0), [32, 32, 3]),
  ];
  for (const network of networks) {
    const x = tf.fill([1, ...network.inputShape], 0.3);
    const lift = await deepLift(network, x, 1);
    assertLess(Math.abs(lift.deltas[0]!), 1e-3 * Math.max(1, Math.abs(lift.scores[0]!)));
    assertEquals((await layerwiseRelevance(network, x, 1)).values.every(Number.isFinite), true);
  }
  const codes = init(lenet5Of1998(), key(0), [28, 28, 1]);
  const x = tf.fill([1, 28, 28, 1], 0.3);
  const lift = await deepLift(codes, x, 1);
  assertLess(Math.abs(lift.deltas[0]!), 1e-3 * Math.abs(lift.scores[0]! - lift.baselineScores[0]!));
  await assertRejects(
    () => layerwiseRelevance(codes, x, 1),
    TypeError,
    'each layer must have a rule, got "logits", a radialBasis layer',
  );
});

onCpu("joins without a rule and options out of range are refused", async () => {
  const larger = {
    name: "larger",
    shape: ([first]: readonly (readonly number[])[]) => first!,
    join: (parts: readonly tf.Tensor[]) => tf.maximum(parts[0]!, parts[1]!),
  };
  const model = sequential({
    both: parallel({ a: relu(), b: tanh() }, larger),
    flatten: flatten(),
    logits: dense({ features: 2 }),
  });
  const network = init(model, key(0), [12, 12, 2]);
  const refused = (text: string, options: object = {}, own: Network = small()) =>
    assertRejects(() => layerwiseRelevance(own, images(), 1, options), Error, text);
  await refused(
    'each join must have a rule, got "both", a larger join',
    {},
    network as unknown as Network,
  );
  await refused('a layer\'s rule must be "epsilon", "z-plus" or "alpha-beta", got "gamma"', {
    rule: "gamma",
  });
  await refused('got "gamma"', { rule: () => "gamma" });
  await refused("ε must be finite and at least 0, got -1", { epsilon: -1 });
  await refused("α must be finite and at least 1, got 0.5", { alpha: 0.5 });
  await assertRejects(
    () => deepLift(small(), images(), 1, { baseline: NaN }),
    RangeError,
    "finite",
  );
  const shap = (baselines: tf.Tensor, options: object) =>
    assertRejects(() => gradientShap(small(), images(), 1, baselines, options), Error);
  await shap(tf.zeros([0, 12, 12, 2]), {});
  await shap(tf.zeros([3, 12, 12, 1]), {});
  await shap(images(), { samples: 0 });
  await shap(images(), { noise: -1 });
});

onEachBackend("squeeze-and-excitation and shared layers of a graph have rules", async () => {
  const shared = conv({ features: 4, size: 3, padding: 1, bias: false });
  const model = sequential({
    conv: conv({ features: 4, size: 3, padding: 1, bias: false }),
    relu: relu(),
    graph: graph({
      one: shared,
      relu: relu(),
      two: { layer: shared, from: "relu" },
      both: { from: ["one", "two", "input"], join: "sum" },
    }),
    excite: layers.squeezeExcite({ channels: 4, squeezed: 2 }),
    pool: globalMeanPool(),
    logits: dense({ features: 3, bias: false }),
  });
  const network = init(model, key(6), [12, 12, 2]) as unknown as Network;
  const found = await layerwiseRelevance(network, images(), 1);
  assertAlmostEquals(sum(found.values), found.scores[0]!, 2e-3 * Math.abs(found.scores[0]!));
  const lift = await deepLift(network, images(), 1, { baseline: 0.4 });
  assertLess(Math.abs(lift.deltas[0]!), 5e-3 * Math.abs(lift.scores[0]! - lift.baselineScores[0]!));
  const product = graph({
    a: relu(),
    b: { layer: tanh(), from: "input" },
    c: { from: ["a", "b"], join: "product" },
  });
  const multiplied = sequential({
    product,
    pool: globalMeanPool(),
    logits: dense({ features: 3 }),
  });
  const other = init(multiplied, key(6), [12, 12, 2]) as unknown as Network;
  await assertRejects(
    () => layerwiseRelevance(other, images(), 1),
    TypeError,
    'each join must have a rule, got "product/c", a product join',
  );
});
