// Stops a run that no longer improves, and restores its best weights.
import { requireOptions, requireWhole } from "../../text/require.ts";
import type { Memory } from "../training.ts";
import type { Callback } from "./callback.ts";
import { keptWeights } from "./kept_weights.ts";
import { monitorOf, type MonitorOptions } from "./monitor.ts";

/** Options of {@linkcode earlyStopping}. */
export type EarlyStoppingOptions = MonitorOptions & {
  /** Epochs without improvement before stopping, from 1. Default: 5. */
  readonly patience?: number;
  /** Whether the best epoch's weights are restored at the end. Default: `true`. */
  readonly restoreBest?: boolean;
};

const OPTIONS: Readonly<Record<keyof EarlyStoppingOptions, true>> = {
  monitor: true,
  mode: true,
  minDelta: true,
  patience: true,
  restoreBest: true,
};

/** What {@linkcode earlyStopping} remembers. */
type EarlyState = {
  readonly best: number | null;
  readonly bestEpoch: number;
  /** Epochs since the best. */
  readonly wait: number;
  /** Whether the run has the best weights, and the last ones are kept. */
  readonly swapped: boolean;
};

const NONE: EarlyState = { best: null, bestEpoch: 0, wait: 0, swapped: false };

/**
 * Stops a run when a number has not improved for some epochs (Prechelt 1998), and restores the
 * weights of the best epoch, batch statistics included; these also if all epochs were done first. A
 * finished run that is resumed for more epochs continues from its last weights, not from its best,
 * so that its numbers are those of an uninterrupted run.
 *
 * @param options the monitored number, patience, whether the best weights are restored
 * @returns the callback
 * @throws {RangeError} if an option is out of range, or the number is unknown
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dense, fit, flatten, sequential, sgd, start } from "@neocog/neocog";
 * import { earlyStopping } from "@neocog/neocog/callbacks";
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
 * const callbacks = [earlyStopping({ monitor: "loss", patience: 2 })];
 * const options = { epochs: 9, optimizer: sgd({ learningRate: 1e-12 }), callbacks };
 * const epochs = [];
 * for await (const { epoch, stopped } of fit(model, examples, options)) epochs.push([epoch, stopped]);
 * assertEquals(epochs.at(-1), [3, "earlyStopping: loss has not improved for 2 epochs, best in epoch 1"]);
 * ```
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callback {
  requireOptions("make earlyStopping", options, OPTIONS);
  const { patience = 5, restoreBest = true } = options;
  const name = "earlyStopping";
  requireWhole(`make ${name}`, "patience", patience);
  const { monitor, value, improves } = monitorOf(name, options);
  const stateOf = ({ state }: Memory): EarlyState => state as EarlyState | null ?? NONE;
  return {
    name,
    monitor,
    async onBegin(training, memory) {
      const state = stateOf(memory);
      if (!state.swapped) return;
      const [kept, weights] = [await keptWeights(training), memory.kept!];
      return { state: { ...state, swapped: false }, kept, weights };
    },
    async onEpoch(report, memory) {
      const state = stateOf(memory);
      const found = value(report);
      if (improves(found, state.best)) {
        return {
          state: { best: found, bestEpoch: report.epoch, wait: 0, swapped: false },
          ...(restoreBest ? { kept: await keptWeights(report.network) } : {}),
        };
      }
      const next = { ...state, wait: state.wait + 1 };
      if (next.wait < patience) return { state: next };
      const epochs = patience === 1 ? "an epoch" : `${patience} epochs`;
      const stop = `${name}: ${monitor} has not improved for ${epochs}, ${
        state.best === null ? "and never was a finite number" : `best in epoch ${state.bestEpoch}`
      }`;
      return { state: next, stop };
    },
    async onEnd(training, memory) {
      const state = stateOf(memory);
      const { epoch, stepInEpoch } = training.progress;
      if (!memory.kept || (epoch === state.bestEpoch && stepInEpoch === 0)) return;
      const [kept, weights] = [await keptWeights(training), memory.kept];
      return { state: { ...state, swapped: true }, kept, weights };
    },
  };
}
