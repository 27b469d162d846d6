// Operators that make images of other sizes.
import { reshape, transpose } from "../../layers/rearrange.ts";
import { pixelShuffle, upsample } from "../../layers/scaling.ts";
import { placeIn, sourcesOf } from "../../tensor/resample.ts";
import { type Builder, plainAxes } from "../builder.ts";
import type { Call, Value } from "../call.ts";
import { imageOf, type Operator, wholeOf } from "./operator.ts";
import { onImage } from "./windows.ts";

/** ONNX's pixel in the input behind one of the output. */
function nearestOf(place: number, rounding: string): number {
  if (rounding === "floor") return Math.floor(place);
  if (rounding === "ceil") return Math.ceil(place);
  return rounding === "round_prefer_ceil" ? Math.floor(place + 0.5) : Math.ceil(place - 0.5);
}

const resized: Operator = (call, build) => {
  const isUpsample = call.node.op === "Upsample";
  const x = imageOf(call, build);
  const whole = wholeOf(call, x);
  const at = isUpsample || call.opset < 11 ? 1 : 2;
  const found = call.list("scales") ?? Array.from(call.optional(at)?.values() ?? []);
  const sizes = call.optional(3) && Array.from(call.constant(3).values());
  const axes = call.list("axes")?.map((axis) => call.axis(axis, 4)) ?? [0, 1, 2, 3];
  const given = sizes ?? found;
  call.require(given.length === axes.length, `have scales or sizes of ${axes.length} axes`, given);
  const policy = call.text("keep_aspect_ratio_policy", "stretch");
  call.require(policy === "stretch", "stretch what it resizes", policy);
  const output = whole.map((size, axis) => {
    const i = axes.indexOf(axis);
    // float32's nearest to 1/3 of 6 is a little less than 2.
    return i < 0 ? size : sizes ? sizes[i]! : Math.floor(size * found[i]! + 1e-4);
  });
  const scales = whole.map((size, axis) => {
    const i = axes.indexOf(axis);
    return i < 0 || sizes ? output[axis]! / size : found[i]!;
  });
  const isExact = whole.every((size, axis) =>
    Math.abs(size * scales[axis]! - output[axis]!) < 1e-3
  );
  const isImage = output[0] === whole[0] && output[1] === whole[1];
  call.require(isImage && isExact, `resize height and width by scales that fit [${whole}]`, scales);
  const mode = call.text("mode", "nearest");
  const isOld = isUpsample || call.opset < 11;
  const standard = isOld ? "asymmetric" : "half_pixel";
  const placed = call.text("coordinate_transformation_mode", standard);
  const known = /^(half_pixel|pytorch_half_pixel|half_pixel_symmetric|asymmetric|align_corners)$/;
  call.require(known.test(placed), "place pixels in a known way", placed);
  const [height, width] = [output[2]!, output[3]!];
  const isOne = placed === "pytorch_half_pixel" && (height === 1 || width === 1);
  const isPlain = call.number("antialias", 0) === 0 && !isOne;
  call.require(isPlain, "not smooth, and not resize to one pixel by pytorch_half_pixel", placed);
  const align = placed === "align_corners" || placed === "asymmetric"
    ? placed.replace("_", "-") as "align-corners" | "asymmetric"
    : "half-pixel";
  const size = [height, width] as const;
  if (mode !== "nearest") {
    call.require(mode === "linear" || mode === "bilinear", "be nearest or linear", mode);
    return onImage(call, build, upsample({ size, method: "bilinear", align }), x);
  }
  const rounding = call.text("nearest_mode", isOld ? "floor" : "round_prefer_floor");
  const pixels = (length: number, count: number): string =>
    `${
      Array.from({ length: count }, (_, i) => {
        const place = placeIn(i, length, count, align);
        return Math.min(Math.max(nearestOf(place, rounding), 0), length - 1);
      })
    }`;
  // Whichever of ours takes the same pixels.
  const same = (["half-pixel", "asymmetric", "align-corners"] as const).find((align) =>
    ([0, 1] as const).every((axis) => {
      const length = whole[axis + 2]!;
      const ours = Array.from(
        { length: size[axis] },
        (_, i) => sourcesOf(i, length, size[axis], { method: "nearest", align })[0]![0],
      );
      return `${ours}` === pixels(length, size[axis]);
    })
  );
  call.require(
    same !== undefined,
    "take pixels by a rounding that there is",
    `${placed}, ${rounding}`,
  );
  return onImage(call, build, upsample({ size, method: "nearest", align: same! }), x);
};

const depthToSpace: Operator = (call, build) => {
  const x = imageOf(call, build);
  const factor = call.number("blocksize", 0);
  const [channels, height, width] = x.dims as [number, number, number];
  const fits = Number.isInteger(factor) && factor >= 1 && channels % factor ** 2 === 0;
  call.require(fits, `have a block that divides ${channels} channels`, factor);
  if (call.text("mode", "DCR") === "CRD") return onImage(call, build, pixelShuffle(factor), x);
  const depth = channels / factor ** 2;
  const parts = onSizes(call, build, x, [height, width, factor, factor, depth]);
  const { layer: _, ...output } = parts;
  const turned = build.emit(call.name, transpose([0, 2, 1, 3, 4]), [parts], output);
  return onImage(call, build, reshape([height * factor, width * factor, depth]), turned);
};

/** Our tensor with other sizes, in between. */
function onSizes(call: Call, build: Builder, x: Value, sizes: number[]): Value {
  return build.emit(call.name, reshape(sizes), [x], { dims: sizes, axes: plainAxes(sizes) });
}

const spaceToDepth: Operator = (call, build) => {
  const x = imageOf(call, build);
  const factor = call.number("blocksize", 0);
  const [channels, height, width] = x.dims as [number, number, number];
  const fits = Number.isInteger(factor) && factor >= 1 && height % factor + width % factor === 0;
  call.require(fits, `have a block that divides ${height} × ${width} pixels`, factor);
  const [rows, columns] = [height / factor, width / factor];
  const parts = onSizes(call, build, x, [rows, factor, columns, factor, channels]);
  const { layer: _, ...output } = parts;
  const turned = build.emit(call.name, transpose([0, 2, 1, 3, 4]), [parts], {
    ...output,
    dims: [rows, columns, factor, factor, channels],
  });
  return onImage(call, build, reshape([rows, columns, channels * factor ** 2]), turned);
};

export const SCALES: Readonly<Record<string, Operator>> = {
  Resize: resized,
  Upsample: resized,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
