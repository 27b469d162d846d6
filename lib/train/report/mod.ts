// What a trained network reached: metrics, tables, curves, the worst mistakes.

export * from "../learning_rate/learning_rate_curve.ts";
export { type ClassReport, classReport } from "./class_report.ts";
export * from "./wrongest.ts";
export * from "./wrongest_picture.ts";
export { type Predictions, topAccuracy } from "../predictions.ts";
export * from "../metrics.ts";
export type { EpochRecord } from "./history.ts";
export * from "./curves.ts";
export * from "./histogram.ts";
export {
  type LayerStatistics,
  layerStatistics,
  type LayerStatisticsOptions,
} from "./layer_statistics.ts";
export * from "../../text/table.ts";
