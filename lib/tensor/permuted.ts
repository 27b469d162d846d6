// Numbers on the host with their axes in another order.
import { sizeOf } from "./tensor.ts";

/** How many numbers apart neighbors along each axis of a shape lie in memory. */
export function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/**
 * Numbers in another order of their axes.
 *
 * @param order which axis comes first, second, …
 * @param result where they are put, if they are put anywhere else. Default: in 32 bits
 */
export function permuted(
  numbers: ArrayLike<number>,
  dims: readonly number[],
  order: readonly number[],
  result: Float32Array | Float64Array = new Float32Array(numbers.length),
): ArrayLike<number> {
  if (order.every((axis, i) => axis === i)) return numbers;
  const strides = stridesOf(dims);
  const sizes = order.map((axis) => dims[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  const at = sizes.map(() => 0);
  for (let i = 0, from = 0; i < result.length; i++) {
    result[i] = numbers[from]!;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++at[axis]! < sizes[axis]!) break;
      from -= steps[axis]! * sizes[axis]!;
      at[axis] = 0;
    }
  }
  return result;
}
