// Gradients against central differences of the function itself.
import { assertEquals, AssertionError } from "@std/assert";
import { key, leaves, type Scalar, type Tensor, tf, valueAndGrad } from "../mod.ts";
import { normalArray } from "../lib/tensor/mod.ts";
import { numbersOf } from "./closeness.ts";

/** Options of {@linkcode assertGradients}. */
export type DifferenceOptions = {
  /** Half the distance of the two points, beyond which the function must not kink. Default: 1e-2. */
  readonly step?: number;
  /** The largest difference, as a share of the leaf's largest slope. Default: 1e-3. */
  readonly tolerance?: number;
};

type Leaves = { readonly [name: string]: Tensor };

/**
 * Asserts that the gradient of Σ f(tree) · w by each element of each leaf is what
 * (f(x + h) − f(x − h)) / 2h gives, for fixed random weights w. The sum over the
 * weights is taken in float64, so that only f itself is rounded to float32: to
 * about 1e-7 of its outputs, which over 2h = 0.02 is 1e-5 of a slope near 1. The
 * second-order error, h² f‴ / 6, is about as much for the functions tested.
 *
 * @param f the function; what it answers may have any shape
 * @param tree its arguments
 * @param options step and tolerance
 */
export async function assertGradients<T extends Leaves>(
  f: (tree: T) => Tensor,
  tree: T,
  { step = 1e-2, tolerance = 1e-3 }: DifferenceOptions = {},
): Promise<void> {
  const weights = normalArray(key(1234), tf.tidy(() => f(tree).size));
  const { grads } = valueAndGrad((point: T) => {
    const y = f(point);
    return [tf.sum(tf.mul(y, tf.tensor(weights, y.shape))) as Scalar, {}];
  })(tree);
  for (const [name, leaf] of Object.entries(tree)) {
    const slopes = await differences(f, tree, name, weights, step);
    requireNear(await numbersOf(grads[name]!), slopes, `gradient by ${name}`, tolerance);
    assertEquals(grads[name]!.shape, leaf.shape, `shape of the gradient by ${name}`);
  }
  leaves(grads).forEach((grad) => grad.dispose());
}

/** The central differences by each element of one leaf. */
async function differences<T extends Leaves>(
  f: (tree: T) => Tensor,
  tree: T,
  name: string,
  weights: Float32Array,
  step: number,
): Promise<number[]> {
  const leaf = tree[name]!;
  const values = Float32Array.from(await numbersOf(leaf));
  const at = async (index: number, value: number): Promise<number> => {
    const y = tf.tidy(() => {
      const moved = Float32Array.from(values);
      moved[index] = value;
      return f({ ...tree, [name]: tf.tensor(moved, leaf.shape) });
    });
    const numbers = await y.data();
    y.dispose();
    return weights.reduce((sum, weight, i) => sum + weight * numbers[i]!, 0);
  };
  // All at once, as a read takes long whatever is read.
  return await Promise.all(Array.from(values, async (value, index) => {
    // The distance as float32 holds it, not as it was meant.
    const [above, below] = [Math.fround(value + step), Math.fround(value - step)];
    const [high, low] = await Promise.all([at(index, above), at(index, below)]);
    return (high - low) / (above - below);
  }));
}

function requireNear(
  actual: ArrayLike<number>,
  expected: readonly number[],
  what: string,
  tolerance: number,
): void {
  const scale = Math.max(...expected.map(Math.abs));
  expected.forEach((slope, i) => {
    if (Math.abs(actual[i]! - slope) <= tolerance * scale) return;
    throw new AssertionError(`${what}: element ${i} is ${actual[i]}, differences say ${slope}`);
  });
}
