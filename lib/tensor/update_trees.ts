// An optimizer's step for all parameters at once: the operation that the device does in few dispatches.
import type { Scalar, Tensor } from "./tensor.ts";
import { leaves, mapTree, type Path, type Tree } from "./tree.ts";
import { tf } from "./tf.ts";

/** The name of the operation among tfjs's kernels. */
export const UPDATE_TREES = "NeocogUpdateTrees";

/**
 * A learning rate that a device computes from the steps taken, η(t) = η · (e +
 * (1 − e) · (1 + cos(π t / T)) / 2) until T, and then η · e; a constant one has e = 1.
 */
export type RateRule = {
  readonly learningRate: number;
  readonly steps: number;
  readonly end: number;
};

/** A way of stepping, with its numbers. */
export type UpdateRule =
  | {
    readonly kind: "adam";
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
  }
  | {
    readonly kind: "rmsprop";
    /** Decay of the mean square. */
    readonly smoothing: number;
    readonly epsilon: number;
    /** Whether the mean is kept too, and its square taken off. */
    readonly centered: boolean;
    /** Share of the last step that is taken again; 0 keeps no velocity. */
    readonly momentum: number;
  }
  | { readonly kind: "sgd" }
  | { readonly kind: "momentum" | "nesterov"; readonly momentum: number };

/** What pulls parameters towards zero along with a rule. */
export type DecayRule = {
  /** λ, from 0. */
  readonly rate: number;
  /** Whether η λ p is taken off the parameter; else λ p is added to its gradient. */
  readonly decoupled: boolean;
  /** Whether the parameter at a path is meant. */
  readonly chosen: (path: Path) => boolean;
};

/** Attributes of the kernel. */
export type UpdateAttributes = {
  readonly rule: UpdateRule;
  /** Weight decay, and for each parameter whether it is meant. */
  readonly decay: (Omit<DecayRule, "chosen"> & { readonly chosen: readonly boolean[] }) | undefined;
  /** The learning rate, unless the tensor `rate` is it. */
  readonly rate: RateRule | undefined;
  /** Number of parameters. */
  readonly count: number;
};

/** What {@linkcode updateTrees} is given. */
export type TreeUpdate<P extends Tree> = {
  readonly rule: UpdateRule;
  /** The parameters. */
  readonly params: P;
  /** Their gradients. */
  readonly grads: P;
  /** Weight decay. Default: none. */
  readonly decay?: DecayRule | undefined;
  /**
   * Statistics of each parameter: mean and square of `"adam"`, the velocity of momenta, square,
   * mean and velocity of `"rmsprop"`, as far as it has them.
   */
  readonly moments: readonly Tree[];
  /** Steps taken before, shape `[]`; absent where nothing depends on them. */
  readonly count?: Scalar;
  /** The learning rate: as a rule, or a number, shape `[]`. */
  readonly rate: RateRule | Scalar;
};

/** What {@linkcode updateTrees} returns. */
export type UpdatedTrees<P extends Tree> = {
  readonly params: P;
  readonly moments: readonly Tree[];
  /** Steps taken, where those before were given. */
  readonly count: Scalar | undefined;
};

/** Names of a parameter's tensors among the kernel's inputs: its own, its gradient, its moments. */
export function inputNames(index: number, moments: number): readonly string[] {
  return ["p", "g", ...["m", "v", "b"].slice(0, moments)].map((name) => `${name}${index}`);
}

/**
 * Whether {@linkcode updateTrees} can be used: where the backend has its kernel, and all tensors
 * are of type float32.
 */
export function canUpdateTrees(...trees: readonly Tree[]): boolean {
  return tf.getKernel(UPDATE_TREES, tf.getBackend()) !== undefined &&
    trees.every((tree) => leaves(tree).every(({ dtype }) => dtype === "float32"));
}

/**
 * One step of an optimizer on all parameters, in a few dispatches that read and write each number
 * once. On backends without a kernel for it, {@linkcode canUpdateTrees} says no.
 *
 * @param update the rule, parameters, gradients, statistics, count and rate
 * @returns the next parameters, statistics and count
 * @throws {TypeError} if the trees are not of one form, or a tensor is not of its parameter's shape
 */
export function updateTrees<P extends Tree>(update: TreeUpdate<P>): UpdatedTrees<P> {
  const { rule, params, grads, moments, count, rate, decay } = update;
  const inputs: Record<string, Tensor> = count ? { count } : {};
  if (rate instanceof tf.Tensor) inputs.rate = rate;
  const chosen: boolean[] = [];
  mapTree(
    (parts, path) => {
      requireOneShape(parts, path);
      const names = inputNames(chosen.length, moments.length);
      chosen.push(decay?.chosen(path) ?? false);
      names.forEach((name, i) => inputs[name] = parts[i]!);
      return null;
    },
    params as Tree,
    grads,
    ...moments,
  );
  const attributes: UpdateAttributes = {
    rule,
    decay: decay && chosen.includes(true)
      ? { rate: decay.rate, decoupled: decay.decoupled, chosen }
      : undefined,
    rate: rate instanceof tf.Tensor ? undefined : rate,
    count: chosen.length,
  };
  const results = tf.engine().runKernel(
    UPDATE_TREES,
    inputs,
    attributes as unknown as tf.NamedAttrMap,
  ) as unknown as Tensor[];
  // Parameters first, then each of the statistics, then the count.
  let next = 0;
  const take = <T extends Tree>(tree: T): T => mapTree(() => results[next++]!, tree);
  return {
    params: take(params),
    moments: moments.map(take),
    count: results[next] as Scalar | undefined,
  };
}

function requireOneShape(parts: readonly Tensor[], path: string): void {
  const [param] = parts;
  const other = parts.find(({ shape }) => !tf.util.arraysEqual(shape, param!.shape));
  if (other) {
    throw new TypeError(
      `Cannot update parameters: gradients and statistics must have their shapes, got [${other.shape}] for [${
        param!.shape
      }] at "${path}"`,
    );
  }
}
