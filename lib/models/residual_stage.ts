// Stages of residual blocks: convolutions with a shortcut beside them. He,
// Zhang, Ren and Sun, "Deep residual learning for image recognition", 2015, §3.3 and Figure 5.
// https://arxiv.org/abs/1512.03385
import { relu } from "../layers/activation.ts";
import { conv } from "../layers/conv.ts";
import type { Layer, NamedLayers } from "../layers/layer.ts";
import { batchNorm } from "../layers/norm.ts";
import { residual } from "../layers/parallel.ts";
import { sequential } from "../layers/sequential.ts";
import type { Tree } from "../tensor/tree.ts";

/** Parameters of a stage's blocks, `block1` to `block{n}`. */
export type ResidualBlocks = { readonly [block: string]: Tree };

/** Makes the layer beside a block's body; `undefined` is the identity. */
export type Shortcut = (features: number, stride: number, first: boolean) => Layer | undefined;

/** The blocks of a stage. */
export type Stage = {
  /** Their number. */
  readonly blocks: number;
  /** Filters of their 3 × 3 convolutions. */
  readonly features: number;
  /** Step of the first block. */
  readonly stride: number;
  /** Whether a block is 1 × 1, 3 × 3, 1 × 1 with four times the filters at last, or 3 × 3 twice. */
  readonly bottleneck?: boolean;
  /** Groups of the 3 × 3 convolutions in bottleneck blocks. Default: 1. */
  readonly groups?: number;
  /** Filters of those, per 64 of `features` and in each group. Default: 64. */
  readonly groupWidth?: number;
  /** The layers beside the body; without it there is no shortcut, as in the plain networks. */
  readonly shortcut?: Shortcut;
};

/** Feature maps of a bottleneck block's output per filter of its 3 × 3 convolution (§4.1). */
const EXPANSION = 4;

/** Blocks one after another, the first with the stride. */
export function residualStage(stage: Stage): Layer<ResidualBlocks> {
  const layers: { [name: string]: NamedLayers[string] } = {};
  for (let i = 1; i <= stage.blocks; i++) layers[`block${i}`] = block(stage, i === 1);
  return sequential(layers) as Layer<ResidualBlocks>;
}

/** Convolutions and their shortcut; the last ReLU follows the sum. */
function block(stage: Stage, first: boolean): Layer {
  const { features, stride, bottleneck, shortcut } = stage;
  const step = first ? stride : 1;
  const body = bottleneck ? bottleneckBody(stage, step) : basicBody(features, step);
  const last = bottleneck ? "relu3" : "relu2";
  if (!shortcut) return sequential({ body, [last]: relu() }) as Layer;
  const outputs = bottleneck ? EXPANSION * features : features;
  const sum = residual(body, shortcut(outputs, step, first));
  return sequential({ sum, [last]: relu() }) as Layer;
}

/** Two convolutions of 3 × 3. */
function basicBody(features: number, stride: number): Layer {
  return sequential({
    conv1: conv({ features, size: 3, stride, padding: 1, bias: false }),
    norm1: batchNorm(),
    relu1: relu(),
    conv2: conv({ features, size: 3, padding: 1, bias: false }),
    norm2: batchNorm(),
  }) as Layer;
}

/**
 * A convolution of 3 × 3 between two of 1 × 1. The 3 × 3 strides, as in torchvision and most
 * published weights ("ResNet v1.5"); the paper's first 1 × 1 drops three of four pixels.
 */
function bottleneckBody({ features, groups = 1, groupWidth = 64 }: Stage, stride: number): Layer {
  const width = features / 64 * groupWidth * groups;
  return sequential({
    conv1: conv({ features: width, size: 1, bias: false }),
    norm1: batchNorm(),
    relu1: relu(),
    conv2: conv({ features: width, size: 3, stride, padding: 1, groups, bias: false }),
    norm2: batchNorm(),
    relu2: relu(),
    conv3: conv({ features: EXPANSION * features, size: 1, bias: false }),
    norm3: batchNorm(),
  }) as Layer;
}
