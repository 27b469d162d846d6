// The outputs of layers, without a change to the model.
import type { Intercept, Network } from "../layers/layer.ts";
import { layersOf, requireLayer } from "../layers/layers_of.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { truncate } from "./truncate.ts";

/** An intercept that keeps the outputs of layers. */
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
 * The outputs of a network's layers for a batch of inputs (§12.9.1).
 *
 * @param network the network
 * @param x inputs `[N, …]`
 * @param paths which layers; `""` is the model's own output. Default: all named layers
 * @returns the outputs `[N, …]` by path; the caller owns them
 * @throws {RangeError} if a path is not in the model, with the nearest one
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { activations } from "@neocog/neocog/explain";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const outputs = activations(network, tf.zeros([1, 28, 28, 1]), ["conv1", "pool2"]);
 * assertEquals(outputs.get("conv1")!.shape, [1, 28, 28, 6]);
 * assertEquals(outputs.get("pool2")!.shape, [1, 5, 5, 16]);
 * ```
 */
export function activations<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  paths?: readonly Path[],
): Map<Path, Tensor> {
  const shape = x.shape.slice(1);
  for (const path of paths ?? []) requireLayer(network.model, shape, path);
  const wanted = paths ?? [...layersOf(network.model, shape).keys()];
  // Of a chain, the layers that come after are not run.
  const { model, params, state } = truncate(network, shape, wanted);
  const outputs = new Map<Path, Tensor>();
  const kept = tf.tidy(() => {
    const y = model.apply(params, state, x, { intercept: tap(wanted, outputs) })[0];
    if (wanted.includes("")) outputs.set("", y);
    // A layer may return its very input: clones are the caller's own.
    return wanted.map((path) => tf.clone(outputs.get(path)!));
  });
  return new Map(wanted.map((path, i) => [path, kept[i]!]));
}

/**
 * The output of one layer, to be called inside `tf.tidy`.
 *
 * @param x inputs `[N, …]`
 * @param path the layer; `""` is the model itself
 */
export function layerOutput<P extends Tree, S extends Tree>(
  { model, params, state }: Network<P, S>,
  x: Tensor,
  path: Path,
): Tensor {
  // Without an intercept, neighboring layers can be fused.
  if (path === "") return model.apply(params, state, x, {})[0];
  const outputs = new Map<Path, Tensor>();
  model.apply(params, state, x, { intercept: tap([path], outputs) });
  return outputs.get(path)!;
}
