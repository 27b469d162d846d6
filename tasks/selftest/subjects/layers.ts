// Normalization, softmax, losses and dropout.
import {
  batchNorm,
  fold,
  key,
  meanSquaredError,
  softmax,
  softmaxCrossEntropy,
  tf,
} from "../../../mod.ts";
import { type Sets, standardize } from "../../../lib/tensor/standardize.ts";
import { dropUnits, normalTensor, uniformTensor } from "../../../lib/tensor/mod.ts";
import { word } from "../../../lib/tensor/random.ts";
import type { Numbers } from "../reference.ts";
import { constant, type Draw, type Input, type Subject, type Trial } from "../subject.ts";

const EPSILON = 1e-3;

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const each of numbers) total += each;
  return total;
}

/** (x − mean) / √(variance + ε) · scale + shift of each feature, which are last. */
function normalized(
  x: Numbers,
  features: number,
  statistics: (feature: number) => readonly [mean: number, variance: number],
  [scale, shift]: readonly [Numbers, Numbers],
): Float64Array {
  const known = Array.from({ length: features }, (_, feature) => statistics(feature));
  return Float64Array.from(x, (value, i) => {
    const feature = i % features;
    const [mean, variance] = known[feature]!;
    return (value - mean) / Math.sqrt(variance + EPSILON) * scale[feature]! + shift[feature]!;
  });
}

/** A batch's own mean and biased variance. */
function statisticsOf(x: Numbers, features: number): (feature: number) => [number, number] {
  return (feature) => {
    const own = [...x].filter((_, i) => i % features === feature);
    const mean = sum(own) / own.length;
    return [mean, sum(own.map((value) => (value - mean) ** 2)) / own.length];
  };
}

function batchNormTrial(draw: Draw, training: boolean): Trial {
  const features = draw.whole(1, 6);
  const shape = [
    ...draw.pick([[draw.whole(2, 9)], [draw.whole(1, 3), 3, draw.whole(2, 4)]]),
    features,
  ];
  const layer = batchNorm({ epsilon: EPSILON });
  const running = [draw.normal([features]), draw.between([features], 0.5, 2)].map(constant);
  return {
    inputs: [draw.normal(shape), draw.normal([features]), draw.normal([features]), ...running],
    run: (x, scale, shift, mean, variance) =>
      layer.apply(
        { scale: scale!, shift: shift! },
        { mean: mean!, variance: variance! },
        x!,
        { training },
      )[0],
    reference: (x, scale, shift, mean, variance) =>
      normalized(
        x!,
        features,
        training ? statisticsOf(x!, features) : (i) => [mean![i]!, variance![i]!],
        [scale!, shift!],
      ),
    gradients: "differences",
  };
}

/** Softmax of each row. */
function softmaxOf(x: Numbers, columns: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let row = 0; row < x.length; row += columns) {
    const own = [...x.subarray(row, row + columns)];
    const most = Math.max(...own);
    const powers = own.map((value) => Math.exp(value - most));
    const total = sum(powers);
    y.set(powers.map((power) => power / total), row);
  }
  return y;
}

function logitsOf(draw: Draw): Input {
  const { shape, values } = draw.normal([draw.whole(1, 9), draw.whole(2, 12)]);
  return { shape, values: values.map((x) => 4 * x) };
}

/** One-hot targets, or shares. */
function targetsFor(draw: Draw, [rows, classes]: readonly number[]): Input {
  const shares = draw.between([rows!, classes!], 0, 1);
  const places = draw.wholes([rows!], classes!).values;
  if (draw.pick([true, false])) return constant(shares);
  const values = shares.values.map((_, i) =>
    Number(i % classes! === places[Math.floor(i / classes!)])
  );
  return constant({ ...shares, values });
}

function dropoutTrial(draw: Draw): Trial {
  const rate = draw.pick([0, 0.25, 0.5, 0.9]);
  const source = fold(key(draw.whole(0, 1e6)), "units");
  const kept = (i: number): number =>
    word(source, i) >= Math.min(rate * 2 ** 32, 2 ** 32 - 1) ? 1 : 0;
  const dropped = (x: Numbers): Numbers => x.map((value, i) => kept(i) * value / (1 - rate));
  return {
    inputs: [draw.normal(draw.shape([1, 4], 9))],
    options: `rate ${rate}`,
    run: (x) => dropUnits(x!, rate, source),
    reference: (x) => dropped(x!),
    gradients: (weights) => [dropped(weights)],
  };
}

/** Uniform noise added to numbers, element by element from a key's words. */
function uniformTrial(draw: Draw): Trial {
  const source = key(draw.whole(0, 2 ** 20));
  return {
    inputs: [draw.normal(draw.shape([1, 4], 9))],
    run: (x) => tf.add(x!, uniformTensor(source, x!.shape)),
    reference: (x) => x!.map((value, i) => value + (word(source, i) >>> 8) / 2 ** 24),
    gradients: (weights) => [weights],
  };
}

