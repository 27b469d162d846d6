// Whole numbers beyond float32's 24 bits, and truth values: exact, or wrong.
import { sizeOf, tf } from "../../../mod.ts";
import type { Numbers } from "../reference.ts";
import type { Draw, Input, Subject, Trial } from "../subject.ts";
import { flatOf, placeOf } from "./reductions.ts";

/** More than tfjs computes on the host. */
const ROWS = 60;
const COLUMNS = 23;
const SHAPE = [ROWS, COLUMNS];

type Rows = (row: readonly number[]) => number | readonly number[];

/** A function of each row, or one of all numbers at their places. */
type Whole = {
  readonly draw: (draw: Draw) => readonly Input[];
  readonly run: (...inputs: tf.Tensor[]) => tf.Tensor;
  readonly reference: (...inputs: Numbers[]) => Numbers;
};

const large = (draw: Draw): Input[] => [draw.large(SHAPE)];
const pair = (draw: Draw): Input[] => [draw.large(SHAPE), draw.large(SHAPE)];
const flags = (draw: Draw): Input[] => [draw.flags(SHAPE)];
/** Numbers whose products and sums stay below 2³¹. */
const moderate = (draw: Draw): Input[] => [draw.wholes(SHAPE, 40_000), draw.wholes(SHAPE, 40_000)];

function byRows(x: Numbers, row: Rows): Float64Array {
  const rows = Array.from(
    { length: ROWS },
    (_, i) => row([...x.subarray(i * COLUMNS, (i + 1) * COLUMNS)]),
  );
  return Float64Array.from(rows.flat());
}

function each(x: Numbers, f: (value: number, i: number) => number): Float64Array {
  return Float64Array.from(x, f);
}

/** The numbers of a result, each from a place of the input, or absent. */
function places(
  x: Numbers,
  shape: readonly number[],
  from: (row: number, column: number) => readonly [number, number] | number,
): Float64Array {
  return Float64Array.from({ length: sizeOf(shape) }, (_, flat) => {
    const [row, column] = placeOf(flat, shape) as [number, number];
    const place = from(row, column);
    return typeof place === "number" ? place : x[flatOf(place, SHAPE)]!;
  });
}

/** Sums wrap around as int32 does; these numbers do not get there. */
const sum = (row: readonly number[]): number => row.reduce((total, x) => total + x, 0);

