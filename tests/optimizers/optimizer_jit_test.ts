// Recorded steps of optimizers are the same steps, to the bit.
import { assert, assertEquals } from "@std/assert";
import {
  accumulate,
  adam,
  adamw,
  adjustable,
  averagedParams,
  chain,
  clipByNorm,
  clipByValue,
  cosineDecay,
  cosineRestarts,
  decayKernelsOnly,
  descend,
  disposeTree,
  ema,
  exponentialDecay,
  fold,
  jit,
  key,
  lars,
  leaves,
  mapTree,
  oneCycle,
  type Optimizer,
  perPath,
  piecewise,
  rmsprop,
  sgd,
  stepDecay,
  stepWith,
  tf,
  type Tree,
  warmUp,
  weightDecay,
} from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { withFactor } from "../../lib/optimizers/adjustable.ts";
import { onEachBackend } from "../backends.ts";

const STEPS = 7;

const OPTIMIZERS: Readonly<Record<string, () => Optimizer>> = {
  "AdamW in one cycle, watched": () =>
    ema(
      adamw({ learningRate: oneCycle({ learningRate: 0.1, steps: 6 }), decay: decayKernelsOnly }),
      { decay: 0.9 },
    ),
  "AdamW by update alone": () => {
    const { init, update } = adamw({ learningRate: cosineDecay({ learningRate: 0.1, steps: 6 }) });
    return { init, update };
  },
  "centered RMSProp with all it has, by steps": () =>
    rmsprop({
      learningRate: stepDecay({ learningRate: 0.1, every: 2 }),
      centered: true,
      momentum: 0.5,
      weightDecay: 0.1,
    }),
  "RMSProp by update alone": () => {
    const { init, update } = rmsprop({ centered: true, momentum: 0.5, weightDecay: 0.1 });
    return { init, update };
  },
  "LARS with restarts": () =>
    lars({
      learningRate: cosineRestarts({ learningRate: 2, steps: 2, growth: 2 }),
      adapt: decayKernelsOnly,
    }),
  "clipped momentum with decay, warmed up": () =>
    chain(
      clipByValue(1),
      clipByNorm(0.5),
      weightDecay(0.1, { decay: decayKernelsOnly }),
      sgd({
        momentum: 0.9,
        learningRate: warmUp(3, exponentialDecay({ learningRate: 1, every: 2 })),
      }),
    ),
  "Adam of every third step": () => accumulate(ema(chain(clipByNorm(1), adam())), 3),
  "Adam of every second step, by update alone": () => {
    const { init, update } = accumulate(adam(), 2);
    return { init, update };
  },
  "optimizers by path, with pieces": () =>
    perPath([
      ["conv*", sgd({ learningRate: 0.1, momentum: 0.5, weightDecay: 0.1 })],
      ["**", chain(clipByValue(0.5), descend(piecewise([[0, 0.5], [2, 0.25], [4, 0.125]])))],
    ]),
};

const PARAMS: Readonly<Record<string, readonly number[]>> = { bias: [3], kernel: [3, 3, 2, 3] };

/** Noise in the form of parameters. */
function noise(name: string): Tree {
  const of = (path: string): tf.Tensor =>
    tf.tensor(
      normalArray(fold(key(3), `${name}/${path}`), tf.util.sizeFromShape([...PARAMS[path]!])),
      [...PARAMS[path]!],
    );
  return {
    conv1: { kernel: of("kernel"), bias: of("bias") },
    head: { kernel: of("kernel"), absent: null },
  };
}

type Run = { readonly params: Tree; readonly state: Tree };

/** The numbers of parameters and state after each of some steps. */
async function walk(
  optimizer: Optimizer,
  step: (run: Run, grads: Tree) => Run,
  between: (state: Tree, i: number) => Tree | Promise<Tree> = (state) => state,
): Promise<number[][]> {
  const params = noise("start");
  let run: Run = { params, state: optimizer.init(params) };
  const numbers: number[][] = [];
  for (let i = 0; i < STEPS; i++) {
    const grads = noise(`gradient ${i}`);
    run = step({ ...run, state: await between(run.state, i) }, grads);
    disposeTree(grads);
    const all = tf.tidy(() =>
      tf.concat([run.params, run.state].flatMap(leaves).map((leaf) => tf.reshape(leaf, [-1])))
    );
    numbers.push([...await all.data()]);
    all.dispose();
  }
  disposeTree(run.params);
  disposeTree(run.state);
  return numbers;
}

