// An optimizer's own step against update and applyUpdates, and how much of the device it takes.
import { assert, assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import {
  adam,
  adamw,
  adjustable,
  applyUpdates,
  chain,
  chapterMnist,
  cosineDecay,
  disposeTree,
  ema,
  entries,
  fold,
  init,
  key,
  leaves,
  lenet5,
  mapTree,
  type Optimizer,
  rmsprop,
  scaleUpdates,
  sgd,
  start,
  stepWith,
  type Tensor,
  tf,
  type Tree,
} from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { withFactor } from "../../lib/optimizers/adjustable.ts";
import { GuardedBackend } from "../../lib/device/backend.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { gpuTest } from "../device/adapter.ts";

const isLong = (path: string): boolean => path === "long" || path === "bias";

/** The optimizer by `update` alone, unless it is to be kept. */
function stepless(optimizer: Optimizer, kept = false): Optimizer {
  return kept ? optimizer : { init: optimizer.init, update: optimizer.update };
}

/** An optimizer whose factor is another one from the start. */
function adjusted(optimizer: Optimizer, factor: number): Optimizer {
  const whole = adjustable(optimizer);
  return { ...whole, init: (params) => withFactor(whole.init(params), factor) };
}

/** Makes each optimizer; of what is stepped alone, the form decides whether its inner one is fused. */
const OPTIMIZERS: Readonly<Record<string, (form: (inner: Optimizer) => Optimizer) => Optimizer>> = {
  adam: () => adam({ learningRate: 0.01 }),
  "adam without decays": () => adam({ beta1: 0, beta2: 0, epsilon: 0.1 }),
  "adam along a cosine": () =>
    adam({ learningRate: cosineDecay({ learningRate: 0.02, steps: 7, end: 0.1 }) }),
  "adam by a schedule of its own": () => adam({ learningRate: (n) => tf.div(0.02, tf.add(n, 1)) }),
  sgd: () => sgd({ learningRate: 0.1 }),
  "sgd along a cosine": () => sgd({ learningRate: cosineDecay({ learningRate: 0.1, steps: 9 }) }),
  "sgd by a schedule of its own": () => sgd({ learningRate: (n) => tf.div(0.1, tf.add(n, 1)) }),
  momentum: () => sgd({ momentum: 0.9 }),
  "momentum along a cosine": () =>
    sgd({ momentum: 0.9, learningRate: cosineDecay({ learningRate: 0.1, steps: 30 }) }),
  "Nesterov's momentum": () => sgd({ momentum: 0.8, nesterov: true }),
  "a chain": () => chain(scaleUpdates(0.5), adam()),
  "an average of a chain": (form) => ema(form(chain(scaleUpdates(0.5), adam()))),
  "an adjusted average": (form) => adjusted(ema(form(adam())), 0.25),
  "AdamW of some": () => adamw({ learningRate: 0.01, weightDecay: 0.5, decay: isLong }),
  "momentum with weight decay of some": () =>
    sgd({ momentum: 0.9, weightDecay: 0.1, decay: isLong }),
  "Adam that is adjusted": () => chain(scaleUpdates(0.5), adjusted(adam(), 0.25)),
  "momentum that is adjusted": () => adjusted(sgd({ momentum: 0.9, weightDecay: 0.1 }), 0.25),
  "plain descent that is adjusted": () => adjusted(sgd({ learningRate: 0.1 }), 0.25),
  "RMSProp along a cosine that is adjusted": () =>
    adjusted(rmsprop({ learningRate: cosineDecay({ learningRate: 0.1, steps: 7 }) }), 0.25),
  "RMSProp of all it has": () =>
    rmsprop({ centered: true, momentum: 0.8, weightDecay: 0.1, decay: isLong }),
};

/** Sizes with and without a factor of four, of one workgroup and of several, and of nothing. */
const SHAPES: Readonly<Record<string, readonly number[]>> = {
  scalar: [],
  bias: [3],
  quad: [4],
  none: [0, 5],
  kernel: [3, 3, 7, 5],
  long: [4099],
  longer: [64, 132],
  square: [2, 2],
};

function randomTree(shapes: typeof SHAPES, seed: string): { readonly [name: string]: Tensor } {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      tf.tensor(normalArray(fold(key(7), `${seed}/${name}`), tf.util.sizeFromShape([...shape])), [
        ...shape,
      ]),
    ]),
  );
}

