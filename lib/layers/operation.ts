// What a layer consists of when nothing is trained, in operations that other programs have too.
import type { PixelAlignment, ResampleMethod } from "../tensor/resample.ts";
import type { Shape } from "../tensor/tensor.ts";
import { windowsAlong } from "../tensor/windows.ts";
import type { Window } from "./window.ts";

/** Numbers that are learned or fixed, read when they are needed. */
export type Weight = {
  readonly shape: Shape;
  /** The layer's path and the parameter's name, if it is one: two values of one are the same. */
  readonly path?: string;
  read(): Promise<Float32Array>;
};

/** A tensor that an operation takes or gives. */
export type Value = {
  /** Its place among all values. */
  readonly id: number;
  /** Its shape, without the batch. Features are the last axis. */
  readonly shape: Shape;
};

/** Two numbers, down and across. */
export type Two = readonly [down: number, across: number];

/** A window over an image, with the pixels around it in numbers. */
export type Slide = {
  readonly size: Two;
  readonly stride: Two;
  readonly dilation: Two;
  /** Pixels above and left of the image. */
  readonly before: Two;
  /** Pixels below and right of it. */
  readonly after: Two;
};

/** A window without gaps or padding. */
export const UNPADDED = { dilation: [1, 1], before: [0, 0], after: [0, 0] } as const;

/** Operations of two tensors or numbers. */
export type Binary = "add" | "sub" | "mul" | "div" | "max" | "min" | "pow";

/** Functions of each number by itself; `leakyRelu` and `elu` have an `alpha`. */
export type NumberFunction =
  | "relu"
  | "relu6"
  | "leakyRelu"
  | "elu"
  | "selu"
  | "gelu"
  | "geluTanh"
  | "silu"
  | "hardSwish"
  | "hardSigmoid"
  | "softplus"
  | "softsign"
  | "mish"
  | "sigmoid"
  | "tanh"
  | "sqrt"
  | "exp"
  | "log"
  | "abs"
  | "neg"
  | "erf"
  | "reciprocal";

