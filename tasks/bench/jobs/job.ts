// The jobs of the bench's processes, and what they return.
import type { tf } from "../../../mod.ts";
import type { PeerName, PythonPeerName } from "../peers/peers.ts";
import type { Samples } from "../measure.ts";

/** The job of a process. */
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
  | {
    readonly job: "zoo";
    /** A name of the registry, or the path of a file. */
    readonly model: string;
    /** The export of the file that makes it. */
    readonly export?: string;
  }
  | { readonly job: "zoo-peer"; readonly peer: PythonPeerName; readonly models: readonly string[] }
  | {
    readonly job: "ops";
    readonly rounds: number;
    readonly sampleMs: number;
    readonly ops: readonly string[];
  };

/** What is timed of a network. */
export type Kind = "training" | "inference";

/** What the job `time` returns for each kind. */
export type TimeLine = Samples & {
  readonly kind: Kind;
  /** The first loss, or the first image's outputs, which must be the same in all peers. */
  readonly check: readonly number[];
  /** Memory of the process after it, in bytes. */
  readonly rss: number;
};

/** What the job `agree` returns. */
export type AgreeLine = {
  /** Outputs for the first image. */
  readonly outputs: readonly number[];
  /** Losses of the first steps, without dropout. */
  readonly losses: readonly number[];
};

/** What one training step asks of the device. */
export type GpuCounts = {
  readonly dispatches: number;
  readonly copies: number;
  readonly submits: number;
  readonly uploadedBytes: number;
  readonly allocatedBytes: number;
};

/** What the job `cost` returns. */
export type CostLine = GpuCounts & {
  /** Median time until a step is submitted, on an idle device; absent if the library waits. */
  readonly hostMicroseconds?: number;
};

/** What the job `startup` returns, in milliseconds since the process began. */
export type StartupLine = {
  readonly beforeImport: number;
  readonly imported: number;
  readonly started: number;
  readonly loaded: number;
  readonly predicted: number;
};

/** What the job `zoo` returns. */
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

/** What a peer returns of a network of the registry, in milliseconds, as `ZooLine` has them. */
export type ZooPeerLine = {
  readonly model: string;
  readonly forwardMs?: number;
  readonly stepMs?: number;
  /** Why there are no times. */
  readonly reason?: string;
};

/** A single operation. */
type Operation = {
  /** Its kind, such as `"conv forward"`. */
  readonly kind: string;
  readonly shape: string;
  /** Operations on numbers of one call, 2 for a multiplication with an addition. */
  readonly flops: number;
  /** Bytes that a call reads and writes at least: what each of its passes cannot do without. */
  readonly bytes: number;
  /** Numbers of the result that lie in lines which are no fours, so that each is stored by itself. Default: none. */
  readonly stores?: number;
};

/** A single operation on tensors of its own. */
export type Op = Operation & {
  /** Makes the operands; returns what one call does. */
  readonly prepare: () => () => tf.Tensor | tf.Tensor[];
};

/** What the job `ops` returns for each operation. */
export type OpLine = Operation & {
  readonly op: string;
  /** Dispatches of a call. */
  readonly dispatches?: number;
  /** Milliseconds per call, of each round. */
  readonly times: readonly number[];
  /** Why there are no times. */
  readonly reason?: string;
};
