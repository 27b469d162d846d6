// Numbers that a graph has or that are computed from them while it is read.
import { sizeOf } from "../tensor/tensor.ts";

export { type Constant, constant } from "../imported/constant.ts";

/** The places of each number along each axis, in row-major order. */
export function eachPlace(dims: readonly number[]): number[][] {
  return Array.from({ length: sizeOf(dims) }, (_, i) => {
    const place: number[] = [];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      place.unshift(i % dims[axis]!);
      i = Math.floor(i / dims[axis]!);
    }
    return place;
  });
}

/** Where a place is in numbers of these sizes, whose axes of size 1, and those that lack, repeat. */
export function indexIn(dims: readonly number[], place: readonly number[]): number {
  const skipped = place.length - dims.length;
  return dims.reduce(
    (index, size, axis) => index * size + (size === 1 ? 0 : place[axis + skipped]!),
    0,
  );
}
