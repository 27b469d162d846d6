// What users' own mistakes are told: the missing batch, the missing state, the article.
import { assertEquals, assertThrows } from "@std/assert";
import {
  adaptiveMeanPool,
  flatten,
  init,
  key,
  type Layer,
  lenet5,
  predict,
  sequential,
  type Tensor,
  tf,
} from "../../mod.ts";
import { onCpu } from "../backends.ts";

onCpu("an example without the batch is told so, and not that an inner layer is wrong", () => {
  const network = init(lenet5(), key(0), [28, 28, 1]);
  for (const jit of [true, false]) {
    const error = assertThrows(() => predict(network, tf.ones([28, 28, 1]), { jit }), TypeError);
    assertEquals(
      error.message,
      "Cannot apply a sequential layer: its input must be a batch, [N, 28, 28, 1], got [28,28,1], without the batch. Of one example make a batch by tf.expandDims(x)",
    );
  }
});

onCpu("a layer that returns no state is told what to return", () => {
  const returning = (answer: (x: Tensor) => unknown): Layer => ({
    op: "own",
    declare: (shape) => ({ shape, params: {}, state: {} }),
    apply: (_params, _state, x) => answer(x) as [Tensor, Record<string, never>],
  });
  const cases: [(x: Tensor) => unknown, string][] = [
    [(x) => x, "its output alone"],
    [(x) => [x], "the output and undefined for the state"],
    [() => undefined, "undefined"],
    [(x) => ({ x }), "[object Object]"],
  ];
  for (const [answer, found] of cases) {
    const model = sequential({ flatten: flatten(), own: returning(answer) });
    const error = assertThrows(
      () => model.apply({ flatten: {}, own: {} }, { flatten: {}, own: {} }, tf.ones([1, 2]), {}),
      TypeError,
      `In "own": Cannot apply an own layer: it must return its output and its next state, [y, state], got ${found}.`,
    );
    assertEquals(error.message.endsWith("A layer without state returns the one it is given"), true);
  }
});

onCpu("names that begin with a vowel have their article", () => {
  assertThrows(() => adaptiveMeanPool(2).declare([3]), TypeError, "an adaptiveMeanPool layer");
});
