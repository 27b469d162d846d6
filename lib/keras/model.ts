// What a Keras model is: its layers, and which calls of them take what.

/** A record of a configuration. */
export type Config = { readonly [name: string]: unknown };

/** The output of a call of a layer. */
export type TensorPlace = {
  readonly layer: string;
  /** Which call of it. */
  readonly node: number;
  /** Which of its outputs. */
  readonly tensor: number;
};

/** Numbers in the configuration, with the sizes that they have there, of which the first is no batch. */
export type KerasConstant = { readonly sizes: readonly number[]; readonly numbers: Float32Array };

/** What a call takes that nothing here knows. */
export type KerasUnknown = { readonly unknown: unknown };

/** What a call takes: outputs of others, or numbers. */
export type KerasNode = readonly (TensorPlace | KerasConstant | KerasUnknown | number)[];

/** A layer as the file has it. */
export type KerasLayer = {
  readonly name: string;
  readonly className: string;
  readonly config: Config;
  /** The names of the models that it is in, and its own. */
  readonly path: readonly string[];
  /** Where a `.keras` file keeps its numbers. */
  readonly store: string;
  /** What each call of it takes. */
  readonly nodes: readonly KerasNode[];
  /** Its own layers, if it is a model. */
  readonly model?: KerasModel;
};

/** A model as the file has it. */
export type KerasModel = {
  readonly layers: ReadonlyMap<string, KerasLayer>;
  readonly inputs: readonly TensorPlace[];
  readonly outputs: readonly TensorPlace[];
};

/** Whether what a call takes is the output of another. */
export function isPlace(operand: KerasNode[number]): operand is TensorPlace {
  return typeof operand === "object" && "layer" in operand;
}

/** Whether a value is a record. */
export function isRecord(value: unknown): value is Config {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
