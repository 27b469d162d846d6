// Workers that decode pictures, or this thread if there can be none: the pixels are the same.
import type { DecodeResult, DecodeTask } from "./decode_worker.ts";
import { type PicturePixels, picturePixels } from "./picture_pixels.ts";

/** Decodes pictures. Disposing of it ends its workers; then this thread decodes. */
export type DecodePool = Disposable & {
  /** Returns the pixels of a picture, or rejects as `picturePixels` throws. */
  decode(task: DecodeTask): Promise<PicturePixels>;
  /** How many workers run. */
  readonly running: number;
};

/** A picture that waits for its pixels. */
type Job = {
  readonly task: DecodeTask;
  resolve(picture: PicturePixels): void;
  reject(error: unknown): void;
};

/**
 * Time without work after which workers end, in milliseconds: they would keep the process alive.
 * The next batch mostly comes sooner; starting them again takes about 100 ms, in the background.
 */
const IDLE_TIME = 500;

/**
 * Makes a pool, which starts workers when there is work. They need `--allow-read` for their own
 * module if the library is local, and nothing if it was imported by URL.
 *
 * @param most how many workers; 0 decodes on this thread
 */
export function decodePool(most: number): DecodePool {
  const waiting: Job[] = [];
  const workers = new Map<Worker, Job | undefined>();
  let idle: ReturnType<typeof setTimeout> | undefined;
  let ended = most === 0;

  const stop = (): void => {
    clearTimeout(idle);
    for (const worker of workers.keys()) worker.terminate();
    workers.clear();
  };
  /** From now on this thread decodes, beginning with the jobs under way. */
  const end = (): void => {
    ended = true;
    const left = [...workers.values()].filter((job) => job !== undefined);
    stop();
    for (const job of [...left, ...waiting.splice(0)]) decodeHere(job);
  };
  const begin = (): void => {
    for (const [worker, busy] of workers) {
      const job = busy ? undefined : waiting.shift();
      if (!job) continue;
      workers.set(worker, job);
      worker.postMessage(job.task);
    }
    if (waiting.length > 0 && workers.size < most) {
      const worker = start((worker, result) => {
        const job = workers.get(worker)!;
        workers.set(worker, undefined);
        settle(job, result);
        begin();
      }, end);
      if (!worker) return end();
      workers.set(worker, undefined);
      begin();
    }
    const isIdle = [...workers.values()].every((job) => job === undefined);
    clearTimeout(idle);
    if (isIdle && workers.size > 0) idle = setTimeout(stop, IDLE_TIME);
  };
  return {
    async decode(task) {
      if (!ended && !await mayStart()) ended = true;
      return await new Promise<PicturePixels>((resolve, reject) => {
        const job = { task, resolve, reject };
        if (ended) return decodeHere(job);
        waiting.push(job);
        begin();
      });
    },
    get running(): number {
      return workers.size;
    },
    [Symbol.dispose]: end,
  };
}

const workerUrl = new URL("./decode_worker.ts", import.meta.url);

/** Whether a worker can be started without a prompt for a permission. */
async function mayStart(): Promise<boolean> {
  if (typeof Worker === "undefined") return false;
  if (workerUrl.protocol !== "file:") return true; // As this module, it is allowed to be imported.
  return (await Deno.permissions.query({ name: "read", path: workerUrl })).state === "granted";
}

function start(
  onResult: (worker: Worker, result: DecodeResult) => void,
  onFailure: () => void,
): Worker | undefined {
  let worker: Worker;
  try {
    worker = new Worker(workerUrl, { type: "module" });
  } catch {
    return undefined;
  }
  worker.onmessage = ({ data }: MessageEvent<DecodeResult>): void => onResult(worker, data);
  worker.onerror = (event): void => {
    event.preventDefault(); // Or the process would end.
    onFailure();
  };
  return worker;
}

function settle({ resolve, reject }: Job, result: DecodeResult): void {
  if ("pixels" in result) return resolve(result);
  const { name, message } = result.error;
  const ErrorClass = { SyntaxError, RangeError, TypeError }[name] ?? Error;
  reject(new ErrorClass(message));
}

/** Decodes on this thread, as a task of its own, so that other work is not held up. */
function decodeHere({ task, resolve, reject }: Job): void {
  setTimeout(() => picturePixels(task.bytes, task.file, task.rule).then(resolve, reject));
}
