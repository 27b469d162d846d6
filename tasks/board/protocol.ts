// What the board's threads tell each other.
import type { Values } from "../command.ts";
import type { Message } from "../web/message.ts";
import type { serverFlags } from "../web/flags.ts";

/** To the thread that computes. */
export type Task =
  | { readonly kind: "weights"; readonly id: number; readonly file: string }
  | {
    readonly kind: "examine";
    readonly id: number;
    readonly file: string;
    /** The true and the predicted class of the images; without it the most wrong ones. */
    readonly cell?: readonly [actual: number, predicted: number];
  };

/** From the thread that computes. */
export type Answer =
  | {
    readonly kind: "progress";
    readonly id: number;
    readonly done: number;
    readonly total: number;
  }
  | { readonly kind: "done"; readonly id: number; readonly message: Message }
  | { readonly kind: "failed"; readonly id: number; readonly error: string };

/** When a run is to end: with the step in progress, as by Ctrl-C, or with the epoch. */
export type StopWhen = "step" | "epoch";

/** To the thread that serves the board beside a run. */
export type BesideOrder = {
  readonly flags: Values<typeof serverFlags>;
  readonly folder: string;
};

/** From the thread that serves the board beside a run. */
export type BesideReport =
  | { readonly kind: "listening" }
  | { readonly kind: "failed"; readonly name: string; readonly message: string }
  | { readonly kind: "stop"; readonly when: StopWhen };
