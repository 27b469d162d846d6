// ResNets for CIFAR-10, and the plain networks beside them. He, Zhang, Ren and Sun, "Deep residual
// learning for image recognition", 2015, §4.2. https://arxiv.org/abs/1512.03385
import { relu } from "../layers/activation.ts";
import { conv, type ConvParams } from "../layers/conv.ts";
import { dense, type DenseParams } from "../layers/dense.ts";
import type { Empty, Layer, NamedLayers } from "../layers/layer.ts";
import { batchNorm, type BatchNormParams } from "../layers/norm.ts";
import { globalMeanPool } from "../layers/pool.ts";
import { sequential } from "../layers/sequential.ts";
import { zeroPadShortcut } from "../layers/shortcut.ts";
import { type ResidualBlocks, residualStage } from "./residual_stage.ts";

/** Options of the variants, {@linkcode resnet20} to {@linkcode plain110}. */
export type CifarResnetVariantOptions = {
  /** Number of classes. Default: 10. */
  readonly numClasses?: number;
  /** Whether there is a classifier; without it the model answers the features before. Default: `true`. */
  readonly head?: boolean;
};

/** Options of {@linkcode cifarResnet}. */
export type CifarResnetOptions = CifarResnetVariantOptions & {
  /** Layers with weights, 6n + 2: three stages of n blocks of two, the first and the last layer. */
  readonly depth: number;
  /** Leaves out the shortcuts, as in Figure 12.21's networks. Default: `false`. */
  readonly plain?: boolean;
};

/** Parameters of a stage's blocks, `block1` to `block{n}`. */
export type CifarResnetBlocks = ResidualBlocks;

/** Parameters of {@linkcode cifarResnet}; layers that learn nothing have empty records. */
export type CifarResnetParams = {
  readonly conv1: ConvParams;
  readonly norm1: BatchNormParams;
  readonly relu1: Empty;
  readonly stage1: CifarResnetBlocks;
  readonly stage2: CifarResnetBlocks;
  readonly stage3: CifarResnetBlocks;
  readonly pool: Empty;
  /** Absent without head. */
  readonly logits: DenseParams;
};

/**
 * The networks of Figure 12.21 (§12.7.6): a convolution of 16 filters, three
 * stages of n blocks of two convolutions each, of 16, 32 and 64 filters of 3 × 3,
 * the second and third stage at half the size, a global mean and a dense layer.
 * Every convolution is batch-normalized and has no bias. The shortcuts learn
 * nothing (option A), so that the plain network has as many parameters.
 *
 * @param options depth, plain or not, number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`, or `[N, 64]` without head; made for `[32, 32, 3]`
 * @throws {RangeError} if the depth is not 6n + 2 with n ≥ 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { cifarResnet, countParameters } from "@neocog/neocog";
 *
 * const model = cifarResnet({ depth: 20 });
 * assertEquals(countParameters(model.declare([32, 32, 3]).params), 269722);
 * ```
 */
export function cifarResnet(options: CifarResnetOptions): Layer<CifarResnetParams> {
  const { depth, plain = false, numClasses = 10, head = true } = options;
  const blocks = (depth - 2) / 6;
  if (!Number.isInteger(blocks) || blocks < 1) {
    throw new RangeError(
      `Cannot make a CIFAR ResNet: its depth must be 6n + 2 with n at least 1, got ${depth}`,
    );
  }
  const skipped = plain ? {} : { shortcut: optionA };
  const layers: NamedLayers = {
    conv1: conv({ features: 16, size: 3, padding: 1, bias: false }),
    norm1: batchNorm(),
    relu1: relu(),
    stage1: residualStage({ blocks, features: 16, stride: 1, ...skipped }),
    stage2: residualStage({ blocks, features: 32, stride: 2, ...skipped }),
    stage3: residualStage({ blocks, features: 64, stride: 2, ...skipped }),
    pool: globalMeanPool(),
    ...(head ? { logits: dense({ features: numClasses }) } : {}),
  };
  return sequential(layers) as Layer<CifarResnetParams>;
}

/** Option A (§3.3): nothing is learned where the shape changes. */
function optionA(features: number, stride: number): Layer | undefined {
  return stride === 1 ? undefined : zeroPadShortcut({ features, stride }) as Layer;
}
