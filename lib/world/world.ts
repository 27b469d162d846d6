// The processes that work together, as each of them sees it; by itself, a world of one.

/** Numbers that ranks reduce together. */
export type Reduced = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** How the numbers of all ranks become one. */
export type Reduction = "sum" | "max";

/** What a rank has sent and how long it took. */
export type Traffic = {
  /** Collective calls so far. */
  readonly calls: number;
  /** Bytes that were handed to them. */
  readonly bytes: number;
  /** Seconds in them, waiting for other ranks included. */
  readonly seconds: number;
};

/**
 * The ranks: processes that run the same script and exchange numbers. All ranks must make the same
 * calls in the same order; a call ends when all have made it.
 */
export type World = {
  /** Which of the processes this one is, from 0. */
  readonly rank: number;
  /** How many there are. */
  readonly size: number;
  /** Which of the processes on this machine it is, from 0. */
  readonly localRank: number;
  /** The library that carries the messages, such as `Open MPI v4.1.4`; `none` in a world of one. */
  readonly library: string;
  /**
   * Writes the numbers of one rank over those of all others.
   *
   * @param values as many on each rank
   * @param root the rank that has them. Default: 0
   */
  broadcast(values: Uint8Array<ArrayBuffer>, root?: number): Promise<void>;
  /**
   * Writes the sum, or the largest, of all ranks' numbers in the place of them. All ranks get the
   * same bits.
   *
   * @param values as many on each rank
   */
  allReduce(values: Reduced, how: Reduction): Promise<void>;
  /** The same, without returning before it is done: for backends that cannot wait. */
  allReduceNow(values: Reduced, how: Reduction): void;
  /**
   * The bytes of all ranks, in the order of ranks.
   *
   * @param bytes of this rank, as many as it likes
   */
  allGather(bytes: Uint8Array<ArrayBuffer>): Promise<readonly Uint8Array<ArrayBuffer>[]>;
  /** Waits until all ranks are here. */
  barrier(): Promise<void>;
  /**
   * Does something during which this rank may keep the others waiting, or make no sign of life.
   *
   * @param what it does, for the message of a rank that lost its patience after all
   * @param f does it; what it returns is waited for if it is a promise
   * @param seconds how long it may take. Default: 600
   */
  during<T>(what: string, f: () => T, seconds?: number): T;
  /** What was sent so far. */
  traffic(): Traffic;
  /**
   * Ends all ranks.
   *
   * @param reason why, printed with this rank's number
   */
  abort(reason: string): never;
  /** Says that this rank needs the others no more. Happens by itself when a script ends well. */
  leave(): Promise<void>;
};

/** A world of one: no library is loaded, and nothing is sent. */
export const ALONE: World = {
  rank: 0,
  size: 1,
  localRank: 0,
  library: "none",
  broadcast: () => Promise.resolve(),
  allReduce: () => Promise.resolve(),
  allReduceNow: () => {},
  allGather: (bytes) => Promise.resolve([bytes]),
  barrier: () => Promise.resolve(),
  during: (_what, f) => f(),
  traffic: () => ({ calls: 0, bytes: 0, seconds: 0 }),
  abort(reason): never {
    throw new Error(`Cannot continue: ${reason}`);
  },
  leave: () => Promise.resolve(),
};
