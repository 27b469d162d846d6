// Keras's convolutions and pooling.
import { type Around, cutTranspose } from "../../imported/layers.ts";
import type { Placed } from "../../imported/placer.ts";
import { adaptiveMeanPool } from "../../layers/adaptive_pool.ts";
import { conv } from "../../layers/conv.ts";
import { globalMeanPool, maxPool, meanPool } from "../../layers/pool.ts";
import { reduce } from "../../layers/rearrange.ts";
import { activated } from "../activations.ts";
import type { Conversion, KerasCall } from "../call.ts";

/** How a filter slides. */
function slideOf(call: KerasCall): {
  readonly size: [number, number];
  readonly stride: [number, number];
  readonly dilation: [number, number];
  readonly padding: "same" | "valid";
} {
  return {
    size: call.pair("kernel_size", 1),
    stride: call.pair("strides", 1),
    dilation: call.pair("dilation_rate", 1),
    padding: call.padding(),
  };
}

const convolution: Conversion = (call) => {
  const x = call.image();
  const filters = call.number("filters", 0);
  const groups = call.number("groups", 1);
  const bias = call.flag("use_bias", true);
  const slide = slideOf(call);
  const params = call.weights({
    kernel: [...slide.size, x.shape[2]! / groups, filters],
  }, bias ? filters : 0);
  const features = call.build.features(call.name, filters);
  return activated(call, call.emit(conv({ ...slide, features, groups, bias }), x, { params }));
};

const depthwise: Conversion = (call) => {
  const x = call.image();
  const channels = x.shape[2]!;
  const multiplier = call.number("depth_multiplier", 1);
  const bias = call.flag("use_bias", true);
  const features = channels * multiplier;
  const slide = slideOf(call);
  // Whoever wrote the file meant it.
  const isKept = !call.dialect.isTfjs || `${slide.dilation}` === "1,1";
  call.require(isKept, "have no dilation, which TensorFlow.js passes over", slide.dilation);
  const { depthwise_kernel: kernel, ...rest } = call.weights({
    depthwise_kernel: [...slide.size, channels, multiplier],
  }, bias ? features : 0);
  // [h, w, C, multiplier] has the order of [h, w, 1, C · multiplier].
  const layer = conv({ ...slide, features, groups: channels, bias });
  return activated(call, call.emit(layer, x, { params: { kernel, ...rest } }));
};

const separable: Conversion = (call) => {
  const x = call.image();
  const channels = x.shape[2]!;
  const multiplier = call.number("depth_multiplier", 1);
  const filters = call.number("filters", 0);
  const bias = call.flag("use_bias", true);
  const between = channels * multiplier;
  const slide = slideOf(call);
  const { depthwise_kernel, pointwise_kernel, ...rest } = call.weights({
    depthwise_kernel: [...slide.size, channels, multiplier],
    pointwise_kernel: [1, 1, between, filters],
  }, bias ? filters : 0);
  const spatial = conv({ ...slide, features: between, groups: channels, bias: false });
  const filtered = call.emit(spatial, x, {
    params: { kernel: depthwise_kernel },
    suffix: "depthwise",
  });
  const features = call.build.features(call.name, filters);
  const mixed = call.emit(conv({ features, size: 1, bias }), filtered, {
    params: { kernel: pointwise_kernel, ...rest },
  });
  return activated(call, mixed);
};

const transposed: Conversion = (call) => {
  const x = call.image();
  const filters = call.number("filters", 0);
  const bias = call.flag("use_bias", true);
  const { size, stride, dilation, padding } = slideOf(call);
  const params = call.weights({
    kernel: [...size, filters, x.shape[2]!],
  }, bias ? filters : 0);
  const added = call.list("output_padding") && call.pair("output_padding", 0);
  const along = ([0, 1] as const).map((axis) => {
    const full = (x.shape[axis]! - 1) * stride[axis] + (size[axis] - 1) * dilation[axis] + 1;
    const length = lengthOf(x.shape[axis]!, axis);
    const cut = Math.max(0, full - length);
    const before = padding === "same" ? Math.floor(cut / 2) : 0;
    return { around: [before, cut - before] as const, extra: Math.max(0, length - full) };
  });
  /** How long Keras makes the output along an axis. */
  function lengthOf(input: number, axis: 0 | 1): number {
    const reach = (size[axis] - 1) * dilation[axis] + 1;
    if (added) {
      const pads = padding === "same" ? 2 * Math.floor(reach / 2) : 0;
      return (input - 1) * stride[axis] + reach - pads + added[axis];
    }
    return input * stride[axis] + (padding === "same" ? 0 : Math.max(0, reach - stride[axis]));
  }
  const [down, across] = along;
  const layers = cutTranspose(
    {
      features: filters,
      size,
      stride,
      dilation,
      outputPadding: [down!.extra, across!.extra],
      bias,
    },
    [down!.around, across!.around] as Around,
    x.shape,
  );
  const y = call.emit(layers[0]!, x, { params });
  return activated(call, layers[1] ? call.emit(layers[1], y, { suffix: "cut" }) : y);
};

const pooled = (make: typeof maxPool): Conversion => (call) => {
  const x = call.image();
  const size = call.pair("pool_size", 2);
  return call.emit(make({ size, stride: call.pair("strides", size), padding: call.padding() }), x);
};

const globally = (by: "mean" | "max"): Conversion => (call) => {
  const x = call.image();
  const keep = call.flag("keepdims", false);
  const layer = by === "mean" && !keep ? globalMeanPool() : reduce({ axes: [0, 1], by, keep });
  return call.emit(layer, x);
};

const adaptive: Conversion = (call) => {
  const [height, width] = call.pair("output_size", 1);
  return call.emit(adaptiveMeanPool(height, width), call.image());
};

/** A fully connected layer on images is a convolution of single pixels. */
export function onPixels(call: KerasCall, x: Placed, features: number, bias: boolean): Placed {
  const inputs = x.shape.at(-1)!;
  const params = call.weights({
    kernel: [inputs, features],
  }, bias ? features : 0);
  const own = call.build.features(call.name, features);
  return call.emit(conv({ features: own, size: 1, bias }), x, { params });
}

export const WINDOWS: Readonly<Record<string, Conversion>> = {
  Conv2D: convolution,
  Convolution2D: convolution,
  DepthwiseConv2D: depthwise,
  SeparableConv2D: separable,
  SeparableConvolution2D: separable,
  Conv2DTranspose: transposed,
  Convolution2DTranspose: transposed,
  MaxPooling2D: pooled(maxPool),
  MaxPool2D: pooled(maxPool),
  AveragePooling2D: pooled(meanPool),
  AvgPool2D: pooled(meanPool),
  GlobalAveragePooling2D: globally("mean"),
  GlobalAvgPool2D: globally("mean"),
  GlobalMaxPooling2D: globally("max"),
  GlobalMaxPool2D: globally("max"),
  AdaptiveAveragePooling2D: adaptive,
};
