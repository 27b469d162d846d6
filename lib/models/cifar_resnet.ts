// ResNets for CIFAR-10, and the plain networks beside them. He, Zhang, Ren and Sun, "Deep residual
// learning for image recognition", 2015, §4.2. https://arxiv.org/abs/1512.03385
import { relu } from "../layers/activation.ts";
import { conv, type ConvParams } from "../layers/conv.ts";
import { dense, type DenseParams } from "../layers/dense.ts";
import type { Empty, Layer, NamedLayers } from "../layers/layer.ts";
import { batchNorm, type BatchNormParams } from "../layers/norm.ts";
import { globalMeanPool } from "../layers/pool.ts";
import { sequential } from "../layers/sequential.ts";
import { requireRange, requireWhole } from "../text/require.ts";
import { zeroPadShortcut } from "../layers/shortcut.ts";
import { type ResidualBlocks, residualStage, type Shortcut } from "./residual_stage.ts";
import { requireModelOptions } from "./model_options.ts";

/** Options of {@linkcode cifarResnet} and {@linkcode plain}. */
export type CifarResnetOptions = {
  /** Layers with weights, 6n + 2: three stages of n blocks of two, the first and the last layer. */
  readonly depth: number;
  /** Filters of each convolution in multiples of the paper's, so that its width grows. Default: 1. */
  readonly width?: number;
  /** Number of classes. Default: 10. */
  readonly numClasses?: number;
  /** Whether there is the output layer; without it the output is the features before it. Default: `true`. */
  readonly head?: boolean;
};

/** Parameters of {@linkcode cifarResnet}; layers that learn nothing have empty records. */
export type CifarResnetParams = {
  readonly conv1: ConvParams;
  readonly norm1: BatchNormParams;
  readonly relu1: Empty;
  readonly stage1: ResidualBlocks;
  readonly stage2: ResidualBlocks;
  readonly stage3: ResidualBlocks;
  readonly pool: Empty;
  /** Absent without head. */
  readonly logits: DenseParams;
};

/**
 * The residual networks of Figure 12.21 (§12.7.6): a convolution of 16 filters, three
 * stages of n blocks of two convolutions each, of 16, 32 and 64 filters of 3 × 3,
 * the second and third stage at half the size, a global mean and a dense layer.
 * Every convolution is batch-normalized and has no bias. The shortcuts learn
 * nothing (option A), so that the {@linkcode plain} network has as many parameters:
 * 269,722 of 20 layers, 464,154 of 32, 658,586 of 44, 853,018 of 56 and 1,727,962 of 110.
 *
 * @param options depth, width, number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`, or `[N, 64 · width]` without head; made for `[32, 32, 3]`
 * @throws {RangeError} if the depth is not 6n + 2 with n ≥ 1, or the width no whole number of at least 1
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
  return build("make a CIFAR ResNet", options, { shortcut: optionA });
}

/**
 * {@linkcode cifarResnet} of 20 layers: 269,722 parameters for CIFAR-10.
 *
 * @param options number of classes, head
 * @returns the model, `[N, 32, 32, 3] → logits [N, numClasses]`
 */
export function resnet20(
  options: Omit<CifarResnetOptions, "depth"> = {},
): Layer<CifarResnetParams> {
  return cifarResnet({ ...options, depth: 20 });
}

/**
 * {@linkcode cifarResnet} without the shortcuts, the plain networks of Figure 12.21 (§12.7.6).
 *
 * @param options depth, width, number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`; made for `[32, 32, 3]`
 * @throws {RangeError} if the depth is not 6n + 2 with n ≥ 1, or the width no whole number of at least 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, plain } from "@neocog/neocog";
 *
 * assertEquals(countParameters(plain({ depth: 44 }).declare([32, 32, 3]).params), 658586);
 * ```
 */
export function plain(options: CifarResnetOptions): Layer<CifarResnetParams> {
  return build("make a plain network", options, {});
}

function build(
  action: string,
  options: CifarResnetOptions,
  skipped: { readonly shortcut?: Shortcut },
): Layer<CifarResnetParams> {
  requireModelOptions(action, options, { depth: true, width: true, numClasses: true, head: true });
  const { depth, width = 1, numClasses = 10, head = true } = options;
  const blocks = (depth - 2) / 6;
  const holds = Number.isInteger(blocks) && blocks >= 1;
  requireRange(action, "its depth must be 6n + 2 with n at least 1", holds, depth);
  requireWhole(action, "its width", width);
  const layers: NamedLayers = {
    conv1: conv({ features: 16 * width, size: 3, padding: 1, bias: false }),
    norm1: batchNorm(),
    relu1: relu(),
    stage1: residualStage({ blocks, features: 16 * width, stride: 1, ...skipped }),
    stage2: residualStage({ blocks, features: 32 * width, stride: 2, ...skipped }),
    stage3: residualStage({ blocks, features: 64 * width, stride: 2, ...skipped }),
    pool: globalMeanPool(),
    ...(head ? { logits: dense({ features: numClasses }) } : {}),
  };
  return sequential(layers) as Layer<CifarResnetParams>;
}

/** Option A (§3.3): a shortcut without parameters, if the shape changes. */
function optionA(features: number, stride: number): Layer | undefined {
  return stride === 1 ? undefined : zeroPadShortcut({ features, stride }) as Layer;
}
