// The memory of a training step, before anything is allocated.
import { requireOneOf, requireOptions, requireWhole } from "../text/require.ts";
import { type ShapeTree, sizeOfTree } from "../tensor/tensor.ts";
import type { ModelSize } from "./model_size.ts";

/** The number of values that each optimizer keeps for every parameter. */
const MOMENTS: Readonly<Record<OptimizerMemory, number>> = { sgd: 0, momentum: 1, adam: 2 };

/** An optimizer by its memory: plain SGD, SGD with momentum, Adam. */
export type OptimizerMemory = "sgd" | "momentum" | "adam";

/** The optimizers that {@linkcode trainingMemory} knows. */
export const OPTIMIZER_MEMORIES: readonly OptimizerMemory[] = ["sgd", "momentum", "adam"];

/** Options of {@linkcode trainingMemory}. */
export type TrainingMemoryOptions = {
  /** The number of examples in a step. Default: 1. */
  readonly batchSize?: number;
  /** The optimizer. Default: `"adam"`. */
  readonly optimizer?: OptimizerMemory;
};

/** The bytes of a training step, by what they hold. */
export type TrainingMemory = {
  /** The parameters. */
  readonly parameters: number;
  /** A gradient for each parameter. */
  readonly gradients: number;
  /** The optimizer's values. */
  readonly moments: number;
  /** The state, which is not learned. */
  readonly state: number;
  /** The batch. */
  readonly input: number;
  /** The layers' outputs that are kept for the backward pass: all but those computed again in it. */
  readonly activations: number;
  /** The sum of these. */
  readonly total: number;
};

const BYTES = 4; // of a float32

/**
 * Computes the bytes that a training step holds at the end of its forward pass, in float32.
 *
 * Every layer's output is counted as if it were kept. Layers that are computed together, such as a
 * convolution and its ReLU, keep less; temporary memory of kernels, and the gradients of the few
 * layers that are alive in the backward pass, come on top.
 *
 * @param size the model's size, see {@linkcode sizeOfModel}
 * @param options batch size (1), optimizer (Adam)
 * @returns bytes, by what they are for, and all together
 * @throws {RangeError} if an option is out of its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lenet5 } from "@neocog/neocog";
 * import { sizeOfModel, trainingMemory } from "@neocog/neocog/sizing";
 *
 * const memory = trainingMemory(sizeOfModel(lenet5(), [28, 28, 1]), { batchSize: 32 });
 * assertEquals(memory.parameters, 4 * 61706);
 * assertEquals(memory.moments, 2 * memory.parameters);
 * ```
 */
export function trainingMemory(
  size: ModelSize<ShapeTree, ShapeTree>,
  options: TrainingMemoryOptions = {},
): TrainingMemory {
  requireOptions("compute the memory of training", options, { batchSize: true, optimizer: true });
  const { batchSize = 1, optimizer = "adam" } = options;
  requireWhole("size training", "its batch size", batchSize);
  requireOneOf("size training", "its optimizer", OPTIMIZER_MEMORIES, optimizer);
  const input = BYTES * batchSize * sizeOfTree(size.inputShape);
  const parameters = BYTES * size.parameters;
  const moments = MOMENTS[optimizer] * parameters;
  const state = BYTES * size.state;
  const activations = BYTES * batchSize * size.kept;
  const total = 2 * parameters + moments + state + input + activations;
  return { parameters, gradients: parameters, moments, state, input, activations, total };
}
