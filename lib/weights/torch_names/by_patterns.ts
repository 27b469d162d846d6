// Networks whose PyTorch names follow from ours by a few patterns.
import type { Path } from "../../tensor/tree.ts";
import { type TorchLayout, unknownLayer } from "../torch_layout.ts";

/** A pattern of our layers' paths, and the module of what it matches. */
export type NamePattern = readonly [RegExp, (...groups: string[]) => string];

/**
 * PyTorch's names by patterns, of which the first that matches counts.
 *
 * @param network whose names they are, `"torchvision's DenseNet"`
 * @param patterns patterns of whole paths; the functions take what their parentheses match
 * @param options further parts of the layout
 */
export function namesByPatterns(
  network: string,
  patterns: readonly NamePattern[],
  options: Pick<TorchLayout, "isConv" | "isDense"> = {},
): TorchLayout {
  return {
    name: "torchvision",
    module(layer: Path): string {
      for (const [pattern, name] of patterns) {
        const match = pattern.exec(layer);
        if (match?.[0] === layer) return name(...match.slice(1));
      }
      throw unknownLayer(network, layer);
    },
    ...options,
  };
}
