// SqueezeNet 1.0 and 1.1. Iandola, Han, Moskewicz, Ashraf, Dally and Keutzer, "SqueezeNet: AlexNet-level
// accuracy with 50x fewer parameters and < 0.5 MB model size", 2016. https://arxiv.org/abs/1602.07360
import { relu } from "../layers/activation.ts";
import { conv, type ConvParams } from "../layers/conv.ts";
import { dropout } from "../layers/dropout.ts";
import { scaledNormal } from "../layers/initializers.ts";
import type { AnyLayer, Empty, Layer, NamedLayers } from "../layers/layer.ts";
import { parallel } from "../layers/parallel.ts";
import { globalMeanPool, maxPool } from "../layers/pool.ts";
import { sequential } from "../layers/sequential.ts";
import { requireOneOf } from "../text/require.ts";
import { requireModelOptions } from "./model_options.ts";

/** Options of {@linkcode squeezenet}. */
export type SqueezeNetOptions = {
  /** Number of classes. Default: 1000, ImageNet's. */
  readonly numClasses?: number;
  /** Rate of dropout before the last convolution. Default: 0.5. */
  readonly dropout?: number;
  /**
   * `false` leaves the last convolution out: the output is the mean of each of the 512 feature
   * maps before it. Default: `true`.
   */
  readonly head?: boolean;
  /** The paper's network, or its authors' later one of 2.4 times less computation. Default: `"1.0"`. */
  readonly version?: "1.0" | "1.1";
};

/** Parameters of a fire module. */
export type FireParams = {
  readonly squeeze: ConvParams;
  readonly relu: Empty;
  readonly expand: {
    readonly one: { readonly conv: ConvParams; readonly relu: Empty };
    readonly three: { readonly conv: ConvParams; readonly relu: Empty };
  };
};

/** Parameters of {@linkcode squeezenet}; the layers that learn nothing have empty records besides. */
export type SqueezeNetParams =
  & { readonly [Name in `fire${2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}`]: FireParams }
  & {
    readonly conv1: ConvParams;
    /** Absent without a head. */
    readonly conv10: ConvParams;
  };

/**
 * SqueezeNet 1.0: a convolution of 96 filters of 7 × 7 at stride 2, eight fire modules and
 * a 1 × 1 convolution whose feature maps' means are the logits. Max pooling of 3 × 3 at
 * stride 2 comes after the first convolution, fire4 and fire8, and rounds up as in Caffe
 * and torchvision; the first convolution is unpadded as there. 1,248,424 parameters.
 *
 * Version 1.1 begins with 64 filters of 3 × 3 and pools after the first convolution, fire3 and
 * fire5: 1,235,496 parameters (https://github.com/forresti/SqueezeNet).
 *
 * Filters begin with He's deviation, those of the last convolution with 0.01, as the
 * authors' and torchvision's do.
 *
 * @param options number of classes, rate of dropout, whether to have a last convolution
 * @returns the model, `[N, H, W, 3] → logits [N, numClasses]`; made for `[224, 224, 3]`
 * @throws {RangeError} if an option is not in its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, squeezenet } from "@neocog/neocog";
 *
 * assertEquals(countParameters(squeezenet().declare([224, 224, 3]).params), 1248424);
 * ```
 */
export function squeezenet(options: SqueezeNetOptions = {}): Layer<SqueezeNetParams> {
  requireModelOptions("make a SqueezeNet", options, {
    numClasses: true,
    dropout: true,
    head: true,
    version: true,
  });
  const { version = "1.0" } = options;
  requireOneOf("make a SqueezeNet", "its version", ["1.0", "1.1"], version);
  const first = version === "1.0"
    ? conv({ features: 96, size: 7, stride: 2 })
    : conv({ features: 64, size: 3, stride: 2 });
  const pooled = version === "1.0" ? [4, 8] : [3, 5];
  const pool = maxPool({ size: 3, stride: 2, rounding: "ceil" });
  const fires = FIRES.flatMap(([squeezed, expanded], i): [string, AnyLayer][] => [
    [`fire${i + 2}`, fire(squeezed, expanded)],
    ...(pooled.includes(i + 2) ? [[`pool${i + 2}`, pool] as [string, AnyLayer]] : []),
  ]);
  return sequential({
    conv1: first,
    relu1: relu(),
    pool1: pool,
    ...Object.fromEntries(fires),
    ...(options.head === false ? {} : head(options)),
    pool10: globalMeanPool(),
  }) as Layer as Layer<SqueezeNetParams>;
}

/** Filters of the fire modules' squeezing convolution, and of each expanding one: Table 1. */
const FIRES = [
  [16, 64],
  [16, 64],
  [32, 128],
  [32, 128],
  [48, 192],
  [48, 192],
  [64, 256],
  [64, 256],
] as const;

/**
 * A fire module: a 1 × 1 convolution to few channels, then 1 × 1 and 3 × 3 convolutions of it
 * beside each other. The ReLUs are in the branches, so that they are fused into the convolutions.
 */
function fire(squeezed: number, expanded: number): Layer<FireParams> {
  return sequential({
    squeeze: conv({ features: squeezed, size: 1 }),
    relu: relu(),
    expand: parallel({
      one: sequential({ conv: conv({ features: expanded, size: 1 }), relu: relu() }),
      three: sequential({ conv: conv({ features: expanded, size: 3, padding: 1 }), relu: relu() }),
    }),
  });
}

function head({ numClasses = 1000, dropout: rate = 0.5 }: SqueezeNetOptions): NamedLayers {
  return {
    drop: dropout(rate),
    conv10: conv({ features: numClasses, size: 1, initializer: scaledNormal(0.01) }),
    relu10: relu(),
  };
}
