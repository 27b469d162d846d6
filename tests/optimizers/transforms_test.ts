// What is chained with optimizers: clipping, accumulation, averages, rules by path, factors.
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  accumulate,
  adam,
  adamw,
  adjustable,
  averagedParams,
  chain,
  clipByNorm,
  clipByValue,
  decayKernelsOnly,
  disposeTree,
  ema,
  entries,
  init,
  key,
  lars,
  leaves,
  lenet5,
  type Optimizer,
  perPath,
  resnet20,
  rmsprop,
  scaleUpdates,
  sgd,
  stepWith,
  tf,
  type Tree,
  weightDecay,
} from "../../mod.ts";
import { type AdjustableState, factorOf, withFactor } from "../../lib/optimizers/adjustable.ts";
import { globalNorm } from "../../lib/optimizers/clip.ts";
import { pathMatcher } from "../../lib/tensor/path_pattern.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { tensorOf, valuesOf } from "../golden/golden.ts";
import { optimizerGolden } from "../golden/optimizers.ts";

type Params = { readonly x: tf.Tensor };

/** What `x` is after each of some gradients. */
async function path(optimizer: Optimizer, grads: readonly number[], x = 1): Promise<number[]> {
  let params: Params = { x: tf.scalar(x) };
  let state = optimizer.init(params);
  const values: number[] = [];
  for (const grad of grads) {
    [params, state] = stepWith<Params, Tree>(optimizer, { x: tf.scalar(grad) }, state, params);
    values.push((await params.x.data())[0]!);
  }
  return values;
}

onEachBackend("the global norm is that of many leaves of all sizes", async () => {
  const tree = Object.fromEntries(
    Array.from({ length: 65 }, (_, i) => [`p${i}`, tf.fill([i % 4 + 1, 2], i / 8)]),
  );
  const squares = Array.from({ length: 65 }, (_, i) => 2 * (i % 4 + 1) * (i / 8) ** 2);
  const norm = Math.sqrt(squares.reduce((sum, square) => sum + square));
  await assertClose(globalNorm({ tree, none: null }), [norm]);
  await assertClose(globalNorm({}), [0]);
  const params = { tree, none: null };
  const [clipped] = clipByNorm(1).update(params, {}, params);
  await assertClose(globalNorm(clipped), [1]);
  assertEquals(clipped.none, null);
});

onEachBackend("gradients that explode move nothing, and others keep their direction", async () => {
  const clip = async (x: number[]): Promise<number[]> => {
    const grads = { x: tf.tensor1d(x) };
    return [...await clipByNorm(0.5).update(grads, {}, grads)[0].x.data()];
  };
  assertEquals(await clip([0, 0]), [0, 0]);
  assertEquals(await clip([3e19, 4e19]), [0, 0]);
  const [a, b] = await clip([3e18, -4e18]);
  assertAlmostEquals(a!, 0.3, 1e-6);
  assertAlmostEquals(b!, -0.4, 1e-6);
});

onEachBackend("accumulation takes the mean of its gradients, and nothing between", async () => {
  const grads = [1, 3, -2, 6, 5, 5, 7];
  assertEquals(
    await path(accumulate(sgd({ learningRate: 0.5 }), 2), grads),
    [1, 0, 0, -1, -1, -3.5, -3.5],
  );
  const means = await path(adam({ learningRate: 0.1 }), [2, 2, 5]);
  const waited = await path(accumulate(adam({ learningRate: 0.1 }), 2), grads);
  [1, 3, 5].forEach((at, i) => assertAlmostEquals(waited[at]!, means[i]!, 1e-6));
  assertEquals([waited[0], waited[2], waited[4]], [1, waited[1], waited[3]]);
  assertEquals(
    await path(accumulate(adam({ learningRate: 0.1 }), 1), grads),
    await path(adam({ learningRate: 0.1 }), grads),
  );
});

