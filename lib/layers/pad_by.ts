// Padding as a layer of its own: by zeros, reflections or edges, each side by itself.
import { requireOneOf, requireWhole } from "../text/require.ts";
import type { Shape, Tensor, Tensor4D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { defineLayer, requireLayerOptions } from "./define_layer.ts";
import { type Empty, type Layer, stateless } from "./layer.ts";
import { checkPair, type Pair, requireImage } from "./window.ts";

const OPTIONS: Readonly<Record<keyof PadOptions, true>> = { amount: true, mode: true };

/** Pixels to be added on each side. Default of each: 0. */
export type PadAmount = {
  readonly top?: number;
  readonly bottom?: number;
  readonly left?: number;
  readonly right?: number;
};

/**
 * What is added: zeros; the image reflected at its edge pixels, which are not repeated; or the edge
 * pixels themselves.
 */
export type PadMode = "zeros" | "reflect" | "edge";

/** Options of {@linkcode padBy}. */
export type PadOptions = {
  /** Pixels on every side, `[down, across]`, or of each side its own. */
  readonly amount: Pair | PadAmount;
  /** What is added. Default: `"zeros"`. */
  readonly mode?: PadMode;
};

/**
 * Pads images: PyTorch's `ZeroPad2d`, `ReflectionPad2d` and `ReplicationPad2d`. Zeros around a
 * convolution are its own `padding`.
 *
 * @param options how much and what
 * @returns the layer, `[N, H, W, C] → [N, top + H + bottom, left + W + right, C]`
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const padded = layers.padBy({ amount: { left: 2, right: 1 }, mode: "reflect" });
 * const [y] = padded.apply({}, {}, tf.tensor4d([1, 2, 3], [1, 1, 3, 1]), {});
 * assertEquals([...await y.data()], [3, 2, 1, 2, 3, 2]);
 * ```
 */
export function padBy(options: PadOptions): Layer<Empty, Empty> {
  requireLayerOptions("padBy", options, OPTIONS);
  const { amount, mode = "zeros" } = options;
  requireOneOf("make a padBy layer", "its mode", ["zeros", "reflect", "edge"], mode);
  const sides = sidesOf(amount);
  const isNothing = sides.flat().every((side) => side === 0);
  return defineLayer({
    op: "padBy",
    declare(shape) {
      requireImage("padBy", shape);
      if (mode === "reflect") requireReflections(shape, sides);
      const [height, width] = sides.map(([before, after], axis) => before + shape[axis]! + after);
      return stateless([height!, width!, shape[2]!], {
        flops: 0,
        window: {
          size: [1, 1],
          stride: [1, 1],
          dilation: [1, 1],
          before: [sides[0][0], sides[1][0]],
        },
        view: isNothing,
      });
    },
    apply(_params, state, x) {
      if (isNothing) return [x, state];
      if (mode === "zeros") {
        return [tf.pad(x as Tensor4D, [[0, 0], [...sides[0]], [...sides[1]], [0, 0]]), state];
      }
      return [padAlong(padAlong(x, 1, sides[0], mode), 2, sides[1], mode), state];
    },
    operations({ add, x, shape }) {
      const [before, after] = ([0, 1] as const).map((end) => [...sides.map((one) => one[end]), 0]);
      const by = mode === "zeros" ? "constant" : mode;
      return isNothing
        ? x
        : add({ op: "pad", before: before!, after: after!, mode: by, number: 0 }, shape, x);
    },
  });
}

type Sides = readonly [before: number, after: number];

function sidesOf(amount: Pair | PadAmount): readonly [Sides, Sides] {
  if (typeof amount !== "object" || Array.isArray(amount)) {
    const [down, across] = checkPair("padBy", "amount", amount as Pair, 0);
    return [[down, down], [across, across]];
  }
  const { top = 0, bottom = 0, left = 0, right = 0 } = amount as PadAmount;
  const action = "make a padBy layer";
  for (const [name, side] of Object.entries({ top, bottom, left, right })) {
    requireWhole(action, `its ${name}`, side, 0);
  }
  return [[top, bottom], [left, right]];
}

function requireReflections(shape: Shape, sides: readonly [Sides, Sides]): void {
  sides.forEach((side, axis) => {
    if (Math.max(...side) < shape[axis]!) return;
    throw new RangeError(
      `Cannot apply a padBy layer to [${shape}]: reflections must be smaller than the image, got ${
        Math.max(...side)
      } of ${shape[axis]}`,
    );
  });
}

function padAlong(
  x: Tensor,
  axis: 1 | 2,
  [before, after]: Sides,
  mode: Exclude<PadMode, "zeros">,
): Tensor {
  const length = x.shape[axis]!;
  const part = (begin: number, size: number): Tensor => {
    const places = x.shape.map((_, i) => i === axis ? begin : 0);
    return tf.slice(x, places, x.shape.map((whole, i) => i === axis ? size : whole));
  };
  const added = (count: number, edge: number, inner: number): Tensor[] => {
    if (count === 0) return [];
    if (mode === "edge") return new Array<Tensor>(count).fill(part(edge, 1));
    return [tf.reverse(part(inner, count), axis)];
  };
  const parts = [...added(before, 0, 1), x, ...added(after, length - 1, length - 1 - after)];
  return parts.length === 1 ? x : tf.concat(parts, axis);
}
