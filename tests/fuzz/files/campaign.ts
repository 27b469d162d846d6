// Gives every parser its damaged files, each kind in a worker that can be ended.
import { FORMATS } from "./formats.ts";
import type { FileFault, FilesReport, Task } from "./worker.ts";

/** What is run. */
export type FilesOptions = {
  readonly seed: number;
  /** Damages of each format. */
  readonly mutations: number;
  /** The only format, by its name. Default: all. */
  readonly format?: string;
  /** Called after each few hundred; it ends the campaign by returning true. */
  readonly progress?: (reports: readonly FilesReport[]) => boolean;
};

/** Damages that a worker is given at once. */
const BATCH = 250;

/** Milliseconds without an answer after which a parser hangs; slow ones tell of it themselves. */
const PATIENCE = 20_000;

/** Runs the campaign. */
export async function runFiles(
  { seed, mutations, format, progress }: FilesOptions,
): Promise<FilesReport[]> {
  const reports: FilesReport[] = [];
  for (const { name } of FORMATS.filter(({ name }) => !format || name === format)) {
    const total = emptyReport(name);
    reports.push(total);
    let worker = await startWorker();
    try {
      for (let from = 0; from < mutations;) {
        const to = Math.min(mutations, from + BATCH);
        const task = { format: name, seed, from, to, at: new SharedArrayBuffer(4) };
        const done = await answer(worker, task);
        if (typeof done === "object") {
          merge(total, done);
          from = to;
        } else {
          worker.terminate();
          worker = await startWorker();
          // What came before it is done again, as the worker took its report with it.
          if (done > from) merge(total, await answer(worker, { ...task, to: done }) as FilesReport);
          total.damages++;
          total.faults.push({ format: name, damage: done, how: "", what: "it hangs", file: "" });
          from = done + 1;
        }
        if (progress?.(reports)) return reports;
      }
    } finally {
      worker.terminate();
    }
  }
  return reports;
}

async function startWorker(): Promise<Worker> {
  const worker = new Worker(import.meta.resolve("./worker.ts"), { type: "module" });
  await new Promise((ready, failed) =>
    Object.assign(worker, { onmessage: ready, onerror: failed })
  );
  return worker;
}

/** A worker's report, or the damage at which it hangs. */
async function answer(worker: Worker, task: Task): Promise<FilesReport | number> {
  const place = new Int32Array(task.at);
  const { promise, resolve, reject } = Promise.withResolvers<FilesReport | number>();
  worker.onmessage = ({ data }: MessageEvent<FilesReport>) => resolve(data);
  worker.onerror = (event) =>
    reject(new Error(`Cannot go on with ${task.format}: ${event.message}`));
  worker.postMessage(task);
  let [last, since] = [-1, performance.now()];
  const timer = setInterval(() => {
    const at = Atomics.load(place, 0);
    if (at !== last) [last, since] = [at, performance.now()];
    else if (performance.now() - since > PATIENCE) resolve(at);
  }, 100);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}

function emptyReport(format: string): FilesReport {
  return {
    format,
    damages: 0,
    accepted: 0,
    refused: 0,
    strict: 0,
    unchanged: 0,
    slowest: 0,
    memory: 0,
    faults: [],
    strictness: {},
  };
}

function merge(total: FilesReport, part: FilesReport): void {
  for (const name of ["damages", "accepted", "refused", "strict", "unchanged"] as const) {
    total[name] += part[name];
  }
  total.slowest = Math.max(total.slowest, part.slowest);
  total.memory = Math.max(total.memory, part.memory);
  total.faults.push(...part.faults);
  for (const [kind, count] of Object.entries(part.strictness)) {
    total.strictness[kind] = (total.strictness[kind] ?? 0) + count;
  }
}

/** Different faults, and how often each was found. */
export function kindsOf(faults: readonly FileFault[]): (FileFault & { readonly count: number })[] {
  const kinds = new Map<string, FileFault & { count: number }>();
  for (const fault of faults) {
    const kind = `${fault.format} ${fault.what.replaceAll(/"[^"]*"|\d+/g, "_").slice(0, 100)}`;
    const known = kinds.get(kind);
    if (known) known.count++;
    else kinds.set(kind, { ...fault, count: 1 });
  }
  return [...kinds.values()];
}
