// Runs trials of a subject on the device and measures how far they are from the reference.
import {
  fold,
  type Key,
  key,
  leaves,
  type Scalar,
  type Tensor,
  tf,
  valueAndGrad,
} from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { differences } from "./differences.ts";
import { type Numbers, relativeError } from "./reference.ts";
import { drawFrom, type Input, type Subject, type Trial } from "./subject.ts";

/** The largest difference allowed where a subject says nothing else: float32 has seven digits. */
const TOLERANCE = 1e-5;

/** How a subject, or its gradient, did. */
export type Verdict = {
  readonly name: string;
  /** Shapes tried. */
  readonly trials: number;
  /** The largest difference found, as a share of the largest magnitude; infinite where it failed. */
  readonly worst: number;
  readonly tolerance: number;
  readonly passed: boolean;
  /** Shapes and options of the worst trial. */
  readonly where: string;
  /** What was thrown, where something was. */
  readonly error?: string;
};

/** What was found in one trial. */
type Finding = { readonly error: number; readonly where: string; readonly thrown?: string };

/**
 * Tries a subject on random shapes: its values and, if it has one, its gradient.
 *
 * @param options the seed, and how many shapes to try
 */
export async function check(
  subject: Subject,
  { seed, rounds }: { readonly seed: number; readonly rounds: number },
): Promise<Verdict[]> {
  const values: Finding[] = [];
  const gradients: Finding[] = [];
  for (let round = 0; round < rounds; round++) {
    const own = fold(fold(key(seed), subject.name), round);
    const trial = subject.draw(drawFrom(own));
    values.push(await attempt(trial, () => valueError(trial)));
    if (trial.gradients === "none") continue;
    gradients.push(await attempt(trial, () => gradientError(trial, fold(own, "weights"))));
  }
  const { name, tolerance = TOLERANCE } = subject;
  return [
    verdict(name, values, tolerance),
    ...(gradients.length > 0 ? [verdict(`${name}, gradient`, gradients, tolerance)] : []),
  ];
}

function verdict(name: string, findings: readonly Finding[], tolerance: number): Verdict {
  const worst = findings.reduce((most, each) => each.error > most.error ? each : most);
  return {
    name,
    trials: findings.length,
    worst: worst.error,
    tolerance,
    passed: worst.error <= tolerance,
    where: worst.where,
    ...(worst.thrown === undefined ? {} : { error: worst.thrown }),
  };
}

async function attempt(trial: Trial, measure: () => Promise<number>): Promise<Finding> {
  const shapes = trial.inputs.map(({ shape }) => `[${shape}]`).join(" ");
  const where = trial.options ? `${shapes} ${trial.options}` : shapes;
  try {
    return { error: await measure(), where };
  } catch (error) {
    const thrown = error instanceof Error ? error.message : String(error);
    return { error: Infinity, where, thrown };
  }
}

function tensorOf({ shape, values, type }: Input): Tensor {
  return tf.tensor(values, [...shape], type ?? "float32");
}

/** In double precision, so that what a reference does to its inputs is not rounded. */
function numbersOf({ inputs }: Trial): Float64Array[] {
  return inputs.map(({ values }) => Float64Array.from(values));
}

/** The largest finite magnitude. */
function magnitudeOf(arrays: readonly ArrayLike<number>[]): number {
  let most = 0;
  for (const values of arrays) {
    for (const x of Array.from(values)) {
      if (Number.isFinite(x)) most = Math.max(most, Math.abs(x));
    }
  }
  return most;
}

async function valueError(trial: Trial): Promise<number> {
  const y = tf.tidy(() => trial.run(...trial.inputs.map(tensorOf)));
  try {
    // Of numbers that cancel out, a tenth of their magnitude.
    const least = 0.1 * magnitudeOf(trial.inputs.map(({ values }) => values));
    return relativeError(await y.data(), trial.reference(...numbersOf(trial)), least);
  } finally {
    y.dispose();
  }
}

async function gradientError(trial: Trial, weightsKey: Key): Promise<number> {
  const { inputs } = trial;
  const wanted = trial.reference(...numbersOf(trial));
  const weights = normalArray(weightsKey, wanted.length);
  const tensors = inputs.map(tensorOf);
  const varied = Object.fromEntries(
    tensors.flatMap((tensor, i) => inputs[i]!.isConstant ? [] : [[`${i}`, tensor]]),
  );
  const weighted = valueAndGrad((tree: Readonly<Record<string, Tensor>>) => {
    const y = trial.run(...tensors.map((tensor, i) => tree[i] ?? tensor));
    return [tf.sum(tf.mul(y, tf.tensor(weights, y.shape))) as Scalar, {}];
  });
  const { value, grads } = weighted(varied);
  const expected = trial.gradients === "differences" ? differences(trial) : trial.gradients;
  try {
    const slopes: Numbers[] = (expected as Exclude<typeof expected, "none">)(
      weights,
      ...numbersOf(trial),
    );
    const found = await Promise.all(leaves(grads).map((grad) => grad.data()));
    const least = magnitudeOf(slopes);
    return Math.max(...slopes.map((slope, i) => relativeError(found[i]!, slope, least)));
  } finally {
    tf.dispose([value, ...leaves(grads), ...tensors]);
  }
}
