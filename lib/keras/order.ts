// The calls of layers that a Keras model's outputs need, in an order in which they can run.
import { type Part, partsInOrder } from "../imported/order.ts";
import { isPlace, type KerasLayer, type KerasModel, type TensorPlace } from "./model.ts";

/** A call of a layer. */
export type KerasCallPlace = { readonly layer: KerasLayer; readonly node: number };

/** A name of a call. */
export const keyOf = ({ layer, node }: Pick<TensorPlace, "layer" | "node">): string =>
  `${node}:${layer}`;

/**
 * The calls that the outputs need, each after those that it takes.
 *
 * @throws {SyntaxError} if a layer is missing, or calls take one another in a circle
 */
export function sortedCalls(model: KerasModel, file: string): KerasCallPlace[] {
  const callAt = (place: TensorPlace, by: string): Part<TensorPlace, KerasCallPlace> => {
    const layer = model.layers.get(place.layer);
    const node = layer?.nodes[place.node];
    const isInput = layer?.className === "InputLayer" && place.node === 0;
    if (!layer || !node && !isInput) {
      throw new SyntaxError(
        `Cannot read ${file}: ${by} must take a call of a layer that there is, got call ${place.node} of "${place.layer}"`,
      );
    }
    const takes = (node ?? []).filter(isPlace);
    return { key: keyOf(place), name: layer.name, value: { layer, node: place.node }, takes };
  };
  return partsInOrder(file, "layers", model.outputs, callAt);
}
