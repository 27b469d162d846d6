// Output sizes, parameters and memory (§12.4-12.6), summaries and drawings of models.

export { convOutput, type SlidingOptions } from "./conv_output.ts";
export { poolOutput } from "./pool_output.ts";
export { samePadding, type SamePaddingOptions } from "./same_padding.ts";
export { convParameters, type ConvParametersOptions } from "./conv_parameters.ts";
export { type LayerSize, type ModelSize, sizeOfModel } from "./model_size.ts";
export {
  type OptimizerMemory,
  type TrainingMemory,
  trainingMemory,
  type TrainingMemoryOptions,
} from "./training_memory.ts";
export { summary } from "./summary.ts";
export { drawing, type DrawingOptions } from "./drawing.ts";
export { type Compared, comparison, type Result } from "./comparison.ts";
export { comparisonChart } from "./comparison_chart.ts";
