// The one loop under every generated picture: climbs an objective by the image.
import { jit } from "../device/jit/jit.ts";
import type { BackwardRule } from "../explain/backward_rule.ts";
import { requireRule } from "../explain/backward_rule.ts";
import { scoreOf } from "../explain/input_gradient.ts";
import { type InputUnits, toInputs, UNIT_PIXELS } from "../explain/input_units.ts";
import type { Network } from "../layers/layer.ts";
import type { Objective } from "../explain/objective.ts";
import { adam } from "../optimizers/adam.ts";
import { type Optimizer, stepWith } from "../optimizers/optimizer.ts";
import { valueAndGrad } from "../tensor/grad.ts";
import { fold, type Key, key as keyOf } from "../tensor/random.ts";
import type { Scalar, Shape, Tensor } from "../tensor/tensor.ts";
import { disposeTree, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { turns } from "../tensor/turns.ts";
import { type Parametrization, pixels } from "./parametrization.ts";

/** A change of the images before the network sees them, another at each step; it must be differentiable. */
export type Transform = {
  /** What it is called, in records. */
  readonly name: string;
  /**
   * Draws the numbers of one step, on the host.
   *
   * @param key the step's key
   * @param shape of the images, `[N, H, W, C]`
   */
  draw(key: Key, shape: Shape): readonly number[];
  /**
   * @param images pixels `[N, H, W, C]`
   * @param drawn what `draw` answered, a vector
   * @returns images of the same shape
   */
  apply(images: Tensor, drawn: Tensor): Tensor;
};

/** What is taken off the objective: what images are not to be like. */
export type Regularizer = {
  /** What it is called, in records. */
  readonly name: string;
  /**
   * @param images pixels `[N, H, W, C]`
   * @returns what they cost, shape `[]`
   */
  penalty(images: Tensor): Scalar;
};

/** What {@linkcode ascend} says of each step. */
export type AscendReport = {
  /** From 0, before the step; the last report, at `steps`, is of the result. */
  readonly step: number;
  readonly steps: number;
  /** The objective's value, without what the regularizers take off. */
  readonly score: number;
  /** What the regularizers take off. */
  readonly penalty: number;
  /** The images, pixels from 0 to 1, `[N, H, W, C]`; to be used, and not disposed, within the call. */
  readonly images: Tensor;
};

/** Options of {@linkcode ascend}. */
export type AscendOptions = {
  /** Shape of an image, `[H, W, C]`. */
  readonly shape: Shape;
  /** How many images, side by side. Default: 1. */
  readonly count?: number;
  /** What the network does to pixels before it sees them. Default: nothing. */
  readonly units?: InputUnits;
  /** What is climbed in. Default: {@linkcode pixels}. */
  // deno-lint-ignore no-explicit-any -- of parameters of any form
  readonly parametrization?: Parametrization<any>;
  /** Changes before the network sees the images, in their order. Default: none. */
  readonly transforms?: readonly Transform[];
  /** What is taken off the objective. Default: nothing. */
  readonly regularizers?: readonly Regularizer[];
  /** What steps along the gradient of −objective. Default: Adam with a learning rate of 0.05. */
  readonly optimizer?: Optimizer;
  /** How many steps, from 1. Default: 256. */
  readonly steps?: number;
  /** The source of randomness. Default: `key(0)`. */
  readonly key?: Key;
  /** The way back through ReLUs. Default: `"backprop"`. */
  readonly rule?: BackwardRule;
  /** Called before each step, and at the end. */
  readonly onStep?: (report: AscendReport) => void | Promise<void>;
  /** Ends the climb after the step under way; what was reached is answered. */
  readonly signal?: AbortSignal;
  /** Whether the step is recorded and replayed, see `jit`. Default: `true`. */
  readonly jit?: boolean;
};

/** What {@linkcode ascend} answers. */
export type Ascended = {
  /** The images, pixels from 0 to 1, `[N, H, W, C]`; the caller owns them. */
  readonly images: Tensor;
  /** The objective's value before each step, and of the result. */
  readonly scores: readonly number[];
  /** How many steps were taken: fewer than wanted where the signal ended it. */
  readonly steps: number;
};

/** What is stepped: the images' parameters, and what the optimizer keeps. */
type Climb = { readonly params: Tree; readonly optimizer: Tree };

/** The images and what they are worth. */
type View = { readonly images: Tensor; readonly score: Scalar; readonly penalty: Scalar };

/**
 * Makes images that a network answers strongly to: climbs the objective by gradient ascent in
 * the images' parameters (§12.9.4). The chapter's rule x ← x − η ∂L/∂x with L = S − λ‖x‖²
 * would go down; this goes up.
 *
 * @param network the network
 * @param objective what is climbed
 * @param options images, parametrization, transforms, regularizers, optimizer, steps
 * @returns images and scores
 * @throws {RangeError} where the objective does not fit the model, or `steps` is not a whole number from 1
 * @throws {TypeError} where the rule is about ReLUs and the model has none
 *
 * @example
 * ```ts
 * import { assertGreater } from "@std/assert";
 * import { ascend } from "@neocog/neocog/generate";
 * import { classLogit } from "@neocog/neocog/explain";
 * import { init, key, lenet5, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const model = lenet5();
 * const { params, state } = init(model, key(0), [28, 28, 1]);
 * const climbed = { shape: [28, 28, 1], steps: 3 };
 * const { scores } = await ascend({ model, params, state }, classLogit(3), climbed);
 * assertGreater(scores[3]!, scores[0]!);
 * ```
 */
export async function ascend<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  objective: Objective,
  options: AscendOptions,
): Promise<Ascended> {
  const { shape, count = 1, steps = 256, rule = "backprop", onStep, signal } = options;
  const { key = keyOf(0), parametrization = pixels(), transforms = [] } = options;
  const { optimizer = adam({ learningRate: 0.05 }) } = options;
  if (!Number.isInteger(steps) || steps < 1) {
    throw new RangeError(
      `Cannot climb: the number of steps must be a whole number of at least 1, got ${steps}`,
    );
  }
  objective.check(network.model, shape);
  requireRule(network.model, shape, rule);
  const batch = [count, ...shape];
  const look = viewOf(network, objective, { ...options, parametrization, rule });
  const step = stepOf(look, optimizer, options.jit !== false);
  const params: Tree = parametrization.init(fold(key, "parametrization"), batch);
  let climb: Climb = { params, optimizer: optimizer.init(params) };
  const scores: number[] = [];
  const turn = turns();
  try {
    for (let i = 0;; i++) {
      await turn();
      const drawn = transforms.map(({ name, draw }, j) =>
        tf.tensor1d([...draw(fold(fold(key, `${j} ${name}`), i), batch)])
      );
      const isLast = i === steps || signal?.aborted === true;
      const { view, next } = isLast
        ? { view: look(climb.params, drawn), next: climb }
        : step.run(climb, drawn);
      climb = next;
      const { images, score, penalty } = view;
      const [[value], [cost]] = await Promise.all([score.data(), penalty.data()]);
      requireFinite(value! - cost!, objective, i);
      scores.push(value!);
      await onStep?.({ step: i, steps, score: value!, penalty: cost!, images });
      tf.dispose([score, penalty, ...drawn]);
      if (isLast) return { images, scores, steps: i };
      images.dispose();
    }
  } finally {
    disposeTree(climb);
    step.dispose();
  }
}

