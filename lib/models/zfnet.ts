// ZFNet. Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2013,
// Figure 3. https://arxiv.org/abs/1311.2901
import { relu } from "../layers/activation.ts";
import { conv, type ConvParams } from "../layers/conv.ts";
import type { Layer } from "../layers/layer.ts";
import { maxPool } from "../layers/pool.ts";
import { sequential } from "../layers/sequential.ts";
import { requireOneOf } from "../text/require.ts";
import { paperNorm } from "./alexnet.ts";
import { denseHead, type DenseHeadOptions, type DenseHeadParams } from "./dense_head.ts";
import { requireModelOptions } from "./model_options.ts";

/** Options of {@linkcode zfnet}. */
export type ZFNetOptions = DenseHeadOptions & {
  /**
   * `"paper"`: 384, 384 and 256 filters in the third, fourth and fifth convolution. `"wide"`: the
   * chapter's 512, 1024 and 512, the paper's model (b) (Table 2 there). Default: `"paper"`.
   */
  readonly variant?: "paper" | "wide";
};

/** Filters of the third, fourth and fifth convolution. */
const WIDTHS = { paper: [384, 384, 256], wide: [512, 1024, 512] } as const;

/** Parameters of ZFNet; the layers that learn nothing have empty records besides. */
export type ZFNetParams = DenseHeadParams & {
  readonly conv1: ConvParams;
  readonly conv2: ConvParams;
  readonly conv3: ConvParams;
  readonly conv4: ConvParams;
  readonly conv5: ConvParams;
};

/**
 * ZFNet (§12.7.3): AlexNet without groups, with 7 × 7 filters at stride 2 in the first
 * layer and stride 2 in the second, each followed by pooling and then by normalization
 * across feature maps. 62,357,608 parameters; 107,627,624 of the wide variant.
 *
 * The paper gives its maps' sizes, 110, 55, 26, 13, 13, 13 and 6, but not the padding: one pixel of
 * zeros around the image, none around the second layer's input and pooling that rounds up lead to
 * those sizes. Its constants for the normalization are not given either; here they are AlexNet's.
 * Filters begin with He's deviation; for the paper's 0.01 see {@linkcode alexnet}.
 *
 * @param options variant, number of classes, rate of dropout, head
 * @returns the model, `[N, 224, 224, 3] → logits [N, numClasses]`
 * @throws {RangeError} if an option is not in its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, zfnet } from "@neocog/neocog";
 *
 * assertEquals(countParameters(zfnet().declare([224, 224, 3]).params), 62357608);
 * ```
 */
export function zfnet(options: ZFNetOptions = {}): Layer<ZFNetParams> {
  requireModelOptions("make ZFNet", options, {
    numClasses: true,
    dropout: true,
    head: true,
    variant: true,
  });
  const { variant = "paper" } = options;
  requireOneOf("make ZFNet", "its variant", Object.keys(WIDTHS), variant);
  const widths = WIDTHS[variant];
  const pool = maxPool({ size: 3, stride: 2, rounding: "ceil" });
  return sequential({
    conv1: conv({ features: 96, size: 7, stride: 2, padding: 1 }),
    relu1: relu(),
    pool1: pool,
    norm1: paperNorm(),
    conv2: conv({ features: 256, size: 5, stride: 2 }),
    relu2: relu(),
    pool2: pool,
    norm2: paperNorm(),
    conv3: conv({ features: widths[0], size: 3, padding: 1 }),
    relu3: relu(),
    conv4: conv({ features: widths[1], size: 3, padding: 1 }),
    relu4: relu(),
    conv5: conv({ features: widths[2], size: 3, padding: 1 }),
    relu5: relu(),
    pool5: pool,
    ...denseHead("ZFNet", options),
  }) as Layer as Layer<ZFNetParams>;
}
