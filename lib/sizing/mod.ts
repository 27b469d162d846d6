// Output sizes, parameters and memory (§12.4-12.6), summaries and drawings of models.

export { convOutput, type SlidingOptions } from "./conv_output.ts";
export * from "./pool_output.ts";
export * from "./same_padding.ts";
export * from "./conv_parameters.ts";
export { type LayerSize, type ModelSize, sizeOfModel } from "./model_size.ts";
export {
  type OptimizerMemory,
  type TrainingMemory,
  trainingMemory,
  type TrainingMemoryOptions,
} from "./training_memory.ts";
export { summary } from "./summary.ts";
export * from "./drawing.ts";
export { blockDrawing, type BlockDrawingOptions } from "./block_drawing.ts";
export * from "./comparison.ts";
export * from "./comparison_chart.ts";
