// A dispatch of neocog's own, as a kernel hands it to the backend.
import type { Key } from "../tensor/random.ts";
import type { tf } from "../tensor/tf.ts";
import type { Fusion, HalfForm, TexturedForm } from "./command.ts";
import type { Texels } from "./textures.ts";

/** What neocog's own programs hold: tfjs keeps a bool as a whole number of 32 bits too. */
export type ProgramType = "float32" | "int32" | "bool";

/** A dispatch of neocog's own. */
export type Dispatch = {
  /** The operation's name, for errors and profiles. */
  readonly operation: string;
  /** Compiles, or returns what is compiled: it binds results, updated, inputs, uniforms, from 0. */
  readonly pipeline: () => GPUComputePipeline;
  /** Shapes of the results, which it writes whole. */
  readonly results: readonly (readonly number[])[];
  /** Tensors that it writes over where they lie: nobody else may have them. */
  readonly updated: readonly tf.TensorInfo[];
  readonly inputs: readonly tf.TensorInfo[];
  /** Types of results, updated and inputs, in this order. */
  readonly types: readonly ProgramType[];
  /** Which inputs are bound as textures, and of which texels: see {@linkcode TexturePool}. */
  readonly held: readonly (Texels | undefined)[];
  readonly uniforms: Uint32Array<ArrayBuffer>;
  /** The key whose two words lie among the uniforms, and from which word on. */
  readonly key?: { readonly words: Key; readonly at: number } | undefined;
  readonly workgroups: readonly [x: number, y: number, z: number];
  /** How it may be joined with others under {@linkcode jit}. */
  readonly fusion?: Fusion | undefined;
  /** How it may hold tensors as float16, if it may. */
  readonly half?: HalfForm | undefined;
  /** How it may read from textures that others have filled, if it may. */
  readonly textured?: TexturedForm | undefined;
  /** The flag of overflows that it may set, bound after the tensors. */
  readonly overflow?: tf.TensorInfo | undefined;
};

/** Mixed precision within a recording. */
export type Halves = {
  /** Not zero where a number was too large for float16, or a gradient not finite. Shape `[]`. */
  readonly flag: tf.TensorInfo;
  /** Data that stays as it was where the flag is set. */
  readonly spared: WeakSet<object>;
};
