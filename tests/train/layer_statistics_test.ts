// How layers are looked at: histograms, gradients against finite differences, dead units.
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  conv,
  dense,
  evaluate,
  flatten,
  init,
  key,
  relu,
  sequential,
  tf,
  type Tree,
} from "../../mod.ts";
import { histogram, layerStatistics } from "../../lib/train/report/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { toyExamples, toyModel } from "./toy.ts";

Deno.test("a histogram counts finite numbers, the greatest in the last bin", () => {
  const values = [0, 0.5, 1, 2, NaN, Infinity, 2];
  const { counts, min, max, mean, deviation, zeros, notFinite } = histogram(values, 4);
  assertEquals(counts, [1, 1, 1, 2]);
  assertEquals([min, max, mean, notFinite], [0, 2, 1.1, 2]);
  assertAlmostEquals(deviation, Math.sqrt(0.64), 1e-12);
  assertAlmostEquals(zeros, 1 / 7, 1e-12);
});

Deno.test("of equal numbers, of none and of none that is finite there is a histogram too", () => {
  assertEquals(histogram([3, 3, 3], 3).counts, [3, 0, 0]);
  assertEquals(histogram([], 2).counts, [0, 0]);
  assertEquals(histogram([NaN, -Infinity], 2), {
    counts: [0, 0],
    min: 0,
    max: 0,
    mean: 0,
    deviation: 0,
    zeros: 0,
    notFinite: 2,
  });
  assertThrows(() => histogram([1], 0), RangeError, "bins");
});

onEachBackend("statistics have the gradient of the loss, by finite differences", async () => {
  const model = sequential({ flatten: flatten(), logits: dense({ features: 3 }) });
  const network = init(model, key(1), [8, 8, 1]);
  const examples = toyExamples(6);
  const found = await layerStatistics(network, examples, { bins: 5 });
  assertEquals(found.map(({ path, op }) => [path, op]), [["flatten", "flatten"], [
    "logits",
    "dense",
  ]]);
  const { kernel, bias } = found[1]!.weights;
  const { logits } = network.params as { logits: { kernel: tf.Tensor; bias: tf.Tensor } };
  assertEquals(kernel, histogram(await logits.kernel.data(), 5));
  assertEquals(bias!.counts, [3, 0, 0, 0, 0]);
  const step = 1e-2;
  const lossWith = async (class_: number, by: number): Promise<number> => {
    const values = new Float32Array(3);
    values[class_] = by;
    const params = { logits: { ...logits, bias: tf.add(logits.bias, tf.tensor1d(values)) } };
    return (await evaluate(
      { ...network, params: { ...network.params, ...params } as never },
      examples,
    ))
      .loss;
  };
  const slopes: number[] = [];
  for (const class_ of [0, 1, 2]) {
    slopes.push((await lossWith(class_, step) - await lossWith(class_, -step)) / (2 * step));
  }
  const gradient = found[1]!.gradients.bias!;
  assertAlmostEquals(gradient.min, Math.min(...slopes), 2e-3);
  assertAlmostEquals(gradient.max, Math.max(...slopes), 2e-3);
});

onCpu("the dead share counts channels that are 0 for all examples", async () => {
  const model = sequential({
    conv: conv({ features: 4, size: 3 }),
    relu: relu(),
    flatten: flatten(),
    logits: dense({ features: 3 }),
  });
  const network = init(model, key(0), [8, 8, 1]);
  const bias = tf.tensor1d([-1e6, 1, -1e6, -1e6]);
  const params = network.params as Record<string, Record<string, Tree>>;
  const changed = { ...params, conv: { ...params.conv, bias } };
  const before = tf.memory().numTensors;
  const found = await layerStatistics({ ...network, params: changed as never }, toyExamples(5));
  assertEquals(tf.memory().numTensors, before);
  assertEquals(found.map(({ path, dead }) => [path, dead]), [
    ["conv", undefined],
    ["relu", 0.75],
    ["flatten", undefined],
    ["logits", undefined],
  ]);
  assert(found[1]!.activations.zeros >= 0.75);
});

onCpu("options that are out of range or misspelt are refused", async () => {
  const network = init(toyModel(), key(0), [8, 8, 1]);
  const look = (options: object) => () => layerStatistics(network, toyExamples(6), options);
  await assertRejects(look({ examples: 0 }), RangeError, "examples");
  await assertRejects(look({ bin: 3 }), TypeError, "bins");
});
