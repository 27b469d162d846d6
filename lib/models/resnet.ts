// ResNets for CIFAR-10, and the plain networks beside them. He, Zhang, Ren and Sun, "Deep residual
// learning for image recognition", 2015, §4.2. https://arxiv.org/abs/1512.03385
import { relu } from "../layers/activation.ts";
import { conv, type ConvParams } from "../layers/conv.ts";
import { dense, type DenseParams } from "../layers/dense.ts";
import type { Empty, Layer, NamedLayers } from "../layers/layer.ts";
import { batchNorm, type BatchNormParams } from "../layers/norm.ts";
import { residual } from "../layers/parallel.ts";
import { globalMeanPool } from "../layers/pool.ts";
import { sequential } from "../layers/sequential.ts";
import { zeroPadShortcut } from "../layers/shortcut.ts";
import type { Tree } from "../tensor/tree.ts";

/** Options of the variants, {@linkcode resnet20} to {@linkcode plain110}. */
export type CifarResnetVariantOptions = {
  /** Number of classes. Default: 10. */
  readonly numClasses?: number;
};

/** Options of {@linkcode cifarResnet}. */
export type CifarResnetOptions = CifarResnetVariantOptions & {
  /** Layers with weights, 6n + 2: three stages of n blocks of two, the first and the last layer. */
  readonly depth: number;
  /** Leaves out the shortcuts, as in Figure 12.21's networks. Default: `false`. */
  readonly plain?: boolean;
};

/** Parameters of a stage's blocks, `block1` to `block{n}`. */
export type CifarResnetBlocks = { readonly [block: string]: Tree };

/** Parameters of {@linkcode cifarResnet}; layers that learn nothing have empty records. */
export type CifarResnetParams = {
  readonly conv1: ConvParams;
  readonly norm1: BatchNormParams;
  readonly relu1: Empty;
  readonly stage1: CifarResnetBlocks;
  readonly stage2: CifarResnetBlocks;
  readonly stage3: CifarResnetBlocks;
  readonly pool: Empty;
  readonly logits: DenseParams;
};

/**
 * The networks of Figure 12.21 (§12.7.6): a convolution of 16 filters, three
 * stages of n blocks of two convolutions each, of 16, 32 and 64 filters of 3 × 3,
 * the second and third stage at half the size, a global mean and a dense layer.
 * Every convolution is batch-normalised and has no bias. The shortcuts learn
 * nothing (option A), so that the plain network has as many parameters.
 *
 * @param options depth, plain or not, number of classes
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`; made for `[32, 32, 3]`
 * @throws {RangeError} where the depth is not 6n + 2 with n ≥ 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { cifarResnet, countSlots } from "@neocog/neocog";
 *
 * const model = cifarResnet({ depth: 20 });
 * assertEquals(countSlots(model.declare([32, 32, 3]).params), 269722);
 * ```
 */
export function cifarResnet(options: CifarResnetOptions): Layer<CifarResnetParams> {
  const { depth, plain = false, numClasses = 10 } = options;
  const blocks = (depth - 2) / 6;
  if (!Number.isInteger(blocks) || blocks < 1) {
    throw new RangeError(
      `Cannot make a CIFAR ResNet as its depth must be 6n + 2 with n at least 1: current value is ${depth}`,
    );
  }
  return sequential({
    conv1: conv({ features: 16, size: 3, padding: 1, bias: false }),
    norm1: batchNorm(),
    relu1: relu(),
    stage1: stage(blocks, 16, 1, plain),
    stage2: stage(blocks, 32, 2, plain),
    stage3: stage(blocks, 64, 2, plain),
    pool: globalMeanPool(),
    logits: dense({ features: numClasses }),
  });
}

/** So many blocks, the first with the stride. */
function stage(
  blocks: number,
  features: number,
  stride: number,
  plain: boolean,
): Layer<CifarResnetBlocks> {
  const layers: { [name: string]: NamedLayers[string] } = {};
  for (let i = 1; i <= blocks; i++) {
    layers[`block${i}`] = block(features, i === 1 ? stride : 1, plain);
  }
  return sequential(layers) as Layer<CifarResnetBlocks>;
}

/** Two convolutions and what skips them; the second's ReLU follows the sum. */
function block(features: number, stride: number, plain: boolean): Layer {
  const body = sequential({
    conv1: conv({ features, size: 3, stride, padding: 1, bias: false }),
    norm1: batchNorm(),
    relu1: relu(),
    conv2: conv({ features, size: 3, padding: 1, bias: false }),
    norm2: batchNorm(),
  });
  if (plain) return sequential({ body, relu2: relu() }) as Layer;
  const shortcut = stride === 1 ? undefined : zeroPadShortcut({ features, stride }) as Layer;
  return sequential({ sum: residual(body as Layer, shortcut), relu2: relu() }) as Layer;
}
