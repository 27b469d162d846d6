// Sums and means over windows of images, with gradients that are right at the edges.
import type { Tensor4D } from "./tensor.ts";
import { tf } from "./tf.ts";

/** A window and how it slides. */
export type Windows = {
  /** Height and width. */
  readonly size: readonly [number, number];
  /** Step, down and across. */
  readonly stride: readonly [number, number];
  /** `"same"`, `"valid"`, or pixels on every side, fewer than the window has. */
  readonly padding: "same" | "valid" | number;
};

/**
 * Sums each channel over windows.
 *
 * @param x images `[N, H, W, C]`
 * @param windows size, stride, padding
 * @returns the sums, `[N, H', W', C]`
 */
export function sumWindows(x: Tensor4D, windows: Windows): Tensor4D {
  const means = meansOfFramed(x, windows, frameOf(x, windows));
  return tf.mul(means, windows.size[0] * windows.size[1]);
}

/**
 * Averages each channel over windows; the padding does not count.
 *
 * @param x images `[N, H, W, C]`
 * @param windows size, stride, padding
 * @returns the means, `[N, H', W', C]`
 */
export function meanWindows(x: Tensor4D, windows: Windows): Tensor4D {
  const frame = frameOf(x, windows);
  const means = meansOfFramed(x, windows, frame);
  if (isEmpty(frame)) return means;
  // tf.avgPool can leave the padding out itself, but its gradient divides by the whole window.
  const share = (axis: 0 | 1): number[] =>
    Array.from({ length: means.shape[axis + 1]! }, (_, place) => {
      const length = windows.size[axis];
      const start = place * windows.stride[axis] - frame[axis][0];
      const end = Math.min(start + length, x.shape[axis + 1]!);
      return length / (end - Math.max(start, 0));
    });
  const [down, across] = [share(0), share(1)];
  const correction = down.flatMap((one) => across.map((other) => one * other));
  return tf.mul(means, tf.tensor4d(correction, [1, down.length, across.length, 1]));
}

/** Zeros around an image: above and below, left and right. */
type Frame = readonly [readonly [number, number], readonly [number, number]];

/** The zeros of a padding; `"same"` as in TensorFlow, the odd one at the end. */
function frameOf(x: Tensor4D, { size, stride, padding }: Windows): Frame {
  const around = (axis: 0 | 1): [number, number] => {
    if (padding === "valid") return [0, 0];
    if (padding !== "same") return [padding, padding];
    const length = x.shape[axis + 1]!;
    const outputs = Math.ceil(length / stride[axis]);
    const total = Math.max(0, (outputs - 1) * stride[axis] + size[axis] - length);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  };
  return [around(0), around(1)];
}

function isEmpty(frame: Frame): boolean {
  return frame.flat().every((zeros) => zeros === 0);
}

/** Means of windows in which the zeros around the image count. */
function meansOfFramed(x: Tensor4D, { size, stride }: Windows, frame: Frame): Tensor4D {
  const [down, across] = frame;
  const framed = isEmpty(frame) ? x : tf.pad(x, [[0, 0], [...down], [...across], [0, 0]]);
  return tf.avgPool(framed, [...size], [...stride], "valid");
}
