// The queue of what pages ask for: what is quick does not wait for what takes minutes.
import type { Message, Said } from "./message.ts";

/** What a view's work may tell while it runs. */
export type Job = {
  /** Aborted when the page has moved on, or was closed. */
  readonly signal: AbortSignal;
  /** Says how far it is. */
  progress(done: number, total: number, what: string): void;
  /** Shows what there is so far; a later one replaces it. */
  show(message: Message): void;
};

/** Work in two lanes: one of each runs at a time. */
export type Lane = "quick" | "long";

/** Work that waits or runs. */
type Entry = {
  readonly page: number;
  readonly id: number;
  readonly lane: Lane;
  readonly controller: AbortController;
  run(job: Job): Promise<Message>;
};

/** Sends a page an answer. */
export type Reply = (page: number, message: Message, isReplaceable: boolean) => void;

/** The most requests of a page that wait. */
const MOST_WAITING = 64;

/** A queue of work. */
export type Jobs = {
  /** Adds work; what is wrong with it, and its result, are sent to the page. */
  add(page: number, id: number, lane: Lane, run: (job: Job) => Promise<Message>): void;
  /** Ends a page's work by its id: a result so far may still be sent. */
  stop(page: number, id: number): void;
  /** Forgets a page's work by its id: nothing more is sent. */
  cancel(page: number, id: number): void;
  /** Forgets all work of a page. */
  forget(page: number): void;
};

const textOf = (error: unknown): string => error instanceof Error ? error.message : String(error);

/** Makes a queue. Pages take turns. */
export function jobQueue(reply: Reply): Jobs {
  const waiting: Entry[] = [];
  const running = new Map<Lane, Entry>();
  const forgotten = new WeakSet<Entry>();
  const lastPage: Partial<Record<Lane, number>> = {};

  const send = (entry: Entry, said: Said, message?: Message, isReplaceable = false): void => {
    if (forgotten.has(entry)) return;
    const { arrays } = message ?? {};
    reply(
      entry.page,
      { said: { ...message?.said, ...said, id: entry.id }, ...(arrays ? { arrays } : {}) },
      isReplaceable,
    );
  };

  /** The next of a lane: of the page whose turn it is. */
  const take = (lane: Lane): Entry | undefined => {
    const own = waiting.filter((entry) => entry.lane === lane);
    const pages = [...new Set(own.map(({ page }) => page))].sort((a, b) => a - b);
    const page = pages.find((one) => one > (lastPage[lane] ?? -1)) ?? pages[0];
    const next = own.find((entry) => entry.page === page);
    if (!next) return undefined;
    waiting.splice(waiting.indexOf(next), 1);
    lastPage[lane] = next.page;
    return next;
  };

  const work = async (entry: Entry): Promise<void> => {
    const job: Job = {
      signal: entry.controller.signal,
      progress: (done, total, what) =>
        send(entry, { progress: { done, total, what } }, undefined, true),
      show: (message) => send(entry, { part: true }, message, true),
    };
    try {
      send(entry, { done: true }, await entry.run(job));
    } catch (error) {
      send(entry, { error: textOf(error) });
    }
  };

  const advance = (lane: Lane): void => {
    if (running.has(lane)) return;
    const next = take(lane);
    if (!next) return;
    running.set(lane, next);
    work(next).finally(() => {
      running.delete(lane);
      // A turn for requests that arrived meanwhile, such as a cancellation.
      setTimeout(() => advance(lane));
    });
  };

  const entriesOf = (page: number, id?: number): Entry[] =>
    [...waiting, ...running.values()].filter((entry) =>
      entry.page === page && (id === undefined || entry.id === id)
    );

  const forget = (entries: readonly Entry[]): void => {
    for (const entry of entries) {
      forgotten.add(entry);
      entry.controller.abort();
      const at = waiting.indexOf(entry);
      if (at >= 0) waiting.splice(at, 1);
    }
  };

  return {
    add(page, id, lane, run) {
      const entry: Entry = { page, id, lane, run, controller: new AbortController() };
      if (entriesOf(page).length >= MOST_WAITING) {
        return send(entry, { error: "Cannot do more at once: too many requests wait" });
      }
      waiting.push(entry);
      setTimeout(() => advance(lane));
    },
    stop: (page, id) => entriesOf(page, id).forEach(({ controller }) => controller.abort()),
    cancel: (page, id) => forget(entriesOf(page, id)),
    forget: (page) => forget(entriesOf(page)),
  };
}
