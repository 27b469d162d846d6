// Layers of operations that other programs' files have and that nothing else needs.
import { activation } from "../layers/activations.ts";
import { convTranspose, type ConvTransposeOptions } from "../layers/conv_transpose.ts";
import { costOfEach } from "../layers/cost.ts";
import { defineLayer } from "../layers/define_layer.ts";
import { zeros } from "../layers/initializers.ts";
import { type AnyLayer, type Empty, type Layer, stateless } from "../layers/layer.ts";
import type { Join } from "../layers/parallel.ts";
import { type Shape, sizeOf, type Tensor, type Tensor4D } from "../tensor/tensor.ts";
import { type Binary as By, only, UNPADDED } from "../layers/operation.ts";
import { tf } from "../tensor/tf.ts";
import { slice } from "../layers/rearrange.ts";
import { maxWindows } from "../tensor/max_windows.ts";
import { meanWindows } from "../tensor/window_sums.ts";

/** An operation of two numbers. */
export type Binary = (a: Tensor, b: Tensor) => Tensor;

/** The operations of two tensors, whose axes of size 1 are repeated. */
export const BINARY: Readonly<Record<string, Binary>> = {
  Add: tf.add,
  Sub: tf.sub,
  Mul: tf.mul,
  Div: tf.div,
  Max: tf.maximum,
  Min: tf.minimum,
  Pow: tf.pow,
};

/** What writers of files call an operation; `undefined` of one that they do not know. */
const byOf = (name: string): By | undefined =>
  Object.hasOwn(BINARY, name) ? name.toLowerCase() as By : undefined;

/** An operation with a number that is not learned. */
export function withNumber(name: string, f: Binary, number: number, isFirst: boolean): AnyLayer {
  const by = byOf(name);
  return activation(
    (x) => isFirst ? f(tf.scalar(number), x) : f(x, tf.scalar(number)),
    name.toLowerCase(),
    by ? { operations: only({ op: "number", by, number, isFirst }) } : {},
  );
}

/** Limits numbers to a range, of which the upper end is applied last: if it is the lower one, all are it. */
export function clip(low: number, high: number): AnyLayer {
  if (low <= high) {
    const operations = only({ op: "clip", low, high });
    return activation((x) => tf.clipByValue(x, low, high), "clip", { operations });
  }
  return activation((x) => tf.minimum(tf.maximum(x, low), high), "clip", {
    operations({ add, x, shape }) {
      const above = add({ op: "number", by: "max", number: low, isFirst: false }, shape, x);
      return add({ op: "number", by: "min", number: high, isFirst: false }, shape, above);
    },
  });
}

/** An operation with learned numbers, `value`, whose axes of size 1 are repeated. */
export function withNumbers(
  name: string,
  f: Binary,
  sizes: Shape,
  isFirst: boolean,
): Layer<{ readonly value: Tensor }, Empty> {
  const by = byOf(name);
  return defineLayer<{ readonly value: Tensor }, Empty>({
    op: name.toLowerCase(),
    declare(shape) {
      return {
        shape,
        params: { value: { shape: sizes, initializer: zeros } },
        state: {},
        cost: costOfEach(shape, 1),
      };
    },
    apply: ({ value }, state, x) => [isFirst ? f(value, x) : f(x, value), state],
    ...(by && {
      operations({ add, x, shape, weight }) {
        const value = weight("value");
        const ones = shape.map(() => 1).slice(0, shape.length - sizes.length);
        const wide = { ...value, shape: [...ones, ...sizes] };
        return add({ op: "constant", by, value: wide, isFirst }, shape, x);
      },
    }),
  });
}

/** A join by an operation of two, whose axes of size 1 are repeated. */
export function joinBy(name: string, f: Binary): Join {
  const by = byOf(name);
  return {
    name: name.toLowerCase(),
    shape: (shapes) => shapes[0]!.map((_, axis) => Math.max(...shapes.map((each) => each[axis]!))),
    flops: (shapes) => sizeOf(joinBy(name, f).shape(shapes)) * (shapes.length - 1),
    join: (outputs) => outputs.reduce((one, other) => f(one, other)),
    ...(by && {
      operations: ({ add, outputs, shape }) => add({ op: "join", by }, shape, ...outputs),
    }),
  };
}

/** A join by a product of matrices, the last two axes of both; those before are the same. */
export const matMulJoin: Join = {
  name: "matmul",
  shape: ([a, b]) => a!.with(-1, b!.at(-1)!),
  flops: ([a, b]) => 2 * sizeOf(a!) * b!.at(-1)!,
  join: ([a, b]) => tf.matMul(a!, b!),
};

