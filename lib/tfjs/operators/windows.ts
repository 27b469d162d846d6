// TensorFlow's convolutions, fused or not, pooling and resizing.
import { type Around, cutTranspose, padWith, withNumbers } from "../../imported/layers.ts";
import type { Numbers } from "../../imported/emitter.ts";
import type { Placed } from "../../imported/placer.ts";
import { conv } from "../../layers/conv.ts";
import type { AnyLayer } from "../../layers/layer.ts";
import { maxPool, meanPool } from "../../layers/pool.ts";
import { reshape, transpose } from "../../layers/rearrange.ts";
import { upsample } from "../../layers/scaling.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import { sourcesOf } from "../../tensor/resample.ts";
import type { GraphCall, Operator } from "../call.ts";
import { activationOf, slopes } from "./functions.ts";

/** The numbers for height and width of a list for all four axes. */
function pairOf(call: GraphCall, name: string): [number, number] {
  const list = call.list(name);
  if (list.length === 0) return [1, 1];
  const fits = list.length === 4 && list[0] === 1 && list[3] === 1 && list.every((one) => one >= 1);
  call.require(fits, `have four numbers as ${name}, 1 for batch and channels`, list);
  return [list[1]!, list[2]!];
}

/** The padding; that in numbers is a layer of its own. */
function paddingOf(
  call: GraphCall,
  x: Placed,
  number = 0,
): { readonly padding: "same" | "valid"; readonly padded: Placed } {
  const padding = call.text("padding", "VALID");
  if (padding !== "EXPLICIT") {
    call.require(padding === "SAME" || padding === "VALID", "have SAME or VALID padding", padding);
    return { padding: padding === "SAME" ? "same" : "valid", padded: x };
  }
  const pads = call.list("explicit_paddings");
  const fits = pads.length === 8 && pads.every((one) => one >= 0);
  call.require(fits, "have eight explicit_paddings", pads);
  const amounts = [1, 2, 3].map((axis) => [pads[2 * axis]!, pads[2 * axis + 1]!] as const);
  return { padding: "valid", padded: call.emit(padWith(amounts, number), x, { suffix: "pad" }) };
}

/** What is fused behind a convolution or product: a bias, then a function. */
export function fusedOf(
  call: GraphCall,
  features: number,
): { readonly bias: Numbers | undefined; after(y: Placed): Placed } {
  const fused = [...call.texts("fused_ops")];
  const hasBias = fused[0] === "BiasAdd";
  const bias = hasBias ? call.constant(2) : undefined;
  if (hasBias) fused.shift();
  call.require(
    !bias || sizeOf(bias.dims) === features && bias.dims.at(-1) === features,
    `have a bias of ${features}`,
    bias?.dims,
  );
  const [name, ...more] = fused;
  call.require(more.length === 0, "fuse a bias and one function", call.texts("fused_ops"));
  const after = (y: Placed): Placed => {
    if (name === undefined) return y;
    if (name === "Prelu") return slopes(call, y, call.constant(hasBias ? 3 : 2), "prelu");
    const layer = activationOf(call, name, call.number("leakyrelu_alpha", 0.2));
    return layer ? call.emit(layer, y, { suffix: name.toLowerCase() }) : y;
  };
  return { bias: bias?.values, after };
}

const convolution: Operator = (call) => {
  const x = call.image();
  const kernel = call.constant(1);
  call.require(kernel.dims.length === 4, "have a kernel of four axes", [...kernel.dims]);
  const [height, width, inputs, filters] = kernel.dims as [number, number, number, number];
  const groups = x.shape[2]! / inputs;
  call.require(Number.isInteger(groups), `have a kernel for ${x.shape[2]} channels`, inputs);
  const { bias, after } = fusedOf(call, filters);
  const { padding, padded } = paddingOf(call, x);
  const layer = conv({
    features: call.build.features(call.name, filters),
    size: [height, width],
    stride: pairOf(call, "strides"),
    dilation: pairOf(call, "dilations"),
    padding,
    groups,
    bias: bias !== undefined,
  });
  return after(call.emit(layer, padded, {
    params: { kernel: kernel.values, ...(bias ? { bias } : {}) },
  }));
};

const depthwise: Operator = (call) => {
  const x = call.image();
  const kernel = call.constant(1);
  const [height, width, channels, multiplier] = kernel.dims as [number, number, number, number];
  call.require(channels === x.shape[2], `have a kernel for ${x.shape[2]} channels`, [
    ...kernel.dims,
  ]);
  const features = channels * multiplier;
  const { bias, after } = fusedOf(call, features);
  const { padding, padded } = paddingOf(call, x);
  const layer = conv({
    features,
    size: [height, width],
    stride: pairOf(call, "strides"),
    dilation: pairOf(call, "dilations"),
    padding,
    groups: channels,
    bias: bias !== undefined,
  });
  return after(call.emit(layer, padded, {
    params: { kernel: kernel.values, ...(bias ? { bias } : {}) },
  }));
};

