// What runs beside a training run: callbacks, and what they remember.
import type { Tree } from "../../tensor/tree.ts";
import type { Tensors } from "../../weights/checkpoint.ts";
import { unknownName } from "../../text/nearest.ts";
import { type MonitoredMetric, validationName } from "./monitor.ts";
import type { EpochReport, StepReport } from "../reports.ts";
import type { Memory, Training } from "../training.ts";

/** What a callback returns: what is absent stays as it is. */
export type Decision = Partial<Memory> & {
  /** Ends the run: why. */
  readonly stop?: string;
};

/** What a callback returns between epochs. */
export type EpochDecision = Decision & {
  /** The optimizer's state from now on. It may share tensors with the run's. */
  readonly optimizer?: Tree;
  /** The weights from now on, by path: `params/conv1/kernel`, `state/norm1/mean`. */
  readonly weights?: Tensors;
};

/** A hook between epochs returns a decision or nothing, at once or later. */
export type EpochHookResult = EpochDecision | void | Promise<EpochDecision | void>;

/**
 * What runs beside a training run, such as early stopping. A callback keeps nothing in itself:
 * {@linkcode fit} passes what it remembers to each hook, and the hook returns what it remembers from
 * then on. So it is part of the run's checkpoint, and a resumed run makes the same decisions.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dense, fit, flatten, sequential, start } from "@neocog/neocog";
 * import type { Callback } from "@neocog/neocog/callbacks";
 *
 * // Ends a run after some epochs of falling loss in succession.
 * function falling(epochs: number): Callback {
 *   type State = { readonly last: number; readonly count: number };
 *   return {
 *     name: "falling",
 *     onEpoch({ loss }, memory) {
 *       const { last, count } = memory.state as State | null ?? { last: Infinity, count: 0 };
 *       const state = { last: loss, count: loss < last ? count + 1 : 0 };
 *       return state.count < epochs ? { state } : { state, stop: `${epochs} epochs in succession` };
 *     },
 *   };
 * }
 *
 * await start({ backend: "cpu" });
 * const examples = {
 *   name: "two pixels",
 *   images: new Uint8Array([0, 255]),
 *   labels: new Uint8Array([0, 1]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["dark", "light"],
 * } as const;
 * const model = sequential({ flatten: flatten(), logits: dense({ features: 2 }) });
 * const reports = await Array.fromAsync(
 *   fit(model, examples, { epochs: 9, callbacks: [falling(3)] }),
 * );
 * assertEquals([reports.length, reports.at(-1)!.stopped], [3, "3 epochs in succession"]);
 * ```
 */
export type Callback = {
  /** Its name, unique in a run: a checkpoint stores its memory under it. */
  readonly name: string;
  /** The number of each epoch that it uses: a run that does not measure it is refused. */
  readonly monitor?: MonitoredMetric;
  /** Called when a run begins or is resumed. */
  readonly onBegin?: (network: Training, memory: Memory) => EpochHookResult;
  /** Called with every step's numbers. */
  readonly onStep?: (report: StepReport, memory: Memory) => Decision | void;
  /** Called after every complete epoch. */
  readonly onEpoch?: (report: EpochReport, memory: Memory) => EpochHookResult;
  /** Called after `onEpoch` of all callbacks, to write files. */
  readonly afterEpoch?: (report: EpochReport, memory: Memory) => void | Promise<void>;
  /** Called when a run ends: all epochs are done, or a callback stopped it; not on a signal. */
  readonly onEnd?: (network: Training, memory: Memory) => EpochHookResult;
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
  run: T,
  callback: Callback,
  { state, kept }: Partial<Memory>,
): T {
  if (state === undefined && kept === undefined) return run;
  const before = memoryOf(run, callback);
  const memory: Memory = {
    state: state === undefined ? before.state : state,
    ...(kept ?? before.kept ? { kept: kept ?? before.kept! } : {}),
  };
  return { ...run, callbacks: { ...run.callbacks, [callback.name]: memory } };
}

/**
 * Refuses callbacks that do not fit a run.
 *
 * @param measured what the run measures
 * @param isValidated whether there are validation examples
 * @throws {TypeError} if one is not a record of a name and hooks, or has a misspelled hook
 * @throws {RangeError} if two have the same name, or one uses a number that is not measured
 */
export function requireCallbacks(
  callbacks: readonly Callback[],
  measured: { readonly isClassifier: boolean; readonly names: readonly string[] },
  isValidated: boolean,
): void {
  if (!Array.isArray(callbacks)) {
    throw new TypeError(
      `Cannot fit: callbacks must be a list, [earlyStopping()], got ${
        typeof callbacks === "object" ? "one callback" : callbacks
      }`,
    );
  }
  for (const callback of callbacks) requireHooks(callback);
  const names = ["loss", ...(measured.isClassifier ? ["accuracy"] : []), ...measured.names];
  const validated = names.map(validationName);
  callbacks.forEach(({ name, monitor }, i) => {
    if (callbacks.findIndex((other) => other.name === name) !== i) {
      throw new RangeError(
        `Cannot fit: each callback must have a name of its own, got two named "${name}"`,
      );
    }
    if (monitor !== undefined && ![...names, ...validated].includes(monitor)) {
      throw new RangeError(
        `Cannot fit: ${name} monitors a number that is not measured: ${
          unknownName("number", monitor, [...names, ...validated])
        }`,
      );
    }
    if (!isValidated && monitor !== undefined && validated.includes(monitor)) {
      throw new RangeError(
        `Cannot fit: ${name} monitors ${monitor}, for which there must be validation examples, got none`,
      );
    }
  });
}

const HOOKS: { readonly [Name in Exclude<keyof Callback, "name" | "monitor">]-?: true } = {
  onBegin: true,
  onStep: true,
  onEpoch: true,
  afterEpoch: true,
  onEnd: true,
};

/** Refuses what would never be called. Own properties with other names are the callback's affair. */
function requireHooks(callback: unknown): void {
  const hooks = Object.keys(HOOKS);
  if (typeof callback !== "object" || callback === null) {
    throw new TypeError(
      `Cannot fit: a callback must be a record of a name and hooks, { name, ${
        hooks.join(", ")
      } }, got ${typeof callback === "function" ? "a function" : callback}`,
    );
  }
  const { name } = callback as { name?: unknown };
  if (typeof name !== "string" || name === "") {
    throw new TypeError(
      `Cannot fit: a callback must have a name, under which a checkpoint stores what it remembers, got ${name}`,
    );
  }
  const isHook = (key: string) => /^(on|after|before)[A-Z_]/i.test(key);
  const wrong = Object.keys(callback).find((key) => isHook(key) && !Object.hasOwn(HOOKS, key));
  if (wrong !== undefined) {
    throw new TypeError(`Cannot fit: callback ${name}: ${unknownName("hook", wrong, hooks)}`);
  }
}
