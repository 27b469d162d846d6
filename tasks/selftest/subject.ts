// What the self-test tries: an operation of the library beside a plain reference of it.
import { fold, type Key, sizeOf, type Tensor } from "../../mod.ts";
import { normalArray, permutation, uniformArray } from "../../lib/tensor/mod.ts";
import type { Numbers } from "./reference.ts";

/** A tensor to be made: its shape and numbers. */
export type Input = {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
  /** Whether no gradient by it is taken. */
  readonly isConstant?: boolean;
  /** Its type. Default: `"float32"`. */
  readonly type?: "int32" | "bool";
};

/** A tensor of floats to be made. */
export type Floats = Input & { readonly values: Float32Array };

/** Gradients of Σ y · w by each input that is not constant, given w and the inputs' numbers. */
export type GradientReference = (weights: Numbers, ...inputs: Numbers[]) => Numbers[];

/** One comparison, on tensors of certain shapes. */
export type Trial = {
  readonly inputs: readonly Input[];
  /** What sets it apart besides the shapes, such as stride and padding. */
  readonly options?: string;
  /** The library's result. */
  run(...inputs: Tensor[]): Tensor;
  /** The same from the inputs' numbers, in plain TypeScript and double precision. */
  reference(...inputs: Numbers[]): Numbers;
  /** The gradients: by a reference, by differences of `reference`, or none. */
  readonly gradients: GradientReference | "differences" | "none";
};

/** An operation under test. */
export type Subject = {
  readonly name: string;
  /** The largest difference allowed, as a share of the largest magnitude. Default: 1e-5. */
  readonly tolerance?: number;
  /** Makes a trial of random shape. */
  draw(draw: Draw): Trial;
};

/** A source of random shapes and numbers; the same key draws the same. */
export type Draw = {
  /** A whole number between two, both included. */
  whole(least: number, most: number): number;
  pick<T>(choices: readonly T[]): T;
  /** A shape of a rank between two, with sizes of at most `most`. */
  shape(ranks: readonly [number, number], most: number): number[];
  /** Normally distributed numbers. */
  normal(shape: readonly number[]): Floats;
  /** Numbers that lie evenly between two. */
  between(shape: readonly number[], least: number, most: number): Floats;
  /** Numbers that all differ by at least 0.02, none of them near zero: functions may kink there. */
  distinct(shape: readonly number[]): Floats;
  /** Whole numbers from 0 up to but not including `below`, in a tensor that is constant. */
  wholes(shape: readonly number[], below: number): Input;
  /** Whole numbers of up to 31 bits, more than float32 has, in a tensor that is constant. */
  large(shape: readonly number[]): Input;
  /** Zeros and ones, in a tensor of type bool that is constant. */
  flags(shape: readonly number[]): Input;
};

/** What is drawn from a key. */
export function drawFrom(key: Key): Draw {
  let drawn = 0;
  const next = (): Key => fold(key, drawn++);
  const whole = (least: number, most: number): number =>
    least + Math.floor(uniformArray(next(), 1)[0]! * (most - least + 1));
  return {
    whole,
    pick: (choices) => choices[whole(0, choices.length - 1)]!,
    shape: ([least, most], size) =>
      Array.from({ length: whole(least, most) }, () => whole(1, size)),
    normal: (shape) => ({ shape, values: normalArray(next(), sizeOf(shape)) }),
    between: (shape, least, most) => ({
      shape,
      values: uniformArray(next(), sizeOf(shape)).map((share) => least + share * (most - least)),
    }),
    distinct(shape) {
      const size = sizeOf(shape);
      const places = permutation(next(), size);
      const values = Float32Array.from(places, (place) => 0.02 * (place - size / 2) + 0.007);
      return { shape, values };
    },
    wholes: (shape, below) => wholesOf(shape, next(), (share) => Math.floor(share * below)),
    large(shape) {
      const low = uniformArray(next(), sizeOf(shape));
      const scale = (share: number, i: number): number =>
        Math.floor((2 * share - 1) * 2 ** 30) + Math.floor(low[i]! * 2 ** 12);
      return wholesOf(shape, next(), scale);
    },
    flags: (shape) => ({
      ...wholesOf(shape, next(), (share) => Number(share < 0.5)),
      type: "bool",
    }),
  };
}

/** Whole numbers that are made of shares from 0 to 1. */
function wholesOf(
  shape: readonly number[],
  key: Key,
  from: (share: number, i: number) => number,
): Input {
  const values = Int32Array.from(uniformArray(key, sizeOf(shape)), from);
  return { shape, values, isConstant: true, type: "int32" };
}

/** An input by which no gradient is taken. */
export function constant(input: Input): Input {
  return { ...input, isConstant: true };
}
