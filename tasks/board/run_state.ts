// What a run says of itself in its files: settings, epochs, steps, whether it goes on, what is left.
import { parseCsv } from "../../lib/text/csv.ts";
import {
  CHECKPOINT,
  CONFIG,
  CONFUSION,
  HISTORY,
  inFolder,
  LAYERS,
  LIVE,
  LOCK,
  RESULT,
  WRONGEST,
} from "../train/run_files.ts";
import type { FoundRun } from "./find_runs.ts";
import { type Lines, statOf, type Watched, watchLines, watchText } from "./watched_file.ts";

/** An epoch by the columns of history.csv: `epoch`, `loss`, `val_accuracy`. */
export type EpochRow = Readonly<Record<string, number>>;

/** A run in the table. */
export type RunSummary = {
  readonly id: string;
  readonly status: "running" | "silent" | "stopped" | "finished";
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly epochs: number;
  /** How many it will have; absent if it is not known. */
  readonly epochsTotal?: number;
  /** The last epoch. */
  readonly last?: EpochRow;
  /** The highest validation accuracy, or without one the accuracy. */
  readonly best?: number;
  readonly testAccuracy?: number;
  readonly seconds: number;
  /** The step under way: its epoch, its place in it, and what it says. */
  readonly step?: Readonly<Record<string, number>>;
  readonly imagesPerSecond?: number;
  /** Seconds that are left. */
  readonly left?: number;
  /** When one of its files was written last, in milliseconds. */
  readonly at: number;
  /** What can be seen of it. */
  readonly has: {
    readonly checkpoint: boolean;
    readonly layers: boolean;
    readonly confusion: boolean;
    readonly wrongest: boolean;
  };
  /** What is wrong with its files. */
  readonly faults: readonly string[];
};

/** Numbers by the steps at which they were. */
export type StepCurves = {
  readonly step: readonly number[];
  readonly loss: readonly number[];
  readonly meanLoss: readonly number[];
  readonly accuracy: readonly (number | null)[];
  readonly imagesPerSecond: readonly (number | null)[];
};

/** A run's curves: its epochs, and its steps if it left them. */
export type RunCurves = { readonly epochs: readonly EpochRow[]; readonly steps?: StepCurves };

/** Classes that were taken for others. */
export type ConfusionRead = {
  readonly classNames: readonly string[];
  readonly counts: readonly (readonly number[])[];
  /** Of which images. */
  readonly source: string;
};

/** A run whose files are watched. */
export type RunState = {
  readonly run: FoundRun;
  summary(): RunSummary;
  curves(): RunCurves;
  /** What layers.jsonl says; nothing if there is none. */
  layers(): readonly Record<string, unknown>[];
  /** What its files say; `undefined` if they do not. */
  confusion(): ConfusionRead | undefined;
};

/** A run whose files were written so lately goes on, in milliseconds. */
const LATELY = 120_000;
/** The most steps that a page draws. */
const MOST_POINTS = 1500;

/** A table of epochs; rows that are damaged are left out. */
function historyOf(text: string): { readonly rows: EpochRow[]; readonly broken: number } {
  // A last line without an end is still being written.
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const [heading = [], ...lines] = parseCsv(whole);
  if (!heading.includes("epoch")) return { rows: [], broken: text.trim() === "" ? 0 : 1 };
  const rows: EpochRow[] = [];
  let broken = 0;
  for (const line of lines) {
    const row = Object.fromEntries(
      heading.flatMap((name, i) => {
        const value = line[i] === undefined || line[i] === "" ? NaN : Number(line[i]);
        return Number.isFinite(value) && name !== "run" ? [[name, value]] : [];
      }),
    );
    if (line.length === heading.length && row.epoch !== undefined) rows.push(row);
    else broken++;
  }
  return { rows, broken };
}

/** Epochs of JSON lines as rows: `valLoss` is `val_loss`, as in history.csv. */
function rowOf(line: Record<string, unknown>): EpochRow {
  const { metrics, valMetrics, ...rest } = line;
  const column = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
  const valid = Object.entries((valMetrics ?? {}) as object).map(([name, value]) => [
    `val_${column(name)}`,
    value,
  ]);
  const numbers = [
    ...Object.entries({ ...rest, ...(metrics ?? {}) as object }).map(([name, value]) => [
      column(name),
      value,
    ]),
    ...valid,
  ].filter(([name, value]) => typeof value === "number" && name !== "at");
  return Object.fromEntries(numbers);
}

type Settings = RunSummary["settings"];

/** Settings for the table: what is nested is its JSON. */
function settingsOf(text: string): Settings {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SyntaxError("it is no record");
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) =>
      name === "run" || one === null
        ? []
        : [[name, typeof one === "object" ? JSON.stringify(one) : one as string | number]]
    ),
  );
}

