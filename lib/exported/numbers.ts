// The numbers of weights as a file has them.
import { derived, type Weight } from "../layers/operation.ts";
import { permuted } from "../tensor/permuted.ts";

/**
 * A weight with its axes in another order.
 *
 * @param order which axis comes first, second, …
 */
export function turned(weight: Weight, order: readonly number[]): Weight {
  if (order.every((axis, i) => axis === i)) return weight;
  const sizes = order.map((axis) => weight.shape[axis]!);
  return derived(sizes, [weight], ([own]) => permuted(own!, weight.shape, order) as Float32Array);
}

/** A weight of the same numbers with other sizes. */
export function resized(weight: Weight, shape: readonly number[]): Weight {
  return { ...weight, shape };
}

/** Whether a weight is one of many numbers, which may be halved: kernels, but no statistics. */
export function isLarge({ shape }: Weight): boolean {
  return shape.filter((size) => size > 1).length >= 2;
}

/**
 * A weight's numbers as little-endian bytes.
 *
 * @param half whether in 16 bits each
 * @param name what it is called, for messages
 * @throws {RangeError} if a number is beyond those of 16 bits
 */
export async function bytesOf(
  weight: Weight,
  half: boolean,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!half) return new Uint8Array((await weight.read()).slice().buffer);
  return new Uint8Array((await halved(weight, name)).buffer);
}

/**
 * A weight's numbers in 16 bits.
 *
 * @param name what it is called, for messages
 * @throws {RangeError} if a number is beyond those of 16 bits
 */
export async function halved(weight: Weight, name: string): Promise<Float16Array<ArrayBuffer>> {
  const numbers = await weight.read();
  const halves = Float16Array.from(numbers);
  const at = halves.findIndex((one, i) => !Number.isFinite(one) && Number.isFinite(numbers[i]));
  if (at < 0) return halves;
  throw new RangeError(
    `Cannot write "${name}" in float16: its numbers must be at most 65504, got ${
      numbers[at]
    }. Write it in float32`,
  );
}