type Look = (params: Tree, drawn: readonly Tensor[]) => View;

/** What the images of parameters are worth, with one step's changes. */
function viewOf<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  objective: Objective,
  options: Required<Pick<AscendOptions, "parametrization" | "rule">> & AscendOptions,
): Look {
  const { parametrization, rule, transforms = [], regularizers = [] } = options;
  const { units = UNIT_PIXELS } = options;
  return (params, drawn) =>
    tf.tidy(() => {
      const images = parametrization.images(params);
      const seen = transforms.reduce((x, { apply }, i) => apply(x, drawn[i]!), images);
      const score = scoreOf(network, objective, toInputs(seen, units), rule);
      const penalties = regularizers.map(({ penalty }) => penalty(images));
      return { images, score, penalty: penalties.reduce((a, b) => tf.add(a, b), tf.scalar(0)) };
    });
}

type Step = {
  run(climb: Climb, drawn: readonly Tensor[]): { readonly view: View; readonly next: Climb };
  dispose(): void;
};

/** One step up, which uses up what it steps from. */
function stepOf(look: Look, optimizer: Optimizer, isJitted: boolean): Step {
  const climb = valueAndGrad((params: Tree, drawn: readonly Tensor[]) => {
    const view = look(params, drawn);
    return [tf.sub(view.penalty, view.score) as Scalar, view];
  });
  const plain = (
    { params, optimizer: state }: Climb,
    drawn: readonly Tensor[],
  ): { view: View; next: Climb } => {
    const { value, grads, aux } = climb(params, drawn);
    const [next, nextState] = tf.tidy(() => stepWith(optimizer, grads, state, params) as never) as [
      Tree,
      Tree,
    ];
    value.dispose();
    disposeTree(grads);
    return { view: aux, next: { params: next, optimizer: nextState } };
  };
  if (isJitted) {
    const jitted = jit(plain, { donate: [0] });
    return { run: jitted, dispose: () => jitted.dispose() };
  }
  return {
    run(from, drawn) {
      const result = plain(from, drawn);
      disposeTree(from, result.next, result.view);
      return result;
    },
    dispose() {},
  };
}

function requireFinite(value: number, { name }: Objective, step: number): void {
  if (Number.isFinite(value)) return;
  throw new RangeError(
    `Cannot go on climbing ${name}: its value must be finite, got ${value} at step ${step}`,
  );
}