function confusionOf(text: string): Omit<ConfusionRead, "source"> | undefined {
  const [heading = [], ...rows] = parseCsv(text);
  // The last column is the run's id.
  const columns = heading.at(-1) === "run" ? heading.slice(1, -1) : heading.slice(1);
  const counts = rows.map((row) => row.slice(1, columns.length + 1).map(Number));
  const isSound = columns.length > 0 && counts.length === columns.length &&
    counts.every((row) => row.length === columns.length && row.every(Number.isSafeInteger));
  return isSound ? { classNames: columns, counts } : undefined;
}

type Line = Record<string, unknown>;
const kindOf = (lines: readonly Line[], kind: string): Line[] =>
  lines.filter((line) => line.kind === kind);
const numberOf = (value: unknown): number => typeof value === "number" ? value : NaN;

/** Images per second between two lines of steps of the same epoch; NaN if that is not known. */
function rateOf(before: Line | undefined, line: Line, batchSize: number): number {
  if (!before || before.epoch !== line.epoch) return NaN;
  const seconds = (numberOf(line.at) - numberOf(before.at)) / 1000;
  const steps = numberOf(line.step) - numberOf(before.step);
  return seconds > 0 && steps > 0 ? steps * batchSize / seconds : NaN;
}

const orNull = (value: number): number | null => Number.isFinite(value) ? value : null;

/** As many lines as a page draws; the last one is among them. */
function thinned(lines: readonly Line[]): Line[] {
  const every = Math.ceil(lines.length / MOST_POINTS);
  return lines.filter((_, i) => (lines.length - 1 - i) % every === 0);
}

/** What the live lines say of now. */
function liveOf(
  lines: readonly Line[],
  settings: Readonly<Record<string, unknown>>,
): Pick<RunSummary, "step" | "imagesPerSecond" | "left" | "epochsTotal"> {
  const begin = lines.findLast(({ kind }) => kind === "begin");
  if (!begin) return {};
  const session = lines.slice(lines.lastIndexOf(begin));
  const steps = kindOf(session, "step");
  const last = steps.at(-1);
  const batchSize = numberOf(begin.batchSize ?? settings.batchSize);
  const epochsTotal = numberOf(begin.epochs);
  const known = Number.isFinite(epochsTotal) ? { epochsTotal } : {};
  if (!last) return known;
  const step = Object.fromEntries(
    Object.entries(last).filter(([name, value]) => typeof value === "number" && name !== "at"),
  ) as Record<string, number>;
  // Over some lines, so that it is calm.
  const rate = rateOf(
    steps.findLast((one, i) =>
      one.epoch === last.epoch && i < steps.length - 1 && (i <= steps.length - 8 ||
        steps[i - 1]?.epoch !== last.epoch)
    ),
    last,
    batchSize,
  );
  const first = steps[0]!;
  const each = (numberOf(last.at) - numberOf(first.at)) /
    (numberOf(last.step) - numberOf(first.step)) / 1000;
  const left = (epochsTotal - numberOf(last.epoch)) * numberOf(last.stepsPerEpoch) +
    numberOf(last.stepsPerEpoch) - numberOf(last.stepInEpoch);
  return {
    ...known,
    step,
    ...(Number.isFinite(rate) ? { imagesPerSecond: rate } : {}),
    ...(Number.isFinite(each * left) && each > 0 ? { left: each * left } : {}),
  };
}

function stepsOf(lines: readonly Line[], batchSizeOfRun: number): StepCurves | undefined {
  let [batchSize, before]: [number, Line | undefined] = [batchSizeOfRun, undefined];
  const rates = new Map<Line, number>();
  for (const line of lines) {
    if (line.kind === "begin") {
      batchSize = numberOf(line.batchSize ?? batchSizeOfRun);
      before = undefined;
    } else if (line.kind === "step") {
      rates.set(line, rateOf(before, line, batchSize));
      before = line;
    }
  }
  const steps = thinned([...rates.keys()]);
  if (steps.length === 0) return undefined;
  return {
    step: steps.map(({ step }) => numberOf(step)),
    loss: steps.map(({ loss }) => numberOf(loss)),
    meanLoss: steps.map(({ meanLoss }) => numberOf(meanLoss)),
    accuracy: steps.map(({ accuracy }) => orNull(numberOf(accuracy))),
    imagesPerSecond: steps.map((line) => orNull(rates.get(line)!)),
  };
}

