// Convolutions for the references, padded alike on both sides.
import type { Convolution } from "../../tasks/selftest/reference.ts";

/** A convolution with as many zeros after the input as `before`, and so with an output of this size. */
export function paddedConvolution(c: Omit<Convolution, "output">): Convolution {
  const length = (axis: 0 | 1): number =>
    Math.floor(
      (c.input[axis] + 2 * c.before[axis] - (c.filter[axis] - 1) * c.dilation[axis] - 1) /
        c.stride[axis],
    ) + 1;
  return { ...c, output: [length(0), length(1)] };
}
