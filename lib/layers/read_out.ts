// A network seen by one number of what it outputs, for what asks of a network a single tensor.
import type { Shape, ShapeTree, Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { unknownName } from "../text/nearest.ts";
import type { Context, Declaration, Layer } from "./layer.ts";

/** What is read of a network's output. */
export type Reading<Y extends Tree> = {
  /**
   * @param output what the network outputs
   * @returns a tensor of it, differentiable
   */
  readonly output: (output: Y) => Tensor;
  /**
   * @param shape of what the network outputs, without the batch
   * @returns that of the tensor
   */
  readonly shape: (shape: ShapeTree) => Shape;
};

/**
 * A network of which one output is taken, or a function of its output: the same parameters by the
 * same paths, so that it opens the same checkpoints, but a single tensor comes out. Methods that
 * explain a score of a class, `predict` and the tasks then take a network of several outputs, or one
 * that outputs a picture: export it beside the network, and name it by `--export`.
 *
 * @param model the network
 * @param reading the name of an output, or a function of the output with the shape it gives
 * @returns the network with that output
 * @throws {TypeError} by `declare`, if there is no such output, with the nearest one
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dense, graph, init, key, layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const both = graph({
 *   digit: { layer: dense({ features: 10 }), from: "input" },
 *   angle: { layer: dense({ features: 1 }), from: "input" },
 * }, { outputs: ["digit", "angle"] });
 * const digit = layers.readOut(both, "digit");
 * assertEquals(digit.declare([4]).shape, [10]);
 *
 * // Yes or no, of what is the angle's sign.
 * const sign = layers.readOut(both, {
 *   output: ({ angle }) => tf.concat([tf.neg(angle), angle], 1),
 *   shape: () => [2],
 * });
 * const { params, state } = init(both, key(0), [4]);
 * const [scores] = sign.apply(params, state, tf.ones([3, 4]), {});
 * assertEquals(scores.shape, [3, 2]);
 * ```
 */
export function readOut<P extends Tree, S extends Tree, X extends Tree, Y extends Tree>(
  model: Layer<P, S, X, Y>,
  reading: string | Reading<Y>,
): Layer<P, S, X, Tensor> {
  const { fusion: _, ...rest } = model;
  const { output, shape, ends } = typeof reading === "string"
    ? {
      output: (all: Y) => (all as Readonly<Record<string, Tensor>>)[reading]!,
      shape: (shapes: ShapeTree) => shapeNamed(shapes, reading),
      ends: [reading],
    }
    : { ...reading, ends: undefined };
  return {
    ...rest,
    declare(input) {
      const whole = model.declare(input);
      const own = { ...whole, shape: shape(whole.shape as ShapeTree) };
      return (whole.ends && ends ? { ...own, ends } : own) as Declaration<P, S>;
    },
    apply(params: P, state: S, x: X, context: Context) {
      const [all, next] = model.apply(params, state, x, context);
      return [output(all), next];
    },
  };
}

function shapeNamed(shapes: ShapeTree, name: string): Shape {
  const known = Array.isArray(shapes) ? [] : Object.keys(shapes);
  if (known.length === 0) {
    throw new TypeError(
      `Cannot read the output "${name}": the network must have outputs by name, got one of [${shapes}]`,
    );
  }
  if (known.includes(name)) return (shapes as Readonly<Record<string, Shape>>)[name]!;
  throw new TypeError(`Cannot read an output: ${unknownName("output", name, known)}`);
}
