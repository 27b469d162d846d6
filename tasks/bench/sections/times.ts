// Training steps and inferences of all networks in all peers, in turn.
import { type Bench, NO_TIME } from "../bench.ts";
import type { Kind, TimeLine } from "../jobs/job.ts";
import type { PeerName } from "../peers/peers.ts";
import { summed, type TimeRow } from "../record.ts";

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
  const { results, reason } = await bench.run<TimeLine>({
    job: "time",
    ...cell,
    samples: bench.settings.steps,
    sampleMs: bench.settings.sampleMs,
  });
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
export async function timeCells(
  bench: Bench,
  rows: TimeRow[],
  cells: readonly Cell[],
  keep: (rows: TimeRow[]) => void,
): Promise<void> {
  const left = new Set(cells);
  for (let round = 1; round <= bench.settings.rounds; round++) {
    for (const cell of left) {
      if (bench.over()) continue;
      const { peer, model, batchSize } = cell;
      bench.say(`round ${round}/${bench.settings.rounds}: ${model}, batch ${batchSize}, ${peer}`);
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

/** The sections `training` and `inference`, by the same processes. */
export function timeSection(bench: Bench): Promise<void> {
  const { only, models, batchSizes, peers, quick } = bench.settings;
  const kinds = (["inference", "training"] as const).filter((kind) => only.includes(kind));
  const places = models.flatMap((model) => batchSizes.map((batchSize) => ({ model, batchSize })));
  const cells = places.flatMap((place) => peers.map((peer) => ({ ...place, peer, kinds })));
  // If time may run out, all networks in the first peers come before any in the last.
  const ordered = quick
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

/** The section `growth`: neocog's training step by depth, and by batch. */
export function growthSection(bench: Bench): Promise<void> {
  const { quick, peers } = bench.settings;
  const depths = quick ? [20, 32, 44] : [20, 32, 44, 56];
  const batchSizes = quick ? [1, 8] : [1, 4, 16, 32, 64, 128];
  const wanted = peers.filter((peer) => peer.startsWith("neocog"));
  const peer = wanted[0] ?? "neocog-jit";
  const kinds = ["training"] as const;
  const cells = depths.flatMap((depth, i) =>
    // Batches by the shallowest, depths by one batch.
    batchSizes.filter((size) => i === 0 || size === (quick ? 8 : 32)).map((batchSize) => ({
      peer,
      model: `resnet${depth}`,
      batchSize,
      kinds,
    }))
  );
  return timeCells(bench, [], cells, (rows) => bench.record.growth = rows);
}
