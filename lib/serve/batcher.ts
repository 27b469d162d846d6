// Work that comes one by one, done in batches.
import { refuseForNow } from "./refusal.ts";

/** How work is put together. */
export type BatcherOptions = {
  /** The most that is done at once. */
  readonly batchSize: number;
  /** Milliseconds that the first of a batch waits for others. */
  readonly maxWait: number;
  /** The most that may wait. */
  readonly queueSize: number;
  /** Milliseconds after which what still waits is refused. */
  readonly timeout: number;
};

/** A queue whose work is done in batches, one batch after the other. */
export type Batcher<T, R> = {
  /**
   * Queues one piece of work.
   *
   * @throws {Refusal} 429 if the queue is full, 503 if its turn does not come in time
   */
  add(item: T): Promise<R>;
  /** How many wait. */
  readonly waiting: number;
  /** Ends once all that was queued is done. */
  idle(): Promise<void>;
};

type Waiting<T, R> = {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (reason: unknown) => void;
  /** When it came, in milliseconds. */
  readonly since: number;
  /** Refuses it if its turn does not come in time. */
  readonly timer: ReturnType<typeof setTimeout>;
};

/**
 * Makes a queue.
 *
 * @param work does a batch, of 1 to `batchSize`; its results are in the same order. If it throws,
 * all of the batch fail with that error
 */
export function batcher<T, R>(
  work: (items: readonly T[]) => Promise<readonly R[]>,
  { batchSize, maxWait, queueSize, timeout }: BatcherOptions,
): Batcher<T, R> {
  const queue: Waiting<T, R>[] = [];
  let running: Promise<void> | undefined;
  let wake = (): void => {};

  const enough = (): Promise<void> => {
    const left = queue[0]!.since + maxWait - performance.now();
    if (queue.length >= batchSize || left <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, left);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  };
  const run = async (): Promise<void> => {
    while (queue.length > 0) {
      await enough();
      const batch = queue.splice(0, batchSize);
      if (batch.length === 0) break;
      batch.forEach(({ timer }) => clearTimeout(timer));
      try {
        const results = await work(batch.map(({ item }) => item));
        batch.forEach(({ resolve }, i) => resolve(results[i]!));
      } catch (error) {
        batch.forEach(({ reject }) => reject(error));
      }
    }
  };
  const start = (): void => {
    // A moment later, so that what comes in the same turn is in the same batch.
    running ??= Promise.resolve().then(run).finally(() => {
      running = undefined;
      if (queue.length > 0) start();
    });
  };

  return {
    add: (item) =>
      new Promise<R>((resolve, reject) => {
        if (queue.length >= queueSize) {
          throw refuseForNow(429, `Cannot classify now: ${queueSize} pictures are waiting already`);
        }
        const timer = setTimeout(() => {
          queue.splice(queue.indexOf(waiting), 1);
          reject(refuseForNow(503, `Cannot classify now: the queue took over ${timeout} ms`));
        }, timeout);
        const waiting: Waiting<T, R> = { item, resolve, reject, timer, since: performance.now() };
        queue.push(waiting);
        if (queue.length >= batchSize) wake();
        start();
      }),
    get waiting() {
      return queue.length;
    },
    async idle() {
      while (running) await running;
    },
  };
}
