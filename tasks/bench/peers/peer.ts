// A peer of the bench: a library that makes networks ready to train or to infer.
import type { Work } from "../beginning.ts";

/** A network that a peer has prepared, on the device. */
export type PeerRun = {
  /**
   * Runs that many training steps, or inferences, one after the other, without waiting in between
   * if the library allows.
   *
   * @param times how many
   * @returns once the last is done, its loss, or its outputs for the first image
   */
  run(times: number): Promise<readonly number[]>;
  /** Submits one call and does not wait; absent if the library always waits. */
  readonly handOver?: () => void;
};

/** A library in which networks are timed. */
export type Peer = {
  /** Its library's version, for the record. */
  readonly version: string;
  /** Opens the device; once, before anything is prepared. */
  open(): Promise<void>;
  /** Makes a network ready. */
  prepare(work: Work): PeerRun;
};