/** Adds a number around each axis of an example: pairs of how many before and after. */
export function padWith(
  amounts: readonly (readonly [number, number])[],
  number: number,
): Layer<Empty, Empty> {
  return defineLayer({
    op: "pad",
    declare: (shape) =>
      stateless(
        shape.map((size, axis) => size + amounts[axis]![0] + amounts[axis]![1]),
        { flops: 0, window: "all" },
      ),
    apply: (_params, state, x) => [
      tf.pad(
        x,
        [[0, 0], ...amounts.map(([before, after]): [number, number] => [before, after])],
        number,
      ),
      state,
    ],
    operations({ add, x, shape }) {
      const [before, after] = ([0, 1] as const).map((end) => amounts.map((one) => one[end]));
      return add({ op: "pad", before: before!, after: after!, mode: "constant", number }, shape, x);
    },
  });
}

/** The means of windows over images that were padded by hand, in which that does not count. */
export function unpaddedMean(
  size: readonly [number, number],
  stride: readonly [number, number],
  sides: readonly [number, number, number, number],
): Layer<Empty, Empty> {
  const [top, left, bottom, right] = sides;
  const along = (length: number, axis: 0 | 1): number =>
    Math.floor((length - size[axis]) / stride[axis]) + 1;
  const mean = (x: Tensor): Tensor =>
    meanWindows(
      tf.pad(x as Tensor4D, [[0, 0], [top, bottom], [left, right], [0, 0]]),
      { size, stride, padding: "valid" },
    );
  return defineLayer({
    op: "meanPool",
    declare([height, width, channels]) {
      const output = [
        along(height! + top + bottom, 0),
        along(width! + left + right, 1),
        channels!,
      ];
      const window = { size, stride, dilation: [1, 1], before: [top, left] } as const;
      return stateless(output, { flops: sizeOf(size) * sizeOf(output), window });
    },
    apply(_params, state, x) {
      const [, height, width] = x.shape;
      return [tf.div(mean(x), mean(tf.ones([1, height!, width!, 1]))), state];
    },
    operations({ add, x, shape }) {
      const around = { before: [top, left], after: [bottom, right] } as const;
      const slide = { size, stride, ...UNPADDED, ...around };
      return add({ op: "meanPool", counted: false, ...slide }, shape, x);
    },
  });
}

/** Max pooling whose windows have gaps: the largest of as many images as a window has numbers. */
export function dilatedMax(
  size: readonly [number, number],
  stride: readonly [number, number],
  dilation: readonly [number, number],
): Layer<Empty, Empty> {
  const along = (length: number, axis: 0 | 1): number =>
    Math.floor((length - (size[axis] - 1) * dilation[axis] - 1) / stride[axis]) + 1;
  return defineLayer({
    op: "maxPool",
    declare([height, width, channels]) {
      const output = [along(height!, 0), along(width!, 1), channels!];
      const window = { size, stride, dilation, before: [0, 0] } as const;
      return stateless(output, { flops: sizeOf(size) * sizeOf(output), window });
    },
    apply(_params, state, x) {
      const [rows, columns] = [along(x.shape[1]!, 0), along(x.shape[2]!, 1)];
      const taps = Array.from({ length: sizeOf(size) }, (_, tap) => {
        const top = Math.floor(tap / size[1]) * dilation[0];
        const left = tap % size[1] * dilation[1];
        const height = (rows - 1) * stride[0] + 1;
        const width = (columns - 1) * stride[1] + 1;
        const block = tf.slice(x as Tensor4D, [0, top, left, 0], [-1, height, width, -1]);
        return maxWindows(block, { size: [1, 1], stride, padding: "valid" }) as Tensor;
      });
      return [taps.reduce((one, other) => tf.maximum(one, other)), state];
    },
    operations: only({ op: "maxPool", size, stride, ...UNPADDED, dilation }),
  });
}

/** Pixels before and after, down and across. */
export type Around = readonly [
  down: readonly [before: number, after: number],
  across: readonly [before: number, after: number],
];

/**
 * A transposed convolution of whose output pixels are cut off, by a layer of their own if the sides
 * differ.
 *
 * @param input shape of its input, `[H, W, C]`
 * @returns one layer or two
 */
export function cutTranspose(
  options: Omit<ConvTransposeOptions, "padding">,
  around: Around,
  input: Shape,
): AnyLayer[] {
  const isEven = around.every(([before, after]) => before === after);
  const padding = isEven ? [around[0][0], around[1][0]] as const : 0;
  const layer = convTranspose({ ...options, padding });
  if (isEven) return [layer];
  const { shape } = layer.declare(input);
  const lengths = around.map(([before, after], axis) => shape[axis]! - before - after);
  return [layer, slice({ begin: [around[0][0], around[1][0], 0], size: [...lengths, -1] })];
}