onEachBackend("what is not a number does not leak out of an update that is not taken", async () => {
  const optimizer = accumulate(chain(scaleUpdates(Number.MAX_VALUE), sgd({ momentum: 0.5 })), 2);
  const params = { x: tf.tensor1d([1, 2]) };
  const [next, state] = stepWith<Params, Tree>(
    optimizer,
    { x: tf.tensor1d([1e30, -1e30]) },
    optimizer.init(params),
    params,
  );
  assertEquals([...await next.x.data()], [1, 2]);
  const { inner } = state as { readonly inner: Tree };
  for (const leaf of leaves(inner)) assertEquals([...await leaf.data()], [0, 0]);
});

onEachBackend("a moving average is PyTorch's from its first value on", async () => {
  const { decay, values, averages } = optimizerGolden.average;
  const params = { x: tensorOf(values[0]!) };
  const average = ema(scaleUpdates(1), { decay, warmUp: false });
  let state = average.init(params);
  for (const [i, value] of values.entries()) {
    const wanted = tensorOf(value);
    // The update that leads there.
    [, state] = stepWith(average, { x: tf.sub(wanted, params.x) }, state, params);
    await assertClose(
      averagedParams<Params>(state).x,
      valuesOf(averages[i]!),
      `after ${i + 1}`,
      1e-5,
    );
  }
});

onEachBackend("a warmed average keeps (1 + t) / (10 + t), and no more than its decay", async () => {
  const optimizer = ema(sgd({ learningRate: 1 }), { decay: 0.25 });
  let [params, state]: [Params, Tree] = [{ x: tf.scalar(10) }, {}];
  state = optimizer.init(params);
  let [x, mean] = [10, 10];
  for (let t = 0; t < 6; t++) {
    [params, state] = stepWith<Params, Tree>(optimizer, { x: tf.scalar(t) }, state, params);
    x -= t;
    const kept = Math.min(0.25, (1 + t) / (10 + t));
    mean = kept * mean + (1 - kept) * x;
    assertAlmostEquals((await averagedParams<Params>(state).x.data())[0]!, mean, 1e-5);
  }
});

onCpu("an average is a copy, and is refused if it would see what is no parameter", () => {
  const params = { x: tf.scalar(1) };
  const state = ema(sgd()).init(params);
  assert(averagedParams<Params>(state).x.dataId !== params.x.dataId);
  disposeTree(state);
  assert(!params.x.isDisposed);
  const grads = { x: tf.scalar(1) };
  const unstepped = ({ init, update }: Optimizer): Optimizer => ({ init, update });
  for (
    const wrong of [
      chain(ema(adam()), sgd()),
      chain(chain(ema(adam())), scaleUpdates(2)),
      unstepped(adjustable(ema(sgd()))),
    ]
  ) {
    assertThrows(
      () => stepWith(wrong, grads, wrong.init(params), params),
      TypeError,
      "ema must wrap the whole optimizer, ema(chain(…))",
    );
  }
  const right = [
    ema(ema(sgd())),
    chain(ema(sgd())),
    ema(adjustable(sgd())),
    adjustable(ema(sgd())),
  ];
  for (const one of right) stepWith(one, grads, one.init(params), params);
  for (const wrong of [sgd({ momentum: 0.5 }), chain(scaleUpdates(1), ema(sgd()))]) {
    assertThrows(
      () => averagedParams(wrong.init(params)),
      RangeError,
      'Cannot find "movingAverage" in an optimizer\'s state: it must be that of the outermost optimizer',
    );
  }
});

onEachBackend(
  "the average of an adjusted optimizer, either way around, is of its steps",
  async () => {
    const params = { x: tf.scalar(8) };
    for (
      const optimizer of [
        ema(adjustable(sgd({ learningRate: 1 })), { decay: 0.5, warmUp: false }),
        adjustable(ema(sgd({ learningRate: 1 }), { decay: 0.5, warmUp: false })),
      ]
    ) {
      const state = withFactor(optimizer.init(params), 0.5);
      const [next, after] = stepWith<Params, Tree>(optimizer, { x: tf.scalar(4) }, state, params);
      assertEquals((await next.x.data())[0], 6);
      assertEquals((await averagedParams<Params>(after).x.data())[0], 7);
    }
  },
);

