// The bench's figures as pictures.
import { chartSvg } from "../../lib/train/chart.ts";
import type { Kind } from "./jobs/job.ts";
import { PEER_NAMES, PEER_TITLES, type PeerName } from "./peers/peers.ts";
import { type BenchRecord, bestProduct, type OpRow, type TimeRow } from "./record.ts";

type Option = Record<string, unknown>;

const FONT = "Helvetica, Arial, sans-serif";
const INK = "#24292f";
const MUTED = "#57606a";
const RULE = "#e4e8ec";

// Okabe and Ito's colours, told apart under every colour blindness.
const COLOURS: Readonly<Record<PeerName, string>> = {
  "neocog-jit": "#0072b2",
  "neocog": "#56b4e9",
  "jax-webgpu": "#d55e00",
  "tfjs-webgpu": "#009e73",
  "jax-wasm": "#e69f00",
  "tfjs-cpu": "#999999",
};

const NAME = { nameLocation: "middle", nameTextStyle: { color: MUTED, fontSize: 12 } };

function common(title: string, subtext: string): Option {
  return {
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: FONT, fontSize: 12 },
    title: {
      text: title,
      subtext,
      left: 16,
      top: 12,
      textStyle: { color: INK, fontWeight: "bold", fontSize: 17 },
      subtextStyle: { color: MUTED, fontSize: 11 },
    },
  };
}

function whereOf({ adapter, machine }: BenchRecord): string {
  return `${adapter}; ${machine.cpus} cores, ${machine.os} ${machine.arch}`;
}

/** A number with as many digits as there is room for. */
function brief(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(2);
}

function legend(names: readonly string[]): Option {
  return {
    data: names,
    top: 62,
    left: 16,
    itemWidth: 14,
    itemHeight: 8,
    itemGap: 30,
    textStyle: { color: INK },
    selectedMode: false,
  };
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
    color: COLOURS[peer],
    barMaxWidth: 16,
    silent: true,
    label: {
      show: true,
      position: "right",
      color: INK,
      fontSize: 10,
      formatter: ({ value }: { value: number }): string => brief(value),
    },
    data: groups.map((group) =>
      rows.find((row) => groupOf(row) === group && row.peer === peer)?.milliseconds?.median ?? "-"
    ),
  }));
  const title = kind === "training" ? "One training step" : "Inference of one batch";
  return await chartSvg({
    ...common(title, `milliseconds, shorter is better; ${whereOf(record)}`),
    legend: legend(peers.map((peer) => PEER_TITLES[peer])),
    grid: { left: 170, right: 60, top: 100, bottom: 44 },
    xAxis: {
      type: "log",
      ...NAME,
      nameGap: 26,
      name: "ms",
      splitLine: { lineStyle: { color: RULE } },
    },
    yAxis: {
      type: "category",
      inverse: true,
      data: groups,
      axisLabel: { color: INK },
      axisTick: { show: false },
    },
    series,
  }, { width: 960, height: 150 + groups.length * (peers.length * 17 + 16) });
}

/** Bars of shares of the best matrix product, a bar for each operation that is one in disguise. */
async function opsChart(record: BenchRecord): Promise<string | undefined> {
  const isProduct = ({ kind }: OpRow): boolean => /^(conv|dense)/.test(kind);
  const rows = record.ops.filter((row) => isProduct(row) && row.share !== undefined);
  if (rows.length === 0) return undefined;
  const best = bestProduct(record.ops).toFixed(1);
  return await chartSvg({
    ...common(
      "Single operations",
      `share of the run's best matrix product, ${best} GFLOP/s; ${whereOf(record)}`,
    ),
    grid: { left: 430, right: 60, top: 70, bottom: 44 },
    xAxis: {
      type: "value",
      min: 0,
      splitLine: { lineStyle: { color: RULE } },
      axisLabel: { formatter: (value: number): string => `${Math.round(100 * value)} %` },
    },
    yAxis: {
      type: "category",
      inverse: true,
      data: rows.map(({ kind, shape }) => `${kind} — ${shape}`),
      axisLabel: { color: INK, fontSize: 10, width: 410, overflow: "truncate" },
      axisTick: { show: false },
    },
    series: [{
      type: "bar",
      silent: true,
      color: COLOURS["neocog-jit"],
      data: rows.map(({ share }) => share!),
      label: {
        show: true,
        position: "right",
        fontSize: 10,
        formatter: ({ value }: { value: number }): string => `${Math.round(100 * value)} %`,
      },
    }],
  }, { width: 960, height: 130 + 16 * rows.length });
}

/** Lines of one panel of growth. */
function growthSeries(
  rows: readonly TimeRow[],
  axis: number,
  y: (row: TimeRow) => number,
  color: string,
): Option[] {
  const byBatch = rows.filter(({ model }) => model === "resnet20");
  return [{
    type: "line",
    color,
    silent: true,
    xAxisIndex: axis,
    yAxisIndex: axis,
    symbol: "circle",
    symbolSize: 7,
    data: byBatch.map((row) => [row.batchSize, y(row)]),
  }];
}

/** Time and memory of ResNet-20's training step by batch. */
async function growthChart(record: BenchRecord): Promise<string | undefined> {
  const rows = record.growth.filter(({ milliseconds }) => milliseconds);
  if (rows.length < 2) return undefined;
  const panels = [
    { name: "ms a step", y: (row: TimeRow): number => row.milliseconds!.median },
    { name: "MiB of the process", y: (row: TimeRow): number => (row.rss ?? 0) / 2 ** 20 },
  ];
  return await chartSvg({
    ...common("Growth with the batch, ResNet-20", whereOf(record)),
    grid: [{ left: 70, width: 360, top: 80, bottom: 56 }, {
      left: 550,
      width: 360,
      top: 80,
      bottom: 56,
    }],
    xAxis: panels.map((_, gridIndex) => ({
      ...NAME,
      gridIndex,
      type: "value",
      name: "batch",
      nameGap: 28,
      splitLine: { show: false },
    })),
    yAxis: panels.map(({ name }, gridIndex) => ({
      ...NAME,
      gridIndex,
      type: "value",
      name,
      nameGap: 50,
      splitLine: { lineStyle: { color: RULE } },
    })),
    series: panels.flatMap(({ y }, i) => growthSeries(rows, i, y, COLOURS["neocog-jit"])),
  }, { width: 960, height: 360 });
}

/**
 * All pictures that the record has figures for.
 *
 * @param record the figures
 * @returns the pictures' texts by file name
 */
export async function charts(record: BenchRecord): Promise<Map<string, string>> {
  const drawn: readonly (readonly [string, string | undefined])[] = [
    ["training.svg", await timesChart(record, "training")],
    ["inference.svg", await timesChart(record, "inference")],
    ["ops.svg", await opsChart(record)],
    ["growth.svg", await growthChart(record)],
  ];
  return new Map(drawn.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
