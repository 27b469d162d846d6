// AlexNet. Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional
// neural networks", NIPS 2012. https://papers.nips.cc/paper/4824
import { relu } from "../layers/activation.ts";
import { conv, type ConvParams } from "../layers/conv.ts";
import type { Layer, NamedLayers } from "../layers/layer.ts";
import { localResponseNorm } from "../layers/local_response_norm.ts";
import { maxPool } from "../layers/pool.ts";
import { sequential } from "../layers/sequential.ts";
import { requireOneOf } from "../text/require.ts";
import { denseHead, type DenseHeadOptions, type DenseHeadParams } from "./dense_head.ts";
import { requireModelOptions } from "./model_options.ts";

/** Options of {@linkcode alexnet}. */
export type AlexNetOptions = DenseHeadOptions & {
  /**
   * `"paper"`: conv2, conv4 and conv5 in two groups, one on each of the paper's GPUs.
   * `"ungrouped"`: on one GPU, each filter over all channels. `"torchvision"`: after Krizhevsky,
   * "One weird trick for parallelizing convolutional neural networks", 2014
   * (https://arxiv.org/abs/1404.5997), with 64, 192, 384, 256 and 256 filters, no normalization,
   * dropout before the dense layers, and images of 224 × 224, at which torchvision's mean pooling
   * to 6 × 6 does nothing. Default: `"paper"`.
   */
  readonly variant?: "paper" | "ungrouped" | "torchvision";
};

/** Parameters of AlexNet; the layers that learn nothing have empty records besides. */
export type AlexNetParams = DenseHeadParams & {
  readonly conv1: ConvParams;
  readonly conv2: ConvParams;
  readonly conv3: ConvParams;
  readonly conv4: ConvParams;
  readonly conv5: ConvParams;
};

/** What differs between the variants. */
type Design = {
  /** Filters of conv1 to conv5. */
  readonly widths: readonly [number, number, number, number, number];
  /** Zeros around the image. */
  readonly padding: number;
  readonly groups: 1 | 2;
  /** Whether the responses are normalized after the first two ReLUs. */
  readonly norm: boolean;
  /** Whether units are dropped before the dense layers or after them. */
  readonly dropped: "before" | "after";
};

const PAPER: Design = {
  widths: [96, 256, 384, 384, 256],
  padding: 0,
  groups: 2,
  norm: true,
  dropped: "after",
};

const VARIANTS = {
  paper: PAPER,
  ungrouped: { ...PAPER, groups: 1 },
  torchvision: {
    widths: [64, 192, 384, 256, 256],
    padding: 2,
    groups: 1,
    norm: false,
    dropped: "before",
  },
} as const satisfies Record<string, Design>;

/**
 * AlexNet as the chapter describes it (§12.7.2): 96 filters of 11 × 11 at stride 4,
 * then four convolutions of 5 × 5 and 3 × 3, overlapping max pooling of 3 × 3 at
 * stride 2, three dense layers with dropout. The responses after the first two ReLUs
 * are normalized with the paper's k = 2, n = 5, α = 10⁻⁴ and β = 0.75. 60,965,224
 * parameters; 62,378,344 without the paper's groups, 61,100,840 as torchvision's.
 *
 * Filters and dense layers begin with He's deviation and zero biases; the paper's 0.01,
 * which needs biases of one in most layers, is kept for the logits.
 *
 * @param options variant, number of classes, rate of dropout, head
 * @returns the model, `[N, 227, 227, 3] → logits [N, numClasses]`; of torchvision's, `[N, 224, 224, 3]`
 * @throws {RangeError} if an option is not in its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { alexnet, countParameters } from "@neocog/neocog";
 *
 * assertEquals(countParameters(alexnet().declare([227, 227, 3]).params), 60965224);
 * const torchvision = alexnet({ variant: "torchvision" });
 * assertEquals(countParameters(torchvision.declare([224, 224, 3]).params), 61100840);
 * ```
 */
export function alexnet(options: AlexNetOptions = {}): Layer<AlexNetParams> {
  requireModelOptions("make AlexNet", options, {
    numClasses: true,
    dropout: true,
    head: true,
    variant: true,
  });
  const { variant = "paper" } = options;
  requireOneOf("make AlexNet", "its variant", Object.keys(VARIANTS), variant);
  const { widths, padding, groups, norm, dropped }: Design = VARIANTS[variant];
  const pool = maxPool({ size: 3, stride: 2 });
  const normalize = (name: string): NamedLayers => norm ? { [name]: paperNorm() } : {};
  return sequential({
    conv1: conv({ features: widths[0], size: 11, stride: 4, padding }),
    relu1: relu(),
    ...normalize("norm1"),
    pool1: pool,
    conv2: conv({ features: widths[1], size: 5, padding: 2, groups }),
    relu2: relu(),
    ...normalize("norm2"),
    pool2: pool,
    conv3: conv({ features: widths[2], size: 3, padding: 1 }),
    relu3: relu(),
    conv4: conv({ features: widths[3], size: 3, padding: 1, groups }),
    relu4: relu(),
    conv5: conv({ features: widths[4], size: 3, padding: 1, groups }),
    relu5: relu(),
    pool5: pool,
    ...denseHead("AlexNet", options, dropped),
  }) as Layer as Layer<AlexNetParams>;
}

/** Local response normalization with the constants of §3.3; the layer's alpha is n times the paper's. */
export function paperNorm(): NamedLayers[string] {
  return localResponseNorm({ size: 5, alpha: 5 * 1e-4, beta: 0.75, k: 2 });
}
