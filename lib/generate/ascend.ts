// The loop under every generated picture: gradient ascent in the parameters of images.
import { type BackwardRule, requireRule } from "../explain/backward_rule.ts";
import { scoreOf } from "../explain/input_gradient.ts";
import {
  type ImageNetwork,
  type PixelScaling,
  scalingFor,
  shapeFor,
  toInputs,
} from "../explain/input_pixels.ts";
import { compileBeside } from "../device/compile_beside.ts";
import { jitIf } from "../explain/jit_if.ts";
import { type Objective, requireObjective } from "../explain/objective.ts";
import { adam } from "../optimizers/adam.ts";
import { type Optimizer, stepWith } from "../optimizers/optimizer.ts";
import { valueAndGrad } from "../tensor/grad.ts";
import { fold, type Key, key as keyOf } from "../tensor/random.ts";
import type { Scalar, Shape, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { oneBehind } from "../tensor/one_behind.ts";
import { disposeTree, type Tree } from "../tensor/tree.ts";
import { turns } from "../tensor/turns.ts";
import { requireOptions, requireRange, requireWhole } from "../text/require.ts";
import { type Parametrization, pixels } from "./parametrization.ts";

/** A differentiable change of the images before the network sees them, drawn anew at each step. */
export type Transform = {
  /** Its name, for records. */
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
   * @param drawn the numbers that `draw` returned, a vector
   * @returns images of the same shape
   */
  apply(images: Tensor, drawn: Tensor): Tensor;
};

/** A penalty that is subtracted from the objective. */
export type Regularizer = {
  /** Its name, for records. */
  readonly name: string;
  /**
   * @param images pixels `[N, H, W, C]`
   * @returns the penalty, shape `[]`
   */
  penalty(images: Tensor): Scalar;
};

/** The report of {@linkcode ascend} on a step. */
export type AscendReport = {
  /** From 0, before the step; the last report, at `steps`, is of the result. */
  readonly step: number;
  readonly steps: number;
  /** The objective, without the penalties. */
  readonly score: number;
  /** The sum of the penalties. */
  readonly penalty: number;
  /** The images, pixels from 0 to 1, `[N, H, W, C]`; to be used, and not disposed of, within the call. */
  readonly images: Tensor;
};

/** Options of {@linkcode ascend}. */
export type AscendOptions = {
  /** Shape of an image, `[H, W, C]`. Default: the network's `inputShape`. */
  readonly shape?: Shape;
  /** How many images, as a batch. Default: 1. */
  readonly count?: number;
  /** How pixels become the network's inputs. Default: the network's own, or as they are. */
  readonly preprocessing?: PixelScaling;
  /** The form of the parameters. Default: {@linkcode pixels}. */
  // deno-lint-ignore no-explicit-any -- of parameters of any form
  readonly parametrization?: Parametrization<any>;
  /** Changes before the network sees the images, in order. Default: none. */
  readonly transforms?: readonly Transform[];
  /** Penalties. Default: none. */
  readonly regularizers?: readonly Regularizer[];
  /** The optimizer, which minimizes −objective. Default: Adam with a learning rate of 0.05. */
  readonly optimizer?: Optimizer;
  /** How many steps, from 1. Default: 256. */
  readonly steps?: number;
  /** The source of randomness. Default: `key(0)`. */
  readonly key?: Key;
  /** The backward rule for ReLUs. Default: `"backprop"`. */
  readonly rule?: BackwardRule;
  /** Called with what was before each step, while the next one is taken, and at the end. */
  readonly onStep?: (report: AscendReport) => void | Promise<void>;
  /** Stops after the step under way; the result so far is returned. */
  readonly signal?: AbortSignal;
  /** Whether the step is recorded and replayed, see `jit`. Default: `true`. */
  readonly jit?: boolean;
};

/** The names of {@linkcode AscendOptions} that all images have that are made by steps. */
export const ASCENT_OPTIONS: Readonly<
  Record<Exclude<keyof AscendOptions, "shape" | "count" | "onStep">, true>
> = {
  preprocessing: true,
  parametrization: true,
  transforms: true,
  regularizers: true,
  optimizer: true,
  steps: true,
  key: true,
  rule: true,
  signal: true,
  jit: true,
};

/** What {@linkcode ascend} returns. */
export type AscentResult = {
  /** The images, pixels from 0 to 1, `[N, H, W, C]`; the caller owns them. */
  readonly images: Tensor;
  /** The objective before each step, and of the result. */
  readonly scores: readonly number[];
  /** How many steps were taken: fewer than asked for if the signal stopped it. */
  readonly steps: number;
};

/** What a step updates: the images' parameters, and the optimizer's state. */
type Ascent = { readonly params: Tree; readonly optimizer: Tree };

/** The images with their score and penalty. */
type Rated = { readonly images: Tensor; readonly score: Scalar; readonly penalty: Scalar };

/**
 * Makes images that activate a network: maximizes an objective by gradient ascent in the images'
 * parameters (§12.9.4). The chapter's rule x ← x − η ∂L/∂x with L = S − λ‖x‖² would go down; this
 * goes up.
 *
 * @param network the network
 * @param objective what is maximized
 * @param options images, parametrization, transforms, regularizers, optimizer, steps
 * @returns images and scores
 * @throws {RangeError} if the objective does not fit the model, an option is out of its range, or the
 * objective becomes infinite or NaN
 * @throws {TypeError} if the shape of the images is not known, or the rule is for ReLUs and the model
 * has none
 *
 * @example
 * ```ts
 * import { assertGreater } from "@std/assert";
 * import { ascend } from "@neocog/neocog/generate";
 * import { classLogit } from "@neocog/neocog/explain";
 * import { init, key, lenet5, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const { scores } = await ascend(network, classLogit(3), { steps: 3 });
 * assertGreater(scores[3]!, scores[0]!);
 * ```
 */
export async function ascend<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  objective: Objective,
  options: AscendOptions = {},
): Promise<AscentResult> {
  requireOptions("generate images", options, {
    ...ASCENT_OPTIONS,
    shape: true,
    count: true,
    onStep: true,
  });
  const { count = 1, steps = 256, rule = "backprop", onStep, signal } = options;
  const { key = keyOf(0), parametrization = pixels(), transforms = [] } = options;
  const { optimizer = adam({ learningRate: 0.05 }) } = options;
  const shape = shapeFor(network, options.shape);
  requireWhole("generate images", "the number of steps", steps);
  requireObjective("generate images", objective);
  objective.check(network.model, shape);
  requireRule(network.model, shape, rule);
  const batch = [count, ...shape];
  const rate = rateFor(network, objective, { ...options, parametrization, rule });
  using step = jitIf(stepFor(rate, optimizer), { ...options, donate: [0] });
  const params: Tree = parametrization.init(fold(key, "parametrization"), batch);
  let ascent: Ascent = { params, optimizer: optimizer.init(params) };
  const scores: number[] = [];
  /** Waits for a step's numbers, and reports them; frees all but the last step's images. */
  const report = async ({ step, isLast, images, score, penalty }: Taken): Promise<void> => {
    try {
      const [[value], [cost]] = await Promise.all([score.data(), penalty.data()]);
      const sum = value! - cost!;
      const action = `generate images for ${objective.name}`;
      const rule = `the objective must be finite at step ${step}`;
      requireRange(action, rule, Number.isFinite(sum), sum);
      scores.push(value!);
      await onStep?.({ step, steps, score: value!, penalty: cost!, images });
    } catch (error) {
      images.dispose();
      throw error;
    } finally {
      tf.dispose([score, penalty, isLast ? [] : images]);
    }
  };
  const turn = turns();
  await using reports = oneBehind();
  try {
    for (let i = 0;; i++) {
      await turn();
      const drawn = transforms.map(({ name, draw }, j) =>
        tf.tensor1d([...draw(fold(fold(key, `${j} ${name}`), i), batch)])
      );
      const isLast = i === steps || signal?.aborted === true;
      const { rated, next } = isLast
        ? { rated: rate(ascent.params, drawn), next: ascent }
        : step(ascent, drawn);
      tf.dispose(drawn);
      ascent = next;
      if (i === 0) await compileBeside(); // The first read waits for the compiler.
      await reports.next({ step: i, isLast, ...rated }, report);
      if (!isLast) continue;
      await reports.end();
      return { images: rated.images, scores, steps: i };
    }
  } finally {
    disposeTree(ascent);
  }
}

