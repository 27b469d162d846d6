// Optimizers against PyTorch's parameters after each of twenty steps, and their contract.
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  adam,
  type AdamOptions,
  applyUpdates,
  chain,
  entries,
  leaves,
  type Optimizer,
  scaleUpdates,
  sgd,
  type SgdOptions,
  stepWith,
  tf,
  type Tree,
} from "../../mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { golden, tensorsOf, valuesOf } from "../golden/golden.ts";

/** Parameters shrink thirtyfold on their way, and keep the rounding errors of their start. */
const WALK_TOLERANCE = 1e-5;

const MAKERS: Readonly<Record<string, (options: never) => Optimizer>> = {
  sgd: (options: SgdOptions) => sgd(options),
  adam: (options: AdamOptions) => adam(options),
};

/** The optimizer without its own step: by update and applyUpdates. */
function stepless({ init, update }: Optimizer): Optimizer {
  return { init, update };
}

const FORMS = { "walks": stepless, "with its own step walks": (whole: Optimizer) => whole };

for (const known of golden.optimizers) {
  for (const [walks, form] of Object.entries(FORMS)) {
    onEachBackend(`${known.name} ${walks} as PyTorch's over 20 steps`, async () => {
      const optimizer = form(MAKERS[known.optimizer]!(known.options as never));
      let params: Tree = tensorsOf(known.start);
      let state = optimizer.init(params);
      for (const [i, step] of known.steps.entries()) {
        [params, state] = stepWith<Tree, Tree>(optimizer, tensorsOf(step.grads), state, params);
        for (const [name, leaf] of entries(params)) {
          const what = `${name} after step ${i + 1}`;
          await assertClose(leaf, valuesOf(step.params[name]!), what, WALK_TOLERANCE);
        }
      }
    });
  }
}

onEachBackend(
  "Adam's correction for its start holds its digits for thousands of steps",
  async () => {
    const optimizer = adam({ learningRate: 1 });
    const params = { x: tf.scalar(0) };
    for (const count of [0, 9, 999, 99_999]) {
      // The statistics that a constant gradient of 1 has after `count` steps, uncorrected.
      const state = {
        count: tf.scalar(count),
        mean: { x: tf.scalar(1 - 0.9 ** count) },
        square: { x: tf.scalar(1 - 0.999 ** count) },
      };
      const [updates] = optimizer.update({ x: tf.scalar(1) }, state, params);
      await assertClose(updates.x, [-1], `step ${count + 1}`, 1e-5);
    }
  },
);

onEachBackend("a gradient of zero moves nothing", async () => {
  for (const optimizer of [sgd(), sgd({ momentum: 0.9 }), adam()]) {
    const params = { x: tf.tensor1d([1, 2]) };
    const [updates] = optimizer.update({ x: tf.zeros([2]) }, optimizer.init(params), params);
    assertEquals(Array.from(await applyUpdates(params, updates).x.data()), [1, 2]);
  }
});

onCpu("an optimizer's state has a place for each parameter, absent ones excepted", () => {
  const params = { conv: { kernel: tf.zeros([2, 3]), frozen: null }, none: {} };
  const state = adam().init(params);
  assertEquals(entries(state).map(([path, leaf]) => [path, leaf.shape]), [
    ["count", []],
    ["mean/conv/kernel", [2, 3]],
    ["square/conv/kernel", [2, 3]],
  ]);
  const paths = entries(sgd({ momentum: 0.5 }).init(params)).map(([path]) => path);
  assertEquals(paths, ["velocity/conv/kernel"]);
  assertEquals(leaves(sgd().init(params)), []);
});

