// Convolutions and pooling.
import { conv } from "../../layers/conv.ts";
import { padBy } from "../../layers/pad_by.ts";
import { globalMeanPool, maxPool, meanPool } from "../../layers/pool.ts";
import { reduce } from "../../layers/rearrange.ts";
import type { AnyLayer } from "../../layers/layer.ts";
import type { Numbers } from "../../imported/emitter.ts";
import { type Builder, lastAxes, shapeOf } from "../builder.ts";
import { permuted } from "../../tensor/permuted.ts";
import type { Call, Value } from "../call.ts";
import type { Constant } from "../constant.ts";
import {
  type Around,
  cutTranspose,
  dilatedMax,
  padWith,
  unpaddedMean,
} from "../../imported/layers.ts";
import { evenSides, imageOf, type Operator, pairOf, type Sides, slideOf } from "./operator.ts";

/** Emits a layer on an image, whose output is what the layer declares. */
export function onImage(
  call: Call,
  build: Builder,
  layer: AnyLayer,
  x: Value,
  parts: Parameters<Builder["emit"]>[4] = {},
): Value {
  const [height, width, channels] = layer.declare(shapeOf(x)).shape;
  const dims = [channels!, height!, width!];
  call.require(dims.every((size) => size >= 1), "leave something of its input", dims);
  return build.emit(call.name, layer, [x], { dims, axes: lastAxes(dims) }, parts);
}

const zerosAround = ([top, left, bottom, right]: Sides): AnyLayer =>
  padBy({ amount: { top, left, bottom, right } });

/** The numbers of a kernel in our order. */
function kernelOf({ dims, fill, values }: Constant, order: readonly number[]): Numbers {
  return () => fill === undefined ? permuted(values(), dims, order) : values();
}

function biasOf(call: Call, features: number): Record<string, Numbers> {
  const bias = call.optional(2);
  if (!bias) return {};
  call.require(`${bias.dims}` === `${features}`, `have a bias of ${features}`, [...bias.dims]);
  return { bias: bias.values };
}

/** A kernel of four axes, and its height and width. */
function requireKernel(call: Call): { kernel: Constant; size: [number, number] } {
  const kernel = call.constant(1);
  const { dims } = kernel;
  call.require(dims.length === 4, "have a kernel of four axes", [...dims]);
  const size: [number, number] = [dims[2]!, dims[3]!];
  const said = call.list("kernel_shape") ?? size;
  call.require(`${said}` === `${size}`, `have the kernel_shape of its kernel, ${size}`, [...said]);
  return { kernel, size };
}

const convolution: Operator = (call, build) => {
  let x = imageOf(call, build);
  const { kernel, size } = requireKernel(call);
  const groups = call.number("group", 1);
  const [features, inputs] = kernel.dims;
  const fits = inputs! * groups === x.dims[0];
  call.require(fits, `have a kernel for ${x.dims[0]} channels`, `${inputs} of ${groups} groups`);
  const { sides, ...slide } = slideOf(call, size, x);
  const even = evenSides(sides);
  if (even === undefined) x = onImage(call, build, zerosAround(sides), x, { suffix: "pad" });
  const params = { kernel: kernelOf(kernel, [2, 3, 1, 0]), ...biasOf(call, features!) };
  const layer = conv({
    ...slide,
    features: build.features(call.name, features!),
    padding: even ?? 0,
    groups,
    bias: "bias" in params,
  });
  return onImage(call, build, layer, x, { params });
};

