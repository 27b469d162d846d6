// The controller of a learning rate against PyTorch's ReduceLROnPlateau.
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  type PlateauController,
  type PlateauState,
  reduceOnPlateau,
} from "../../lib/optimizers/reduce_on_plateau.ts";
import { optimizerGolden } from "../golden/optimizers.ts";

/** The factor after each metric; the state goes through Json, as a checkpoint keeps it. */
function factorsOf(controller: PlateauController, metrics: readonly number[]): number[] {
  let state = controller.initial;
  return metrics.map((metric) => {
    const next = controller.next(JSON.parse(JSON.stringify(state)) as PlateauState, metric);
    state = next.state;
    return next.factor;
  });
}

for (const { name, options, metrics, factors } of optimizerGolden.plateaus) {
  Deno.test(`a controller ${name} reduces when PyTorch's does`, () => {
    const given = factorsOf(reduceOnPlateau(options), metrics);
    given.forEach((factor, i) => assertAlmostEquals(factor, factors[i]!, 1e-9 * factors[i]!));
    assert(new Set(factors).size > 2, "the case reduces more than once");
  });
}

Deno.test("a plateau's state is not changed, and an infinite metric is no progress", () => {
  const controller = reduceOnPlateau({ patience: 0 });
  const frozen = Object.freeze({ ...controller.initial });
  assertEquals(controller.next(frozen, 1).state.best, 1);
  assertEquals(factorsOf(controller, [Infinity, 1, 1]), [0.1, 0.1, 0.1 * 0.1]);
});

Deno.test("a plateau is refused where the metric is not a number or an option out of range", () => {
  const controller = reduceOnPlateau();
  for (const metric of [NaN, undefined as unknown as number]) {
    assertThrows(
      () => controller.next(controller.initial, metric),
      RangeError,
      `metric must be a number, got ${metric}`,
    );
  }
  const wrong: [object, string][] = [
    [{ factor: 1 }, "factor must be above 0 and below 1, got 1"],
    [{ factor: 0 }, "factor must be"],
    [{ patience: -1 }, "patience must be"],
    [{ patience: 1.5 }, "patience must be"],
    [{ minDelta: -1 }, "minDelta must be"],
    [{ minDelta: Infinity }, "minDelta must be"],
    [{ cooldown: NaN }, "cooldown must be"],
    [{ least: 2 }, "least must be from 0 to 1"],
    [{ mode: "best" }, "mode must be min or max, got best"],
  ];
  for (const [options, said] of wrong) {
    assertThrows(() => reduceOnPlateau(options), RangeError, said);
  }
});
