// One image, with or without the axis of a batch.
import type { Shape, Tensor } from "../tensor/tensor.ts";

/**
 * The shape of one image.
 *
 * @param action what cannot be done, such as `dream`
 * @param what the image, such as `the guide`
 * @param image `[H, W, C]` or `[1, H, W, C]`
 * @returns `[H, W, C]`
 * @throws {TypeError} if it has another shape
 */
export function requireOneImage(action: string, what: string, { rank, shape }: Tensor): Shape {
  if (rank === 3 || (rank === 4 && shape[0] === 1)) return shape.slice(-3);
  throw new TypeError(
    `Cannot ${action}: ${what} must be one image, [H, W, C] or [1, H, W, C], got [${shape}]`,
  );
}
