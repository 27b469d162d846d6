// The end of AlexNet, ZFNet and VGG: two dense layers of 4096 units and the classes.
import { relu } from "../layers/activation.ts";
import { dense, type DenseParams } from "../layers/dense.ts";
import { dropout } from "../layers/dropout.ts";
import { scaledNormal } from "../layers/initializers.ts";
import type { NamedLayers } from "../layers/layer.ts";
import { flatten } from "../layers/reshape.ts";
import { requireOneOf } from "../text/require.ts";

/**
 * What follows the convolutions: all three `"dense"` layers; those up to `"fc7"`, whose 4,096
 * features represent the image for another output layer (§12.3, §12.8); or, with `false`,
 * none: the output is the last feature maps as a vector.
 */
export type DenseHead = "dense" | "fc7" | false;

/** Options of networks that end in dense layers. */
export type DenseHeadOptions = {
  /** Number of classes. Default: 1000, ImageNet's. */
  readonly numClasses?: number;
  /** Rate of dropout in the dense layers. Default: 0.5. */
  readonly dropout?: number;
  /** Where the network ends. Default: `"dense"`, with the classes. */
  readonly head?: DenseHead;
};

/** Parameters of the dense layers; those without a place in the chosen head are absent. */
export type DenseHeadParams = {
  readonly fc6: DenseParams;
  readonly fc7: DenseParams;
  readonly logits: DenseParams;
};

/**
 * The dense layers, with dropout after the first two as in the papers of AlexNet, ZFNet and VGG,
 * or before them as in torchvision's AlexNet. The last begins with the papers' deviation of 0.01,
 * the others with He's, with which the gradient needs no biases of one.
 *
 * @param options number of classes, rate of dropout, head
 * @param dropped whether units are dropped `"after"` the dense layers or `"before"` them
 */
export function denseHead(
  network: string,
  options: DenseHeadOptions,
  dropped: "before" | "after" = "after",
): NamedLayers {
  const { numClasses = 1000, dropout: rate = 0.5, head = "dense" } = options;
  requireOneOf(`make ${network}`, "its head", ["dense", "fc7", false], head);
  if (head === false) return { flatten: flatten() };
  const hidden = (n: number): NamedLayers => {
    const drop = { [`drop${n}`]: dropout(rate) };
    const layers = { [`fc${n}`]: dense({ features: 4096 }), [`relu${n}`]: relu() };
    return dropped === "before" ? { ...drop, ...layers } : { ...layers, ...drop };
  };
  return {
    flatten: flatten(),
    ...hidden(6),
    ...hidden(7),
    ...(head === "fc7" ? {} : classes(numClasses)),
  };
}

/** The output layer. */
export function classes(numClasses: number): NamedLayers {
  return { logits: dense({ features: numClasses, initializer: scaledNormal(0.01) }) };
}
