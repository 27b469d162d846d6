// The bench's figures as pictures.
import { chartAxis, chartFrame, chartLegend, chartSvg, type Option } from "../../lib/chart/plot.ts";
import { COLORS, INK, RULE } from "../../lib/chart/style.ts";
import type { Kind } from "./jobs/job.ts";
import { PEER_NAMES, PEER_TITLES, type PeerName } from "./peers/peers.ts";
import { growthOf, type GrowthPoint } from "./growth.ts";
import { type BenchRecord, bestProduct, type OpRow, type TimeRow } from "./record.ts";

const PEER_COLORS: Readonly<Record<PeerName, string>> = {
  "neocog-jit": COLORS.blue,
  "neocog": COLORS.sky,
  "jax-webgpu": COLORS.vermilion,
  "tfjs-webgpu": COLORS.green,
  "jax-wasm": COLORS.orange,
  "tfjs-cpu": COLORS.gray,
  "torch-cpu": COLORS.purple,
  "onnxruntime-cpu": COLORS.olive,
  "tinygrad-webgpu": INK,
};

/** A heading, and below it a line that says where the figures come from. */
function benchFrame(title: string, what: string, { adapter, machine }: BenchRecord): Option {
  const where = `${adapter}; ${machine.cpus} cores, ${machine.os} ${machine.arch}`;
  return chartFrame(title, `${what}; ${where}`);
}

/** A vertical axis of names. */
function nameAxis(data: readonly string[], label: Option = {}): Option {
  const axisLabel = { color: INK, ...label };
  return { type: "category", inverse: true, data, axisLabel, axisTick: { show: false } };
}

/** The value at the end of each bar. */
function barLabel(text: (value: number) => string): Option {
  const formatter = ({ value }: { value: number }): string => text(value);
  return { show: true, position: "right", color: INK, fontSize: 10, formatter };
}

const SPLIT_LINE = { lineStyle: { color: RULE } };

/** A number with as many digits as there is room for. */
function brief(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(2);
}

/** Bars of milliseconds, a group for each network and batch, a bar for each peer. */
async function timesChart(record: BenchRecord, kind: Kind): Promise<string | undefined> {
  const rows = record.times.filter((row) => row.kind === kind && row.milliseconds);
  if (rows.length === 0) return undefined;
  const groupOf = ({ model, batchSize }: TimeRow): string => `${model}, batch ${batchSize}`;
  const groups = [...new Set(rows.map(groupOf))];
  const peers = PEER_NAMES.filter((peer) => rows.some((row) => row.peer === peer));
  const series = peers.map((peer) => ({
    type: "bar",
    name: PEER_TITLES[peer],
    color: PEER_COLORS[peer],
    barMaxWidth: 16,
    silent: true,
    label: barLabel(brief),
    data: groups.map((group) =>
      rows.find((row) => groupOf(row) === group && row.peer === peer)?.milliseconds?.median ?? "-"
    ),
  }));
  const title = kind === "training" ? "One training step" : "Inference of one batch";
  const least = Math.min(...rows.map(({ milliseconds }) => milliseconds!.median));
  // Bars begin on the left: by themselves they would at 1.
  const startValue = 10 ** Math.floor(Math.log10(least));
  // More names of peers do not fit in a line.
  const top = peers.length > 6 ? 122 : 100;
  return await chartSvg({
    ...benchFrame(title, "milliseconds, shorter is better", record),
    legend: chartLegend(peers.map((peer) => PEER_TITLES[peer]), { top: 62, left: 16 }),
    grid: { left: 170, right: 60, top, bottom: 44 },
    xAxis: {
      ...chartAxis("ms", 26),
      type: "log",
      min: startValue,
      startValue,
      splitLine: SPLIT_LINE,
    },
    yAxis: nameAxis(groups),
    series,
  }, { width: 960, height: top + 50 + groups.length * (peers.length * 17 + 16) });
}

const percent = (value: number): string => `${Math.round(100 * value)} %`;