async function assertTreesClose(actual: Tree, expected: Tree, what: string): Promise<void> {
  assertEquals(entries(actual).map(([path]) => path), entries(expected).map(([path]) => path));
  const others = leaves(expected);
  for (const [i, [path, leaf]] of entries(actual).entries()) {
    assertEquals(leaf.shape, others[i]!.shape, path);
    await assertClose(leaf, others[i]!, `${what}: ${path}`, 1e-6);
  }
}

for (const [name, make] of Object.entries(OPTIMIZERS)) {
  onEachBackend(`${name} steps as by update and applyUpdates, eleven times`, async () => {
    const optimizer = make((inner) => inner);
    // Without fused steps: the whole, or what an average wraps, which has a step alone.
    const unfused = stepless(make(stepless), name.includes("average"));
    let [params, plain]: Tree[] = [randomTree(SHAPES, "start"), randomTree(SHAPES, "start")];
    let [state, plainState] = [optimizer.init(params!), optimizer.init(plain!)];
    for (let i = 0; i < 11; i++) {
      const grads: Tree = randomTree(SHAPES, `gradient ${i}`);
      [params, state] = stepWith(optimizer, grads, state, params!);
      [plain, plainState] = stepWith<Tree, Tree>(unfused, grads, plainState, plain!);
      if (i % 9 !== 1) continue;
      await assertTreesClose(params, plain, `parameters after step ${i + 1}`);
      await assertTreesClose(state, plainState, `state after step ${i + 1}`);
    }
  });
}

/** Runs `f` and returns the names of neocog's own dispatches and tfjs's programs on the way. */
function dispatchesOf(f: () => void): string[] {
  const names: string[] = [];
  const { runDispatch, runWebGPUProgram } = GuardedBackend.prototype;
  GuardedBackend.prototype.runDispatch = function (dispatch) {
    names.push(dispatch.operation);
    return runDispatch.call(this, dispatch);
  };
  GuardedBackend.prototype.runWebGPUProgram = function (...args) {
    names.push(args[0].constructor.name);
    return runWebGPUProgram.apply(this, args);
  };
  try {
    f();
  } finally {
    Object.assign(GuardedBackend.prototype, { runDispatch, runWebGPUProgram });
  }
  return names;
}

gpuTest("all parameters are updated in few dispatches, with a schedule too", async () => {
  const { limits } = await start();
  const most = (count: number): number =>
    Math.ceil(count / Math.floor((limits.maxStorageBuffersPerShaderStage! - 3) / 4));
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`p${i}`, [i + 1]]));
  const trees: [Tree, number][] = [
    [init(chapterMnist(), key(0), [28, 28, 1]).params, 8],
    [init(lenet5(), key(0), [28, 28, 1]).params, 10],
    [randomTree(many, "many"), 65],
  ];
  for (const [params, count] of trees) {
    assertEquals(leaves(params).length, count);
    const learningRate = cosineDecay({ learningRate: 0.1, steps: 10 });
    const optimizer = adam({ learningRate });
    const grads = mapTree(([leaf]) => tf.onesLike(leaf!), params);
    const [, state] = stepWith(optimizer, grads, optimizer.init(params), params);
    const names = dispatchesOf(() => stepWith(optimizer, grads, state, params));
    assert(names.length > 0);
    assertLessOrEqual(names.length, most(count), `${names}`);
    assertEquals(names.filter((name) => name !== "Update (adam)"), []);
  }
});

gpuTest("decay, RMSProp and a factor take no dispatch for each parameter", async () => {
  await start();
  const { params } = init(lenet5(), key(0), [28, 28, 1]);
  const grads = mapTree(([leaf]) => tf.onesLike(leaf!), params);
  const updatesOf = (optimizer: Optimizer): string[] => {
    const [, state] = stepWith(optimizer, grads, optimizer.init(params), params);
    return dispatchesOf(() => stepWith(optimizer, grads, state, params));
  };
  const plain = updatesOf(adam());
  assertEquals(updatesOf(adamw({ decay: isLong })), plain);
  assertEquals(updatesOf(adamw()), plain);
  const rms = updatesOf(rmsprop({ weightDecay: 0.1, centered: true }));
  assertEquals(rms, plain.map(() => "Update (rmsprop)"));
  assertEquals(
    updatesOf(sgd({ weightDecay: 0.1, momentum: 0.9 })).length,
    updatesOf(sgd({ momentum: 0.9 })).length,
  );
  // The rate times the factor, and the factor again.
  assertLessOrEqual(updatesOf(adjustable(adam())).length, plain.length + 4);
});

