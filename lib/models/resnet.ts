// ResNets for ImageNet. He, Zhang, Ren and Sun, "Deep residual learning for image recognition",
// 2015, §3.3 and Table 1. https://arxiv.org/abs/1512.03385
import { relu } from "../layers/activation.ts";
import { conv, type ConvParams } from "../layers/conv.ts";
import { dense, type DenseParams } from "../layers/dense.ts";
import type { Empty, Layer, NamedLayers } from "../layers/layer.ts";
import { batchNorm, type BatchNormParams } from "../layers/norm.ts";
import { globalMeanPool, maxPool } from "../layers/pool.ts";
import { sequential } from "../layers/sequential.ts";
import { type ResidualBlocks, residualStage } from "./residual_stage.ts";

/** Options of the variants, {@linkcode resnet18} to {@linkcode resnet152}. */
export type ResnetVariantOptions = {
  /** Number of classes. Default: 1000. */
  readonly numClasses?: number;
  /** Whether there is a classifier; without it the model answers the features before. Default: `true`. */
  readonly head?: boolean;
};

/** Options of {@linkcode resnet}. */
export type ResnetOptions = ResnetVariantOptions & {
  /** Blocks of each of the four stages, `[2, 2, 2, 2]`. */
  readonly blocks: readonly number[];
  /** Whether blocks are 1 × 1, 3 × 3, 1 × 1, or 3 × 3 twice. Default: `false`, twice. */
  readonly bottleneck?: boolean;
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
 * Every convolution is batch-normalized and has no bias. Where a block changes
 * the shape, its shortcut is a normalized 1 × 1 convolution (option B). The layers
 * are torchvision's, in whose bottleneck blocks it is the 3 × 3 that strides.
 *
 * @param options blocks of each stage, their kind, number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`, or features `[N, 512 or 2048]`
 * without head; made for `[224, 224, 3]`
 * @throws {RangeError} if there are not four stages of at least one block each
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, resnet } from "@neocog/neocog";
 *
 * const model = resnet({ blocks: [2, 2, 2, 2] });
 * assertEquals(countParameters(model.declare([224, 224, 3]).params), 11689512);
 * ```
 */
export function resnet(options: ResnetOptions): Layer<ResnetParams> {
  const { blocks, bottleneck = false, numClasses = 1000, head = true } = options;
  requireStages(blocks);
  const stages = blocks.map((count, i) =>
    residualStage({
      blocks: count,
      features: 64 * 2 ** i,
      stride: i === 0 ? 1 : 2,
      bottleneck,
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

function requireStages(blocks: readonly number[]): void {
  const holds = blocks.length === 4 && blocks.every((n) => Number.isInteger(n) && n >= 1);
  if (!holds) {
    throw new RangeError(
      `Cannot make a ResNet: its blocks must be four whole numbers of at least 1, got [${blocks}]`,
    );
  }
}