const CASES: Readonly<Record<string, Whole>> = {
  "sum of int32": {
    draw: (draw) => [draw.wholes(SHAPE, 2 ** 24)],
    run: (x) => tf.sum(x, 1),
    reference: (x) => byRows(x!, sum),
  },
  "min of int32": {
    draw: large,
    run: (x) => tf.min(x, 1),
    reference: (x) => byRows(x!, (row) => Math.min(...row)),
  },
  "max of int32": {
    draw: large,
    run: (x) => tf.max(x, 1),
    reference: (x) => byRows(x!, (row) => Math.max(...row)),
  },
  "argMax of int32": {
    draw: large,
    run: (x) => tf.argMax(tf.floorDiv(x, tf.scalar(2, "int32")), 1),
    reference: (x) =>
      byRows(x!, (row) => {
        const halves = row.map((value) => Math.floor(value / 2));
        return halves.indexOf(Math.max(...halves));
      }),
  },
  "argMin of int32": {
    draw: large,
    run: (x) => tf.argMin(x, 1),
    reference: (x) => byRows(x!, (row) => row.indexOf(Math.min(...row))),
  },
  "prod of int32": {
    draw: (draw) => [draw.wholes(SHAPE, 3)],
    run: (x) => tf.prod(tf.add(tf.slice(x, [0, 0], [ROWS, 12]), tf.scalar(3, "int32")), 1),
    reference: (x) =>
      byRows(x!, (row) => row.slice(0, 12).reduce((product, value) => product * (value + 3), 1)),
  },
  "cumsum of int32": {
    draw: (draw) => [draw.wholes(SHAPE, 2 ** 24)],
    run: (x) => tf.cumsum(x, 1, false, true),
    reference: (x) => byRows(x!, (row) => row.map((_, i) => sum(row.slice(i)))),
  },
  "pad of int32": {
    draw: large,
    run: (x) => tf.pad(x, [[1, 0], [0, 2]], 2 ** 24 + 1),
    reference: (x) =>
      places(
        x!,
        [ROWS + 1, COLUMNS + 2],
        (row, column) => row === 0 || column >= COLUMNS ? 2 ** 24 + 1 : [row - 1, column],
      ),
  },
  "where of int32": {
    draw: (draw) => [draw.flags(SHAPE), ...pair(draw)],
    run: (condition, a, b) => tf.where(condition!, a!, b!),
    reference: (condition, a, b) => each(condition!, (is, i) => is ? a![i]! : b![i]!),
  },
  "gather of int32": {
    draw: (draw) => [draw.large(SHAPE), draw.wholes([7], ROWS)],
    run: (x, rows) => tf.gather(x!, rows as tf.Tensor1D),
    reference: (x, rows) => places(x!, [7, COLUMNS], (row, column) => [rows![row]!, column]),
  },
  "slice of int32": {
    draw: large,
    run: (x) => tf.slice(x, [1, 2], [ROWS - 1, 20]),
    reference: (x) => places(x!, [ROWS - 1, 20], (row, column) => [row + 1, column + 2]),
  },
  "concat of int32": {
    draw: large,
    run: (x) => tf.concat([x, x], 1),
    reference: (x) => places(x!, [ROWS, 2 * COLUMNS], (row, column) => [row, column % COLUMNS]),
  },
  "tile of int32": {
    draw: large,
    run: (x) => tf.tile(x, [2, 1]),
    reference: (x) => places(x!, [2 * ROWS, COLUMNS], (row, column) => [row % ROWS, column]),
  },
  "reverse of int32": {
    draw: large,
    run: (x) => tf.reverse(x, 1),
    reference: (x) => places(x!, SHAPE, (row, column) => [row, COLUMNS - 1 - column]),
  },
  "transpose of int32": {
    draw: large,
    run: (x) => tf.transpose(tf.reshape(x, [ROWS, COLUMNS, 1]), [1, 2, 0]),
    reference: (x) => places(x!, [COLUMNS, ROWS], (column, row) => [row, column]),
  },
  "add of int32": {
    draw: (draw) =>
      pair(draw).map((input) => ({ ...input, values: input.values.map((x) => x >> 1) })),
    run: (a, b) => tf.add(a!, b!),
    reference: (a, b) => each(a!, (value, i) => value + b![i]!),
  },
  "sub of int32": {
    draw: (draw) =>
      pair(draw).map((input) => ({ ...input, values: input.values.map((x) => x >> 1) })),
    run: (a, b) => tf.sub(a!, b!),
    reference: (a, b) => each(a!, (value, i) => value - b![i]!),
  },
  "mul of int32": {
    draw: moderate,
    run: (a, b) => tf.mul(a!, b!),
    reference: (a, b) => each(a!, (value, i) => value * b![i]!),
  },
  "maximum of int32": {
    draw: pair,
    run: (a, b) => tf.maximum(a!, b!),
    reference: (a, b) => each(a!, (value, i) => Math.max(value, b![i]!)),
  },
  "less of int32": {
    draw: large,
    run: (x) => tf.less(x, tf.add(x, tf.scalar(1, "int32"))),
    reference: (x) => each(x!, () => 1),
  },
  "neg of int32": {
    draw: large,
    run: (x) => tf.neg(x),
    reference: (x) => each(x!, (value) => -value),
  },
  "relu of int32": {
    draw: large,
    run: (x) => tf.relu(x),
    reference: (x) => each(x!, (value) => Math.max(value, 0)),
  },
  "matMul of int32": {
    draw: (draw) => [draw.wholes(SHAPE, 9000)],
    run: (x) => tf.matMul(x, x, false, true),
    reference: (x) =>
      Float64Array.from({ length: ROWS * ROWS }, (_, flat) => {
        const [i, j] = [Math.floor(flat / ROWS) * COLUMNS, flat % ROWS * COLUMNS];
        return sum([...x!.subarray(i, i + COLUMNS)].map((value, k) => value * x![j + k]!));
      }),
  },
  "maxPool of int32": {
    draw: large,
    run: (x) =>
      tf.maxPool(tf.reshape(x, [1, ROWS, COLUMNS, 1]) as tf.Tensor4D, [2, 1], [2, 1], "valid"),
    reference: (x) =>
      Float64Array.from({ length: ROWS / 2 * COLUMNS }, (_, flat) => {
        const [row, column] = placeOf(flat, SHAPE) as [number, number];
        const at = flatOf([2 * row, column], SHAPE);
        return Math.max(x![at]!, x![at + COLUMNS]!);
      }),
  },
  "fill of int32": {
    draw: (draw) => [draw.large([1])],
    run: () => tf.fill(SHAPE, 2 ** 24 + 1, "int32"),
    reference: () => new Float64Array(ROWS * COLUMNS).fill(2 ** 24 + 1),
  },
  "bincount of int32": {
    draw: (draw) => [draw.wholes([2000], 5)],
    run: (x) => tf.bincount(x as tf.Tensor1D, tf.tensor1d([], "int32"), 5),
    reference: (x) =>
      Float64Array.from({ length: 5 }, (_, bin) => x!.filter((value) => value === bin).length),
  },
  "sum of bool": {
    draw: flags,
    run: (x) => tf.sum(x, 1),
    reference: (x) => byRows(x!, sum),
  },
  "cumsum of bool": {
    draw: flags,
    run: (x) => tf.cumsum(x, 1),
    reference: (x) => byRows(x!, (row) => row.map((_, i) => sum(row.slice(0, i + 1)))),
  },
  "pad of bool": {
    draw: flags,
    run: (x) => tf.pad(x, [[0, 1], [1, 0]], 1),
    reference: (x) =>
      places(
        x!,
        [ROWS + 1, COLUMNS + 1],
        (row, column) => row === ROWS || column === 0 ? 1 : [row, column - 1],
      ),
  },
  "where of bool": {
    draw: (draw) => [draw.flags(SHAPE), draw.flags(SHAPE)],
    run: (a, b) => tf.where(a!, b!, tf.logicalNot(b!)),
    reference: (a, b) => each(a!, (is, i) => is ? b![i]! : 1 - b![i]!),
  },
};

function trialOf({ draw, run, reference }: Whole, source: Draw): Trial {
  return { inputs: draw(source), run, reference, gradients: "none" };
}

/** Operations on whole numbers and truth values. */
export const whole: readonly Subject[] = Object.entries(CASES).map(([name, own]) => ({
  name,
  tolerance: 0,
  draw: (draw) => trialOf(own, draw),
}));