/** A step's images with their rating before it. */
type Taken = Rated & { readonly step: number; readonly isLast: boolean };

type Rate = (params: Tree, drawn: readonly Tensor[]) => Rated;

/** Rates the images of parameters under one step's transforms. */
function rateFor<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  objective: Objective,
  options: Required<Pick<AscendOptions, "parametrization" | "rule">> & AscendOptions,
): Rate {
  const { parametrization, rule, transforms = [], regularizers = [] } = options;
  const scaling = scalingFor(network, options.preprocessing);
  return (params, drawn) =>
    tf.tidy(() => {
      const images = parametrization.images(params);
      const seen = transforms.reduce((x, { apply }, i) => apply(x, drawn[i]!), images);
      const score = scoreOf(network, toInputs(seen, scaling), objective, rule);
      const penalties = regularizers.map(({ penalty }) => penalty(images));
      return { images, score, penalty: penalties.reduce((a, b) => tf.add(a, b), tf.scalar(0)) };
    });
}

/** One step up, with the rating before it. */
function stepFor(
  rate: Rate,
  optimizer: Optimizer,
): (ascent: Ascent, drawn: readonly Tensor[]) => { readonly rated: Rated; readonly next: Ascent } {
  const gradientOf = valueAndGrad((params: Tree, drawn: readonly Tensor[]) => {
    const rated = rate(params, drawn);
    return [tf.sub(rated.penalty, rated.score) as Scalar, rated];
  });
  return ({ params, optimizer: state }, drawn) => {
    const { grads, aux } = gradientOf(params, drawn);
    const [next, nextState] = stepWith(optimizer, grads, state, params);
    return { rated: aux, next: { params: next, optimizer: nextState } };
  };
}