const transposed: Operator = (call, build) => {
  const x = imageOf(call, build);
  const { kernel, size } = requireKernel(call);
  const groups = call.number("group", 1);
  const features = kernel.dims[1]! * groups;
  const params = { kernel: kernelOf(kernel, [2, 3, 1, 0]), ...biasOf(call, features) };
  call.require(kernel.dims[0] === x.dims[0], `have a kernel for ${x.dims[0]} channels`, [
    ...kernel.dims,
  ]);
  const stride = pairOf(call, "strides", 1);
  const dilation = pairOf(call, "dilations", 1);
  const outputPadding = pairOf(call, "output_padding", 0);
  const auto = call.text("auto_pad", "NOTSET") || "NOTSET";
  const wanted = call.list("output_shape")?.slice(-2);
  const fullOf = (axis: 0 | 1): number =>
    stride[axis] * (x.dims[axis + 1]! - 1) + outputPadding[axis] +
    (size[axis] - 1) * dilation[axis] + 1;
  const around = ([0, 1] as const).map((axis): [number, number] => {
    const full = fullOf(axis);
    const pads = call.list("pads") ?? [0, 0, 0, 0];
    if (!wanted && !/^SAME/.test(auto)) return [pads[axis]!, pads[axis + 2]!];
    const all = Math.max(0, full - (wanted?.[axis] ?? x.dims[axis + 1]! * stride[axis]));
    const less = Math.floor(all / 2);
    return auto === "SAME_UPPER" ? [less, all - less] : [all - less, less];
  });
  const options = {
    features,
    size,
    stride,
    dilation,
    // A wanted shape may be larger than what the kernels reach.
    outputPadding: ([0, 1] as const).map((axis) =>
      outputPadding[axis] + Math.max(0, (wanted?.[axis] ?? 0) - fullOf(axis))
    ) as [number, number],
    groups,
    bias: "bias" in params,
  };
  const [layer, cut] = cutTranspose(options, around as unknown as Around, shapeOf(x));
  const y = onImage(call, build, layer!, x, { params });
  return cut ? onImage(call, build, cut, y, { suffix: "cut" }) : y;
};

/** The rounding of a pooling: whether a window that the end cuts short counts. */
function roundingOf(call: Call, isEven: boolean): "floor" | "ceil" {
  const isCeil = call.number("ceil_mode", 0) !== 0;
  call.require(!isCeil || isEven, "have equal pads on every side, and no gaps, with ceil_mode", [
    ...call.list("pads") ?? [],
  ]);
  return isCeil ? "ceil" : "floor";
}

/** The least number: what a window's largest is never. */
const LEAST = -3.4028234663852886e38;

const maximum: Operator = (call, build) => {
  let x = imageOf(call, build);
  const { sides, dilation, ...slide } = slideOf(call, pairOf(call, "kernel_shape"), x);
  const hasGaps = `${dilation}` !== "1,1";
  // ONNX Runtime and the standard differ in how many windows there are.
  const isSame = /^SAME/.test(call.text("auto_pad", "NOTSET"));
  call.require(!hasGaps || !isSame, "have pads in numbers, if its windows have gaps", "auto_pad");
  const even = evenSides(sides);
  const rounding = roundingOf(call, even !== undefined && !hasGaps);
  if (even === undefined || hasGaps && even > 0) {
    const [top, left, bottom, right] = sides;
    x = onImage(call, build, padWith([[top, bottom], [left, right], [0, 0]], LEAST), x, {
      suffix: "pad",
    });
  }
  const layer = hasGaps
    ? dilatedMax(slide.size, slide.stride, dilation)
    : maxPool({ ...slide, padding: even ?? 0, rounding });
  return onImage(call, build, layer, x);
};

const average: Operator = (call, build) => {
  const x = imageOf(call, build);
  const { sides, dilation, ...slide } = slideOf(call, pairOf(call, "kernel_shape"), x);
  call.require(`${dilation}` === "1,1", "have windows without gaps", [...dilation]);
  const even = evenSides(sides);
  const rounding = roundingOf(call, even !== undefined);
  const countPadding = call.number("count_include_pad", 0) !== 0;
  if (even !== undefined) {
    const layer = meanPool({ ...slide, padding: even, rounding, countPadding });
    return onImage(call, build, layer, x);
  }
  const { size, stride } = slide;
  if (!countPadding) return onImage(call, build, unpaddedMean(size, stride, sides), x);
  const padded = onImage(call, build, zerosAround(sides), x, { suffix: "pad" });
  return onImage(call, build, meanPool(slide), padded);
};

const globally = (make: () => AnyLayer): Operator => (call, build) => {
  const x = imageOf(call, build);
  return build.emit(call.name, make(), [x], { dims: [x.dims[0]!, 1, 1], axes: [0] });
};

export const WINDOWS: Readonly<Record<string, Operator>> = {
  Conv: convolution,
  ConvTranspose: transposed,
  MaxPool: maximum,
  AveragePool: average,
  GlobalAveragePool: globally(globalMeanPool),
  GlobalMaxPool: globally(() => reduce({ axes: [0, 1], by: "max" })),
};