gpuTest("the number of parameters does not matter: 65 of them step alike", async () => {
  await start();
  const shapes = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`p${i}`, [i % 13 + 1]]));
  for (const optimizer of [adam(), sgd({ momentum: 0.9 }), sgd()]) {
    const [params, grads] = [randomTree(shapes, "start"), randomTree(shapes, "gradient")];
    const state = optimizer.init(params);
    const [stepped, next] = stepWith(optimizer, grads, state, params);
    const [updates, plainNext] = optimizer.update(grads, state, params);
    await assertTreesClose(stepped, applyUpdates(params, updates), "parameters");
    await assertTreesClose(next, plainNext, "state");
  }
});

onEachBackend("a step changes neither gradients nor state nor parameters", async () => {
  for (const optimizer of [adam(), sgd({ momentum: 0.9 }), sgd()]) {
    const [params, grads] = [randomTree(SHAPES, "start"), randomTree(SHAPES, "gradient")];
    const state = optimizer.init(params);
    const given: Tree[] = [params, grads, state];
    const numbers = (): Promise<Float32Array[]> =>
      Promise.all(given.flatMap(leaves).map((leaf) => leaf.data<"float32">()));
    const before = (await numbers()).map((values) => [...values]);
    stepWith(optimizer, grads, state, params);
    for (const { dataId } of given.flatMap(leaves)) forget(dataId);
    assertEquals((await numbers()).map((values) => [...values]), before);
  }
});

/** Makes the next read ask the device, not what was kept of the last one. */
function forget(dataId: object): void {
  const backend = tf.backend() as unknown as {
    tensorMap?: { get(id: object): { values: unknown; resource?: unknown } };
  };
  const held = backend.tensorMap?.get(dataId);
  if (held?.resource) held.values = null;
}

onEachBackend("a step leaves no tensor behind but those it returns", () => {
  for (const make of Object.values(OPTIMIZERS)) {
    const optimizer = make((inner) => inner);
    const [params, grads] = [randomTree(SHAPES, "start"), randomTree(SHAPES, "gradient")];
    const state = optimizer.init(params);
    const step = (): void => {
      const step = (): [Tree, Tree] => stepWith<Tree, Tree>(optimizer, grads, state, params);
      const results = tf.tidy(step as unknown as () => Tensor[]) as unknown as Tree[];
      results.forEach((tree) => disposeTree(tree));
    };
    step();
    const before = tf.memory();
    step();
    assertEquals(tf.memory().numTensors, before.numTensors);
    assertEquals(tf.memory().numDataBuffers, before.numDataBuffers);
  }
});

onEachBackend(
  "a gradient that is not a number spoils its own parameter, and no other",
  async () => {
    for (const optimizer of [adam(), sgd({ momentum: 0.9 }), sgd()]) {
      const params = { a: tf.ones([6]), b: tf.ones([8]) };
      const grads = {
        a: tf.tensor1d([1, NaN, 1, 1, -1, 1]),
        b: tf.tensor1d([1, 1, 1, NaN, 1, 1, 1, 1]),
      };
      const [next] = stepWith(optimizer, grads, optimizer.init(params), params);
      const spoilt = async (leaf: Tensor): Promise<boolean[]> => [...await leaf.data()].map(isNaN);
      assertEquals(await spoilt(next.a), [false, true, false, false, false, false]);
      assertEquals((await spoilt(next.b)).indexOf(true), 3);
      assertEquals((await spoilt(next.b)).lastIndexOf(true), 3);
    }
  },
);

onEachBackend("there may be nothing to update", async () => {
  const optimizer = adam();
  const [params, state] = stepWith(optimizer, {}, optimizer.init({}), {});
  assertEquals(params, {});
  assertEquals(await (state as { count: Tensor }).count.array(), 1);
  assertEquals(stepWith(sgd(), { a: null }, {}, { a: null }), [{ a: null }, {}]);
});

gpuTest("gradients of another shape than their parameters are refused", async () => {
  await start();
  for (const optimizer of [adam(), sgd()]) {
    const params = { x: tf.zeros([2, 3]) };
    assertThrows(
      () => stepWith(optimizer, { x: tf.zeros([3, 2]) }, optimizer.init(params), params),
      TypeError,
      'got [3,2] for [2,3] at "x"',
    );
  }
});

onCpu("a chain has a fused step if its last part has one", () => {
  assert(chain(scaleUpdates(2), sgd()).step);
  assertEquals(chain(sgd(), scaleUpdates(2)).step, undefined);
  assertEquals(chain().step, undefined);
});
