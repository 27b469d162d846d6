// What all attacks take and return.
import type { PixelScaling } from "../../explain/input_pixels.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Norm } from "./norm.ts";
import type { AttackSession } from "./session.ts";

/** The report of an attack on a step. */
export type AttackReport = {
  /** From 0, before the step. */
  readonly step: number;
  readonly steps: number;
  /** How many images fool the network before the step. */
  readonly fooled: number;
  /** How many images there are. */
  readonly count: number;
};

/** Options of all attacks. */
export type AttackOptions = {
  /** How pixels become the network's inputs. Default: the session's, the network's own, or as they are. */
  readonly preprocessing?: PixelScaling;
  /** Called in each step. */
  readonly onStep?: (report: AttackReport) => void | Promise<void>;
  /** Stops after the current step; the result so far is returned. */
  readonly signal?: AbortSignal;
  /** What calls share, see `attackSession`. Default: a session of the call. */
  readonly session?: AttackSession;
  /** Whether passes are recorded and replayed, see `jit`. Default: `true`. */
  readonly jit?: boolean;
};

/** The names of {@linkcode AttackOptions}. */
export const ATTACK_OPTIONS: Readonly<Record<keyof AttackOptions, true>> = {
  preprocessing: true,
  onStep: true,
  signal: true,
  session: true,
  jit: true,
};

/** Options of attacks that can be targeted. */
export type TargetedOptions = AttackOptions & {
  /** The class that the network shall predict, one for all or one per image. Default: any but the label. */
  readonly targets?: number | ArrayLike<number>;
};

/** What attacks return. */
export type AttackResult = {
  /** The adversarial images, pixels from 0 to 1, `[N, H, W, C]`; the caller owns them. */
  readonly images: Tensor;
  /** Whether the network predicts the target of each image, or without targets another class than the label. */
  readonly success: readonly boolean[];
  /** The distance of each image from the original by `norm`, in pixels from 0 to 1. */
  readonly distances: readonly number[];
  /** The norm of the distances. */
  readonly norm: Norm;
  /** The predicted classes of the original images and of the adversarial ones. */
  readonly labels: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** The probabilities of these classes, 0 to 1. */
  readonly probabilities: { readonly before: readonly number[]; readonly after: readonly number[] };
};