onCpu("optimizers walk past absent leaves, so that frozen layers stay", async () => {
  for (const optimizer of [sgd(), sgd({ momentum: 0.9, nesterov: true }), adam()]) {
    const params = { a: tf.scalar(1), b: null };
    const [alone, grad] = [{ a: params.a }, { a: tf.scalar(1) }];
    const walk = <P extends Tree>(grads: P, start: P): [P, Tree] => {
      // Twice, as the second step takes the state of the first.
      const [next, state] = stepWith<P, Tree>(optimizer, grads, optimizer.init(start), start);
      return stepWith<P, Tree>(optimizer, grads, state, next);
    };
    const [[next, state], [other, otherState]] = [
      walk<typeof params>({ ...grad, b: null }, params),
      walk<typeof alone>(grad, alone),
    ];
    assertEquals(next.b, null);
    assertEquals(await next.a.array(), await other.a.array());
    assert(await next.a.array() < 1);
    assertEquals(leaves(state).length, leaves(otherState).length);
  }
});

onCpu("updating changes neither gradients nor state nor parameters", async () => {
  for (const optimizer of [sgd({ momentum: 0.9 }), adam()]) {
    const params = { x: tf.scalar(1) };
    const grads = { x: tf.scalar(3) };
    const state = optimizer.init(params);
    const before = await Promise.all(leaves(state).map((leaf) => leaf.array()));
    const [first] = optimizer.update(grads, state, params);
    const [second] = optimizer.update(grads, state, params);
    assertEquals(await first.x.array(), await second.x.array());
    assertEquals(await Promise.all(leaves(state).map((leaf) => leaf.array())), before);
    assertEquals([await params.x.array(), await grads.x.array()], [1, 3]);
  }
});

onCpu("chain applies its steps in order and keeps each one's state", async () => {
  const momentum = sgd({ learningRate: 1, momentum: 0.5 });
  const optimizer = chain(scaleUpdates(10), momentum);
  const params = { x: tf.scalar(0) };
  const grads = { x: tf.scalar(1) };
  const [first, state] = optimizer.update(grads, optimizer.init(params), params);
  const [second] = optimizer.update(grads, state, params);
  assertEquals([await first.x.array(), await second.x.array()], [-10, -15]);
});

onCpu("an empty chain returns the gradients", async () => {
  const grads = { x: tf.scalar(7) };
  const [updates] = chain().update(grads, chain().init(grads), grads);
  assertEquals(await updates.x.array(), 7);
});

onCpu("gradients of another form than the parameters are refused", () => {
  const params = { x: tf.scalar(0), y: tf.scalar(0) };
  assertThrows(
    () => applyUpdates(params, { x: tf.scalar(1) } as unknown as typeof params),
    TypeError,
    '"y"',
  );
});

Deno.test("optimizers refuse learning rates that are not above 0", () => {
  for (const learningRate of [0, -1, NaN, Infinity, -0]) {
    const said = `learning rate must be a finite number above 0, got ${learningRate}`;
    assertThrows(() => sgd({ learningRate }), RangeError, said);
    assertThrows(() => adam({ learningRate }), RangeError, said);
  }
});

Deno.test("sgd refuses momenta outside [0, 1)", () => {
  for (const momentum of [-0.1, 1, 2, NaN]) {
    assertThrows(() => sgd({ momentum }), RangeError, `momentum`);
  }
});

Deno.test("sgd refuses Nesterov's look-ahead without momentum, which would do nothing", () => {
  assertThrows(() => sgd({ nesterov: true }), RangeError, "Nesterov");
});

Deno.test("adam refuses decays outside [0, 1) and epsilons that are not above 0", () => {
  for (const value of [-0.1, 1, NaN]) {
    assertThrows(() => adam({ beta1: value }), RangeError, "beta1 must be from 0");
    assertThrows(() => adam({ beta2: value }), RangeError, "beta2 must be from 0");
  }
  for (const epsilon of [0, -1, NaN, Infinity]) {
    assertThrows(() => adam({ epsilon }), RangeError, `got ${epsilon}`);
  }
});

Deno.test("scale refuses a factor that is not finite", () => {
  for (const factor of [NaN, Infinity, -Infinity]) {
    assertThrows(() => scaleUpdates(factor), RangeError, `got ${factor}`);
  }
});
