// ResNets for ImageNet. He, Zhang, Ren and Sun, "Deep residual learning for image recognition",
// 2015, §3.3 and Table 1. https://arxiv.org/abs/1512.03385
import { relu } from "../layers/activation.ts";
import { conv, type ConvParams } from "../layers/conv.ts";
import { dense, type DenseParams } from "../layers/dense.ts";
import type { Empty, Layer, NamedLayers } from "../layers/layer.ts";
import { batchNorm, type BatchNormParams } from "../layers/norm.ts";
import { globalMeanPool, maxPool } from "../layers/pool.ts";
import { sequential } from "../layers/sequential.ts";
import { requireOneOf, requireOptions, requireRange, requireWhole } from "../text/require.ts";
import { type ResidualBlocks, residualStage } from "./residual_stage.ts";

/** Options of {@linkcode resnet18} to {@linkcode resnet152}. */
export type ResnetHeadOptions = {
  /** Number of classes. Default: 1000. */
  readonly numClasses?: number;
  /** Whether there is the output layer; without it the output is the features before it. Default: `true`. */
  readonly head?: boolean;
};

/** The blocks of a ResNet. */
export type ResnetBlocks = {
  /** Blocks of each of the four stages, `[2, 2, 2, 2]`. */
  readonly blocks: readonly number[];
  /** Whether blocks are 1 × 1, 3 × 3, 1 × 1, or 3 × 3 twice. Default: `false`, twice. */
  readonly bottleneck?: boolean;
};

/** How wide the 3 × 3 convolutions of bottleneck blocks are. */
export type ResnetWidth = {
  /** Groups of their channels; 32 is ResNeXt's (Xie et al. 2017). Default: 1. */
  readonly groups?: number;
  /** Filters of a group in the first stage; 4 is ResNeXt's, 128 that of wide ResNets. Default: 64. */
  readonly groupWidth?: number;
};

/** Options of {@linkcode resnet}: a depth of the paper's Table 1, or your own blocks. */
export type ResnetOptions =
  & ResnetHeadOptions
  & ResnetWidth
  & (ResnetBlocks | {
    /** Layers with weights, without those of shortcuts. */
    readonly depth: 18 | 34 | 50 | 101 | 152;
  });

/** The columns of the paper's Table 1. */
const DEPTHS: Readonly<Record<number, ResnetBlocks>> = {
  18: { blocks: [2, 2, 2, 2] },
  34: { blocks: [3, 4, 6, 3] },
  50: { blocks: [3, 4, 6, 3], bottleneck: true },
  101: { blocks: [3, 4, 23, 3], bottleneck: true },
  152: { blocks: [3, 8, 36, 3], bottleneck: true },
};

/** Parameters of {@linkcode resnet}; layers that learn nothing have empty records. */
export type ResnetParams = {
  readonly conv1: ConvParams;
  readonly norm1: BatchNormParams;
  readonly relu1: Empty;
  readonly pool1: Empty;
  readonly stage1: ResidualBlocks;
  readonly stage2: ResidualBlocks;
  readonly stage3: ResidualBlocks;
  readonly stage4: ResidualBlocks;
  readonly pool: Empty;
  /** Absent without head. */
  readonly logits: DenseParams;
};

/**
 * The networks of the paper's Table 1 (§12.7.6): a convolution of 64 filters of
 * 7 × 7 and a pooling, four stages of residual blocks of 64, 128, 256 and 512
 * filters, each but the first at half the size, a global mean and a dense layer.
 * Every convolution is batch-normalized and has no bias. If a block changes
 * the shape, its shortcut is a normalized 1 × 1 convolution (option B). The layers
 * are torchvision's, in whose bottleneck blocks the 3 × 3 strides. 11,689,512 parameters of 18
 * layers, 21,797,672 of 34, 25,557,032 of 50, 44,549,160 of 101 and 60,192,808 of 152.
 *
 * With `{ depth: 50, groups: 32, groupWidth: 4 }` it is ResNeXt-50 (Xie, Girshick, Dollár, Tu and He,
 * "Aggregated residual transformations for deep neural networks", 2017, Table 1; 25,028,904
 * parameters), with `{ depth: 50, groupWidth: 128 }` the wide ResNet-50-2 (Zagoruyko and Komodakis,
 * "Wide residual networks", 2016; 68,883,240).
 *
 * @param options depth, or blocks of each stage and their kind; width; number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`, or features `[N, 512 or 2048]`
 * without head; made for `[224, 224, 3]`
 * @throws {RangeError} if the depth is not in Table 1, or there are not four stages of blocks
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, resnet } from "@neocog/neocog";
 *
 * const model = resnet({ depth: 50 });
 * assertEquals(countParameters(model.declare([224, 224, 3]).params), 25557032);
 * const small = resnet({ blocks: [1, 1, 1, 1], numClasses: 10 });
 * assertEquals(small.declare([64, 64, 3]).shape, [10]);
 * ```
 */
