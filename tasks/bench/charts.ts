// The bench's figures as pictures.
import { chartAxis, chartLegend, chartSvg } from "../../lib/chart/plot.ts";
import { INK, RULE } from "../../lib/chart/style.ts";
import { benchFrame, PEER_COLORS } from "./chart_style.ts";
import type { Kind } from "./jobs/job.ts";
import { growthChart } from "./growth_chart.ts";
import { PEER_NAMES, PEER_TITLES } from "./peers/peers.ts";
import { type BenchRecord, bestProduct, type OpRow, type TimeRow } from "./record.ts";

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
    ...benchFrame(title, "milliseconds, shorter is better", record),
    legend: chartLegend(peers.map((peer) => PEER_TITLES[peer]), { top: 62, left: 16 }),
    grid: { left: 170, right: 60, top: 100, bottom: 44 },
    xAxis: {
      ...chartAxis("ms", 26),
      type: "log",
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
    ...benchFrame(
      "Single operations",
      `share of the run's best matrix product, ${best} GFLOP/s`,
      record,
    ),
    grid: { left: 480, right: 60, top: 70, bottom: 44 },
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
      color: PEER_COLORS["neocog-jit"],
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
