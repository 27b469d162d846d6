// What is done beside a training run: what callbacks are, what they remember, and how they are called.
import type { Tree } from "../../tensor/tree.ts";
import type { Tensors } from "../../weights/checkpoint.ts";
import type { Monitored } from "./monitor.ts";
import type { EpochReport, StepReport } from "../reports.ts";
import type { Memory, Training } from "../training.ts";

/** What a callback wants done; what is absent stays as it is. */
export type Decision = Partial<Memory> & {
  /** Ends the run: why. */
  readonly stop?: string;
};

/** What a callback wants done between epochs. */
export type EpochDecision = Decision & {
  /** The optimizer's state from now on, some of whose tensors may be those of the run's. */
  readonly optimizer?: Tree;
  /** The weights from now on, by the paths that {@linkcode keptWeights} gives them. */
  readonly weights?: Tensors;
};

/** What a callback may answer with, at once or later. */
export type Decided = EpochDecision | void | Promise<EpochDecision | void>;

/**
 * What is done beside a training run, such as ending it early. A callback is a plain
 * value, which keeps nothing itself: what it remembers it is given and answers, so that it is in
 * the run's checkpoint and a run that is taken up again does the same.
 */
export type Callback = {
  /** Its name, another for each callback of a run: checkpoints know its memory by it. */
  readonly name: string;
  /** The number of each epoch that it looks at: refused before the run where that is not measured. */
  readonly monitor?: Monitored;
  /** Called when a run begins or is taken up again. */
  readonly onBegin?: (training: Training, memory: Memory) => Decided;
  /** Called with every step's numbers. */
  readonly onStep?: (report: StepReport, memory: Memory) => Decision | void;
  /** Called after every epoch that is complete. */
  readonly onEpoch?: (report: EpochReport, memory: Memory) => Decided;
  /** Called after that, when all callbacks have decided: to write what is to be kept. */
  readonly afterEpoch?: (report: EpochReport, memory: Memory) => void | Promise<void>;
  /** Called when a run is over: its epochs are done, or a callback ended it; not on a signal. */
  readonly onEnd?: (training: Training, memory: Memory) => Decided;
};

const NOTHING: Memory = { state: null };

/** What a callback remembers of a run. */
export function memoryOf(
  { callbacks = {} }: Pick<Training, "callbacks">,
  { name }: Callback,
): Memory {
  return Object.hasOwn(callbacks, name) ? callbacks[name]! : NOTHING;
}

/** The run with what a callback remembers from now on. */
export function remember<T extends Pick<Training, "callbacks">>(
  training: T,
  callback: Callback,
  { state, kept }: Partial<Memory>,
): T {
  if (state === undefined && kept === undefined) return training;
  const before = memoryOf(training, callback);
  const memory: Memory = {
    state: state === undefined ? before.state : state,
    ...(kept ?? before.kept ? { kept: kept ?? before.kept! } : {}),
  };
  return { ...training, callbacks: { ...training.callbacks, [callback.name]: memory } };
}

/**
 * Refuses callbacks that a run can not have.
 *
 * @param callbacks the run's
 * @param validated whether there are validation examples
 * @throws {RangeError} where two have one name, or one looks at what is not measured
 */
export function requireCallbacks(callbacks: readonly Callback[], validated: boolean): void {
  callbacks.forEach(({ name, monitor }, i) => {
    if (callbacks.findIndex((other) => other.name === name) !== i) {
      throw new RangeError(
        `Cannot fit: each callback must have a name of its own, got two of "${name}"`,
      );
    }
    if (!validated && monitor?.startsWith("val")) {
      throw new RangeError(
        `Cannot fit: ${name} looks at ${monitor}, for which there must be validation examples, got none`,
      );
    }
  });
}
