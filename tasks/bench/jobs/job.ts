// What a process of the bench is asked for, and what it answers.
import type { PeerName } from "../peers/peers.ts";
import type { Samples } from "../measure.ts";

/** What a process is asked for. */
export type Job =
  | {
    readonly job: "time";
    readonly peer: PeerName;
    readonly model: string;
    readonly batchSize: number;
    readonly kinds: readonly Kind[];
    /** Samples of each kind. */
    readonly samples: number;
    readonly sampleMs: number;
  }
  | { readonly job: "agree"; readonly peer: PeerName; readonly model: string }
  | {
    readonly job: "cost";
    readonly peer: PeerName;
    readonly model: string;
    readonly batchSize: number;
  }
  | { readonly job: "startup"; readonly checkpoint: string }
  | { readonly job: "zoo"; readonly model: string }
  | {
    readonly job: "ops";
    readonly rounds: number;
    readonly sampleMs: number;
    readonly ops: readonly string[];
  };

/** What is timed of a network. */
export type Kind = "training" | "inference";

/** What the job `time` answers for each kind. */
export type TimeLine = Samples & {
  readonly kind: Kind;
  /** The first loss, or the first image's outputs: all peers must come to the same. */
  readonly check: readonly number[];
  /** Memory of the process after it, in bytes. */
  readonly rss: number;
};

/** What the job `agree` answers. */
export type AgreeLine = {
  /** Outputs for the first image. */
  readonly outputs: readonly number[];
  /** Losses of the first steps, without dropout. */
  readonly losses: readonly number[];
};

/** What one training step is to the device. */
export type GpuCounts = {
  readonly dispatches: number;
  readonly copies: number;
  readonly submits: number;
  readonly uploadedBytes: number;
  readonly allocatedBytes: number;
};

/** What the job `cost` answers. */
export type CostLine = GpuCounts & {
  /** Median time until a step is handed over, on an idle device; absent where the library waits. */
  readonly hostMicroseconds?: number;
};

/** What the job `startup` answers, in milliseconds since the process began. */
export type StartupLine = {
  readonly beforeImport: number;
  readonly imported: number;
  readonly started: number;
  readonly loaded: number;
  readonly predicted: number;
};

/** What the job `zoo` answers. */
export type ZooLine = {
  readonly parameters: number;
  /** Of one forward pass, 2 for a multiplication with an addition. */
  readonly flops: number;
  readonly inputShape: readonly number[];
  /** Median milliseconds of a forward pass of one image. */
  readonly forwardMs: number;
  /** Median milliseconds of a training step of one image. */
  readonly stepMs: number;
  /** Before each step, of the same image and with the same units dropped. */
  readonly losses: readonly number[];
  /** Bytes of GPU memory asked of the driver. */
  readonly allocatedBytes: number;
  /** Memory of the process, in bytes. */
  readonly rss: number;
};

/** What the job `ops` answers for each operation. */
export type OpLine = {
  readonly op: string;
  readonly shape: string;
  /** What kind of operation it is, such as `"conv forward"`. */
  readonly kind: string;
  /** Operations on numbers of one call, 2 for a multiplication with an addition. */
  readonly flops: number;
  /** Bytes that must be read and written at least. */
  readonly bytes: number;
  /** Milliseconds a call, of each round. */
  readonly times: readonly number[];
  /** Why there are no times. */
  readonly reason?: string;
};
