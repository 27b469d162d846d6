// Charts as SVG.

export * from "./line_chart.ts";
