// The values PyTorch gave, which layers.py wrote to layers.json.
import { type Tensor, tf } from "../../mod.ts";
import file from "./layers.json" with { type: "json" };

/** A tensor as text: its shape, a bar, its numbers. */
export type TensorText = string;
/** Tensors by name. */
export type TensorTexts = { readonly [name: string]: TensorText };

/** The output of one layer, and the gradients of Σ y · upstream. */
export type LayerCase = {
  readonly name: string;
  readonly op: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly x: TensorText;
  readonly params: TensorTexts;
  readonly upstream: TensorText;
  readonly y: TensorText;
  readonly xGradient: TensorText;
  readonly paramGradients: TensorTexts;
};

/** A step of batch normalization, and the running statistics after it. */
export type BatchNormStep = LayerCase & {
  readonly mean: TensorText;
  readonly variance: TensorText;
};

/** A loss and its gradients. */
export type LossCase = {
  readonly name: string;
  readonly loss: string;
  readonly outputs: TensorText;
  readonly targets: TensorText;
  readonly value: number;
  readonly outputGradient: TensorText;
  readonly targetGradient: TensorText;
};

/** Parameters after each step of given gradients. */
export type OptimizerCase = {
  readonly name: string;
  readonly optimizer: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly start: TensorTexts;
  readonly steps: readonly { readonly grads: TensorTexts; readonly params: TensorTexts }[];
};

/** All of the file. */
export type Golden = {
  readonly layers: readonly LayerCase[];
  readonly batchNorm: {
    readonly epsilon: number;
    readonly momentum: number;
    readonly steps: readonly BatchNormStep[];
    readonly inference: LayerCase;
  };
  readonly losses: readonly LossCase[];
  readonly optimizers: readonly OptimizerCase[];
};

/** PyTorch's values. */
export const golden = file as unknown as Golden;

/** The shape of a tensor that is written as text. */
export function shapeOf(text: TensorText): number[] {
  return text.split("|")[0]!.trim().split(" ").map(Number);
}

/** The numbers of a tensor that is written as text. */
export function valuesOf(text: TensorText): Float64Array {
  return Float64Array.from(text.split("|")[1]!.trim().split(" "), Number);
}

/** The tensor that is written as text. */
export function tensorOf(text: TensorText): Tensor {
  return tf.tensor(Float32Array.from(valuesOf(text)), shapeOf(text), "float32");
}

/** The tensors of a record of texts. */
export function tensorsOf(texts: TensorTexts): { [name: string]: Tensor } {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, tensorOf(text)]));
}