onEachBackend("optimizers by path step as each alone, whichever form", async () => {
  const params = {
    conv1: { kernel: tf.tensor1d([1, 2]), bias: tf.tensor1d([3]) },
    head: {
      kernel: tf.tensor1d([4, 5, 6, 7]),
      absent: null,
    },
  };
  const make = (): Optimizer =>
    perPath([
      [(where) => where.endsWith("bias"), scaleUpdates(-1)],
      ["conv*", adam({ learningRate: 0.5 })],
      ["**", chain(clipByNorm(1), sgd({ learningRate: 1, momentum: 0.5 }))],
    ]);
  const { init, update } = make();
  for (const optimizer of [make(), { init, update }]) {
    const [next, state] = stepWith(optimizer, params, optimizer.init(params), params);
    await assertClose(next.conv1.kernel, [0.5, 1.5]);
    await assertClose(next.conv1.bias, [0]);
    const length = Math.hypot(4, 5, 6, 7); // That of the head's gradients alone.
    await assertClose(next.head.kernel, [4, 5, 6, 7].map((x) => x - x / length));
    assertEquals(next.head.absent, null);
    assertEquals(entries(state as Tree).map(([where]) => where), [
      "1/count",
      "1/mean/conv1/kernel",
      "1/square/conv1/kernel",
      "2/1/velocity/head/kernel",
    ]);
  }
});

onCpu("rules by path that are for nothing, and parameters without one, are refused", () => {
  const { params } = init(lenet5(), key(0), [28, 28, 1]);
  const said = (rules: Parameters<typeof perPath>[0], ...parts: string[]): void => {
    for (const part of parts) {
      assertThrows(() => perPath(rules).init(params), RangeError, part);
    }
  };
  said([["conv9", sgd()], ["**", sgd()]], '"conv9", where there are conv1/kernel');
  said([["**", sgd()], [() => false, sgd()]], "rule 2");
  said([["conv*", sgd()]], "none for dense1/kernel", 'rule for "**"');
  assertThrows(() => perPath([]), RangeError, "at least one rule");
  assertThrows(() => perPath([["conv//x", sgd()]]), RangeError, 'got "conv//x"');
  assertThrows(() => perPath([["[z-a]", sgd()]]), RangeError, "[z-a]");
  // A rule whose parameters are frozen for now has its place.
  perPath([["a", sgd()], ["b", sgd()]]).init({ a: null, b: tf.scalar(1) });
});

Deno.test("patterns match names, parts of them, and what is below", () => {
  const paths = ["conv1/kernel", "conv10/kernel", "fire2/squeeze/kernel", "fire3/bias", "a.b"];
  const matched = (pattern: string): string[] => paths.filter(pathMatcher(pattern));
  assertEquals(matched("conv1"), ["conv1/kernel"]);
  assertEquals(matched("conv*"), ["conv1/kernel", "conv10/kernel"]);
  assertEquals(matched("conv?"), ["conv1/kernel"]);
  assertEquals(matched("fire[2-8]/*/kernel"), ["fire2/squeeze/kernel"]);
  assertEquals(matched("**/kernel"), ["conv1/kernel", "conv10/kernel", "fire2/squeeze/kernel"]);
  assertEquals(matched("fire2/**"), ["fire2/squeeze/kernel"]);
  assertEquals(matched("**"), paths);
  assertEquals(matched("*"), paths);
  assertEquals(matched("a.b"), ["a.b"]);
  assertEquals(matched("a?b"), ["a.b"]);
  assertEquals(matched("axb"), []);
  assertEquals(matched("kernel"), []);
});

onCpu("kernels alone are what decays, in every kind of layer", () => {
  const { params } = init(resnet20(), key(0), [32, 32, 3]);
  const kept = entries(params).map(([where]) => where).filter((where) => !decayKernelsOnly(where));
  assertEquals([entries(params).length, kept.length], [59, 39]);
  for (const where of kept) assert(/\/(bias|scale|shift)$/.test(where), where);
});

