// Keras's layers that change shapes, and those that act in training alone.
import type { AnyLayer } from "../../layers/layer.ts";
import { dropout } from "../../layers/dropout.ts";
import { gaussianNoise, spatialDropout } from "../../layers/noise.ts";
import { padBy } from "../../layers/pad_by.ts";
import { reshape, slice, transpose } from "../../layers/rearrange.ts";
import { flatten } from "../../layers/reshape.ts";
import { upsample } from "../../layers/scaling.ts";
import type { Conversion, KerasCall } from "../call.ts";

/** Pixels on the four sides: one number, one for each axis, or two for each. */
function sidesOf(call: KerasCall, name: string): readonly [[number, number], [number, number]] {
  const value = call.config[name] ?? 1;
  const parts = Array.isArray(value) && value.length === 2 ? value : [value, value];
  const sides = parts.map((part) => Array.isArray(part) ? part : [part, part]);
  const fits = sides.every((side) =>
    side.length === 2 && side.every((one) => Number.isInteger(one) && one >= 0)
  );
  call.require(fits, `have whole numbers for four sides as ${name}`, value);
  return sides as unknown as readonly [[number, number], [number, number]];
}

const padded: Conversion = (call) => {
  const [[top, bottom], [left, right]] = sidesOf(call, "padding");
  return call.emit(padBy({ amount: { top, bottom, left, right } }), call.image());
};

const cropped: Conversion = (call) => {
  const x = call.image();
  const [[top, bottom], [left, right]] = sidesOf(call, "cropping");
  const size = [x.shape[0]! - top - bottom, x.shape[1]! - left - right, -1];
  call.require(size[0]! > 0 && size[1]! > 0, "leave something of its input", [...x.shape]);
  return call.emit(slice({ begin: [top, left, 0], size }), x);
};

function methodOf(call: KerasCall): "nearest" | "bilinear" {
  const method = call.text("interpolation", "nearest");
  if (method === "nearest" || method === "bilinear") return method;
  throw call.error("be nearest or bilinear", method);
}

const enlarged: Conversion = (call) => {
  const method = methodOf(call);
  // TensorFlow.js takes the pixels above and left of a place as where it is; Keras their middles.
  const align = method === "bilinear" && !call.dialect.isTfjs ? "half-pixel" : "asymmetric";
  return call.emit(upsample({ factor: call.pair("size", 2), method, align }), call.image());
};

const resized: Conversion = (call) => {
  const x = call.image();
  call.require(!call.flag("crop_to_aspect_ratio", false), "not crop", "crop_to_aspect_ratio");
  call.require(!call.flag("pad_to_aspect_ratio", false), "not pad", "pad_to_aspect_ratio");
  const size = [call.number("height", 0), call.number("width", 0)] as const;
  const method = call.config.interpolation === undefined ? "bilinear" : methodOf(call);
  const isSmaller = size[0] < x.shape[0]! || size[1] < x.shape[1]!;
  call.require(!isSmaller || method === "nearest", "enlarge, or take nearest pixels", [...size]);
  return call.emit(upsample({ size, method, align: "half-pixel" }), x);
};

const reshaped: Conversion = (call) => {
  const shape = call.list("target_shape");
  call.require(shape !== undefined && shape.length > 0, "have a target_shape", "none");
  return call.emit(reshape(shape!), call.value());
};

const permuted: Conversion = (call) => {
  const order = (call.list("dims") ?? []).map((axis) => axis - 1);
  return call.emit(transpose(order), call.value());
};

/** A layer that drops or changes numbers while it is trained. */
const noise = (make: (rate: number) => AnyLayer, name: string): Conversion => (call) => {
  const rate = call.number(name, 0);
  return rate === 0 ? call.value() : call.emit(make(rate), call.value());
};

/** What does nothing when a network is used: augmentation is that of `--augment`. */
const passed: Conversion = (call) => call.value();

export const SHAPES: Readonly<Record<string, Conversion>> = {
  Flatten: (call) => {
    const format = call.text("data_format", "channels_last");
    call.require(format === "channels_last", "have its channels last", format);
    return call.emit(flatten(), call.value());
  },
  Reshape: reshaped,
  Permute: permuted,
  ZeroPadding2D: padded,
  Cropping2D: cropped,
  UpSampling2D: enlarged,
  Resizing: resized,
  Dropout: noise(dropout, "rate"),
  SpatialDropout2D: noise(spatialDropout, "rate"),
  GaussianNoise: noise(gaussianNoise, "stddev"),
  Identity: passed,
  ...Object.fromEntries(
    [
      "GaussianDropout",
      "AlphaDropout",
      "ActivityRegularization",
      "StochasticDepth",
      "RandomFlip",
      "RandomRotation",
      "RandomZoom",
      "RandomTranslation",
      "RandomContrast",
      "RandomBrightness",
      "RandomErasing",
      "RandomHue",
      "RandomSaturation",
      "RandomSharpness",
      "RandomShear",
      "RandomColorJitter",
      "RandomGrayscale",
      "RandomGaussianBlur",
      "RandomInvert",
      "RandomPosterization",
      "RandomPerspective",
      "RandomElasticTransform",
      "RandomColorDegeneration",
    ].map((name) => [name, passed]),
  ),
};
