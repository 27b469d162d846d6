// How PyTorch's implementations of a network name its layers.
import type { Path } from "../tensor/tree.ts";

/** PyTorch's names for the layers of one of our networks. */
export type TorchLayout = {
  /** Whose names they are: `"torchvision"`, `"timm"`, `"akamaster"`. */
  readonly name: string;
  /**
   * PyTorch's module of a layer that learns.
   *
   * @param layer the layer's path, `"conv1_1"`: that of its parameters without the last name
   * @returns the module's name, `"features.0"`: its tensors are `features.0.weight` and so on
   * @throws {RangeError} if the network has no such layer
   */
  module(layer: Path): string;
  /**
   * Whether PyTorch has a convolution in place of our dense layer, so that its weight is of rank
   * 4, `[out, C, H, W]` of the flattened image. Default: of none.
   *
   * @param layer the layer's path
   */
  isConv?(layer: Path): boolean;
  /**
   * Whether PyTorch has a dense layer in place of our 1 × 1 convolution, so that its weight is of
   * rank 2. Default: of none.
   *
   * @param layer the layer's path
   */
  isDense?(layer: Path): boolean;
  /**
   * PyTorch's name for a parameter that is none of its own layers': not `kernel`, `bias`, `scale`,
   * `shift`, `mean` or `variance`. Its numbers stay in our order. Default: there is none, it is
   * refused.
   *
   * @param name its name, without its layer's path
   */
  leaf?(name: string): string;
};

/**
 * Names for any network, of one's own too: modules are named as our paths, with dots,
 * `block1.conv.weight`, and parameters that PyTorch does not have keep their names. A module of
 * PyTorch whose submodules are named alike loads them by `load_state_dict`.
 */
export const pathLayout: TorchLayout = {
  name: "paths",
  module: (layer) => layer.replaceAll("/", "."),
  leaf: (name) => name.replaceAll("/", "."),
};

/**
 * The error for a layer without a PyTorch name.
 *
 * @param network whose names they are, `"torchvision's ResNet"`
 */
export function unknownLayer(network: string, layer: Path): RangeError {
  return new RangeError(
    `Cannot name a layer in ${network}: the network must have it, got "${layer}"`,
  );
}