export function resnet(options: ResnetOptions): Layer<ResnetParams> {
  requireOptions("make a ResNet", options, OPTIONS);
  const { numClasses = 1000, head = true } = options;
  const { blocks, bottleneck = false } = blocksOf(options);
  const { groups = 1, groupWidth = 64 } = options;
  requireWhole("make a ResNet", "its groups", groups);
  requireWhole("make a ResNet", "its groupWidth", groupWidth);
  requireRange(
    "make a ResNet",
    "blocks other than bottlenecks must have 1 group of width 64",
    bottleneck || groups === 1 && groupWidth === 64,
    `${groups} of ${groupWidth}`,
  );
  const stages = blocks.map((count, i) =>
    residualStage({
      blocks: count,
      features: 64 * 2 ** i,
      stride: i === 0 ? 1 : 2,
      bottleneck,
      groups,
      groupWidth,
      // The first stage's bottlenecks widen 64 features to 256.
      shortcut: (features, stride, first) =>
        first && (i > 0 || bottleneck) ? projection(features, stride) : undefined,
    })
  );
  const layers: NamedLayers = {
    conv1: conv({ features: 64, size: 7, stride: 2, padding: 3, bias: false }),
    norm1: batchNorm(),
    relu1: relu(),
    pool1: maxPool({ size: 3, stride: 2, padding: 1 }),
    ...Object.fromEntries(stages.map((stage, i) => [`stage${i + 1}`, stage])),
    pool: globalMeanPool(),
    ...(head ? { logits: dense({ features: numClasses }) } : {}),
  };
  return sequential(layers) as Layer<ResnetParams>;
}

/** Option B (§3.3): a convolution matches the shapes. */
function projection(features: number, stride: number): Layer {
  return sequential({
    conv: conv({ features, size: 1, stride, bias: false }),
    norm: batchNorm(),
  }) as Layer;
}

/** Known options; those of the registry's models are among them. */
const OPTIONS = {
  depth: true,
  blocks: true,
  bottleneck: true,
  groups: true,
  groupWidth: true,
  numClasses: true,
  head: true,
  auxiliary: true,
} as const;

function blocksOf(options: ResnetOptions): ResnetBlocks {
  if ("depth" in options) {
    requireOneOf("make a ResNet", "its depth", Object.keys(DEPTHS).map(Number), options.depth);
    return DEPTHS[options.depth]!;
  }
  const { blocks } = options;
  const holds = blocks.length === 4 && blocks.every((n) => Number.isInteger(n) && n >= 1);
  const rule = "its blocks must be four whole numbers of at least 1";
  requireRange("make a ResNet", rule, holds, `[${blocks}]`);
  return options;
}

/**
 * {@linkcode resnet} of 18 layers: 11,689,512 parameters for 1,000 classes.
 *
 * @param options number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`; made for `[224, 224, 3]`
 */
export function resnet18(options: ResnetHeadOptions = {}): Layer<ResnetParams> {
  return resnet({ ...options, depth: 18 });
}

/**
 * {@linkcode resnet} of 34 layers: 21,797,672 parameters for 1,000 classes.
 *
 * @param options number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`; made for `[224, 224, 3]`
 */
export function resnet34(options: ResnetHeadOptions = {}): Layer<ResnetParams> {
  return resnet({ ...options, depth: 34 });
}

/**
 * {@linkcode resnet} of 50 layers: 25,557,032 parameters for 1,000 classes.
 *
 * @param options number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`; made for `[224, 224, 3]`
 */
export function resnet50(options: ResnetHeadOptions = {}): Layer<ResnetParams> {
  return resnet({ ...options, depth: 50 });
}

/**
 * {@linkcode resnet} of 101 layers: 44,549,160 parameters for 1,000 classes.
 *
 * @param options number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`; made for `[224, 224, 3]`
 */
export function resnet101(options: ResnetHeadOptions = {}): Layer<ResnetParams> {
  return resnet({ ...options, depth: 101 });
}

/**
 * {@linkcode resnet} of 152 layers: 60,192,808 parameters for 1,000 classes.
 *
 * @param options number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`; made for `[224, 224, 3]`
 */
export function resnet152(options: ResnetHeadOptions = {}): Layer<ResnetParams> {
  return resnet({ ...options, depth: 152 });
}
