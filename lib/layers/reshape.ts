// Layers that rearrange or pad their input.
import { requireWhole } from "../text/require.ts";
import { sizeOf } from "../tensor/tensor.ts";
import type { Tensor4D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { defineLayer } from "./define_layer.ts";
import { type Empty, type Layer, stateless } from "./layer.ts";
import { only } from "./operation.ts";
import { requireImage } from "./window.ts";

/**
 * Makes each example a vector, in the order height, width, channel.
 *
 * @returns the layer, `[N, H, W, C] → [N, H · W · C]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { flatten } from "@neocog/neocog";
 *
 * assertEquals(flatten().declare([5, 5, 16]).shape, [400]);
 * ```
 */
export function flatten(): Layer<Empty, Empty> {
  return defineLayer({
    op: "flatten",
    declare: (shape) => stateless([sizeOf(shape)], { flops: 0, window: "all", view: true }),
    apply: (_params, state, x) => [tf.reshape(x, [x.shape[0]!, sizeOf(x.shape.slice(1))]), state],
    operations: only({ op: "reshape" }),
  });
}

/**
 * Pads images with zeros to a size, the image in the middle.
 *
 * @param height height of the output, in pixels
 * @param width width of the output, in pixels. Default: `height`
 * @returns the layer, `[N, H, W, C] → [N, height, width, C]`
 * @throws {RangeError} if a size is not a whole number of at least 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { padTo } from "@neocog/neocog";
 *
 * assertEquals(padTo(32).declare([28, 28, 1]).shape, [32, 32, 1]);
 * ```
 */
export function padTo(height: number, width = height): Layer<Empty, Empty> {
  requireWhole("make a padTo layer", "its height", height);
  requireWhole("make a padTo layer", "its width", width);
  return defineLayer({
    op: "padTo",
    declare(shape) {
      requireImage("padTo", shape);
      if (shape[0]! > height || shape[1]! > width) {
        throw new RangeError(
          `Cannot apply a padTo layer: its input must not be larger than ${height} × ${width}, got [${shape}]`,
        );
      }
      const before = [(height - shape[0]!) >> 1, (width - shape[1]!) >> 1] as const;
      return stateless([height, width, shape[2]!], {
        flops: 0,
        window: { size: [1, 1], stride: [1, 1], dilation: [1, 1], before },
        view: shape[0] === height && shape[1] === width,
      });
    },
    apply(_params, state, x) {
      const [, h, w] = (x as Tensor4D).shape;
      if (h === height && w === width) return [x, state];
      const top = (height - h) >> 1;
      const left = (width - w) >> 1;
      return [
        tf.pad(x as Tensor4D, [[0, 0], [top, height - h - top], [left, width - w - left], [0, 0]]),
        state,
      ];
    },
    operations({ add, x, shape }) {
      const before = ([0, 1] as const).map((axis) => (shape[axis]! - x.shape[axis]!) >> 1);
      const after = before.map((one, axis) => shape[axis]! - x.shape[axis]! - one);
      const sides = { before: [...before, 0], after: [...after, 0] };
      if (`${shape}` === `${x.shape}`) return x;
      return add({ op: "pad", ...sides, mode: "constant", number: 0 }, shape, x);
    },
  });
}