const transposed: Operator = (call) => {
  const x = call.image(2);
  const kernel = call.constant(1);
  const [height, width, features, channels] = kernel.dims as [number, number, number, number];
  call.require(channels === x.shape[2], `have a kernel for ${x.shape[2]} channels`, [
    ...kernel.dims,
  ]);
  const wanted = call.numbers(0);
  const stride = pairOf(call, "strides");
  const dilation = pairOf(call, "dilations");
  const padding = call.text("padding", "VALID");
  call.require(padding === "SAME" || padding === "VALID", "have SAME or VALID padding", padding);
  const size = [height, width] as const;
  const along = ([0, 1] as const).map((axis) => {
    const full = (x.shape[axis]! - 1) * stride[axis] + (size[axis] - 1) * dilation[axis] + 1;
    const length = wanted[axis + 1]!;
    const cut = Math.max(0, full - length);
    const before = padding === "SAME" ? Math.floor(cut / 2) : 0;
    return { around: [before, cut - before] as const, extra: Math.max(0, length - full) };
  });
  const around = along.map((one) => one.around) as unknown as Around;
  const outputPadding = along.map((one) => one.extra) as unknown as [number, number];
  const options = { features, size, stride, dilation, outputPadding, bias: false };
  const [layer, cut] = cutTranspose(options, around, x.shape);
  const y = call.emit(layer!, x, { params: { kernel: kernel.values } });
  return cut ? call.emit(cut, y, { suffix: "cut" }) : y;
};

const pooled = (make: typeof maxPool, number: number): Operator => (call) => {
  const { padding, padded } = paddingOf(call, call.image(), number);
  const [size, stride] = [pairOf(call, "ksize"), pairOf(call, "strides")];
  return call.emit(make({ size, stride, padding }), padded);
};

const resized = (method: "nearest" | "bilinear"): Operator => (call) => {
  const x = call.image();
  const [height, width] = call.numbers(1) as [number, number];
  const isCorners = call.flag("align_corners");
  const isHalf = call.flag("half_pixel_centers");
  const align = isCorners ? "align-corners" : isHalf ? "half-pixel" : "asymmetric";
  const size = [height, width] as const;
  if (method === "nearest" && align !== "asymmetric") {
    // TensorFlow rounds places in another way than we do, unless they are the same pixels.
    const fits = ([0, 1] as const).every((axis) => {
      const [length, count] = [x.shape[axis]!, size[axis]];
      const theirs = (i: number): number =>
        isCorners
          ? Math.round(i * (length - 1) / Math.max(1, count - 1))
          : Math.min(length - 1, Math.floor((i + 0.5) * length / count));
      return Array.from({ length: count }, (_, i) => i).every((i) =>
        sourcesOf(i, length, count, { method, align })[0]![0] === theirs(i)
      );
    });
    call.require(fits, "take pixels by a rounding that there is", align);
  }
  return call.emit(upsample({ size, method, align }), x);
};

/** Blocks of features become pixels. */
const depthToSpace: Operator = (call) => {
  const x = call.image();
  const factor = call.number("block_size", 2);
  const [height, width, channels] = x.shape as [number, number, number];
  const depth = channels / factor ** 2;
  call.require(Number.isInteger(depth), `have a block that divides ${channels} channels`, factor);
  const layers: AnyLayer[] = [
    reshape([height, width, factor, factor, depth]),
    transpose([0, 2, 1, 3, 4]),
    reshape([height * factor, width * factor, depth]),
  ];
  return layers.reduce((value, layer) => call.emit(layer, value), x);
};

/** A bias behind a convolution that has none. */
const biased: Operator = (call) => {
  const x = call.value();
  const bias = call.constant(1);
  const features = x.shape.at(-1)!;
  call.require(`${bias.dims}` === `${features}`, `have a bias of ${features}`, [...bias.dims]);
  const layer = withNumbers("Add", tf.add, bias.dims, false);
  return call.emit(layer, x, { params: { value: bias.values } });
};

export const WINDOWS: Readonly<Record<string, Operator>> = {
  Conv2D: convolution,
  _FusedConv2D: convolution,
  FusedConv2D: convolution,
  DepthwiseConv2d: depthwise,
  DepthwiseConv2dNative: depthwise,
  FusedDepthwiseConv2dNative: depthwise,
  Conv2DBackpropInput: transposed,
  BiasAdd: biased,
  MaxPool: pooled(maxPool, -3.4028234663852886e38),
  AvgPool: pooled(meanPool, 0),
  ResizeNearestNeighbor: resized("nearest"),
  ResizeBilinear: resized("bilinear"),
  DepthToSpace: depthToSpace,
};
