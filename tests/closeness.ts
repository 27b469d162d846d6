// Whether tensors are what they should be, within float32's reach.
import { assertEquals, AssertionError } from "@std/assert";
import { tf } from "../mod.ts";

/** float32 sums of some dozens of products against double precision. */
const TOLERANCE = 2e-6;

/**
 * Asserts that numbers are near others: by no more than `tolerance` of the
 * largest expected magnitude, which is what a sum's rounding errors are like.
 *
 * @param actual a tensor, or its numbers
 * @param expected the numbers wanted; a tensor's shape is asserted too
 * @param what named where it fails
 * @param tolerance the largest relative difference
 */
export async function assertClose(
  actual: tf.Tensor | ArrayLike<number>,
  expected: tf.Tensor | ArrayLike<number>,
  what = "value",
  tolerance = TOLERANCE,
): Promise<void> {
  if (actual instanceof tf.Tensor && expected instanceof tf.Tensor) {
    assertEquals(actual.shape, expected.shape, `shape of ${what}`);
  }
  const [got, wanted] = [await numbersOf(actual), await numbersOf(expected)];
  assertEquals(got.length, wanted.length, `length of ${what}`);
  const scale = Array.from(wanted).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  for (let i = 0; i < got.length; i++) {
    // Written so that NaN fails.
    if (Math.abs(got[i]! - wanted[i]!) <= tolerance * scale) continue;
    throw new AssertionError(
      `${what}: element ${i} is ${got[i]}, not ${wanted[i]} within ${tolerance} of ${scale}`,
    );
  }
}

/** The numbers of a tensor, or of what is not one. */
export async function numbersOf(
  source: tf.Tensor | ArrayLike<number>,
): Promise<ArrayLike<number>> {
  return source instanceof tf.Tensor ? await source.data() : source;
}
