// The convolutions that are timed, on shapes of LeNet-5, the chapter's network, VGG and ResNet.
import { convolve } from "../../../lib/tensor/mod.ts";
import { tf } from "../../../mod.ts";
import type { Op } from "./op.ts";

/** A convolution's shape. */
type Conv = {
  readonly of: string;
  readonly batch: number;
  readonly size: number;
  readonly channels: number;
  readonly features: number;
  readonly window: number;
  readonly stride?: number;
  readonly padding?: number;
};

const CONVS: readonly Conv[] = [
  { of: "LeNet-5 conv1", batch: 128, size: 32, channels: 1, features: 6, window: 5 },
  { of: "LeNet-5 conv2", batch: 128, size: 14, channels: 6, features: 16, window: 5 },
  { of: "chapter conv1", batch: 128, size: 28, channels: 1, features: 32, window: 3 },
  { of: "chapter conv2", batch: 32, size: 26, channels: 32, features: 64, window: 3 },
  { of: "VGG conv1-1", batch: 1, size: 224, channels: 3, features: 64, window: 3, padding: 1 },
  { of: "VGG conv3-2", batch: 1, size: 56, channels: 256, features: 256, window: 3, padding: 1 },
  { of: "VGG conv5-1", batch: 4, size: 14, channels: 512, features: 512, window: 3, padding: 1 },
  {
    of: "ResNet-20 stage 1",
    batch: 32,
    size: 32,
    channels: 16,
    features: 16,
    window: 3,
    padding: 1,
  },
  {
    of: "ResNet-20 stage 3",
    batch: 32,
    size: 8,
    channels: 64,
    features: 64,
    window: 3,
    padding: 1,
  },
  {
    of: "ResNet-20 strided",
    batch: 32,
    size: 32,
    channels: 16,
    features: 32,
    window: 3,
    stride: 2,
    padding: 1,
  },
  {
    of: "ResNet-50 stem",
    batch: 1,
    size: 224,
    channels: 3,
    features: 64,
    window: 7,
    stride: 2,
    padding: 3,
  },
  { of: "ResNet-50 1×1 down", batch: 2, size: 56, channels: 256, features: 64, window: 1 },
  { of: "ResNet-50 1×1 up", batch: 4, size: 14, channels: 256, features: 1024, window: 1 },
  {
    of: "ResNet-50 1×1 strided",
    batch: 2,
    size: 56,
    channels: 256,
    features: 512,
    window: 1,
    stride: 2,
  },
];

function opsOf(conv: Conv): Op[] {
  const { of, batch, size, channels, features, window, stride = 1, padding = 0 } = conv;
  const out = Math.floor((size + 2 * padding - window) / stride) + 1;
  const xShape: [number, number, number, number] = [batch, size, size, channels];
  const filterShape: [number, number, number, number] = [window, window, channels, features];
  const dyShape: [number, number, number, number] = [batch, out, out, features];
  const sizes = [xShape, filterShape, dyShape].map((shape) => tf.util.sizeFromShape(shape));
  const common = {
    shape: `${of}: ${batch}×${size}×${size}×${channels} by ${window}×${window}` +
      `${stride > 1 ? ` stride ${stride}` : ""} to ${features}`,
    flops: 2 * batch * out * out * features * window * window * channels,
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
    groups: 1,
  } as const;
  const random = (shape: [number, number, number, number]): tf.Tensor4D =>
    tf.randomUniform(shape, -1, 1);
  return [
    {
      ...common,
      kind: "conv forward",
      prepare: () => {
        const [x, filter] = [random(xShape), random(filterShape)];
        return () => convolve(x, filter, options);
      },
    },
    {
      ...common,
      kind: "conv input gradient",
      prepare: () => {
        const [dy, filter] = [random(dyShape), random(filterShape)];
        return () => run("Conv2DBackpropInput", { dy, filter }, { inputShape: xShape });
      },
    },
    {
      ...common,
      kind: "conv filter gradient",
      prepare: () => {
        const [x, dy] = [random(xShape), random(dyShape)];
        return () => run("Conv2DBackpropFilter", { x, dy }, { filterShape });
      },
    },
  ];
}

/** Each convolution forward, and its gradients by input and filter. */
export function convOps(): Op[] {
  return CONVS.flatMap(opsOf);
}
