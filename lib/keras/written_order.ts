// The order of layers in Keras's files.
import type { WrittenLayer } from "./written_model.ts";

/**
 * Layers in the order that Keras gives them, by which its files find their weights: those that are
 * more layers away from an output come first, then those that it meets first from the outputs on.
 *
 * @param layers each after what it takes
 */
export function inKerasOrder(
  layers: readonly WrittenLayer[],
  outputs: readonly string[],
): WrittenLayer[] {
  const named = new Map(layers.map((layer) => [layer.name, layer]));
  const sourcesOf = ({ inputs }: WrittenLayer): string[] =>
    inputs.filter((input) => typeof input === "string");
  const depths = new Map<string, number>();
  for (const layer of [...layers].reverse()) {
    const depth = depths.get(layer.name) ?? 0;
    depths.set(layer.name, depth);
    for (const source of sourcesOf(layer)) {
      depths.set(source, Math.max(depth + 1, depths.get(source) ?? 0));
    }
  }
  const met = new Map<string, number>();
  const stack = [...outputs].reverse();
  while (stack.length > 0) {
    const name = stack.pop()!;
    if (met.has(name)) continue;
    met.set(name, met.size);
    stack.push(...sourcesOf(named.get(name)!).reverse());
  }
  const used = layers.filter(({ name }) => met.has(name));
  return used.toSorted((one, other) =>
    depths.get(other.name)! - depths.get(one.name)! || met.get(one.name)! - met.get(other.name)!
  );
}