/** The same of normal noise, by Box and Muller's formula. */
function normalTrial(draw: Draw): Trial {
  const source = key(draw.whole(0, 2 ** 20));
  const noise = (i: number): number => {
    const [first, second] = [word(source, i & ~1), word(source, i | 1)];
    const radius = Math.sqrt(-2 * Math.log((first + 1) / 2 ** 32));
    const angle = 2 * Math.PI * second / 2 ** 32;
    return radius * (i & 1 ? Math.sin(angle) : Math.cos(angle));
  };
  return {
    inputs: [draw.normal(draw.shape([1, 4], 9))],
    run: (x) => tf.add(x!, normalTensor(source, x!.shape)),
    reference: (x) => x!.map((value, i) => value + noise(i)),
    gradients: (weights) => [weights],
  };
}

/** Layers of training, and losses. */
export const layers: readonly Subject[] = [
  // A variance of few numbers is small, and its root steep.
  { name: "batchNorm in training", tolerance: 5e-5, draw: (draw) => batchNormTrial(draw, true) },
  { name: "batchNorm at rest", draw: (draw) => batchNormTrial(draw, false) },
  {
    name: "softmax",
    draw: (draw) => {
      const logits = logitsOf(draw);
      return {
        inputs: [logits],
        run: (x) => softmax().apply({}, {}, x!, {})[0],
        reference: (x) => softmaxOf(x!, logits.shape[1]!),
        gradients: "differences",
      };
    },
  },
  {
    name: "softmaxCrossEntropy",
    draw: (draw) => {
      const logits = logitsOf(draw);
      const [rows, classes] = logits.shape;
      return {
        inputs: [logits, targetsFor(draw, logits.shape)],
        run: (x, targets) => softmaxCrossEntropy(x!, targets!),
        reference: (x, targets) => {
          const shares = softmaxOf(x!, classes!);
          const surprises = targets!.map((target, i) =>
            target === 0 ? 0 : -target * Math.log(shares[i]!)
          );
          return Float64Array.of(sum(surprises) / rows!);
        },
        gradients: "differences",
      };
    },
  },
  {
    name: "meanSquaredError",
    draw: (draw) => {
      const shape = draw.shape([1, 3], 6);
      return {
        inputs: [draw.normal(shape), draw.normal(shape)],
        run: (x, targets) => meanSquaredError(x!, targets!),
        reference: (x, targets) => {
          const squares = x!.map((value, i) => (value - targets![i]!) ** 2);
          return Float64Array.of(sum(squares) / squares.length);
        },
        gradients: "differences",
      };
    },
  },
  { name: "dropUnits", draw: dropoutTrial },
  { name: "uniformTensor", draw: uniformTrial },
  { name: "normalTensor", draw: normalTrial },
  {
    name: "standardize",
    tolerance: 5e-5, // As batchNorm's.
    draw: (draw) => {
      const sets: Sets = [
        draw.whole(1, 3),
        draw.pick([1, draw.whole(2, 40)]),
        draw.whole(1, 9),
        draw.pick([1, draw.whole(2, 12)]),
      ];
      const [, positions, groups, width] = sets;
      const setOf = (i: number): number =>
        Math.floor(i / (positions * groups * width)) * groups + Math.floor(i / width) % groups;
      return {
        inputs: [draw.normal(sets)],
        run: (x) => standardize(x!, sets, 0.01),
        reference: (x) => {
          const numbers: number[][] = [];
          x!.forEach((value, i) => (numbers[setOf(i)] ??= []).push(value));
          const known = numbers.map((own) => {
            const mean = sum(own) / own.length;
            return [mean, sum(own.map((value) => (value - mean) ** 2)) / own.length] as const;
          });
          return Float64Array.from(x!, (value, i) => {
            const [mean, variance] = known[setOf(i)]!;
            return (value - mean) / Math.sqrt(variance + 0.01);
          });
        },
        gradients: "differences",
      };
    },
  },
  {
    name: "localResponseNormalization",
    draw: (draw) => {
      const channels = draw.whole(1, 8);
      const [radius, bias, alpha, beta] = [draw.whole(1, 3), 2, 0.3, 0.75];
      return {
        inputs: [draw.normal([draw.whole(1, 2), 3, draw.whole(1, 4), channels])],
        options: `radius ${radius}`,
        run: (x) => tf.localResponseNormalization(x as tf.Tensor4D, radius, bias, alpha, beta),
        reference: (x) =>
          Float64Array.from(x!, (value, i) => {
            const own = i % channels;
            let squares = 0;
            for (
              let c = Math.max(0, own - radius);
              c <= Math.min(channels - 1, own + radius);
              c++
            ) {
              squares += x![i - own + c]! ** 2;
            }
            return value / (bias + alpha * squares) ** beta;
          }),
        gradients: "differences",
      };
    },
  },
];
