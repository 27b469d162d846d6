// When to reduce a learning rate: when a metric no longer improves (§12.7.6).
import { requireRange, requireWhole } from "../text/require.ts";

/** Options of {@linkcode reduceOnPlateau}. */
export type PlateauOptions = {
  /** Multiplies the factor of the learning rate, above 0 and below 1. Default: 0.1. */
  readonly factor?: number;
  /** Epochs without improvement before the one that reduces, from 0. Default: 10. */
  readonly patience?: number;
  /** Least improvement over the best metric that counts, from 0. Default: 0.0001. */
  readonly minDelta?: number;
  /** Epochs after a reduction that are not counted, from 0. Default: 0. */
  readonly cooldown?: number;
  /** The least factor of the learning rate, from 0 to 1. Default: 0. */
  readonly least?: number;
  /** Whether the least metric is best, as of a loss, or the greatest, as of an accuracy. Default: `"min"`. */
  readonly mode?: "min" | "max";
};

/** State of a controller, as JSON. */
export type PlateauState = {
  /** The best metric; `null` before there is one. */
  readonly best: number | null;
  /** Epochs since then that were not better. */
  readonly waited: number;
  /** Epochs that are not counted yet. */
  readonly cooling: number;
  /** The factor of the learning rate. */
  readonly factor: number;
};

/** A controller of a learning rate: pure, its state is the caller's to keep. */
export type PlateauController = {
  readonly initial: PlateauState;
  /**
   * @param state its state
   * @param metric the metric of another epoch
   * @returns its next state, and the factor of the learning rate from now on
   * @throws {RangeError} if the metric is not a number
   */
  next(state: PlateauState, metric: number): { state: PlateauState; factor: number };
};

/**
 * A controller that reduces the learning rate when a metric has stopped improving, as
 * PyTorch's `ReduceLROnPlateau` with an absolute threshold does. It computes on the host; the
 * factor it returns is for {@linkcode withFactor}.
 *
 * @param options factor, patience, threshold, cooldown, least factor, mode
 * @returns the controller
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { reduceOnPlateau } from "./reduce_on_plateau.ts";
 *
 * const controller = reduceOnPlateau({ factor: 0.5, patience: 1 });
 * let state = controller.initial;
 * const factors = [3, 2, 2, 2, 1].map((loss) => {
 *   const next = controller.next(state, loss);
 *   state = next.state;
 *   return next.factor;
 * });
 * assertEquals(factors, [1, 1, 1, 0.5, 0.5]);
 * ```
 */
export function reduceOnPlateau(options: PlateauOptions = {}): PlateauController {
  const { factor = 0.1, patience = 10, minDelta = 1e-4, cooldown = 0 } = options;
  const { least = 0, mode = "min" } = options;
  requireOptions({ factor, patience, minDelta, cooldown, least, mode });
  const isBetter = (metric: number, best: number | null): boolean => {
    // JSON has no infinity, and it is no improvement.
    if (!Number.isFinite(metric)) return false;
    if (best === null) return true;
    return mode === "min" ? metric < best - minDelta : metric > best + minDelta;
  };
  return {
    initial: { best: null, waited: 0, cooling: 0, factor: 1 },
    next(state, metric) {
      const isNumber = typeof metric === "number" && !Number.isNaN(metric);
      requireRange("watch for a plateau", "the metric must be a number", isNumber, metric);
      const better = isBetter(metric, state.best);
      const best = better ? metric : state.best;
      const isCooling = state.cooling > 0;
      const waited = better || isCooling ? 0 : state.waited + 1;
      const cooling = isCooling ? state.cooling - 1 : 0;
      if (waited <= patience) {
        return { state: { ...state, best, waited, cooling }, factor: state.factor };
      }
      const next = Math.max(state.factor * factor, least);
      return { state: { best, waited: 0, cooling: cooldown, factor: next }, factor: next };
    },
  };
}

function requireOptions(options: Required<PlateauOptions>): void {
  const { factor, patience, minDelta, cooldown, least, mode } = options;
  const action = "watch for a plateau";
  const isDelta = Number.isFinite(minDelta) && minDelta >= 0;
  requireRange(action, "its factor must be above 0 and below 1", factor > 0 && factor < 1, factor);
  requireWhole(action, "its patience", patience, 0);
  requireRange(action, "its minDelta must be a finite number of at least 0", isDelta, minDelta);
  requireWhole(action, "its cooldown", cooldown, 0);
  requireRange(action, "its least must be from 0 to 1", least >= 0 && least <= 1, least);
  requireRange(action, "its mode must be min or max", ["min", "max"].includes(mode), mode);
}
