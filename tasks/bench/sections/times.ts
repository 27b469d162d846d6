// Training steps and inferences of all networks in all peers, in turn.
import { type Bench, NO_TIME } from "../bench.ts";
import type { Kind, TimeLine } from "../jobs/job.ts";
import { kindsOf, type PeerName } from "../peers/peers.ts";
import { summed, type TimeRow } from "../record.ts";
import type { BenchSettings } from "../settings.ts";

/** What one process times. */
type Cell = {
  readonly peer: PeerName;
  readonly model: string;
  readonly batchSize: number;
  readonly kinds: readonly Kind[];
};

/** A process that takes longer is not repeated in further rounds. */
const PATIENCE = 90_000;

function rowOf(rows: TimeRow[], cell: Cell, kind: Kind): TimeRow {
  const { peer, model, batchSize } = cell;
  const known = rows.find((row) =>
    row.peer === peer && row.model === model && row.batchSize === batchSize && row.kind === kind
  );
  if (known) return known;
  const row: TimeRow = { kind, model, batchSize, peer, times: [], first: [], single: [] };
  rows.push(row);
  return row;
}

function add(row: TimeRow, { times, first, single, check, rss }: TimeLine): void {
  row.times.push(...times);
  row.first.push(first);
  row.single.push(single);
  row.check ??= check;
  row.rss = Math.max(row.rss ?? 0, rss);
}

/** Runs one cell once; returns whether it should be run again. */
async function timeCell(bench: Bench, rows: TimeRow[], cell: Cell): Promise<boolean> {
  const began = performance.now();
  const { steps: samples, sampleMs } = bench.settings;
  const what = `${cell.model}, batch ${cell.batchSize}, ${cell.peer}`;
  const { results, reason } = await bench.run<TimeLine>(
    { job: "time", ...cell, samples, sampleMs },
    what,
  );
  for (const line of results) add(rowOf(rows, cell, line.kind), line);
  for (const kind of cell.kinds) {
    if (reason && !results.some((line) => line.kind === kind)) {
      rowOf(rows, cell, kind).reason = reason;
    }
  }
  return reason === undefined && performance.now() - began < PATIENCE;
}

/**
 * Times cells in rounds, each once per round, so that the machine's other work slows all of them.
 */
async function timeCells(
  bench: Bench,
  rows: TimeRow[],
  cells: readonly Cell[],
  keep: (rows: TimeRow[]) => void,
): Promise<void> {
  const left = new Set(cells);
  for (let round = 1; round <= bench.settings.rounds; round++) {
    for (const cell of left) {
      if (bench.over()) continue;
      if (!await timeCell(bench, rows, cell)) left.delete(cell);
      keep(rows.map(summed));
      await bench.save();
    }
  }
  for (const cell of cells) {
    for (const kind of cell.kinds) {
      const row = rowOf(rows, cell, kind);
      if (row.times.length === 0) row.reason ??= NO_TIME;
    }
  }
  keep(rows.map(summed));
}

/** What the sections `training` and `inference` run. */
function timedCells({ only, models, batchSizes, peers }: BenchSettings): Cell[] {
  const kinds = (["inference", "training"] as const).filter((kind) => only.includes(kind));
  const places = models.flatMap((model) => batchSizes.map((batchSize) => ({ model, batchSize })));
  return places.flatMap((place) =>
    peers.map((peer) => ({ ...place, peer, kinds: kindsOf(peer, kinds) }))
  ).filter((cell) => cell.kinds.length > 0);
}

/** How many processes the sections `training` and `inference` take. */
export function timeJobs(settings: BenchSettings): number {
  return settings.rounds * timedCells(settings).length;
}

/** The sections `training` and `inference`, by the same processes. */
export function timeSection(bench: Bench): Promise<void> {
  const { peers, limit } = bench.settings;
  const cells = timedCells(bench.settings);
  // If time may run out, all networks in the first peers come before any in the last.
  const ordered = limit < Infinity
    ? cells.toSorted((a, b) => peers.indexOf(a.peer) - peers.indexOf(b.peer))
    : cells;
  const order = ({ model, batchSize, peer }: TimeRow): number =>
    cells.findIndex((cell) =>
      cell.model === model && cell.batchSize === batchSize && cell.peer === peer
    );
  return timeCells(bench, [], ordered, (rows) => {
    bench.record.times = rows.toSorted((a, b) => order(a) - order(b));
  });
}

/** Batches of the shallowest network, and depths and widths at one of them. */
const GROWTH = {
  quick: { at: 8, batchSizes: [1, 8], depths: [32, 44], widths: [2] },
  standard: { at: 8, batchSizes: [1, 8, 32], depths: [32, 44], widths: [2, 4] },
  full: { at: 32, batchSizes: [1, 4, 16, 32, 64, 128], depths: [32, 44, 56], widths: [2, 4] },
} as const;

/** What the section `growth` runs. */
function growthCells({ effort, peers }: BenchSettings): Cell[] {
  const { at, batchSizes, depths, widths } = GROWTH[effort];
  const peer = peers.find((name) => name.startsWith("neocog")) ?? "neocog-jit";
  return [
    ...batchSizes.map((batchSize) => ({ model: "resnet20", batchSize })),
    ...depths.map((depth) => ({ model: `resnet${depth}`, batchSize: at })),
    ...widths.map((width) => ({ model: `resnet20x${width}`, batchSize: at })),
  ].map((place) => ({ ...place, peer, kinds: ["training"] as const }));
}

/** How many processes the section takes. */
export function growthJobs(settings: BenchSettings): number {
  return settings.rounds * growthCells(settings).length;
}

/** The section `growth`: neocog's training step by batch, by depth and by width. */
export function growthSection(bench: Bench): Promise<void> {
  return timeCells(
    bench,
    [],
    growthCells(bench.settings),
    (rows) => bench.record.growth = rows,
  );
}