/** An operation on examples whose features are their last axis. The batch is not counted as an axis. */
export type Operation =
  /** Kernel `[h, w, C / groups, features]`, bias `[features]`. */
  | {
    readonly op: "conv";
    readonly groups: number;
    readonly kernel: Weight;
    readonly bias?: Weight;
  } & Slide
  /** Kernel `[h, w, features / groups, C]`; how long the output is, is its shape. */
  | {
    readonly op: "convTranspose";
    readonly stride: Two;
    readonly padding: Two;
    readonly dilation: Two;
    readonly groups: number;
    readonly kernel: Weight;
    readonly bias?: Weight;
  }
  /** Of vectors: kernel `[inputs, features]`. */
  | { readonly op: "dense"; readonly kernel: Weight; readonly bias?: Weight }
  /** What is around the image is never the largest. */
  | { readonly op: "maxPool" } & Slide
  /** Whether zeros around the image count. */
  | { readonly op: "meanPool"; readonly counted: boolean } & Slide
  /** By the running statistics. */
  | {
    readonly op: "batchNorm";
    readonly epsilon: number;
    readonly scale: Weight;
    readonly shift: Weight;
    readonly mean: Weight;
    readonly variance: Weight;
  }
  /**
   * Mean 0 and variance 1 of each group of features over all positions; of the features of each
   * position, `"last"`; or of the whole example, `"all"`. Then scaled and shifted.
   */
  | {
    readonly op: "norm";
    readonly over: number | "last" | "all";
    readonly epsilon: number;
    readonly scale?: Weight;
    readonly shift?: Weight;
  }
  /** x / (k + alpha / size · Σx²)^beta over `size` channels, of an even size one more before. */
  | {
    readonly op: "responses";
    readonly size: number;
    readonly alpha: number;
    readonly beta: number;
    readonly k: number;
  }
  | { readonly op: "each"; readonly f: NumberFunction; readonly alpha?: number }
  /** One slope, or one for each feature. */
  | { readonly op: "prelu"; readonly slope: Weight }
  | { readonly op: "clip"; readonly low: number; readonly high: number }
  /** Over the last axis. */
  | { readonly op: "softmax" | "logSoftmax" }
  /** With one number. */
  | {
    readonly op: "number";
    readonly by: Binary;
    readonly number: number;
    readonly isFirst: boolean;
  }
  /** With a weight of as many axes, whose axes of size 1 are repeated. */
  | {
    readonly op: "constant";
    readonly by: Binary;
    readonly value: Weight;
    readonly isFirst: boolean;
  }
  /** Of several values of as many axes, whose axes of size 1 are repeated. */
  | { readonly op: "join"; readonly by: Binary }
  | { readonly op: "concat"; readonly axis: number }
  /** To the output's shape, in the order of our numbers. */
  | { readonly op: "reshape" }
  | { readonly op: "transpose"; readonly order: readonly number[] }
  /** As large as the output's shape. */
  | { readonly op: "slice"; readonly begin: readonly number[] }
  /** `reflect` does not repeat the edge. */
  | {
    readonly op: "pad";
    readonly before: readonly number[];
    readonly after: readonly number[];
    readonly mode: "constant" | "reflect" | "edge";
    readonly number: number;
    /** Whether the number only has to be less than all others, for a maximum. */
    readonly isLeast?: boolean;
  }
  | {
    readonly op: "reduce";
    readonly by: "mean" | "sum" | "max" | "min";
    readonly axes: readonly number[];
    readonly keep: boolean;
  }
  | { readonly op: "resample"; readonly method: ResampleMethod; readonly align: PixelAlignment }
  /** As PyTorch's `PixelShuffle` orders channels. */
  | { readonly op: "pixelShuffle"; readonly factor: number };

/** Adds an operation, and returns its output of the shape given. */
export type Add = (operation: Operation, shape: Shape, ...inputs: readonly Value[]) => Value;

/** What a layer's operations are made of. */
export type OperationCall = {
  readonly add: Add;
  /** Its input. */
  readonly x: Value;
  /** The shape of its output, as it declares. */
  readonly shape: Shape;
  /** A parameter or state of it. */
  weight(leaf: string): Weight;
};

/** What a join's operations are made of. */
export type JoinCall = {
  readonly add: Add;
  /** The outputs that are joined. */
  readonly outputs: readonly Value[];
  /** The shape of what they become. */
  readonly shape: Shape;
};

/** A weight made of others. */
export function derived(
  shape: Shape,
  sources: readonly Weight[],
  make: (numbers: readonly Float32Array[]) => Float32Array,
): Weight {
  return {
    shape,
    read: async () => make(await Promise.all(sources.map((source) => source.read()))),
  };
}

/** A weight of numbers that are known. */
export function fixed(shape: Shape, make: () => Float32Array): Weight {
  return derived(shape, [], make);
}

/** An operation of one value: what a layer that is nothing else has as its operations. */
export function only(operation: Operation): (call: OperationCall) => Value {
  return ({ add, x, shape }) => add(operation, shape, x);
}

/** A window over an image of a shape. */
export function slideOver(window: Window, shape: Shape): Slide {
  const { size, stride, dilation, padding, rounding } = window;
  const around = ([0, 1] as const).map((axis) => {
    const reach = (size[axis] - 1) * dilation[axis] + 1;
    const length = shape[axis]!;
    const { before, count } = windowsAlong(length, reach, stride[axis], padding, rounding);
    const needed = (count - 1) * stride[axis] + reach - length - before;
    return [before, Math.max(typeof padding === "number" ? padding : 0, needed)] as const;
  });
  const [[top, bottom], [left, right]] = around as [Two, Two];
  return { size, stride, dilation, before: [top, left], after: [bottom, right] };
}