/** A step that owns what it returns, and frees what it was given. */
function eager(optimizer: Optimizer): (run: Run, grads: Tree) => Run {
  return ({ params, state }, grads) => {
    const step = (): [Tree, Tree] => stepWith<Tree, Tree>(optimizer, grads, state, params);
    const [next, after] = tf.tidy(step as unknown as () => tf.Tensor[]) as unknown as Tree[];
    disposeTree(params, next!, after!);
    disposeTree(state, next!, after!);
    return { params: next!, state: after! };
  };
}

for (const [name, make] of Object.entries(OPTIMIZERS)) {
  onEachBackend(`${name}: replayed to the bit over ${STEPS} steps`, async () => {
    const optimizer = make();
    const before = tf.memory().numTensors;
    const plain = await walk(optimizer, eager(optimizer));
    assertEquals(tf.memory().numTensors, before);
    const recorded = jit(
      ({ params, state }: Run, grads: Tree): Run => {
        const [next, after] = stepWith<Tree, Tree>(optimizer, grads, state, params);
        return { params: next, state: after };
      },
      { donate: [0] },
    );
    const replayed = await walk(optimizer, recorded);
    recorded.dispose();
    assertEquals(tf.memory().numTensors, before);
    assertEquals(replayed, plain);
    assert(plain.flat().every(Number.isFinite));
    // Each step changes something.
    for (let i = 1; i < STEPS; i++) assert(plain[i]!.some((x, j) => x !== plain[i - 1]![j]));
  });
}

onEachBackend("another factor is no new recording, and the same numbers", async () => {
  const optimizer = adjustable(chain(clipByNorm(1), adam({ learningRate: 0.1 })));
  const reduce = (state: Tree, i: number): Tree => {
    if (i !== 2 && i !== 5) return state;
    const next = withFactor(state, i === 2 ? 0.5 : 0.125);
    disposeTree(state, next);
    return next;
  };
  const plain = await walk(optimizer, eager(optimizer), reduce);
  const recorded = jit(
    ({ params, state }: Run, grads: Tree): Run => {
      const [next, after] = stepWith<Tree, Tree>(optimizer, grads, state, params);
      return { params: next, state: after };
    },
    { donate: [0] },
  );
  const replayed = await walk(optimizer, recorded, reduce);
  const plans = recorded.plan();
  recorded.dispose();
  assertEquals(replayed, plain);
  if (tf.getBackend() === "webgpu") assertEquals(plans.split("\n\n").length, 1);
});

onEachBackend("a state that was read and written again leads to the same bits", async () => {
  const { init, update } = adamw({
    learningRate: oneCycle({ learningRate: 0.1, steps: 6 }),
  });
  const optimizer = ema({ init, update });
  const plain = await walk(optimizer, eager(optimizer));
  // From a checkpoint, even the numbers that were the device's are known to the host.
  const resumed = await walk(optimizer, eager(optimizer), async (state, i) => {
    if (i !== 3) return state;
    const values = await Promise.all(leaves(state).map((leaf) => leaf.data()));
    const copy = mapTree(([leaf]) => tf.tensor(values.shift()!, leaf!.shape), state);
    disposeTree(state);
    return copy;
  });
  assertEquals(resumed, plain);
});

onEachBackend("an average's memory is its own, so that both may be donated", async () => {
  const optimizer = ema(sgd({ learningRate: 0.5 }), { decay: 0.5, warmUp: false });
  const step = jit(
    ({ params, state }: Run, grads: Tree): Run => {
      const [next, after] = stepWith<Tree, Tree>(optimizer, grads, state, params);
      return { params: next, state: after };
    },
    { donate: [0] },
  );
  const params = { x: tf.tensor1d([4, 8, 2]) };
  let run: Run = { params, state: optimizer.init(params) };
  const grads = mapTree(([leaf]) => tf.onesLike(leaf!), params);
  run = step(run, grads);
  run = step(run, grads);
  assertEquals([...await leaves(run.params)[0]!.data()], [3, 7, 1]);
  const average = averagedParams<typeof params>(run.state);
  assertEquals([...await average.x.data()], [3.375, 7.375, 1.375]);
  step.dispose();
});
