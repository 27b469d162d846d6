// What a trained network reached: metrics, tables, curves, the worst mistakes.

export {
  learningRateSvg,
  type LearningRateSvgOptions,
} from "../learning_rate/learning_rate_curve.ts";
export { type ClassReport, classReport } from "./class_report.ts";
export { type Mistake, wrongest, wrongestOf } from "./wrongest.ts";
export { wrongestPicture } from "./wrongest_picture.ts";
export { type Predictions, topAccuracy } from "../predictions.ts";
export { type Confusion, confusionMatrix, correctCount, topClasses } from "../metrics.ts";
export type { EpochRecord } from "./history.ts";
export { curves, type CurvesOptions, type StepRecord } from "./curves.ts";
export { type Alignment, table, type TableOptions } from "../../text/table.ts";
