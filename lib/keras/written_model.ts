// A model as a file of Keras's layers has it.
import type { Weight } from "../layers/operation.ts";
import type { Shape } from "../tensor/tensor.ts";

/** What JSON holds. */
export type Json = null | boolean | number | string | readonly Json[] | {
  readonly [name: string]: Json;
};

/** A record of JSON. */
export type JsonRecord = { readonly [name: string]: Json };

/** A layer with what it takes: of Keras 3 also one of its operations, with numbers besides. */
export type WrittenLayer = {
  readonly name: string;
  readonly className: string;
  /** Where Keras 3 has the class. */
  readonly module: string;
  /** What is said besides name and type. */
  readonly config: JsonRecord;
  /** The names of the layers that it takes; of an operation also numbers. */
  readonly inputs: readonly (string | number)[];
  readonly inputShapes: readonly Shape[];
  readonly shape: Shape;
  /** Its weights in Keras's order, with its names of them. */
  readonly weights: readonly (readonly [name: string, weight: Weight])[];
};

/** A model: its layers, each after what it takes. */
export type WrittenModel = {
  readonly layers: readonly WrittenLayer[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
};

/** Which layers there are: those of Keras 3, or those of TensorFlow.js, which are of Keras 2. */
export type KerasDialect = "keras" | "tfjs";
