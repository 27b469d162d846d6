// Reduces the learning rate of a run that no longer improves.
import { factorOf, withFactor } from "../../optimizers/adjustable.ts";
import {
  type PlateauOptions,
  type PlateauState,
  reduceOnPlateau,
} from "../../optimizers/reduce_on_plateau.ts";
import { requireOptions } from "../../text/require.ts";
import type { Tree } from "../../tensor/tree.ts";
import type { Callback } from "./callback.ts";
import { monitorOf, type MonitorOptions } from "./monitor.ts";

/** Options of {@linkcode plateau}. */
export type PlateauCallbackOptions =
  & Omit<PlateauOptions, "mode">
  & Pick<MonitorOptions, "monitor" | "mode">;

const OPTIONS: Readonly<Record<keyof PlateauCallbackOptions, true>> = {
  monitor: true,
  mode: true,
  factor: true,
  patience: true,
  minDelta: true,
  cooldown: true,
  least: true,
};

/**
 * Multiplies the learning rate by a factor when a number has not improved for some epochs
 * (§12.7.6: by a tenth). The run's optimizer must be an {@linkcode adjustable} one.
 *
 * @param options the number that is watched, factor, patience, threshold, cooldown, least factor
 * @returns the callback; a run whose optimizer cannot be adjusted throws a `TypeError` as it begins
 * @throws {RangeError} if an option is out of range, or the number is unknown
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { adjustable, dense, fit, flatten, sequential, sgd, start } from "@neocog/neocog";
 * import { plateau } from "@neocog/neocog/callbacks";
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
 * // Steps this small improve nothing.
 * const optimizer = adjustable(sgd({ learningRate: 1e-12 }));
 * const callbacks = [plateau({ monitor: "loss", patience: 1 })];
 * const rates = [];
 * for await (const { learningRate } of fit(model, examples, { epochs: 4, optimizer, callbacks })) {
 *   rates.push(learningRate! / 1e-12);
 * }
 * assertAlmostEquals(rates[2]!, 1, 1e-6);
 * assertAlmostEquals(rates[3]!, 0.1, 1e-6);
 * ```
 */
export function plateau(options: PlateauCallbackOptions = {}): Callback {
  requireOptions("make plateau", options, OPTIONS);
  const name = "plateau";
  const { monitor: watched = "valLoss", mode, ...rest } = options;
  const { monitor, more, value } = monitorOf(name, { monitor: watched, ...(mode && { mode }) });
  const controller = reduceOnPlateau({ ...rest, mode: more ? "max" : "min" });
  return {
    name,
    monitor,
    onBegin: ({ optimizer }) => requireAdjustable(optimizer),
    onEpoch(report, memory) {
      const before = memory.state as PlateauState | null ?? controller.initial;
      const { state, factor } = controller.next(before, value(report));
      if (factor === before.factor) return { state };
      return { state, optimizer: withFactor(report.network.optimizer, factor) };
    },
  };
}

/** Refuses an optimizer that cannot be adjusted, before the first step. */
function requireAdjustable(optimizer: Tree): void {
  try {
    factorOf(optimizer);
  } catch (cause) {
    throw new TypeError(
      "Cannot reduce the learning rate: the run's optimizer must be one that is adjustable, optimizer: adjustable(adam()), got a state with no factor or several",
      { cause },
    );
  }
}
