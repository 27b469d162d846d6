// The bench's figures as tables for a terminal.
import { table } from "../../lib/text/table.ts";
import type { Kind } from "./jobs/job.ts";
import { slopesText } from "./growth.ts";
import { summarize, type Summary } from "./measure.ts";
import { PEER_TITLES, type PeerName } from "./peers/peers.ts";
import { type BenchRecord, bestProduct, type TimeRow } from "./record.ts";

/** Milliseconds with three digits or so. */
function ms(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function spread({ least, most, samples }: Summary): string {
  return `${ms(least)} … ${ms(most)} (${samples})`;
}

/** Columns of numbers stand on the right. */
function figures(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  texts = 1,
): string {
  const align = heading.map((_, i) => i < texts ? "left" : "right" as const);
  return table([heading, ...rows], { heading: true, align: align as ("left" | "right")[] });
}

/** How many times as long as the fastest neocog of the same network and batch a peer takes. */
function factor(row: TimeRow, rows: readonly TimeRow[]): string {
  const own = rows.filter((other) =>
    other.model === row.model && other.batchSize === row.batchSize &&
    other.peer.startsWith("neocog") && other.milliseconds
  ).map(({ milliseconds }) => milliseconds!.median);
  if (own.length === 0 || !row.milliseconds) return "";
  return `${(row.milliseconds.median / Math.min(...own)).toFixed(2)}×`;
}

function timeLines(row: TimeRow, rows: readonly TimeRow[]): string[] {
  const { model, batchSize, peer, milliseconds, first, reason } = row;
  const about = [model, `${batchSize}`, PEER_TITLES[peer]];
  if (!milliseconds) return [...about, "—", reason ?? ""];
  return [
    ...about,
    ms(milliseconds.median),
    spread(milliseconds),
    ms(1000 * batchSize / milliseconds.median),
    factor(row, rows),
    ms(summarize(first).median),
  ];
}

/** A table of rows; those without a figure hold their reason below it. */
function timesTable(title: string, rows: readonly TimeRow[]): string {
  const heading = [
    "model",
    "batch",
    "peer",
    "median ms",
    "least … most (n)",
    "images/s",
    "× neocog",
    "first call",
  ];
  const align = ["left", "right", "left", "right", "right", "right", "right", "right"] as const;
  const found = rows.map((row) => timeLines(row, rows));
  const complete = found.map((line) => line[3] === "—" ? line.slice(0, 4) : line);
  const missing = rows.filter(({ reason, milliseconds }) => reason && !milliseconds);
  // What is missing everywhere for one reason, such as a library that is absent, is said once.
  const reasons = missing.map((row) => {
    const alike = missing.filter(({ peer, reason }) => peer === row.peer && reason === row.reason);
    const everywhere = alike.length === rows.filter(({ peer }) => peer === row.peer).length;
    const place = everywhere ? "" : `${row.model}, batch ${row.batchSize}, `;
    return `— ${place}${PEER_TITLES[row.peer]}: ${row.reason}`;
  });
  return [title, table([heading, ...complete], { heading: true, align }), ...new Set(reasons)]
    .join("\n");
}

function agreementTable({ agreement }: BenchRecord): string {
  const rows = agreement.map(({ model, peer, difference, losses, reason }) => [
    model,
    PEER_TITLES[peer],
    difference === undefined ? "—" : difference.toExponential(1),
    losses?.map((loss) => loss.toFixed(5)).join(" ") ?? reason ?? "",
  ]);
  return "outputs and losses of three steps, batch 4, without dropout: largest difference from the first\n" +
    figures(["model", "peer", "difference", "losses"], rows, 2);
}

function bytes(count: number | undefined): string {
  return count === undefined ? "—" : count.toLocaleString("en");
}

function costTable({ cost }: BenchRecord): string {
  const rows = cost.map((row) => [
    row.model,
    PEER_TITLES[row.peer],
    ...(row.reason && row.dispatches === undefined ? [row.reason] : [
      `${row.dispatches}`,
      `${row.copies}`,
      `${row.submits}`,
      bytes(row.uploadedBytes),
      bytes(row.allocatedBytes),
      row.hostMicroseconds === undefined ? "—" : row.hostMicroseconds.toFixed(0),
    ]),
  ]);
  return `one training step at batch ${cost[0]!.batchSize}, once warm\n` + figures(
    ["model", "peer", "dispatches", "copies", "submits", "bytes uploaded", "allocated", "host µs"],
    rows,
    2,
  );
}

function startupTable({ startup }: BenchRecord): string {
  const of = (pick: (one: BenchRecord["startup"][number]) => number): string[] => {
    const summary = summarize(startup.map(pick));
    return [ms(summary.median), spread(summary)];
  };
  return "from nothing to LeNet-5's first prediction\n" +
    figures(["", "median ms", "least … most (n)"], [
      ["import of mod.ts", ...of(({ beforeImport, imported }) => imported - beforeImport)],
      ["start()", ...of(({ imported, started }) => started - imported)],
      ["checkpoint read and restored", ...of(({ started, loaded }) => loaded - started)],
      ["first prediction", ...of(({ loaded, predicted }) => predicted - loaded)],
      ["import to first prediction", ...of((one) => one.predicted - one.beforeImport)],
      ["the whole process", ...of(({ wall }) => wall)],
    ]);
}

function opsTable({ ops }: BenchRecord): string {
  const rows = ops.map((row) => [
    row.kind,
    row.shape,
    ...(row.milliseconds
      ? [
        ms(row.milliseconds.median),
        spread(row.milliseconds),
        row.gflops!.toFixed(1),
        row.gigabytesPerSecond!.toFixed(1),
        row.limit ?? "—",
        row.ofLimit === undefined ? "—" : `${(100 * row.ofLimit).toFixed(0)} %`,
      ]
      : [row.reason ?? "—"]),
  ]);
  return `single operations of neocog; the best matrix product: ${
    bestProduct(ops).toFixed(1)
  } GFLOP/s\n` +
    figures(
      ["operation", "shape", "median ms", "least … most (n)", "GFLOP/s", "GB/s", "limit", "of it"],
      rows,
      2,
    );
}

function growthTable({ growth }: BenchRecord): string {
  const rows = growth.map(({ model, batchSize, milliseconds, rss, reason }) => [
    model,
    `${batchSize}`,
    ...(milliseconds
      ? [
        ms(milliseconds.median),
        spread(milliseconds),
        ms(milliseconds.median / batchSize),
        `${Math.round((rss ?? 0) / 2 ** 20)}`,
      ]
      : [reason ?? "—"]),
  ]);
  const peer = growth[0]!.peer;
  return `growth with batch, depth and width: one training step, ${PEER_TITLES[peer]}\n` +
    figures(
      ["model", "batch", "median ms", "least … most (n)", "ms an image", "process MiB"],
      rows,
    ) + `\n${slopesText(growth)}`;
}

/** The same networks in peers: forward and step, and how many times as fast as neocog they are. */
function zooPeersTable({ zoo, zooPeers }: BenchRecord): string {
  const found = zooPeers.filter(({ lines }) => lines.some(({ forwardMs }) => forwardMs));
  const cells = (own: number | undefined, other: number | undefined): string[] =>
    other === undefined
      ? ["—", ""]
      : [ms(other), own === undefined ? "" : `${(own / other).toFixed(2)}×`];
  const rows = zoo.filter(({ stepMs }) => stepMs !== undefined).map((row) => [
    row.model,
    ms(row.forwardMs!),
    ms(row.stepMs!),
    ...found.flatMap(({ lines }) => {
      const line = lines.find(({ model }) => model === row.model);
      return [...cells(row.forwardMs, line?.forwardMs), ...cells(row.stepMs, line?.stepMs)];
    }),
  ]);
  const heading = [
    "model",
    "forward ms",
    "step ms",
    ...found.flatMap(({ peer }) => [
      `${PEER_TITLES[peer]}: forward`,
      "faster",
      "step",
      "faster",
    ]),
  ];
  const missing = zooPeers.filter(({ reason }) => reason).map(({ peer, reason }) =>
    `— ${PEER_TITLES[peer]}: ${reason}`
  );
  const title = "the same in other libraries, and how many times as fast they are";
  return [title, ...(found.length > 0 ? [figures(heading, rows)] : []), ...missing].join("\n");
}

function zooTable({ zoo }: BenchRecord): string {
  const rows = zoo.map((row) => [
    row.model,
    ...(row.stepMs === undefined ? [row.reason ?? "—"] : [
      row.inputShape!.join("×"),
      row.parameters!.toLocaleString("en"),
      (row.flops! / 1e9).toPrecision(3),
      ms(row.forwardMs!),
      (row.flops! / 1e6 / row.forwardMs!).toFixed(1),
      ms(row.stepMs),
      `${Math.round(row.allocatedBytes! / 2 ** 20)}`,
      [row.losses!.at(0)!, row.losses!.at(-1)!].map((loss) => loss.toFixed(3)).join(" → "),
    ]),
  ]);
  const heading = [
    "model",
    "input",
    "parameters",
    "GFLOP",
    "forward ms",
    "GFLOP/s",
    "step ms",
    "GPU MiB",
    "loss of 5 steps",
  ];
  return `every model at its own size, one image: forward, and training steps with Adam\n` +
    figures(heading, rows, 2);
}

/** Peers whose numbers in the timed runs differ from the first peer's. */
function disagreements(record: BenchRecord): readonly { row: TimeRow; peer: PeerName }[] {
  return record.times.filter(({ check }) => check).flatMap((row) => {
    const first = record.times.find((other) =>
      other.kind === row.kind && other.model === row.model && other.batchSize === row.batchSize &&
      other.check
    )!;
    // In training each peer drops units of its own choice.
    if (row.kind === "training" && row.model === "chapter-mnist") return [];
    const far = first.check!.some((value, i) =>
      !(Math.abs(value - row.check![i]!) <= 1e-3 * Math.max(1, Math.abs(value)))
    );
    return far ? [{ row, peer: first.peer }] : [];
  });
}

/** All tables that the record has figures for. */
export function report(record: BenchRecord): string {
  const { machine, versions, adapter, command, finished } = record;
  const ofKind = (kind: Kind): TimeRow[] => record.times.filter((row) => row.kind === kind);
  const parts = [
    `${command}\n${adapter}, ${machine.cpus} cores, ${machine.os} ${machine.arch}, load ${
      machine.load.map((each) => each.toFixed(1)).join(" ")
    }; ${Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ")}`,
    record.startup.length > 0 && startupTable(record),
    record.agreement.length > 0 && agreementTable(record),
    record.cost.length > 0 && costTable(record),
    record.ops.length > 0 && opsTable(record),
    ofKind("training").length > 0 && timesTable("training step", ofKind("training")),
    ofKind("inference").length > 0 && timesTable("inference", ofKind("inference")),
    record.growth.length > 0 && growthTable(record),
    record.zoo.length > 0 && zooTable(record),
    record.zooPeers.length > 0 && zooPeersTable(record),
    disagreements(record).map(({ row, peer }) =>
      `WARNING: ${row.kind} of ${row.model} in ${
        PEER_TITLES[row.peer]
      } came to other numbers than in ${PEER_TITLES[peer]}`
    ).join("\n"),
    !finished && "interrupted: the figures above are what was measured until then",
  ];
  return parts.filter((part) => part).join("\n\n");
}
