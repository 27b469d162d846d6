// The memory that a training step needs, before anything is allocated.
import type { ModelSize } from "./model_size.ts";

/** How many numbers each optimizer keeps for every parameter. */
const MOMENTS: Readonly<Record<OptimizerMemory, number>> = { sgd: 0, momentum: 1, adam: 2 };

/** An optimizer, as far as memory goes: plain SGD, SGD with momentum, Adam. */
export type OptimizerMemory = "sgd" | "momentum" | "adam";

/** The optimizers that {@linkcode trainingMemory} knows. */
export const OPTIMIZER_MEMORIES: readonly OptimizerMemory[] = ["sgd", "momentum", "adam"];

/** Options of {@linkcode trainingMemory}. */
export type TrainingMemoryOptions = {
  /** Examples in a step. Default: 1. */
  readonly batchSize?: number;
  /** What the parameters are updated by. Default: `"adam"`. */
  readonly optimizer?: OptimizerMemory;
};

/** Bytes of a training step, by what they hold. */
export type TrainingMemory = {
  /** What is learned. */
  readonly parameters: number;
  /** A gradient for each parameter. */
  readonly gradients: number;
  /** What the optimizer keeps. */
  readonly moments: number;
  /** What is carried along without being learned. */
  readonly state: number;
  /** The batch. */
  readonly input: number;
  /** Every layer's output, kept for the way back. */
  readonly activations: number;
  /** All of these. */
  readonly total: number;
};

const BYTES = 4; // of a float32

/**
 * The bytes that a training step keeps at the end of its way forward, in float32.
 *
 * Every layer's output is counted as if it were kept. A layer that is computed together with the
 * next, such as a convolution and its ReLU, keeps less; kernels' passing memory, and the slopes on
 * the way back, of which a few layers' are alive at a time, come on top.
 *
 * @param size the model's size, as {@linkcode sizeOfModel} answers
 * @param options batch size (1), optimizer (Adam)
 * @throws {RangeError} if an option is not one of its values
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
  size: ModelSize,
  options: TrainingMemoryOptions = {},
): TrainingMemory {
  const { batchSize = 1, optimizer = "adam" } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(
      `Cannot size training: its batch size must be a whole number of at least 1, got ${batchSize}`,
    );
  }
  if (!Object.hasOwn(MOMENTS, optimizer)) {
    throw new RangeError(
      `Cannot size training: its optimizer must be one of ${
        OPTIMIZER_MEMORIES.join(", ")
      }, got ${optimizer}`,
    );
  }
  const input = size.inputShape.reduce((product, side) => product * side, BYTES * batchSize);
  const parameters = BYTES * size.parameters;
  const moments = MOMENTS[optimizer] * parameters;
  const state = BYTES * size.state;
  const activations = BYTES * batchSize * size.activations;
  const total = 2 * parameters + moments + state + input + activations;
  return { parameters, gradients: parameters, moments, state, input, activations, total };
}
