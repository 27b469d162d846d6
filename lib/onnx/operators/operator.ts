// What an operator's conversion is given, and what conversions share.
import type { Builder } from "../builder.ts";
import type { Call, Value } from "../call.ts";

/** Makes layers of a node, and returns its outputs. */
export type Operator = (call: Call, build: Builder) => Value | readonly Value[];

/** Zeros, or other numbers, at the beginning and the end of height and width. */
export type Sides = readonly [top: number, left: number, bottom: number, right: number];

/** How a window slides: height and width of each. */
export type Slide = {
  readonly size: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly sides: Sides;
};

/** Two numbers for height and width. */
export function pairOf(call: Call, name: string, standard?: number): [number, number] {
  const found = call.list(name) ?? (standard === undefined ? undefined : [standard, standard]);
  const fits = found?.length === 2 && found.every((one) => Number.isInteger(one) && one >= 0);
  call.require(fits === true, `have two whole numbers as ${name}`, found ? [...found] : "none");
  return [found![0]!, found![1]!];
}

/** The image that a node takes, which must have height and width. */
export function imageOf(call: Call, build: Builder): Value {
  const value = call.value();
  call.require(value.dims.length === 3, "have an image as its input", [call.batch, ...value.dims]);
  return build.image(call.name, value);
}

/** The window of a convolution or pooling, with its padding in numbers. */
export function slideOf(call: Call, size: readonly [number, number], { dims }: Value): Slide {
  const stride = pairOf(call, "strides", 1);
  const dilation = pairOf(call, "dilations", 1);
  const auto = call.text("auto_pad", "NOTSET") || "NOTSET";
  const sides = call.list("pads") ?? [0, 0, 0, 0];
  const fits = sides.length === 4 && sides.every((one) => Number.isInteger(one) && one >= 0);
  call.require(fits, "have four pads of at least 0", [...sides]);
  const base = { size, stride, dilation };
  if (auto === "NOTSET") return { ...base, sides: sides as unknown as Sides };
  if (auto === "VALID") return { ...base, sides: [0, 0, 0, 0] };
  call.require(/^SAME_(UPPER|LOWER)$/.test(auto), "have a known auto_pad", auto);
  const around = ([0, 1] as const).map((axis) => {
    const length = dims[axis + 1]!;
    const reach = (size[axis] - 1) * dilation[axis] + 1;
    const all = (Math.ceil(length / stride[axis]) - 1) * stride[axis] + reach - length;
    const less = Math.floor(Math.max(0, all) / 2);
    const more = Math.max(0, all) - less;
    return auto === "SAME_UPPER" ? [less, more] as const : [more, less] as const;
  });
  const [[top, bottom], [left, right]] = around as unknown as [[number, number], [number, number]];
  return { ...base, sides: [top, left, bottom, right] };
}

/** The one number of pixels on every side; `undefined` if they differ. */
export function evenSides(sides: Sides): number | undefined {
  return sides.every((side) => side === sides[0]) ? sides[0] : undefined;
}

/** The sizes of a value with the batch. */
export const wholeOf = (call: Call, { dims, batchAt = 0 }: Value): number[] =>
  dims.toSpliced(batchAt, 0, call.batch);
