// The block that users paste into an issue: machine, versions, start, steps, operations.
import { table } from "../../lib/text/table.ts";
import { summarize } from "./measure.ts";
import { PEER_TITLES } from "./peers/peers.ts";
import type { BenchRecord } from "./record.ts";

/** Three significant digits, without exponents. */
function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** A code block of Markdown with what a reader elsewhere wants to know. */
export function shareBlock(record: BenchRecord): string {
  const { adapter, machine, versions, command, startup, times, ops } = record;
  const lines = [
    command,
    `${adapter}; ${machine.cpus} cores, ${machine.os} ${machine.arch}`,
    Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", "),
  ];
  if (startup.length > 0) {
    const { median } = summarize(
      startup.map(({ predicted, beforeImport }) => predicted - beforeImport),
    );
    lines.push(`import to first prediction ${short(median)} ms`);
  }
  const steps = times.filter(({ milliseconds }) => milliseconds).map((row) => [
    `${row.kind === "training" ? "step" : "forward"} ${row.model}, ${row.batchSize}`,
    PEER_TITLES[row.peer],
    `${short(row.milliseconds!.median)} ms`,
  ]);
  const single = ops.filter(({ milliseconds }) => milliseconds).map((row) => [
    row.kind,
    row.shape,
    `${short(row.milliseconds!.median)} ms`,
    `${short(row.gflops!)} GFLOP/s`,
    `${short(row.gigabytesPerSecond!)} GB/s`,
  ]);
  const parts = [steps, single].filter((rows) => rows.length > 0).map((rows) => table(rows));
  return ["```text", lines.join("\n"), ...parts, "```"].join("\n");
}
