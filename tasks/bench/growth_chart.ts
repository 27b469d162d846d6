// The picture of how a training step grows with batch and depth.
import { chartAxis, chartSvg, type Option } from "../../lib/chart/plot.ts";
import { COLORS, RULE } from "../../lib/chart/style.ts";
import { benchFrame } from "./chart_style.ts";
import type { BenchRecord, TimeRow } from "./record.ts";

/** A panel of growth: how one value grows with another. */
type GrowthPanel = {
  readonly x: string;
  readonly y: string;
  readonly rows: readonly TimeRow[];
  readonly at: (row: TimeRow) => readonly [x: number, y: number];
};

/** Layers of a network by its name, `resnet20`. */
function depthOf({ model }: TimeRow): number {
  return Number(/\d+$/.exec(model)?.[0]);
}

function growthPanels(rows: readonly TimeRow[]): GrowthPanel[] {
  const shallow = rows.filter(({ model }) => model === rows[0]!.model);
  const deepest = rows.at(-1)!;
  const deep = rows.filter(({ batchSize }) => batchSize === deepest.batchSize);
  const ms = ({ milliseconds }: TimeRow): number => milliseconds!.median;
  const mebibytes = ({ rss = 0 }: TimeRow): number => rss / 2 ** 20;
  return [
    { x: "batch", y: "ms a step", rows: shallow, at: (row) => [row.batchSize, ms(row)] },
    {
      x: "batch",
      y: "MiB of the process",
      rows: shallow,
      at: (row) => [row.batchSize, mebibytes(row)],
    },
    {
      x: `layers, at batch ${deepest.batchSize}`,
      y: "ms a step",
      rows: deep,
      at: (row) => [depthOf(row), ms(row)],
    },
  ];
}

/** Time and memory of ResNet-20's training step by batch, and time by depth. */
export async function growthChart(record: BenchRecord): Promise<string | undefined> {
  const rows = record.growth.filter(({ milliseconds }) => milliseconds);
  if (rows.length < 2) return undefined;
  const panels = growthPanels(rows);
  const axis = (name: string, gridIndex: number, nameGap: number): Option => ({
    ...chartAxis(name, nameGap),
    gridIndex,
    type: "value",
  });
  const title = "Growth of a training step with batch and depth";
  const splitLine = { lineStyle: { color: RULE } };
  return await chartSvg({
    ...benchFrame(title, `${rows[0]!.model} and deeper`, record),
    grid: panels.map((_, i) => ({ left: 66 + 314 * i, width: 230, top: 80, bottom: 56 })),
    xAxis: panels.map(({ x }, i) => axis(x, i, 28)),
    yAxis: panels.map(({ y }, i) => ({ ...axis(y, i, 46), splitLine })),
    series: panels.map(({ rows, at }, i) => ({
      type: "line",
      color: COLORS.blue,
      silent: true,
      xAxisIndex: i,
      yAxisIndex: i,
      symbol: "circle",
      symbolSize: 7,
      data: rows.map(at),
    })),
  }, { width: 960, height: 360 });
}
