// Operators that change sizes: reshapes, reductions, parts, padding, other resolutions.
import { padBy } from "../../layers/pad_by.ts";
import { globalMeanPool } from "../../layers/pool.ts";
import { reduce, reshape, slice, transpose } from "../../layers/rearrange.ts";
import { pixelShuffle, upsample } from "../../layers/scaling.ts";
import { sourcesOf } from "../../tensor/resample.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import { type Builder, lastAxes, plainAxes } from "../builder.ts";
import type { Call, Value } from "../call.ts";
import { reshapedTo, slicesOf, squeezed, unsqueezed } from "../fold.ts";
import { padWith } from "../layers.ts";
import { imageOf, type Operator } from "./operator.ts";
import { onImage } from "./windows.ts";

/** The sizes with the batch. */
const wholeOf = (call: Call, { dims }: Value): number[] => [call.batch, ...dims];

/** The value with other sizes, of which the first must still be the batch's. */
function toShape(call: Call, build: Builder, dims: readonly number[]): Value {
  const [batch, ...rest] = dims;
  const keeps = batch === call.batch && sizeOf(rest) === sizeOf(call.value().dims);
  call.require(keeps, `leave the batch's axis alone, ${call.batch}`, [...dims]);
  return build.reshape(call.name, call.value(), rest);
}

const reshaped: Operator = (call, build) => {
  const wanted = call.wholes("shape", 1) ?? [];
  return toShape(call, build, reshapedTo(call, wholeOf(call, call.value()), wanted));
};

const flattened: Operator = (call, build) => {
  const whole = wholeOf(call, call.value());
  const axis = call.axis(call.number("axis", 1), whole.length + 1);
  const outer = sizeOf(whole.slice(0, axis));
  return toShape(call, build, [outer, sizeOf(whole) / outer]);
};

/** Another order of ONNX's axes, under which ours stay as they are. */
const transposed: Operator = (call, build) => {
  const value = build.settle(call.name, call.value());
  const rank = value.dims.length + 1;
  const order = call.list("perm") ?? plainAxes(wholeOf(call, value)).reverse();
  const isOrder = `${[...order].sort((a, b) => a - b)}` === `${plainAxes(wholeOf(call, value))}`;
  call.require(isOrder && order[0] === 0, `permute ${rank} axes, the batch's first`, [...order]);
  const own = order.slice(1).map((axis) => axis - 1);
  return {
    layer: value.layer,
    dims: own.map((axis) => value.dims[axis]!),
    axes: value.axes.map((axis) => own.indexOf(axis)),
  };
};

type By = "mean" | "sum" | "max" | "min";

const reduced = (by: By): Operator => (call, build) => {
  const given = build.settle(call.name, call.value());
  const { dims } = given;
  const listed = call.wholes("axes", 1);
  call.require(listed !== undefined || dims.length === 0, "name the axes that it reduces", "all");
  const axes = listed!.map((axis) => call.exampleAxis(axis, given));
  const isKept = call.number("keepdims", 1) !== 0;
  const isImage = dims.length === 3 && [...axes].sort().join() === "1,2";
  const x = isImage ? build.image(call.name, given) : build.arrange(call.name, given, [
    ...given.axes,
    ...axes.filter((axis) => !given.axes.includes(axis)),
  ]);
  const ours = axes.map((axis) => x.axes.indexOf(axis));
  const left = plainAxes(dims).filter((axis) => !axes.includes(axis));
  const rest = x.axes.filter((axis) => !axes.includes(axis));
  const layer = isImage && by === "mean" ? globalMeanPool() : reduce({ axes: ours, by });
  return build.emit(call.name, layer, [x], {
    dims: isKept
      ? dims.map((size, axis) => axes.includes(axis) ? 1 : size)
      : left.map((axis) => dims[axis]!),
    axes: isKept ? rest : rest.map((axis) => left.indexOf(axis)),
  });
};

/** A block of a value: where it begins and how long it is along each of ONNX's axes. */
function block(
  call: Call,
  build: Builder,
  given: Value,
  begin: readonly number[],
  dims: readonly number[],
): Value {
  if (`${dims}` === `${given.dims}`) return given;
  const own = build.settle(call.name, given);
  const missing = plainAxes(dims).filter((axis) => !own.axes.includes(axis) && begin[axis] !== 0);
  const x = build.arrange(call.name, own, [...own.axes, ...missing]);
  const layer = slice({
    begin: x.axes.map((axis) => begin[axis]!),
    size: x.axes.map((axis) => dims[axis]!),
  });
  return build.emit(call.name, layer, [x], { dims, axes: x.axes });
}

