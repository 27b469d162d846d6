// Optimizers and what is chained with them against PyTorch's parameters, after each of twenty steps.
import { assert, assertEquals } from "@std/assert";
import {
  accumulate,
  adam,
  adamw,
  chain,
  clipByNorm,
  clipByValue,
  cosineDecay,
  decayKernelsOnly,
  type DecayOptions,
  entries,
  lars,
  leaves,
  type Optimizer,
  perPath,
  rmsprop,
  sgd,
  stepDecay,
  stepWith,
  tf,
  type Tree,
  weightDecay,
} from "../../mod.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { type OptimizerCase, tensorsOf, valuesOf } from "../golden/golden.ts";
import { optimizerGolden } from "../golden/optimizers.ts";

/** Parameters shrink thirtyfold on their way, and keep the rounding errors of their start. */
const WALK_TOLERANCE = 1e-5;

type Numbers = Readonly<Record<string, number>>;

/** Options as in the file, where a predicate is named. */
function decaying<T>({ kernels, ...options }: T & { kernels?: boolean }): T & DecayOptions {
  return { ...options, ...(kernels && { decay: decayKernelsOnly }) } as unknown as T & DecayOptions;
}

const MAKERS: Readonly<Record<string, (options: never) => Optimizer>> = {
  sgd: (options: object) => sgd(decaying(options)),
  adamw: (options: object) => adamw(decaying(options)),
  rmsprop: (options: object) => rmsprop(options),
  "adam with weight decay": ({ weightDecay: rate, ...options }: Numbers) =>
    chain(weightDecay(rate!), adam(options)),
  "clipped by norm": ({ most, ...options }: Numbers) => chain(clipByNorm(most!), sgd(options)),
  "clipped by value": ({ most, ...options }: Numbers) => chain(clipByValue(most!), sgd(options)),
  accumulated: ({ every, ...options }: Numbers) => accumulate(adam(options), every!),
  "sgd by steps": ({ momentum, learningRate, every, factor }: Numbers) =>
    sgd({
      momentum: momentum!,
      learningRate: stepDecay({ learningRate: learningRate!, every: every!, factor: factor! }),
    }),
  "adamw by cosine": ({ learningRate, steps, ...options }: Numbers) =>
    adamw({
      ...options,
      learningRate: cosineDecay({ learningRate: learningRate!, steps: steps! }),
    }),
  "two rates": ({ kernel, bias, momentum }: Numbers) =>
    perPath([
      ["kernel", sgd({ learningRate: kernel!, momentum: momentum! })],
      [(path) => path === "bias", sgd({ learningRate: bias!, momentum: momentum! })],
    ]),
};

/** The optimizer without its own step: by update and applyUpdates. */
function stepless({ init, update }: Optimizer): Optimizer {
  return { init, update };
}

const FORMS = { "walks": stepless, "with its own step walks": (whole: Optimizer) => whole };

/** What each parameter was after each step, read at once, as a read waits for the device. */
async function walk(
  optimizer: Optimizer,
  { start, steps }: OptimizerCase,
): Promise<Map<string, ArrayLike<number>[]>> {
  let params: Tree = tensorsOf(start);
  let state = optimizer.init(params);
  const past: Tree[] = [];
  for (const { grads } of steps) {
    [params, state] = stepWith<Tree, Tree>(optimizer, tensorsOf(grads), state, params);
    past.push(params);
  }
  const names = Object.keys(start);
  const all = names.map(async (name): Promise<[string, ArrayLike<number>[]]> => {
    const values = past.map((tree) => tf.reshape(new Map(entries(tree)).get(name)!, [-1]));
    const numbers = await tf.concat(values).data();
    const size = numbers.length / steps.length;
    return [name, steps.map((_, i) => numbers.subarray(i * size, (i + 1) * size))];
  });
  return new Map(await Promise.all(all));
}

for (const known of optimizerGolden.walks) {
  for (const [walks, form] of Object.entries(FORMS)) {
    onEachBackend(`${known.name} ${walks} as PyTorch's over 20 steps`, async () => {
      const optimizer = form(MAKERS[known.optimizer]!(known.options as never));
      const walked = await walk(optimizer, known);
      assertEquals([known.steps.length, walked.size], [20, 2]);
      for (const [name, values] of walked) {
        for (const [i, { params }] of known.steps.entries()) {
          const what = `${name} after step ${i + 1}`;
          await assertClose(values[i]!, valuesOf(params[name]!), what, WALK_TOLERANCE);
        }
      }
    });
  }
}

/** Algorithm 1 of You, Gitman and Ginsburg (2017) in plain numbers, of one layer's parameter. */
function larsStep(
  w: number[],
  v: number[],
  g: readonly number[],
  { gamma, eta, beta, momentum }: Numbers,
): void {
  const norm = (x: readonly number[]): number => Math.hypot(...x);
  const lambda = eta! * norm(w) / (norm(g) + beta! * norm(w));
  for (const i of w.keys()) {
    v[i] = momentum! * v[i]! + gamma! * lambda * (g[i]! + beta! * w[i]!);
    w[i]! -= v[i]!;
  }
}

for (const beta of [0.05, 0]) {
  onEachBackend(`LARS with weight decay ${beta} walks as the paper's equations`, async () => {
    const [known, gamma, eta, momentum] = [optimizerGolden.walks[0]!, 4, 0.02, 0.9];
    const options = { learningRate: gamma, trust: eta, momentum, weightDecay: beta };
    const walked = await walk(lars(options), known);
    for (const [name, values] of walked) {
      const w = [...valuesOf(known.start[name]!)];
      const v = w.map(() => 0);
      for (const [i, { grads }] of known.steps.entries()) {
        larsStep(w, v, [...valuesOf(grads[name]!)], { gamma, eta, beta, momentum });
        await assertClose(values[i]!, w, `${name} after step ${i + 1}`, WALK_TOLERANCE);
      }
    }
  });
}

onEachBackend("LARS gives what is zero, and what is not adapted, the global rate", async () => {
  const options = { learningRate: 0.5, momentum: 0, weightDecay: 0 };
  const params = { bias: tf.zeros([2]), kernel: tf.tensor1d([3, 4]) };
  const grads = { bias: tf.tensor1d([1, -2]), kernel: tf.tensor1d([2, 0]) };
  const all = lars(options);
  const [updates] = all.update(grads, all.init(params), params);
  await assertClose(updates.bias, [-0.5, 1]);
  await assertClose(updates.kernel, [-0.5 * 0.001 * 5, 0]);
  const none = lars({ ...options, adapt: () => false });
  const [plain] = none.update(grads, none.init(params), params);
  await assertClose(plain.kernel, [-1, 0]);
  const still = { bias: tf.zeros([2]), kernel: tf.zeros([2]) };
  const [unmoved] = all.update(still, all.init(params), params);
  for (const leaf of leaves(unmoved)) assert([...await leaf.data()].every((x) => x === 0));
});
