// Gives damaged files of one kind to their parser, in a worker of its own: a parser that hangs, or
// takes all memory, is ended with it.
import { countAllocations } from "./allocations.ts";
import { FORMATS } from "./formats.ts";
import type { Format } from "./format.ts";
import { diceOf, mutate } from "./mutate.ts";

/** What a worker is to do. */
export type Task = {
  readonly format: string;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** One number that the worker counts up: the damage it is at. */
  readonly at: SharedArrayBuffer;
};

/** A damaged file that is not answered right. */
export type FileFault = {
  readonly format: string;
  readonly damage: number;
  readonly how: string;
  readonly what: string;
  /** The file, in base64. */
  readonly file: string;
};

/** What was done. */
export type FilesReport = {
  readonly format: string;
  damages: number;
  accepted: number;
  refused: number;
  /** Refused, though a second reading accepts it. */
  strict: number;
  /** The same bytes as before. */
  unchanged: number;
  /** The longest time of one, in milliseconds, and the largest share of the memory allowed. */
  slowest: number;
  memory: number;
  readonly faults: FileFault[];
  /** How often each refusal of such a file, its numbers left out. */
  readonly strictness: Record<string, number>;
};

/** The time that a parser may take, in milliseconds. */
const LIMIT = 1000;

/** Memory that is allowed whatever the size of a file: buffers of fixed size, such as a stream's. */
const FIXED = 2 ** 16;

/**
 * Does a worker's task.
 *
 * @param format what is attacked, if it is none of the library's
 */
export async function attack(
  { format: name, seed, from, to, at }: Task,
  format = FORMATS.find((one) => one.name === name)!,
): Promise<FilesReport> {
  const report: FilesReport = {
    format: name,
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
  const place = new Int32Array(at);
  for (let damage = from; damage < to; damage++) {
    Atomics.store(place, 0, damage);
    await attackOnce(format, seed, damage, report);
  }
  return report;
}

/** The damaged file of a number. */
async function damagedFile(
  format: Format,
  seed: number,
  damage: number,
): Promise<{ readonly file: Uint8Array; readonly whole: Uint8Array; readonly how: string }> {
  const dice = diceOf(seed, FORMATS.indexOf(format), damage);
  const origin = dice.pick(format.seeds);
  const { bytes, how } = mutate(origin, dice, format.seeds, format.isText ?? false);
  const [file, whole] = format.build
    ? [await format.build(bytes), await format.build(origin)]
    : [bytes, origin];
  return { file: file.slice(), whole, how };
}

async function attackOnce(
  format: Format,
  seed: number,
  damage: number,
  report: FilesReport,
): Promise<void> {
  const { file, whole, how } = await damagedFile(format, seed, damage);
  const fault = (what: string): void => {
    const base64 = btoa(Array.from(file, (byte) => String.fromCharCode(byte)).join(""));
    report.faults.push({ format: format.name, damage, how, what, file: base64 });
  };
  report.damages++;
  const isUnchanged = file.length === whole.length && file.every((byte, i) => byte === whole[i]);
  if (isUnchanged) report.unchanged++;
  let found: unknown;
  let error: unknown;
  let refused = false;
  const copy = file.slice();
  const [bytes, time] = await measured(async () => {
    try {
      found = await format.parse(file);
    } catch (thrown) {
      [error, refused] = [thrown, true];
    }
  });
  report.slowest = Math.max(report.slowest, time);
  // The machine has others to serve: slow is what is slow again and again.
  let quickest = time;
  for (let again = 0; quickest > LIMIT && again < 3; again++) {
    const [, own] = await measured(async () => {
      try {
        await format.parse(file);
      } catch {
        // It was refused before, too.
      }
    });
    quickest = Math.min(quickest, own);
  }
  if (quickest > LIMIT) fault(`it takes ${quickest.toFixed(0)} ms`);
  const allowed = 4 * file.length + FIXED + (format.room?.(file, found) ?? 0);
  report.memory = Math.max(report.memory, bytes / allowed);
  if (bytes > allowed) fault(`it takes ${bytes} bytes, allowed are ${allowed}`);
  if (copy.some((byte, i) => byte !== file[i])) fault("the parser changed the bytes it was given");
  if (!refused) {
    report.accepted++;
    const wrong = await safely(() => format.check(found, file, whole, how));
    if (wrong) fault(wrong);
    return;
  }
  report.refused++;
  const { name = "", message = "" } = error as Partial<Error>;
  if (isUnchanged) fault(`a sound file is refused: ${name}: ${message}`);
  if (!format.errors.includes(name)) fault(`${name}: ${message}`);
  else if (
    !message.startsWith("Cannot ") ||
    /\[object|of undefined|not iterable|not a function/.test(message)
  ) {
    fault(`an error must say what cannot be done, and what was found: ${message}`);
  }
  if (!format.accepts?.(file)) return;
  report.strict++;
  const kind = message.replaceAll(/"[^"]*"|\d+/g, "_").slice(0, 120);
  report.strictness[kind] = (report.strictness[kind] ?? 0) + 1;
}

async function safely(
  check: () => string | undefined | Promise<string | undefined>,
): Promise<string | undefined> {
  try {
    return await check();
  } catch (error) {
    return `a second reading refuses it: ${(error as Error).message}`;
  }
}

/** The bytes that work allocates in typed arrays, and its time. */
async function measured(work: () => Promise<void>): Promise<[bytes: number, time: number]> {
  const counted = countAllocations();
  const start = performance.now();
  await work();
  return [counted(), performance.now() - start];
}

/** What a worker's global has that a page's has not. */
type WorkerScope = { onmessage: unknown; postMessage(message: unknown): void };

if ("WorkerGlobalScope" in globalThis) {
  const scope = globalThis as unknown as WorkerScope;
  scope.onmessage = async ({ data }: MessageEvent<Task>) => scope.postMessage(await attack(data));
  // What is posted before a module has been run is lost.
  scope.postMessage("ready");
}