/** Watches a run's files. */
export function watchRun(run: FoundRun): RunState {
  const { id, dir, log } = run;
  const of = (name: string): string => inFolder(dir, name);
  const isThere = (name: string): boolean => log === undefined && statOf(of(name)) !== undefined;
  const none: Watched<never> = { read: () => undefined, at: () => 0 };
  const history = log?.endsWith(".jsonl") ? none : watchText(of(log ?? HISTORY), historyOf);
  const lines: Watched<Lines> = log?.endsWith(".csv") ? none : watchLines(of(log ?? LIVE));
  const layerLines = log === undefined ? watchLines(of(LAYERS)) : none;
  const config = log === undefined
    ? watchText(of(CONFIG), (text): { readonly settings: Settings; readonly fault?: string } => {
      try {
        return { settings: settingsOf(text) };
      } catch {
        return { settings: {}, fault: `${CONFIG} is damaged` };
      }
    })
    : none;
  const confusionFile = log === undefined ? watchText(of(CONFUSION), confusionOf) : none;

  /** The epochs of the table; of a script without one those of its lines. */
  const epochsOf = (): readonly EpochRow[] => {
    const rows = history.read()?.rows ?? [];
    if (rows.length > 0) return rows;
    const own = (lines.read()?.lines ?? []).filter((line) =>
      line.kind === undefined ? typeof line.epoch === "number" : line.kind === "epoch"
    ).map(rowOf);
    // An epoch that was done again after a crash counts as it was last.
    return [...new Map(own.map((row) => [row.epoch, row])).values()];
  };
  const lastAt = (): number =>
    Math.max(
      ...[history, lines, layerLines, config, confusionFile].map((file) => file.at()),
      isThere(CHECKPOINT) ? statOf(of(CHECKPOINT))!.at : 0,
    );
  const statusOf = (at: number, live: readonly Line[]): RunSummary["status"] => {
    if (isThere(RESULT)) return "finished";
    const isLate = Date.now() - at > LATELY;
    if (isThere(LOCK)) return isLate ? "silent" : "running";
    if (live.at(-1)?.kind === "end") return "finished";
    // A script has no lock.
    const isScript = config.read() === undefined;
    return isScript && live.length > 0 && !isLate ? "running" : "stopped";
  };

  return {
    run,
    layers: () => layerLines.read()?.lines ?? [],
    curves() {
      const steps = stepsOf(
        lines.read()?.lines ?? [],
        numberOf(config.read()?.settings.batchSize),
      );
      return { epochs: epochsOf(), ...(steps ? { steps } : {}) };
    },
    confusion() {
      const measured = confusionFile.read();
      if (measured) return { ...measured, source: "the test images" };
      const last = (lines.read()?.lines ?? []).findLast(({ confusion }) =>
        Array.isArray(confusion)
      );
      if (!last) return undefined;
      const counts = last.confusion as number[][];
      const source = `the validation images after epoch ${last.epoch}`;
      const named = (lines.read()?.lines ?? []).findLast(({ classNames }) =>
        Array.isArray(classNames) && classNames.length === counts.length
      );
      const classNames = named?.classNames as string[] ?? counts.map((_, i) => `${i}`);
      return { classNames, counts, source };
    },
    summary() {
      const rows = epochsOf();
      const { settings, fault = undefined } = config.read() ?? { settings: {} as Settings };
      const live = lines.read();
      const at = lastAt();
      const status = statusOf(at, live?.lines ?? []);
      const isRunning = status === "running";
      const now = isRunning ? liveOf(live?.lines ?? [], settings) : {};
      const scores = rows.map((row) => row.val_accuracy ?? row.accuracy)
        .filter((score) => score !== undefined);
      const counts = confusionFile.read()?.counts;
      const total = counts?.flat().reduce((sum, one) => sum + one, 0) ?? 0;
      const seconds = rows.reduce((sum, row) => sum + (row.seconds ?? 0), 0);
      const epochsTotal = typeof settings.epochs === "number" ? settings.epochs : now.epochsTotal;
      // Without steps, by the epochs that are done.
      const left = now.left ??
        (isRunning && rows.length > 0 && epochsTotal !== undefined
          ? seconds / rows.length * (epochsTotal - rows.length)
          : undefined);
      const broken = history.read()?.broken ?? 0;
      const brokenLines = (live?.broken ?? 0) + (layerLines.read()?.broken ?? 0);
      return {
        id,
        status,
        settings,
        epochs: rows.length,
        ...now,
        ...(epochsTotal === undefined ? {} : { epochsTotal }),
        ...(left === undefined ? {} : { left }),
        ...(rows.length > 0 ? { last: rows.at(-1)! } : {}),
        ...(scores.length > 0 ? { best: Math.max(...scores) } : {}),
        ...(counts && total > 0
          ? { testAccuracy: counts.reduce((sum, row, i) => sum + row[i]!, 0) / total }
          : {}),
        seconds,
        at,
        has: {
          checkpoint: isThere(CHECKPOINT),
          layers: isThere(LAYERS),
          confusion: isThere(CONFUSION) || (live?.lines ?? []).some((line) => line.confusion),
          wrongest: isThere(WRONGEST),
        },
        faults: [
          ...(fault ? [fault] : []),
          ...(broken > 0 ? [`${log ?? HISTORY}: damaged lines that are left out: ${broken}`] : []),
          ...(brokenLines > 0 ? [`damaged lines of JSON that are left out: ${brokenLines}`] : []),
        ],
      };
    },
  };
}