const sliced: Operator = (call, build) => {
  const x = call.value();
  const [begin, dims] = [x.dims.map(() => 0), [...x.dims]];
  for (const { axis, step, ...cut } of slicesOf(call, wholeOf(call, x))) {
    if (axis === 0 && cut.begin === 0 && cut.count === call.batch && step === 1) continue;
    call.require(axis > 0 && step === 1 && cut.count > 0, "cut a block of each example", [
      axis,
      cut.begin,
      cut.count,
      step,
    ]);
    begin[axis - 1] = cut.begin;
    dims[axis - 1] = cut.count;
  }
  return block(call, build, x, begin, dims);
};

const split: Operator = (call, build) => {
  const x = call.value();
  const axis = call.exampleAxis(call.number("axis", 0), x);
  const count = call.node.outputs.length;
  const each = Math.ceil(x.dims[axis]! / count);
  const lengths = call.wholes("split", 1) ??
    Array.from({ length: count }, (_, i) => Math.min(each, x.dims[axis]! - i * each));
  const fits = lengths.length === count && lengths.every((length) => length > 0) &&
    lengths.reduce((sum, length) => sum + length, 0) === x.dims[axis];
  call.require(fits, `split ${x.dims[axis]} into ${count}`, [...lengths]);
  let begin = 0;
  return lengths.map((length) => {
    const places = x.dims.map((_, i) => i === axis ? begin : 0);
    begin += length;
    return block(call, build, x, places, x.dims.with(axis, length));
  });
};

const gathered: Operator = (call, build) => {
  const x = call.value();
  const axis = call.exampleAxis(call.number("axis", 0), x);
  const indices = call.constant(1);
  call.require(indices.dims.length === 0, "gather one place of each example", [...indices.dims]);
  const [place, length] = [indices.values()[0]!, x.dims[axis]!];
  call.require(place >= -length && place < length, `gather of ${length}`, place);
  const begin = x.dims.map((_, i) => i === axis ? (place + length) % length : 0);
  const one = block(call, build, x, begin, x.dims.with(axis, 1));
  return build.reshape(call.name, one, one.dims.toSpliced(axis, 1));
};

const padded: Operator = (call, build) => {
  const given = build.settle(call.name, call.value());
  const rank = given.dims.length + 1;
  const pads = call.wholes("pads", 1) ?? [];
  const axes = call.optional(3) ? call.wholes("axes", 3)! : plainAxes(wholeOf(call, given));
  const amounts = Array.from({ length: rank }, (): [number, number] => [0, 0]);
  axes.forEach((axis, i) => amounts[call.axis(axis, rank)] = [pads[i]!, pads[i + axes.length]!]);
  const fits = pads.length === 2 * axes.length &&
    amounts.flat().every((one) => Number.isInteger(one) && one >= 0) &&
    `${amounts[0]}` === "0,0";
  call.require(fits, "pad each example by pads of at least 0", [...pads]);
  const mode = call.text("mode", "constant");
  const number = call.scalar("value", 2) ?? 0;
  const [channels, down, across] = amounts.slice(1);
  const isInside = rank === 4 && `${channels}` === "0,0";
  if (mode === "constant" && (number !== 0 || !isInside)) {
    const x = build.arrange(
      call.name,
      given,
      given.dims.length === 3 ? lastAxes(given.dims) : plainAxes(given.dims),
    );
    const dims = x.dims.map((size, axis) => size + amounts[axis + 1]![0] + amounts[axis + 1]![1]);
    const layer = padWith(x.axes.map((axis) => amounts[axis + 1]!), number);
    return build.emit(call.name, layer, [x], { dims, axes: x.axes });
  }
  const modes = { constant: "zeros", reflect: "reflect", edge: "edge" } as const;
  const known = Object.hasOwn(modes, mode) && isInside;
  call.require(known, "pad height and width by constant, reflect or edge", mode);
  const [[top, bottom], [left, right]] = [down!, across!];
  const layer = padBy({ amount: { top, bottom, left, right }, mode: modes[mode as "edge"] });
  return onImage(call, build, layer, build.image(call.name, given));
};

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
        const place = align === "half-pixel"
          ? (i + 0.5) * length / count - 0.5
          : align === "asymmetric"
          ? i * length / count
          : count === 1
          ? 0
          : i * (length - 1) / (count - 1);
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

export const SHAPES: Readonly<Record<string, Operator>> = {
  Reshape: reshaped,
  Flatten: flattened,
  Squeeze: (call, build) => toShape(call, build, squeezed(call, wholeOf(call, call.value()))),
  Unsqueeze: (call, build) => toShape(call, build, unsqueezed(call, wholeOf(call, call.value()))),
  Transpose: transposed,
  ReduceMean: reduced("mean"),
  ReduceSum: reduced("sum"),
  ReduceMax: reduced("max"),
  ReduceMin: reduced("min"),
  Slice: sliced,
  Split: split,
  Gather: gathered,
  Pad: padded,
  Resize: resized,
  Upsample: resized,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
