// The network in a checkpoint.
import { fillSlots, type Layer, type Network, slotEntries } from "../layers/layer.ts";
import type { Shape, ShapesOf, Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { HostTensor } from "./host_tensor.ts";
import { requireShapes } from "./require_shapes.ts";

/**
 * The network in a checkpoint.
 *
 * @param model its model
 * @param inputShape shape of one input, without the batch
 * @param checkpoint the checkpoint
 * @param file its name, for messages
 * @returns the network; the caller owns the tensors
 * @throws {TypeError} if it is another model's: what is missing, unexpected and of another shape
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { adam, beginTraining, dense, key, restoreNetwork, snapshot, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const model = dense({ features: 2 });
 * const checkpoint = await snapshot(beginTraining(model, adam(), key(0), [3]));
 * const { params } = restoreNetwork(model, [3], checkpoint, "a snapshot");
 * assertEquals(params.kernel.shape, [3, 2]);
 * ```
 */
export function restoreNetwork<
  P extends Tree,
  S extends Tree,
  X extends Tree = Tensor,
  Y extends Tree = Tensor,
>(
  model: Layer<P, S, X, Y>,
  inputShape: ShapesOf<X>,
  checkpoint: Pick<Checkpoint, "sections">,
  file: string,
): Network<P, S, X, Y> & { readonly inputShape: ShapesOf<X> } {
  const { params, state } = checkpoint.sections;
  requireNetworkShapes(model, inputShape, { params, state }, file);
  const declaration = model.declare(inputShape);
  return {
    model,
    inputShape,
    params: fillSlots<P>(declaration.params, (_, path) => toTensor(params.get(path)!)),
    state: fillSlots<S>(declaration.state, (_, path) => toTensor(state.get(path)!)),
  };
}

/** Shapes of a network's tensors by path. */
export type NetworkShapes = Readonly<
  Record<"params" | "state", ReadonlyMap<string, { readonly shape: Shape }>>
>;

/**
 * Refuses parameters and state of another model, by their shapes alone.
 *
 * @throws {TypeError} which lists what is missing, unexpected and of another shape
 */
export function requireNetworkShapes<
  P extends Tree,
  S extends Tree,
  X extends Tree,
  Y extends Tree,
>(
  model: Layer<P, S, X, Y>,
  inputShape: ShapesOf<X>,
  found: NetworkShapes,
  file: string,
): void {
  const declaration = model.declare(inputShape);
  for (const part of ["params", "state"] as const) {
    const slots = slotEntries(declaration[part]).map(([path, { shape }]) => [path, shape] as const);
    requireShapes(new Map(slots), found[part], file);
  }
}

/** A tensor on the device. */
export function toTensor({ values, shape, dtype }: HostTensor): tf.Tensor {
  return tf.tensor(values, [...shape], dtype);
}
