// Convolutions: strides, paddings, dilations, groups, and the shapes that have kernels of their own.
import { convolve, convolveTranspose } from "../../../lib/tensor/mod.ts";
import type { Tensor1D, Tensor4D } from "../../../mod.ts";
import {
  type Convolution,
  filterGradient,
  forward,
  inputGradient,
  type Numbers,
  sizes,
} from "../reference.ts";
import type { Draw, Input, Subject, Trial } from "../subject.ts";

type Geometry = Convolution & { readonly padding: "same" | "valid" | number };

/** What is the same in all shapes of a subject. */
type Fixed = {
  readonly batch?: number;
  readonly channels?: number;
  readonly features?: number;
  readonly filter?: readonly [number, number];
  readonly stride?: readonly [number, number];
  readonly dilation?: readonly [number, number];
};

function geometry(draw: Draw, fixed: Fixed): Geometry {
  const both = (most: number): [number, number] => [draw.whole(1, most), draw.whole(1, most)];
  const { filter = both(5), stride = both(3), dilation = both(2) } = fixed;
  const padding = draw.pick(["same", "valid", draw.whole(1, 2)] as const);
  const input = [draw.whole(9, 14), draw.whole(9, 14), fixed.channels ?? draw.whole(1, 9)] as const;
  const reach = [0, 1].map((axis) => (filter[axis]! - 1) * dilation[axis]! + 1);
  const zeros = typeof padding === "number" ? 2 * padding : 0;
  const output = reach.map((size, axis) =>
    padding === "same"
      ? Math.ceil(input[axis]! / stride[axis]!)
      : Math.floor((input[axis]! + zeros - size) / stride[axis]!) + 1
  ) as [number, number];
  const before = reach.map((size, axis) => {
    if (padding !== "same") return zeros / 2;
    return Math.max(0, (output[axis]! - 1) * stride[axis]! + size - input[axis]!) >> 1;
  }) as [number, number];
  const features = fixed.features ?? draw.whole(1, 9);
  const batch = fixed.batch ?? draw.whole(1, 3);
  return { batch, input, filter, features, stride, dilation, before, output, padding };
}

/** Sums of the last axis's columns. */
function columnSums(y: Numbers, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  y.forEach((value, i) => void (sums[i % columns]! += value));
  return sums;
}

function trialOf(draw: Draw, c: Geometry, bias?: Input): Trial {
  const { stride, padding, dilation } = c;
  return {
    inputs: [
      draw.normal([c.batch, ...c.input]),
      draw.normal([...c.filter, c.input[2], c.features]),
      ...(bias ? [bias] : []),
    ],
    options: `stride ${stride}, padding ${padding}, dilation ${dilation}`,
    run: (x, filter, bias) =>
      convolve(
        x as Tensor4D,
        filter as Tensor4D,
        { stride, padding, dilation, groups: 1 },
        bias as Tensor1D | undefined,
      ),
    reference: (x, filter, bias) =>
      forward(c, x!, filter!).map((y, i) => y + (bias?.[i % c.features] ?? 0)),
    gradients: (dy, x, filter, bias) => [
      inputGradient(c, dy, filter!),
      filterGradient(c, x!, dy),
      ...(bias ? [columnSums(dy, c.features)] : []),
    ],
  };
}

/** Every `groups`-th part of the last axis. */
function part(numbers: Numbers, length: number, group: number, groups: number): Float64Array {
  const own = length / groups;
  return Float64Array.from(numbers).filter((_, i) => Math.floor(i % length / own) === group);
}

/** Puts parts of the last axis side by side. */
function joined(parts: readonly Numbers[], length: number): Float64Array {
  const own = length / parts.length;
  return Float64Array.from({ length: parts[0]!.length * parts.length }, (_, i) => {
    const [row, column] = [Math.floor(i / length), i % length];
    return parts[Math.floor(column / own)]![row * own + column % own]!;
  });
}

/** Groups as convolutions side by side, with a bias. */
function grouped(draw: Draw, groups: number, fixed: Fixed): Trial {
  const own = geometry(draw, fixed);
  const [channels, features] = [own.input[2] * groups, own.features * groups];
  const { stride, padding, dilation } = own;
  const of = (group: number, ...[x, filter, y]: Numbers[]): Float64Array[] => [
    part(x!, channels, group, groups),
    part(filter!, features, group, groups),
    part(y!, features, group, groups),
  ];
  const each = (f: (group: number) => Numbers): Numbers[] =>
    Array.from({ length: groups }, (_, i) => f(i));
  const nothing = new Float64Array(sizes(own).y * groups);
  return {
    inputs: [
      draw.normal([own.batch, own.input[0], own.input[1], channels]),
      draw.normal([...own.filter, own.input[2], features]),
      draw.normal([features]),
    ],
    options: `groups ${groups}, stride ${stride}, padding ${padding}, dilation ${dilation}`,
    run: (x, filter, bias) =>
      convolve(
        x as Tensor4D,
        filter as Tensor4D,
        { stride, padding, dilation, groups },
        bias as Tensor1D,
      ),
    reference: (x, filter, bias) =>
      joined(
        each((group) => {
          const [input, taps] = of(group, x!, filter!, nothing);
          return forward(own, input!, taps!);
        }),
        features,
      ).map((y, i) => y + bias![i % features]!),
    gradients: (dy, x, filter) => [
      joined(
        each((group) => {
          const [, taps, slopes] = of(group, x!, filter!, dy);
          return inputGradient(own, slopes!, taps!);
        }),
        channels,
      ),
      joined(
        each((group) => {
          const [input, , slopes] = of(group, x!, filter!, dy);
          return filterGradient(own, input!, slopes!);
        }),
        features,
      ),
      columnSums(dy, features),
    ],
  };
}

