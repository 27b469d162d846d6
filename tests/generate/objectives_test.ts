// Every objective increases, and is what plain TypeScript says.
import { assertAlmostEquals, assertThrows } from "@std/assert";
import {
  activations,
  channel,
  classLogit,
  direction,
  layerEnergy,
  neuron,
  type Objective,
  weighted,
} from "../../lib/explain/mod.ts";
import { key, type Network, type Tensor, tf } from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import {
  diversity,
  exaggerated,
  fourier,
  gramMatrix,
  guidedBy,
  pixels,
  similarTo,
  style,
} from "../../lib/generate/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertAscends } from "./ascends.ts";
import { SHAPE, untrained } from "./untrained.ts";

function outputOf(network: Network, seed: number, path: string): Tensor {
  const image = tf.tensor(normalArray(key(seed), 28 * 28, 0.5, 0.2), [1, ...SHAPE]);
  return activations(network, image, [path]).get(path)!;
}

onEachBackend("every objective increases in three steps", async () => {
  const net = untrained();
  const other = outputOf(net, 7, "pool1");
  const objectives: readonly Objective[] = [
    classLogit(3),
    channel("conv2", 1),
    neuron("conv1", 2),
    layerEnergy("pool2"),
    direction("conv1", [1, -1, 0, 0, 1, 0]),
    style("pool1", gramMatrix(other)),
    similarTo("pool1", other),
    guidedBy("pool1", other),
    exaggerated("pool1", other),
    exaggerated("pool1", other, 0),
    weighted([[classLogit(1), 2], [classLogit(2), -1], [channel("conv1", 0), 0.1]]),
  ];
  const parametrization = pixels({ noise: 0.05 });
  for (const objective of objectives) {
    await assertAscends(net, objective, { shape: SHAPE, parametrization });
  }
  await assertAscends(net, diversity("conv2"), { shape: SHAPE, parametrization, count: 3 });
  const waves = fourier({ sd: 0.1 });
  await assertAscends(net, classLogit(3), { shape: SHAPE, parametrization: waves });
});

/** Gram matrices in plain TypeScript: means over the positions of products of channels. */
function plainGrams(values: ArrayLike<number>, count: number, channels: number): number[][] {
  const size = values.length / count;
  return Array.from({ length: count }, (_, n) => {
    const gram = new Array(channels * channels).fill(0);
    for (let place = 0; place < size; place += channels) {
      for (let i = 0; i < gram.length; i++) {
        const [row, column] = [Math.floor(i / channels), i % channels];
        const at = n * size + place;
        gram[i] += values[at + row]! * values[at + column]! / (size / channels);
      }
    }
    return gram;
  });
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * b[i]!, 0);

onEachBackend(
  "style, diversity, exaggeration and the guide are what plain TypeScript says",
  async () => {
    const maps = tf.tensor(normalArray(key(1), 3 * 4 * 5 * 2), [3, 4, 5, 2]);
    const guide = tf.tensor(normalArray(key(2), 2 * 3 * 2), [1, 2, 3, 2]);
    const [values, guided] = [await maps.data(), await guide.data()];
    const score = async (objective: Objective): Promise<number> =>
      (await objective.score(() => maps, maps).data())[0]!;
    const grams = plainGrams(values, 3, 2);
    const [target] = plainGrams(guided, 1, 2);
    const distance = grams.flatMap((gram) => gram.map((x, i) => (x - target![i]!) ** 2))
      .reduce((a, b) => a + b);
    const styled = await score(style("a", gramMatrix(guide)));
    assertAlmostEquals(styled, -distance / dot(target!, target!), 1e-4);
    const cosines = grams.flatMap((a, i) =>
      grams.filter((_, j) => j !== i).map((b) => dot(a, b) / Math.hypot(...a) / Math.hypot(...b))
    );
    assertAlmostEquals(await score(diversity("a")), -cosines.reduce((a, b) => a + b) / 2, 1e-5);
    const aim = [...values].slice(40, 80).map((x, i) => i % 3 === 0 ? -x : x);
    const scores = [0, 1, 2].map((n) => {
      const row = [...values].slice(40 * n, 40 * (n + 1));
      const product = dot(row, aim);
      const cosine = Math.max(0.1, product / Math.hypot(...row) / Math.hypot(...aim));
      return product / dot(aim, aim) * cosine ** 1.5;
    });
    const more = exaggerated("a", tf.tensor(aim, [1, 4, 5, 2]), 1.5);
    assertAlmostEquals(await score(more), scores.reduce((a, b) => a + b), 1e-5);
    assertThrows(() => exaggerated("a", maps, -1), RangeError, "got -1");
    let sum = 0;
    for (let i = 0; i < values.length; i += 2) {
      const products = [0, 2, 4, 6, 8, 10].map((j) =>
        values[i]! * guided[j]! + values[i + 1]! * guided[j + 1]!
      );
      sum += Math.max(...products);
    }
    assertAlmostEquals(await score(guidedBy("a", guide)), sum, 1e-3);
  },
);

onCpu("features of another shape, and unknown layers, are refused", () => {
  const { model } = untrained();
  const refuse = (objective: Objective, says: string): void => {
    assertThrows(() => objective.check(model, SHAPE), Error, says);
  };
  refuse(similarTo("pool1", tf.zeros([1, 13, 14, 6])), "got [14,14,6]");
  refuse(style("pool1", tf.zeros([1, 5, 5])), "must output what it does there");
  refuse(guidedBy("pool1", tf.zeros([1, 9, 9, 7])), "must output what it does there");
  refuse(diversity("pool3"), "pool");
});
