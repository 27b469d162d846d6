// What layers answer, without a change to the model: taps.
import type { Intercept, Layer } from "../layers/layer.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { layersOf, requireLayer } from "../layers/layers_of.ts";

/**
 * An intercept that keeps what layers answer.
 *
 * @param paths whose outputs
 * @param outputs where they are put
 * @param inner another intercept, called within
 */
export function tap(
  paths: readonly Path[],
  outputs: Map<Path, Tensor>,
  inner?: Intercept,
): Intercept {
  const wanted = new Set(paths);
  return (site, x, next) => {
    const y = inner ? inner(site, x, next) : next(x);
    if (wanted.has(site.path)) outputs.set(site.path, y);
    return y;
  };
}

/**
 * What the layers of a model answer to inputs (§12.9.1): its activation maps.
 *
 * @param model the model
 * @param params its parameters
 * @param state its state
 * @param x inputs `[N, …]`
 * @param paths whose outputs; `""` is the model's own. Default: all named layers
 * @returns the outputs `[N, …]` by path; the caller owns them
 * @throws {RangeError} where a path is not in the model, with the nearest one
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { activations } from "@neocog/neocog/explain";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const { params, state } = init(lenet5(), key(0), [28, 28, 1]);
 * const maps = activations(lenet5(), params, state, tf.zeros([1, 28, 28, 1]), ["conv1", "pool2"]);
 * assertEquals([...maps].map(([path, map]) => [path, map.shape]), [
 *   ["conv1", [1, 28, 28, 6]],
 *   ["pool2", [1, 5, 5, 16]],
 * ]);
 * ```
 */
export function activations<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  params: P,
  state: S,
  x: Tensor,
  paths?: readonly Path[],
): Map<Path, Tensor> {
  const shape = x.shape.slice(1);
  for (const path of paths ?? []) requireLayer(model, shape, path);
  const wanted = paths ?? [...layersOf(model, shape).keys()];
  const outputs = new Map<Path, Tensor>();
  const kept = tf.tidy(() => {
    const y = model.apply(params, state, x, { intercept: tap(wanted, outputs) })[0];
    if (wanted.includes("")) outputs.set("", y);
    // A layer may answer its very input, or the input's own numbers: what is answered is a tensor of its own.
    return wanted.map((path) => tf.clone(outputs.get(path)!));
  });
  return new Map(wanted.map((path, i) => [path, kept[i]!]));
}