const ONE = [1, 1] as const;

/** A transposed convolution, which is the gradient of one by its input, and has its other two as gradients. */
function transposed(draw: Draw): Trial {
  const padding = draw.whole(0, 1);
  const both = (least: number, most: number): [number, number] => [
    draw.whole(least, most),
    draw.whole(least, most),
  ];
  const [filter, stride, dilation, output] = [both(2, 4), both(1, 3), both(1, 2), both(3, 6)];
  const outputPadding = stride.map((step) => draw.whole(0, step - 1)) as [number, number];
  const input = [0, 1].map((axis) =>
    (output[axis]! - 1) * stride[axis]! - 2 * padding + dilation[axis]! * (filter[axis]! - 1) +
    outputPadding[axis]! + 1
  );
  const c: Convolution = {
    batch: draw.whole(1, 3),
    input: [input[0]!, input[1]!, draw.whole(1, 9)],
    filter,
    features: draw.whole(1, 9),
    stride,
    dilation,
    before: [padding, padding],
    output,
  };
  const options = {
    stride,
    padding: [padding, padding],
    outputPadding,
    dilation,
    groups: 1,
  } as const;
  return {
    inputs: [
      draw.normal([c.batch, ...output, c.features]),
      draw.normal([...filter, c.input[2], c.features]),
    ],
    options: JSON.stringify(options),
    run: (x, kernel) => convolveTranspose(x as Tensor4D, kernel as Tensor4D, options),
    reference: (x, kernel) => inputGradient(c, x!, kernel!),
    gradients: (dy, x, kernel) => [forward(c, dy, kernel!), filterGradient(c, dy, x!)],
  };
}

/** All kinds of convolutions. */
export const convolutions: readonly Subject[] = [
  { name: "convolve", draw: (draw) => trialOf(draw, geometry(draw, {})) },
  {
    name: "convolve with bias",
    draw: (draw) => {
      const c = geometry(draw, { dilation: ONE });
      return trialOf(draw, c, draw.normal([c.features]));
    },
  },
  {
    name: "convolve, channels in fours",
    draw: (draw) => {
      const [channels, features] = [4 * draw.whole(1, 4), 4 * draw.whole(3, 6)];
      return trialOf(draw, geometry(draw, { batch: 9, channels, features }));
    },
  },
  {
    name: "convolve 3 × 3",
    draw: (draw) => {
      const [channels, features] = [draw.pick([8, 16, 5]), draw.pick([16, 8, 7])];
      const rest = { stride: ONE, dilation: ONE, batch: 4, channels, features };
      return trialOf(draw, geometry(draw, { filter: [3, 3], ...rest }));
    },
  },
  {
    name: "convolve to few features and from few channels",
    draw: (draw) => {
      const few = draw.whole(1, 8);
      const many = draw.pick([1, 2, 6, 4 * draw.whole(1, 5), 15]);
      const [channels, features] = draw.pick([[few, many], [many, few]] as const);
      const fixed = draw.pick(
        [
          { filter: [5, 5] },
          { filter: [7, 7], dilation: ONE },
          { filter: [2, 9], dilation: ONE },
          { filter: [4, 1] },
        ] as const,
      );
      const c = geometry(draw, { channels, features, ...fixed, batch: draw.pick([1, 5]) });
      return trialOf(draw, c, draw.normal([c.features]));
    },
  },
  {
    name: "convolve 1 × 1",
    draw: (draw) => {
      const fixed = { filter: ONE, dilation: ONE, channels: draw.pick([4, 9, 16]) };
      return trialOf(draw, geometry(draw, fixed));
    },
  },
  {
    name: "convolve images",
    draw: (draw) => {
      const fixed = { batch: 5, channels: draw.pick([1, 3]), features: draw.pick([6, 32]) };
      return trialOf(draw, geometry(draw, fixed));
    },
  },
  { name: "convolve in groups", draw: (draw) => grouped(draw, draw.whole(2, 3), {}) },
  {
    name: "convolve in groups of fours",
    draw: (draw) => {
      const [channels, features] = [4 * draw.whole(1, 2), 4 * draw.whole(1, 3)];
      return grouped(draw, draw.whole(2, 4), { batch: 5, channels, features });
    },
  },
  {
    name: "convolve depthwise",
    draw: (draw) => {
      const one = { channels: 1, features: 1, batch: draw.pick([1, 3, 9]) };
      return grouped(draw, draw.pick([3, 4, 8, 12, 6]), one);
    },
  },
  { name: "convolveTranspose", draw: transposed },
  {
    name: "convolve depthwise, other shapes",
    draw: (draw) =>
      grouped(
        draw,
        draw.pick([4, 5]),
        draw.pick([
          { channels: 1, features: 1, filter: [7, 7], dilation: ONE },
          { channels: 1, features: 1, filter: [9, 8], dilation: ONE }, // Of more taps than a text holds.
          { channels: 1, features: 1, stride: [4, 5] },
          { channels: 1, features: draw.pick([2, 4]) },
        ]),
      ),
  },
];
