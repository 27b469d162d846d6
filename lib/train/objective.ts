// What training minimizes and what it measures besides: losses and metrics of any outputs.
import { type Loss, softmaxCrossEntropy } from "../losses/losses.ts";
import type { Scalar, Tensor, Tensor2D } from "../tensor/tensor.ts";
import { isTensor, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { requireRange } from "../text/require.ts";
import { correctCount } from "./metrics.ts";

/**
 * A number of a batch: its mean loss, or another mean, by the model's outputs and what they should
 * be. The tensor must be of shape `[]`; its type may be any, as that of `tf.mean` is.
 */
export type Measure<Y extends Tree = Tensor, T extends Tree = Tensor> = (
  outputs: Y,
  targets: T,
) => Tensor;

/** The loss of one of several outputs, and how much it counts. */
export type WeightedLoss = Loss | {
  readonly loss: Loss;
  /** What it is multiplied by in the sum, finite and at least 0. Default: 1. */
  readonly weight?: number;
};

/**
 * What is minimized: one function of all outputs, or a loss for each output by its name, whose
 * weighted sum is minimized; `null` for an output that has no target.
 */
export type Losses<Y extends Tree = Tensor, T extends Tree = Tensor> =
  | Measure<Y, T>
  | { readonly [output: string]: WeightedLoss | null };

/** What is measured beside the loss, by name; each number is the mean over the examples. */
export type Metrics<Y extends Tree = Tensor, T extends Tree = Tensor> = {
  readonly [name: string]: Measure<Y, T>;
};

/** What an objective is made of. */
export type ObjectiveOptions = {
  /** The loss. Default: {@linkcode softmaxCrossEntropy} of a classifier; else it must be given. */
  // deno-lint-ignore no-explicit-any -- of whatever outputs and targets the model has
  readonly loss?: Losses<any, any> | undefined;
  // deno-lint-ignore no-explicit-any
  readonly metrics?: Metrics<any, any> | undefined;
};

/** What a run minimizes and measures. */
export type Objective = {
  /** Whether the outputs are scores of classes, of which the correct ones are counted. */
  readonly isClassifier: boolean;
  /** Whether the loss makes probabilities of the outputs, so that a model must not. */
  readonly takesLogits: boolean;
  /** The names of the metrics, in their order. */
  readonly names: readonly string[];
  /** The loss and the metrics of a batch; of a classifier also how many examples are correct. */
  measure(outputs: Tree, targets: Tree): Measured;
  /** The loss of a single output. */
  readonly loss: Loss;
  /** How much a batch counts in a mean over several, if not by its examples; see {@linkcode Loss}. */
  readonly weightOf: Loss["weightOf"];
  /** Whether a part of it is such a mean, so that it has no weight as a whole. */
  readonly isUneven: boolean;
};

/** The numbers of a batch, on the device. */
export type Measured = {
  readonly loss: Scalar;
  readonly metrics: { readonly [name: string]: Scalar };
  readonly correct: Scalar | null;
};

/** Names that reports use. */
const RESERVED = ["loss", "accuracy", "epoch", "seconds", "learningRate", "step", "complete"];

/**
 * The objective of losses and metrics.
 *
 * @param action what cannot be done without them, `fit`
 * @param isClassifier whether the targets are classes
 * @throws {TypeError} if there is no loss, or one is no function
 * @throws {RangeError} if a weight is out of range, or a metric's name is taken
 */
export function objectiveOf(
  action: string,
  isClassifier: boolean,
  { loss: given, metrics = {} }: ObjectiveOptions,
): Objective {
  const loss: Losses<Tree, Tree> | undefined = given ??
    (isClassifier ? softmaxCrossEntropy as Measure<Tree, Tree> : undefined);
  if (loss === undefined) {
    throw new TypeError(
      `Cannot ${action}: a loss must be given unless the targets are classes, such as loss: meanSquaredError, got none`,
    );
  }
  if (typeof loss !== "function" && (typeof loss !== "object" || loss === null)) {
    throw new TypeError(
      `Cannot ${action}: the loss must be a function, such as meanSquaredError, or a record of one per output, got ${
        typeof loss === "string" ? `"${loss}"` : loss
      }`,
    );
  }
  if (Array.isArray(metrics)) {
    throw new TypeError(
      `Cannot ${action}: metrics must be a record of functions by name, { mae: (outputs, targets) => … }, got a list`,
    );
  }
  const parts = typeof loss === "function" ? undefined : partsOf(action, loss);
  const own = Object.entries(metrics);
  for (const [name, metric] of own) requireMetric(action, name, metric);
  const names = [...Object.keys(parts ?? {}).map(lossName), ...Object.keys(metrics)];
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  requireRange(action, "metrics must have names of their own", twice === undefined, twice);
  const { weightOf } = loss as Partial<Loss>;
  return {
    isClassifier,
    // Of the library's losses the weighted cross-entropy is the one that weighs examples.
    takesLogits: isClassifier && (loss === softmaxCrossEntropy || weightOf !== undefined),
    names,
    weightOf,
    isUneven: Object.values(parts ?? {}).some((part) => part.loss.weightOf !== undefined),
    loss: (outputs, targets) => {
      if (typeof loss === "function") {
        const value = loss(outputs, targets);
        requireScalar(action, "the loss", value);
        return value;
      }
      throw new TypeError(
        `Cannot ${action}: the loss of an auxiliary head must be one function, got a loss for each output`,
      );
    },
    measure(outputs, targets) {
      const each = parts && measureParts(action, parts, outputs, targets);
      const total: Tensor = each
        ? each.map(({ value, weight }) => tf.mul(value, weight))
          .reduce((sum, value) => tf.add(sum, value))
        : (loss as Measure<Tree, Tree>)(outputs, targets);
      requireScalar(action, "the loss", total);
      const measured = Object.fromEntries([
        ...(each ?? []).map(({ name, value }) => [lossName(name), value]),
        ...own.map(([name, metric]) => [name, metric(outputs, targets)]),
      ]) as Record<string, Scalar>;
      for (const [name, value] of Object.entries(measured)) requireScalar(action, name, value);
      const correct = isClassifier ? correctCount(outputs as Tensor2D, targets as Tensor2D) : null;
      return { loss: total, metrics: measured, correct };
    },
  };
}

/** All numbers of a batch in one tensor, loss, correct ones, metrics, others: `[1 + 1 + metrics + others]`. */
export function stackNumbers(
  { loss, correct, metrics }: Measured,
  others: readonly Scalar[] = [],
): Tensor {
  const all = [loss, ...(correct ? [correct] : []), ...Object.values(metrics), ...others];
  return tf.stack(all.map((number) => tf.cast(number, "float32")));
}

/** The numbers that {@linkcode stackNumbers} stacked. */
export function unstackNumbers(
  { isClassifier, names }: Objective,
  numbers: ArrayLike<number>,
): { readonly loss: number; readonly correct: number; readonly metrics: Record<string, number> } {
  const first = isClassifier ? 2 : 1;
  const metrics = Object.fromEntries(names.map((name, i) => [name, numbers[first + i]!]));
  return { loss: numbers[0]!, correct: isClassifier ? numbers[1]! : 0, metrics };
}

/** The metric that the loss of an output is. */
function lossName(output: string): string {
  return `${output}Loss`;
}

type Parts = { readonly [output: string]: { readonly loss: Loss; readonly weight: number } };

function partsOf(
  action: string,
  losses: { readonly [output: string]: WeightedLoss | null },
): Parts {
  const parts = Object.entries(losses).flatMap(([name, given]) => {
    if (given === null) return [];
    const { loss, weight = 1 } = typeof given === "function" ? { loss: given } : given;
    const isWeight = weight >= 0 && weight < Infinity;
    requireRange(action, `the weight of ${name} must be finite and at least 0`, isWeight, weight);
    if (typeof loss !== "function") {
      throw new TypeError(`Cannot ${action}: the loss of ${name} must be a function, got ${loss}`);
    }
    return [[name, { loss, weight }] as const];
  });
  requireRange(action, "an output must have a loss", parts.length > 0, "none");
  return Object.fromEntries(parts);
}

function requireMetric(action: string, name: string, metric: unknown): void {
  if (name === "accuracy") {
    throw new RangeError(
      `Cannot ${action}: the accuracy of a classifier is measured without a metric; another one must have another name, such as "rightShare", got "accuracy"`,
    );
  }
  const isFree = /^[a-z]\w*$/i.test(name) && !/^val[A-Z]/.test(name) && !RESERVED.includes(name);
  requireRange(
    action,
    `a metric's name must be one word that begins with a letter, not with "val", and none of ${
      RESERVED.join(", ")
    }`,
    isFree,
    `"${name}"`,
  );
  if (typeof metric !== "function") {
    throw new TypeError(
      `Cannot ${action}: the metric ${name} must be a function of outputs and targets, got ${metric}`,
    );
  }
}

function measureParts(
  action: string,
  parts: Parts,
  outputs: Tree,
  targets: Tree,
): { readonly name: string; readonly value: Scalar; readonly weight: number }[] {
  return Object.entries(parts).map(([name, { loss, weight }]) => {
    const value = loss(
      partOf(action, "the outputs", outputs, name),
      partOf(action, "the targets", targets, name),
    );
    requireScalar(action, `the loss of ${name}`, value);
    return { name, value, weight };
  });
}

function partOf(action: string, what: string, tree: Tree, name: string): Tensor {
  const found = tree !== null && !isTensor(tree) ? tree[name] : undefined;
  if (found && isTensor(found)) return found;
  const known = tree === null || isTensor(tree) ? "a single tensor" : Object.keys(tree).join(", ");
  throw new TypeError(
    `Cannot ${action}: ${what} must have a tensor ${name}, of which there is a loss, got ${known}`,
  );
}

function requireScalar(action: string, what: string, value: unknown): asserts value is Scalar {
  if (value instanceof tf.Tensor && value.rank === 0) return;
  const found = value instanceof tf.Tensor
    ? `[${value.shape}]`
    : typeof value === "function"
    ? "a function: those of losses are called first, losses.focalLoss()"
    : value instanceof Promise
    ? "a promise: it must not be async, nor read a tensor's numbers"
    : String(value);
  throw new TypeError(
    `Cannot ${action}: ${what} must be a scalar, the mean over the batch, got ${found}`,
  );
}
