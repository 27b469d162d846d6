// The calls of layers that a Keras model's outputs need, in an order in which they can run.
import type { KerasLayer, KerasModel, TensorPlace } from "./config.ts";

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
  const bad = (rule: string): SyntaxError => new SyntaxError(`Cannot read ${file}: ${rule}`);
  const sorted: KerasCallPlace[] = [];
  const state = new Map<string, "open" | "done">();
  // A stack of its own: networks are deeper than calls may be.
  const stack: { place: KerasCallPlace; key: string; takes: TensorPlace[]; next: number }[] = [];
  const enter = (place: TensorPlace, by: string): void => {
    const layer = model.layers.get(place.layer);
    const node = layer?.nodes[place.node];
    const isInput = layer?.className === "InputLayer" && place.node === 0;
    if (!layer || !node && !isInput) {
      throw bad(
        `${by} must take a call of a layer that there is, got call ${place.node} of "${place.layer}"`,
      );
    }
    const key = keyOf(place);
    if (state.get(key) === "open") {
      throw bad(`its layers must not take one another in a circle, got one at "${place.layer}"`);
    }
    if (state.has(key)) return;
    state.set(key, "open");
    const takes = (node ?? []).filter((one) => typeof one === "object" && "layer" in one);
    stack.push({ place: { layer, node: place.node }, key, takes, next: 0 });
  };
  for (const output of model.outputs) {
    enter(output, "its output");
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      if (top.next < top.takes.length) {
        enter(top.takes[top.next++]!, `"${top.place.layer.name}"`);
        continue;
      }
      state.set(top.key, "done");
      sorted.push(top.place);
      stack.pop();
    }
  }
  return sorted;
}
