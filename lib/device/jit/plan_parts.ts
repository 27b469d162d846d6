// What a plan is made from, for the parts that make it.
import type { Key } from "../../tensor/random.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import type { Program } from "./lower.ts";
import type { Storage } from "./recording.ts";

/** A tensor that a function returns. */
export type Wanted = {
  /** What is behind it; nothing is behind a tensor without elements. */
  readonly storage: Storage | undefined;
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
};

/** What is needed to make a plan. */
export type PlanParts = {
  readonly backend: GuardedBackend;
  /** What the function is called in errors. */
  readonly name: string;
  readonly program: Program;
  /** Whether the argument's leaf of each number is donated. */
  readonly donated: readonly boolean[];
  /** The stand-ins of the keys among the arguments. */
  readonly handedKeys: readonly Key[];
  /** The results, each once. */
  readonly results: readonly Wanted[];
};
