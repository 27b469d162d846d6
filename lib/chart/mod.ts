// Charts as SVG.

export {
  type Line,
  type LineChart,
  lineChartSvg,
  type LineMark,
  type LinePanel,
  type LinePoints,
} from "./line_chart.ts";
