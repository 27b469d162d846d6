// The convolutions that are timed, on shapes of LeNet-5, the chapter's network, VGG and ResNet.
import { convolve } from "../../../lib/tensor/mod.ts";
import { tf } from "../../../mod.ts";
import type { Op } from "./job.ts";

/** A convolution: batch × size × size × channels by window × window to features, in groups. */
type Conv = readonly [
  of: string,
  batch: number,
  size: number,
  channels: number,
  window: number,
  features: number,
  stride?: number,
  padding?: number,
  groups?: number,
];

const CONVS: readonly Conv[] = [
  ["LeNet-5 conv1", 128, 32, 1, 5, 6],
  ["LeNet-5 conv2", 128, 14, 6, 5, 16],
  ["chapter conv1", 128, 28, 1, 3, 32],
  ["chapter conv2", 32, 26, 32, 3, 64],
  ["VGG conv1-1", 1, 224, 3, 3, 64, 1, 1],
  ["VGG conv3-2", 1, 56, 256, 3, 256, 1, 1],
  ["VGG conv5-1", 4, 14, 512, 3, 512, 1, 1],
  ["ResNet-20 stage 1", 32, 32, 16, 3, 16, 1, 1],
  ["ResNet-20 stage 3", 32, 8, 64, 3, 64, 1, 1],
  ["ResNet-20 strided", 32, 32, 16, 3, 32, 2, 1],
  ["ResNet-50 stem", 1, 224, 3, 7, 64, 2, 3],
  ["ResNet-50 1×1 down", 2, 56, 256, 1, 64],
  ["ResNet-50 1×1 up", 4, 14, 256, 1, 1024],
  ["ResNet-50 1×1 strided", 2, 56, 256, 1, 512, 2],
  ["MobileNet depthwise", 1, 112, 32, 3, 32, 1, 1, 32],
  ["MobileNet depthwise strided", 4, 48, 64, 3, 64, 2, 1, 64],
  ["ConvNeXt depthwise", 1, 56, 96, 7, 96, 1, 3, 96],
  ["ResNeXt in groups", 4, 14, 512, 3, 512, 1, 1, 32],
];

function opsOf(conv: Conv): Op[] {
  const [of, batch, size, channels, window, features, stride = 1, padding = 0, groups = 1] = conv;
  const out = Math.floor((size + 2 * padding - window) / stride) + 1;
  const xShape: [number, number, number, number] = [batch, size, size, channels];
  const filterShape: [number, number, number, number] = [
    window,
    window,
    channels / groups,
    features,
  ];
  const dyShape: [number, number, number, number] = [batch, out, out, features];
  const sizes = [xShape, filterShape, dyShape].map((shape) => tf.util.sizeFromShape(shape));
  const common = {
    shape: `${of}: ${batch}×${size}×${size}×${channels} by ${window}×${window}` +
      `${stride > 1 ? ` stride ${stride}` : ""} to ${features}` +
      (groups > 1 ? ` in ${groups} groups` : ""),
    flops: 2 * batch * out * out * features * window * window * channels / groups,
    bytes: 4 * sizes.reduce((sum, count) => sum + count, 0),
  };
  const attributes = {
    strides: [stride, stride],
    pad: [[0, 0], [padding, padding], [padding, padding], [0, 0]],
    dataFormat: "NHWC",
    dilations: [1, 1],
    dimRoundingMode: "floor",
  };
  const run = (kernel: string, inputs: tf.NamedTensorMap, more: tf.NamedAttrMap): tf.Tensor =>
    tf.engine().runKernel(kernel, inputs, { ...attributes, ...more } as tf.NamedAttrMap);
  const options = {
    stride: [stride, stride],
    padding,
    dilation: [1, 1],
    groups,
  } as const;
  const random = (shape: [number, number, number, number]): tf.Tensor4D =>
    tf.randomUniform(shape, -1, 1);
  const op = (
    kind: string,
    a: [number, number, number, number],
    b: [number, number, number, number],
    result: [number, number, number, number],
    call: (x: tf.Tensor4D, y: tf.Tensor4D) => tf.Tensor,
  ): Op => ({
    ...common,
    ...(result[2] * result[3] % 4 === 0 ? {} : { stores: tf.util.sizeFromShape(result) }),
    kind,
    prepare: () => {
      const [x, y] = [random(a), random(b)];
      return () => call(x, y);
    },
  });
  return [
    op("conv forward", xShape, filterShape, dyShape, (x, filter) => convolve(x, filter, options)),
    op(
      "conv input gradient",
      dyShape,
      filterShape,
      xShape,
      (dy, filter) => run("Conv2DBackpropInput", { dy, filter }, { inputShape: xShape }),
    ),
    op(
      "conv filter gradient",
      xShape,
      dyShape,
      filterShape,
      (x, dy) => run("Conv2DBackpropFilter", { x, dy }, { filterShape }),
    ),
  ];
}

/** Each convolution forward, and its gradients by input and filter. */
export function convOps(): Op[] {
  return CONVS.flatMap(opsOf);
}
