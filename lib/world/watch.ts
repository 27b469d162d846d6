// Watches whether the ranks are alive: each gives signs of life to the next, which misses them.
import { now } from "./clock.ts";
import type { Mpi } from "./mpi.ts";

/** Milliseconds between two signs of life. */
const BEAT = 500;

/** A rank that did not look for so long, in milliseconds, was busy itself: it begins to wait anew. */
const BLIND = 2000;

/** Seconds that a rank may take for what it announced, and until its first exchange. */
const ANNOUNCED = 600;

/** Bytes of a sign of life: three numbers, and what the rank is doing. */
const BYTES = 128;
const TEXT = 24;

const TAG = 1;

/** What a rank says of itself. */
type Sign = {
  /** Collective calls that it has begun. */
  readonly calls: number;
  /** Seconds that it may keep others waiting. */
  readonly patience: number;
  /** Whether it is about to leave. */
  readonly leaves: boolean;
  /** What it is doing, if it said so. */
  readonly doing: string;
};

/** A watch over the rank before this one. */
export type Watch = {
  /** Notes that a collective call begins; the function returned, that it ended. */
  enter(): () => void;
  /** Does what may take long, up to so many seconds. */
  during<T>(what: string, f: () => T, seconds?: number): T;
  /** Gives and looks for signs of life; to be called where a loop keeps timers from running. */
  beat(): void;
  /** Ends, together with all other ranks. */
  leave(): Promise<void>;
};

/**
 * Begins to watch. A ring is enough: of ranks that are late and ranks that wait for them, one that
 * waits comes after one that is late.
 *
 * @param patience seconds without a sign of life, or that a rank may be late
 * @param fail called with what is wrong with the other rank
 */
export function watchRing(mpi: Mpi, patience: number, fail: (reason: string) => void): Watch {
  const { rank, size, handles: { byte } } = mpi;
  const ring = mpi.duplicate();
  const [before, after] = [(rank + size - 1) % size, (rank + 1) % size];
  const sent = message();
  const received = message();
  /** Exchanges that are under way, the oldest first. */
  const waiting: { readonly call: number; since: number }[] = [];
  let calls = 0;
  let leaves = false;
  type Work = { readonly what: string; readonly seconds: number };
  let doing: readonly Work[] = [];
  let last: Sign = { calls: 0, patience: ANNOUNCED, leaves: false, doing: "start" };
  let [heard, looked] = [now(), now()];
  const flag = new Int32Array(1);
  const status = new Uint8Array(256);
  const isDone = (request: Uint8Array<ArrayBuffer>): boolean => {
    mpi.call("MPI_Test", request, flag, status);
    return flag[0] !== 0;
  };
  const receive = (): void =>
    mpi.call("MPI_Irecv", received.bytes, BYTES, byte, before, TAG, ring, received.request);
  const send = (): void => {
    // One that is still under way is not written over.
    if (sent.isBusy && !isDone(sent.request)) return;
    write(sent.bytes, {
      calls,
      patience: calls === 0
        ? ANNOUNCED
        : Math.max(patience, ...doing.map(({ seconds }) => seconds)),
      leaves,
      doing: doing.at(-1)?.what ?? (calls === 0 ? "start" : ""),
    });
    mpi.call("MPI_Isend", sent.bytes, BYTES, byte, after, TAG, ring, sent.request);
    sent.isBusy = true;
  };
  const listen = (): void => {
    while (!last.leaves && isDone(received.request)) {
      const sign = read(received.bytes);
      heard = now();
      // Its long work is done: from here on it may be as late as any other.
      if (sign.patience < last.patience) { for (const one of waiting) one.since = heard; }
      last = sign;
      if (!last.leaves) receive();
    }
  };
  const look = (): void => {
    const time = now();
    if (time - looked > BLIND) {
      heard = time;
      for (const one of waiting) one.since = time;
    }
    looked = time;
    if (last.leaves) return;
    const limit = last.patience * 1000;
    const silent = time - heard;
    const [oldest] = waiting;
    if (silent > limit) {
      fail(`rank ${before} gave no sign of life for ${seconds(silent)}${whileDoing(last)}`);
    } else if (oldest && last.calls < oldest.call && time - oldest.since > limit) {
      fail(
        `rank ${before} kept the others waiting for ${
          seconds(time - oldest.since)
        } to exchange numbers (call ${oldest.call}); its last sign of life was ${
          seconds(silent)
        } ago${whileDoing(last)}`,
      );
    }
  };
  const beat = (): void => {
    listen();
    send();
    look();
  };
  receive();
  const timer = setInterval(beat, BEAT);
  Deno.unrefTimer(timer);
  return {
    enter() {
      const own = { call: ++calls, since: now() };
      waiting.push(own);
      if (calls === 1) beat(); // From now on the next rank need not be so patient.
      return () => {
        waiting.splice(waiting.indexOf(own), 1);
        // The next one could not be done before.
        for (const one of waiting) one.since = now();
      };
    },
    during(what, f, seconds = ANNOUNCED) {
      const own = { what, seconds };
      doing = [...doing, own];
      beat();
      const end = (): void => {
        doing = doing.filter((one) => one !== own);
        // Others count from here on.
        beat();
      };
      return finallyDo(f, end);
    },
    beat,
    async leave() {
      clearInterval(timer);
      leaves = true;
      while (sent.isBusy && !isDone(sent.request)) await pause();
      send();
      while (!isDone(sent.request) || !last.leaves) {
        listen();
        await pause();
      }
    },
  };
}

type Message = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly request: Uint8Array<ArrayBuffer>;
  isBusy: boolean;
};

function message(): Message {
  return { bytes: new Uint8Array(BYTES), request: new Uint8Array(8), isBusy: false };
}

function write(bytes: Uint8Array<ArrayBuffer>, { calls, patience, leaves, doing }: Sign): void {
  new Float64Array(bytes.buffer, 0, 3).set([calls, patience, leaves ? 1 : 0]);
  bytes.fill(0, TEXT);
  new TextEncoder().encodeInto(doing, bytes.subarray(TEXT));
}

function read(bytes: Uint8Array<ArrayBuffer>): Sign {
  const [calls, patience, leaves] = new Float64Array(bytes.buffer, 0, 3);
  const doing = new TextDecoder().decode(bytes.subarray(TEXT)).replace(/\0.*$/s, "");
  return { calls: calls!, patience: patience!, leaves: leaves === 1, doing };
}

function whileDoing({ doing }: Sign): string {
  return doing === "" ? "" : `, since it began to ${doing}`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function pause(): Promise<void> {
  return new Promise((done) => setTimeout(done, 2));
}

/** Calls a function, and another when it has ended, also if it returned a promise. */
function finallyDo<T>(f: () => T, end: () => void): T {
  let isPending = false;
  try {
    const result = f();
    if (!(result instanceof Promise)) return result;
    isPending = true;
    return result.finally(end) as T;
  } finally {
    if (!isPending) end();
  }
}
