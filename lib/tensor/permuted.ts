// Numbers on the host with their axes in another order.
import { sizeOf } from "./tensor.ts";

/**
 * Numbers in another order of their axes.
 *
 * @param order which axis comes first, second, …
 */
export function permuted(
  numbers: ArrayLike<number>,
  dims: readonly number[],
  order: readonly number[],
): ArrayLike<number> {
  if (order.every((axis, i) => axis === i)) return numbers;
  const strides = dims.map((_, axis) => sizeOf(dims.slice(axis + 1)));
  const sizes = order.map((axis) => dims[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  const result = new Float32Array(numbers.length);
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