onEachBackend(
  "a factor multiplies the updates of any optimizer, also within an average",
  async () => {
    const params = { x: tf.scalar(8) };
    const grads = { x: tf.scalar(4) };
    const optimizer = ema(adjustable(chain(clipByValue(2), sgd({ learningRate: 1 }))));
    const before = optimizer.init(params);
    assertEquals(await factorOf(before).array(), 1);
    const state = withFactor(before, 0.25);
    const [next, after] = stepWith<Params, Tree>(optimizer, grads, state, params);
    assertEquals((await next.x.data())[0], 7.5);
    assertEquals(await factorOf(after).array(), 0.25);
    disposeTree(before, state);
    assert(!factorOf(state).isDisposed && factorOf(before).isDisposed);
  },
);

onCpu("a factor is refused where it is none, or has no place", () => {
  const params = { x: tf.scalar(8) };
  const state = adjustable(sgd()).init(params);
  for (const factor of [0, -1, NaN, Infinity]) {
    assertThrows(() => withFactor(state, factor), RangeError, `got ${factor}`);
  }
  const said = 'Cannot find "factor" in an optimizer\'s state';
  assertThrows(() => withFactor(sgd().init(params), 1), RangeError, said);
  const two = adjustable(adjustable(sgd())).init(params);
  const outer = withFactor(two, 0.5) as AdjustableState; // The outer one is meant.
  assertEquals([...outer.factor.dataSync()], [0.5]);
  assertEquals([...factorOf(outer.inner).dataSync()], [1]);
  const both = chain(adjustable(scaleUpdates(1)), adjustable(sgd())).init(params);
  assertThrows(() => factorOf(both), RangeError, said);
});

Deno.test("optimizers and what is chained with them refuse options out of range", () => {
  const wrong: [() => unknown, string][] = [
    [() => adamw({ weightDecay: -1 }), "adamw: its weight decay must be"],
    [() => adamw({ beta1: 1 }), "adamw: its beta1 must be from 0"],
    [() => adamw({ learningRate: 0 }), "adamw: its learning rate must be"],
    [() => sgd({ weightDecay: NaN }), "sgd: its weight decay must be"],
    [() => weightDecay(Infinity), "weight decay must be a finite number of at least 0"],
    [() => rmsprop({ smoothing: 1 }), "rmsprop: its smoothing must be"],
    [() => rmsprop({ epsilon: 0 }), "rmsprop: its epsilon must be"],
    [() => rmsprop({ momentum: -0.1 }), "rmsprop: its momentum must be"],
    [() => rmsprop({ learningRate: -1 }), "rmsprop: its learning rate must be"],
    [() => rmsprop({ weightDecay: -1 }), "rmsprop: its weight decay must be"],
    [() => lars({ trust: 0 }), "lars: its trust must be"],
    [() => lars({ momentum: 1 }), "lars: its momentum must be"],
    [() => lars({ weightDecay: -1 }), "lars: its weight decay must be"],
    [() => lars({ learningRate: NaN }), "lars: its learning rate must be"],
    [() => clipByNorm(0), "norm must be a finite number above 0, got 0"],
    [() => clipByNorm(Infinity), "got Infinity"],
    [() => clipByValue(-1), "value must be a finite number above 0, got -1"],
    [() => accumulate(sgd(), 0), "steps must be a whole number of at least 1"],
    [() => accumulate(sgd(), 1.5), "got 1.5"],
    [() => ema(sgd(), { decay: 1 }), "decay must be from 0"],
  ];
  for (const [make, said] of wrong) assertThrows(make, RangeError, said);
});

onEachBackend("centered RMSProp bears rounding below zero", async () => {
  // A thousand equal gradients: the mean square and the square of the mean are the same.
  const optimizer = rmsprop({ centered: true, smoothing: 0.5, epsilon: 1 });
  const params = { x: tf.tensor1d([1, 1, 1]) };
  const grads = { x: tf.tensor1d([0.1, 0.3, 0.7]) };
  let state = optimizer.init(params);
  for (let i = 0; i < 60; i++) [, state] = stepWith<Params, Tree>(optimizer, grads, state, params);
  const [next] = stepWith<Params, Tree>(optimizer, grads, state, params);
  await assertClose(next.x, [0.999, 0.997, 0.993]);
});
