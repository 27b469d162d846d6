// What is said of a layer that a network's names in PyTorch do not have.
import type { Path } from "../../tensor/tree.ts";

/**
 * The error for a layer without a PyTorch name.
 *
 * @param network whose names they are, `"torchvision's ResNet"`
 * @param layer the layer's path
 */
export function unknownLayer(network: string, layer: Path): RangeError {
  return new RangeError(
    `Cannot name a layer in ${network}: the network must have it, got "${layer}"`,
  );
}
