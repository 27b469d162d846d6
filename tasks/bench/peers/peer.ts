// What a peer is to the bench: a network made ready to train or to infer.
import type { Beginning, HostBatch, Network } from "../networks.ts";

/** A network in a peer's hands, on the device. */
export type Prepared = {
  /**
   * Starts one training step, or one inference.
   *
   * @returns waits for the result and answers it: the loss, or the first image's outputs
   */
  run(): () => Promise<readonly number[]>;
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
  /** Opens the device, and makes the network ready. */
  prepare(work: Work): Promise<Prepared>;
};
