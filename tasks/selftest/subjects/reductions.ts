// Sums, means, extremes and accumulations along axes, also of very many numbers.
import { sizeOf, tf } from "../../../mod.ts";
import type { Numbers } from "../reference.ts";
import type { Draw, Subject, Trial } from "../subject.ts";

/** The place of an element along each axis. */
export function placeOf(flat: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  for (const size of shape.toReversed()) {
    place.unshift(flat % size);
    flat = Math.floor(flat / size);
  }
  return place;
}

/** The number of an element, given its place. */
export function flatOf(place: readonly number[], shape: readonly number[]): number {
  return place.reduce((flat, index, axis) => flat * shape[axis]! + index, 0);
}

/** What `reduce` makes of the numbers along some axes. */
function reduced(
  x: Numbers,
  shape: readonly number[],
  axes: readonly number[],
  reduce: (numbers: readonly number[]) => number,
): Float64Array {
  const kept = shape.map((size, axis) => axes.includes(axis) ? 1 : size);
  const parts: number[][] = Array.from({ length: sizeOf(kept) }, () => []);
  x.forEach((value, flat) => {
    const place = placeOf(flat, shape).map((index, axis) => axes.includes(axis) ? 0 : index);
    parts[flatOf(place, kept)]!.push(value);
  });
  return Float64Array.from(parts, reduce);
}

type Reduction = readonly [
  run: (x: tf.Tensor, axes: number[]) => tf.Tensor,
  value: (numbers: readonly number[]) => number,
  gradients?: "none",
];

const total = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0);

/** The reductions, by name. */
const REDUCTIONS: Readonly<Record<string, Reduction>> = {
  sum: [tf.sum, total],
  "sum, dimensions kept": [(x, axes) => tf.sum(x, axes, true), total],
  mean: [tf.mean, (all) => total(all) / all.length],
  max: [tf.max, (all) => Math.max(...all)],
  min: [tf.min, (all) => Math.min(...all)],
  prod: [tf.prod, (all) => all.reduce((product, x) => product * x, 1)],
  "prod, dimensions kept": [
    (x, axes) => tf.prod(x, axes, true),
    (all) => all.reduce((product, x) => product * x, 1),
    "none",
  ],
  argMax: [(x, axes) => tf.argMax(x, axes[0]), (all) => all.indexOf(Math.max(...all)), "none"],
  argMin: [(x, axes) => tf.argMin(x, axes[0]), (all) => all.indexOf(Math.min(...all)), "none"],
};

function reductionTrial(draw: Draw, name: string, [run, value, gradients]: Reduction): Trial {
  const shape = draw.shape([1, 4], 6);
  const some = shape.flatMap((_, axis) => draw.pick([true, false]) ? [axis] : []);
  const isOfOneAxis = name.startsWith("arg") || name.startsWith("prod");
  const axes = isOfOneAxis || some.length === 0 ? [draw.whole(0, shape.length - 1)] : some;
  return {
    inputs: [draw.distinct(shape)],
    options: `along ${axes}`,
    run: (x) => tf.cast(run(x!, axes), "float32"),
    reference: (x) => reduced(x!, shape, axes, value),
    gradients: gradients ?? "differences",
  };
}

/** Sums that drift where they are added one by one. */
function longTrial(draw: Draw, shape: readonly number[], axis: number, isMean: boolean): Trial {
  const input = draw.between(shape, 0, 1);
  const length = shape[axis]!;
  const inner = sizeOf(shape.slice(axis + 1));
  return {
    inputs: [input],
    run: (x) => isMean ? tf.mean(x!, axis) : tf.sum(x!, axis),
    reference: (x) => {
      const sums = new Float64Array(sizeOf(shape) / length);
      const divisor = isMean ? length : 1;
      for (let i = 0; i < x!.length; i++) {
        const outer = Math.floor(i / inner / length);
        sums[outer * inner + i % inner]! += x![i]! / divisor;
      }
      return sums;
    },
    gradients: "none",
  };
}

function cumulativeTrial(draw: Draw, isSum: boolean): Trial {
  const shape = draw.shape([1, 4], 6);
  const axis = draw.whole(0, shape.length - 1);
  const [exclusive, reverse] = [draw.pick([true, false]), draw.pick([true, false])];
  const combine = (a: number, b: number): number => isSum ? a + b : a * b;
  const run = isSum ? tf.cumsum : tf.cumprod;
  return {
    inputs: [draw.between(shape, 0.5, 1.5)],
    options: `along ${axis}${exclusive ? ", exclusive" : ""}${reverse ? ", reverse" : ""}`,
    run: (x) => run(x!, axis, exclusive, reverse),
    reference: (x) =>
      Float64Array.from(x!, (_, flat) => {
        const place = placeOf(flat, shape);
        let result = isSum ? 0 : 1;
        for (let i = 0; i < shape[axis]!; i++) {
          const isBefore = reverse ? i > place[axis]! : i < place[axis]!;
          if (!isBefore && (exclusive || i !== place[axis])) continue;
          result = combine(result, x![flatOf(place.with(axis, i), shape)]!);
        }
        return result;
      }),
    gradients: isSum ? "differences" : "none",
  };
}

/** Reductions and accumulations. */
export const reductions: readonly Subject[] = [
  ...Object.entries(REDUCTIONS).map(([name, reduction]): Subject => ({
    name,
    draw: (draw) => reductionTrial(draw, name, reduction),
  })),
  ...[false, true].map((isMean): Subject => ({
    name: `${isMean ? "mean" : "sum"} of a million numbers`,
    draw: (draw) => longTrial(draw, [1_000_000 + draw.whole(0, 9)], 0, isMean),
  })),
  {
    name: "sum of long columns",
    draw: (draw) => longTrial(draw, [draw.whole(9000, 20000), draw.pick([1, 3, 8, 12])], 0, false),
  },
  { name: "cumsum", draw: (draw) => cumulativeTrial(draw, true) },
  { name: "cumprod", draw: (draw) => cumulativeTrial(draw, false) },
];
