// What MobileNetV2, MobileNetV3 and EfficientNet are made of: blocks that widen, filter each channel
// by itself, and narrow. Sandler, Howard, Zhu, Zhmoginov and Chen, "MobileNetV2: inverted residuals
// and linear bottlenecks", 2018, §3.3. https://arxiv.org/abs/1801.04381
import { conv, type ConvOptions } from "../layers/conv.ts";
import type { AnyLayer, Layer, NamedLayers } from "../layers/layer.ts";
import { batchNorm, type BatchNormOptions } from "../layers/norm.ts";
import { residual } from "../layers/parallel.ts";
import { sequential } from "../layers/sequential.ts";
import { squeezeExcite, type SqueezeExciteOptions } from "../layers/squeeze_excite.ts";
import { stochasticDepth } from "../layers/noise.ts";

/** What all blocks of a network have in common. */
export type BlockStyle = {
  /** The normalization after each convolution. */
  readonly norm?: BatchNormOptions;
  /** The activation between a squeeze-and-excite's convolutions, and the one of its factors. */
  readonly squeeze?: Pick<SqueezeExciteOptions, "activation" | "gate">;
};

/** A block. */
export type InvertedResidual = {
  readonly inputs: number;
  /** Channels in between; the first convolution is left out if there are no more than at its input. */
  readonly expanded: number;
  readonly features: number;
  /** Size and stride of the convolution of each channel. */
  readonly size: number;
  readonly stride: number;
  readonly activation: AnyLayer;
  /** Channels of the squeeze-and-excite after it. Default: there is none. */
  readonly squeezed?: number;
  /** Rate at which an example skips the block in training. Default: 0. */
  readonly dropRate?: number;
};

/** A convolution that is batch-normalized and has no bias, with an activation or without. */
export function convNorm(
  options: Omit<ConvOptions, "bias">,
  activation: AnyLayer | undefined,
  norm: BatchNormOptions = {},
): Layer {
  const layers: NamedLayers = {
    conv: conv({ ...options, bias: false }),
    norm: batchNorm(norm),
    ...(activation ? { activation } : {}),
  };
  return sequential(layers) as Layer;
}

/** A block: around it is a shortcut, if its output is of its input's shape. */
export function invertedResidual(block: InvertedResidual, style: BlockStyle = {}): Layer {
  const { inputs, expanded, features, size, stride, activation, squeezed, dropRate = 0 } = block;
  const { norm, squeeze } = style;
  const padding = (size - 1) / 2;
  const layers: { [name: string]: AnyLayer } = {};
  if (expanded > inputs) {
    layers.expand = convNorm({ features: expanded, size: 1 }, activation, norm);
  }
  const depthwise = { features: expanded, size, stride, padding, groups: expanded };
  layers.depthwise = convNorm(depthwise, activation, norm);
  if (squeezed !== undefined) {
    layers.squeeze = squeezeExcite({ channels: expanded, squeezed, ...squeeze });
  }
  layers.project = convNorm({ features, size: 1 }, undefined, norm);
  const isSkipped = stride === 1 && inputs === features;
  if (isSkipped && dropRate > 0) layers.drop = stochasticDepth(dropRate);
  const body = sequential(layers) as Layer;
  return isSkipped ? residual(body) as Layer : sequential({ body }) as Layer;
}

/**
 * The multiple of 8 nearest to a number of channels, at least 8, and not below nine tenths of it.
 * https://github.com/tensorflow/models/blob/master/research/slim/nets/mobilenet/mobilenet.py
 */
export function roundChannels(count: number): number {
  const rounded = Math.max(8, Math.floor((count + 4) / 8) * 8);
  return rounded < 0.9 * count ? rounded + 8 : rounded;
}
