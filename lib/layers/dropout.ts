// Dropout layer.
import { firstElement } from "../tensor/batch_part.ts";
import { dropUnits, requireRate } from "../tensor/drop_units.ts";
import { defineLayer } from "./define_layer.ts";
import { type Empty, type Layer, stateless } from "./layer.ts";

/**
 * Dropout: in training each unit is set to zero with probability `rate` and the
 * others are scaled by 1 / (1 − rate); outside training nothing happens (Srivastava,
 * Hinton, Krizhevsky, Sutskever and Salakhutdinov, 2014).
 *
 * @param rate probability of a unit to be dropped, from 0 up to but not including 1
 * @returns the layer; in training its context needs a `key`
 * @throws {RangeError} if `rate` is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dropout, key, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const x = tf.ones([1000]);
 * assertEquals(dropout(0.5).apply({}, {}, x, {})[0], x);
 * const [y] = dropout(0.5).apply({}, {}, x, { training: true, key: key(0) });
 * assertEquals([...new Set(await y.data())].sort(), [0, 2]);
 * ```
 */
export function dropout(rate: number): Layer<Empty, Empty> {
  requireRate("make a dropout layer", rate);
  return defineLayer<Empty, Empty>({
    op: "dropout",
    operations: ({ x }) => x,
    declare: (shape) => ({ ...stateless(shape, { flops: 0 }), random: rate > 0 }),
    apply(_params, state, x, { training, key, part }) {
      if (!training || rate === 0) return [x, state];
      if (!key) {
        throw new TypeError(
          `Cannot apply a dropout layer in training: its context must have a key, got ${key}`,
        );
      }
      return [dropUnits(x, rate, key, firstElement(part, x.shape)), state];
    },
  });
}
