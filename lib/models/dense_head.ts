// The end of AlexNet, ZFNet and VGG: two dense layers of 4096 units and the classes.
import { relu } from "../layers/activation.ts";
import { dense, type DenseParams } from "../layers/dense.ts";
import { dropout } from "../layers/dropout.ts";
import { scaledNormal } from "../layers/initializers.ts";
import type { NamedLayers } from "../layers/layer.ts";
import { flatten } from "../layers/reshape.ts";

/** Options of networks that end in dense layers. */
export type DenseHeadOptions = {
  /** Number of classes. Default: 1000, ImageNet's. */
  readonly numClasses?: number;
  /** Rate of dropout in the dense layers. Default: 0.5. */
  readonly dropout?: number;
};

/** Parameters of the dense layers; absent without them. */
export type DenseHeadParams = {
  readonly fc6: DenseParams;
  readonly fc7: DenseParams;
  readonly logits: DenseParams;
};

/**
 * The dense layers, with dropout after the first two as in the papers of AlexNet, ZFNet and VGG,
 * or before them as in torchvision's AlexNet. The last begins with the papers' deviation of 0.01,
 * the others with He's, which needs no biases of one to bring the gradient through.
 *
 * @param options number of classes, rate of dropout
 * @param dropped where units are dropped: `"after"` the dense layers or `"before"` them
 */
export function denseHead(
  options: DenseHeadOptions,
  dropped: "before" | "after" = "after",
): NamedLayers {
  const { numClasses = 1000, dropout: rate = 0.5 } = options;
  const hidden = (n: number): NamedLayers => {
    const drop = { [`drop${n}`]: dropout(rate) };
    const layers = { [`fc${n}`]: dense({ features: 4096 }), [`relu${n}`]: relu() };
    return dropped === "before" ? { ...drop, ...layers } : { ...layers, ...drop };
  };
  return {
    flatten: flatten(),
    ...hidden(6),
    ...hidden(7),
    logits: dense({ features: numClasses, initializer: scaledNormal(0.01) }),
  };
}
