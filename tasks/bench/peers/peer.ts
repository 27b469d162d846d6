// What a peer is to the bench: a network made ready to train or to infer.
import type { Beginning, HostBatch } from "../beginning.ts";
import type { Network } from "../networks.ts";

/** A network in a peer's hands, on the device. */
export type Prepared = {
  /**
   * Runs so many training steps, or inferences, one after the other and without waiting in between
   * where the library lets one.
   *
   * @param times how many
   * @returns once the last is done, its loss, or its outputs for the first image
   */
  run(times: number): Promise<readonly number[]>;
  /** Hands one call to the device and waits for nothing; absent where the library always waits. */
  readonly handOver?: () => void;
};

/** What is to be prepared. */
export type Work = {
  readonly network: Network;
  readonly beginning: Beginning;
  readonly batch: HostBatch;
  readonly batchSize: number;
  readonly training: boolean;
};

/** A library that networks are timed in. */
export type Peer = {
  /** Its library's version, for the record. */
  readonly version: string;
  /** Opens the device; once, before anything is prepared. */
  open(): Promise<void>;
  /** Makes a network ready. */
  prepare(work: Work): Prepared;
};
