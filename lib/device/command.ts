// A dispatch with all that it binds, before it is encoded or recorded.
import type { Channel } from "../tensor/exchange.ts";
import type { Key } from "../tensor/random.ts";
import type { tf } from "../tensor/tf.ts";
import type { Texels } from "./textures.ts";

/** A tensor as a dispatch binds it. */
export type Bound = {
  readonly info: tf.TensorInfo;
  /** Written without a look at what was there, written over in part or in place, or read. */
  readonly access: "write" | "update" | "read";
  /** Where it is bound as a texture: of which texels. */
  readonly texels?: Texels | undefined;
  /** The bytes that are bound, if it is not all of them. */
  readonly range?: ByteRange | undefined;
};

/** A part of a buffer. */
export type ByteRange = { readonly offset: number; readonly size: number };

/**
 * The ranges that a tensor is bound in.
 *
 * @returns one after another; `undefined` alone where the tensor is bound whole
 */
export function rangesOf(bytes: number, most: number): readonly (ByteRange | undefined)[] {
  const count = Math.max(1, Math.ceil(bytes / most));
  if (count === 1) return [undefined];
  return Array.from({ length: count }, (_, i) => ({
    offset: i * most,
    size: Math.min(most, bytes - i * most),
  }));
}

/** Where a tensor lies in one that holds others beside it, in numbers. */
export type Part = {
  /** Length of a row of the whole. */
  readonly row: number;
  /** Length of a row of the part. */
  readonly length: number;
  /** Where the part begins in a row. */
  readonly at: number;
};

/** What of a dispatch is different once it does more. */
type Changed = Pick<
  Command,
  "operation" | "pipeline" | "uniforms" | "half" | "fusion" | "textured"
>;

/** How a dispatch may be joined with another into one pass. */
export type Fusion = {
  /** Whether it writes each number of its one result once, which another may change before. */
  readonly leads: boolean;
  /** Of what is bound, the inputs that have a number for each of the result's, from which alone it follows. */
  readonly elements: readonly number[];
  /**
   * The dispatch with another in its pass. It binds the other's result, its own inputs, and the
   * other's inputs without the one that is its result.
   *
   * @param other the other's fusion
   * @param input which of what the other binds is this one's result
   * @returns what is different; `undefined` if they cannot be joined
   */
  join(other: Fusion, input: number): Changed | undefined;
  /** If it only lays its inputs beside each other: where each lies in the result. */
  readonly parts?: readonly Part[] | undefined;
  /** Where in a larger result this one writes, if it does. */
  readonly part?: Part | undefined;
  /**
   * The dispatch with its result in its place of a larger one, which it binds instead.
   *
   * @param shape of the whole
   * @returns what is different; `undefined` if its numbers come in fours and those of the place do not
   */
  within(part: Part, shape: readonly number[]): Changed | undefined;
};

/** How a dispatch may hold tensors as float16, which its text reads and writes as float32. */
export type HalfForm = {
  /** Of each tensor that is bound, whether it may be held so. */
  readonly may: readonly boolean[];
  /** Whether its results are whatever its inputs are; else if all inputs that may be are. */
  readonly anyway: boolean;
  /**
   * Compiles, or returns what is compiled. Where a result is held so, the flag of overflows is bound
   * after the tensors, before the numbers.
   *
   * @param halves of each tensor that is bound, whether it is held so
   */
  pipeline(halves: readonly boolean[]): GPUComputePipeline;
};

/** How a dispatch may read tensors from textures of four numbers a texel that others have filled. */
export type TexturedForm = {
  /** Of each tensor that is bound, whether it may be read so. */
  readonly may: readonly boolean[];
  /**
   * The dispatch that does.
   *
   * @param held of each tensor that is bound, whether it is read so
   */
  within(held: readonly boolean[]): Changed;
};

/** A dispatch. */
export type Command = {
  /** The operation's name, for errors and profiles. */
  readonly operation: string;
  /** Compiles, or returns what is compiled. */
  readonly pipeline: () => GPUComputePipeline;
  /** What is bound, from binding 0 on. */
  readonly bound: readonly Bound[];
  /** The numbers bound after the tensors. */
  readonly uniforms: Uint8Array<ArrayBuffer>;
  /** The key whose two words lie among the uniforms, and from which 32-bit word on. */
  readonly key?: { readonly words: Key; readonly at: number } | undefined;
  readonly workgroups: readonly [x: number, y: number, z: number];
  /** How it may be joined with others, if it may. */
  readonly fusion?: Fusion | undefined;
  /** How it may hold tensors as float16, if it may. */
  readonly half?: HalfForm | undefined;
  /** How it may read from textures, if it may. */
  readonly textured?: TexturedForm | undefined;
};

/** Takes what an operation would give to the GPU, so that nothing is run. */
export type CommandRecorder = {
  /** Takes a dispatch. */
  run(command: Command): void;
  /**
   * Notes that tensors are to be held as float16 where all that is done with them allows it.
   *
   * @param flag what is set where a number is too large for it
   */
  holdHalves(flag: tf.TensorInfo): void;
  /** Takes a copy of a whole tensor. */
  copy(from: tf.TensorInfo, to: tf.TensorInfo): void;
  /** Whether a tensor was given to the function, not made by a command. */
  isGiven(info: tf.TensorInfo): boolean;
  /** Takes an exchange of whole tensors for others of their shapes. */
  exchange(from: readonly tf.TensorInfo[], to: readonly tf.TensorInfo[], channel: Channel): void;
  /**
   * Notes, for whoever swallows exceptions, that the function cannot be recorded.
   *
   * @param error why
   * @returns the error, to be thrown
   */
  refuse(error: Error): Error;
};