/** Bars of shares of the best matrix product, a bar for each operation that is one in disguise. */
async function opsChart(record: BenchRecord): Promise<string | undefined> {
  const isProduct = ({ kind }: OpRow): boolean => /^(conv|dense)/.test(kind);
  const rows = record.ops.filter((row) => isProduct(row) && row.share !== undefined);
  if (rows.length === 0) return undefined;
  const best = bestProduct(record.ops).toFixed(1);
  return await chartSvg({
    ...benchFrame(
      "Single operations",
      `share of the run's best matrix product, ${best} GFLOP/s`,
      record,
    ),
    grid: { left: 480, right: 60, top: 70, bottom: 44 },
    xAxis: {
      type: "value",
      min: 0,
      splitLine: SPLIT_LINE,
      axisLabel: { formatter: percent },
    },
    yAxis: nameAxis(rows.map(({ kind, shape }) => `${kind} — ${shape}`), {
      fontSize: 10,
      width: 410,
      overflow: "truncate",
    }),
    series: [{
      type: "bar",
      silent: true,
      color: PEER_COLORS["neocog-jit"],
      data: rows.map(({ share }) => share!),
      label: barLabel(percent),
    }],
  }, { width: 960, height: 130 + 16 * rows.length });
}

/** Lines of time and memory of ResNet-20's training step by batch, of time by depth and by width. */
async function growthChart(record: BenchRecord): Promise<string | undefined> {
  const { batches, depths, widths, at } = growthOf(record.growth);
  const time = (points: readonly GrowthPoint[]): number[][] => points.map(({ x, ms }) => [x, ms]);
  const panels = [
    { x: "batch", y: "ms a step", data: time(batches) },
    {
      x: "batch",
      y: "MiB of the process",
      data: batches.map(({ x, mebibytes }) => [x, mebibytes]),
    },
    { x: `layers, at batch ${at}`, y: "ms a step", data: time(depths) },
    { x: `width, at batch ${at}`, y: "ms a step", data: time(widths) },
  ].filter(({ data }) => data.length > 1);
  if (panels.length === 0) return undefined;
  const axis = (name: string, gridIndex: number, nameGap: number): Option => ({
    ...chartAxis(name, nameGap),
    gridIndex,
    type: "value",
  });
  const title = "Growth of a training step with batch, depth and width";
  return await chartSvg({
    ...benchFrame(title, "CIFAR ResNet-20, deeper and wider", record),
    grid: panels.map((_, i) => ({ left: 66 + 236 * i, width: 160, top: 80, bottom: 56 })),
    xAxis: panels.map(({ x }, i) => axis(x, i, 28)),
    yAxis: panels.map(({ y }, i) => ({ ...axis(y, i, 46), splitLine: SPLIT_LINE })),
    series: panels.map(({ data }, i) => ({
      type: "line",
      color: COLORS.blue,
      silent: true,
      xAxisIndex: i,
      yAxisIndex: i,
      symbol: "circle",
      symbolSize: 7,
      data,
    })),
  }, { width: 960, height: 360 });
}

/** All charts for which the record has figures. */
export async function charts(record: BenchRecord): Promise<Map<string, string>> {
  const drawn: readonly (readonly [string, string | undefined])[] = [
    ["training.svg", await timesChart(record, "training")],
    ["inference.svg", await timesChart(record, "inference")],
    ["ops.svg", await opsChart(record)],
    ["growth.svg", await growthChart(record)],
  ];
  return new Map(drawn.filter((pair): pair is [string, string] => pair[1] !== undefined));
}

/** All charts, one below the other, in one picture. */
export function onePicture(svgs: readonly string[]): string {
  let height = 0;
  const parts = svgs.map((svg) => {
    const own = Number(/\bheight="([\d.]+)"/.exec(svg)![1]);
    const placed = svg.replace("<svg", `<svg y="${height}"`);
    height += own;
    return placed;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="960" height="${height}">
${parts.join("\n")}
</svg>
`;
}
