// Convolution's input gradient: dx[n, y, x, c] = Σ dy[n, (y + p − u·d) / s, (x + p − v·d) / s, o] · w[u, v, c, o].
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { channelsLast } from "./channels_last.ts";
import {
  cellsAlong,
  CHANNELS_BY_GROUPS,
  type ConvolutionAttributes,
  type Geometry,
  geometry,
  geometryUniforms,
  isPadded,
  onSlopes,
} from "./convolution.ts";
import { depthwiseInputGradient, isDepthwise } from "./depthwise.ts";
import { runFewFeatures } from "./few_features.ts";
import type { FewFeatures } from "./few_features_text.ts";
import { inside, loadFlat } from "./load.ts";
import { type Product, runProduct } from "./product.ts";
import type { Quads } from "./tiles.ts";
import { paysToTranspose, transposed } from "./moves.ts";

const NEXT = `fn next(s: Step) -> Step {
  var t = s;
  t.o += STRIDE;
  t.b += STRIDE * uniforms.stepB;
  let tapDone = t.o == uniforms.groupFeatures;
  t.o = select(t.o, 0u, tapDone);
  t.b += select(0u, uniforms.groupChannels * uniforms.outChannels - uniforms.groupFeatures * uniforms.stepB,
    tapDone);
  t.v += select(0u, 1u, tapDone);
  let lineDone = t.v == uniforms.filterWidth;
  t.v = select(t.v, 0u, lineDone);
  t.x = select(t.x + select(0, i32(uniforms.dilationX), tapDone), 0, lineDone);
  t.y += select(0, i32(uniforms.dilationY), lineDone);
  return t;
}
fn ahead(s: Step, u: u32) -> Step { // A depth quad ends within its tap.
  return Step(s.o + u, s.v, s.y, s.x, s.b + u * uniforms.stepB);
}`;

/** What is carried over from features to a line's taps, and from these to lines. */
const SKIP = `fn hop(batch: u32, u: u32) -> Step { return step(0u, u); }
fn skip(s: Step, h: Step) -> Step {
  var t = s;
  t.o += h.o;
  t.v += h.v;
  t.x += h.x;
  t.y += h.y;
  t.b += h.b;
  let tapDone = t.o >= uniforms.groupFeatures;
  t.o -= select(0u, uniforms.groupFeatures, tapDone);
  t.b += select(0u, uniforms.groupChannels * uniforms.outChannels - uniforms.groupFeatures, tapDone);
  t.v += select(0u, 1u, tapDone);
  t.x += select(0, i32(uniforms.dilationX), tapDone);
  let lineDone = t.v >= uniforms.filterWidth;
  t.v -= select(0u, uniforms.filterWidth, lineDone);
  t.x -= select(0, i32(uniforms.filterWidth * uniforms.dilationX), lineDone);
  t.y += select(0, i32(uniforms.dilationY), lineDone);
  return t;
}`;

/** Reads of both factors, where `loadA` has found slope `(i, j)` and whether it is `inside`. */
const loadsText = (quads: Quads): string =>
  `  let index = ((r.base + i) * i32(uniforms.outWidth) + j) * i32(uniforms.outChannels) + r.group +
    i32(s.o);
  return ${inside("dy", "index", quads.a)};
}
fn column(n: u32) -> u32 { return n * uniforms.columnB; }
${loadFlat("fn loadB(s: Step, c: u32)", "filter_", "s.b + c", quads.b)}
`;

/**
 * As a product for each group: row = pixel of the input, step = (u, v, o), column = channel.
 * With strides only those taps count whose distance is a multiple of them.
 */
const functions = (strided: boolean) => (quads: Quads, software: boolean): string => `
struct Row { base: i32, y: i32, x: i32, group: i32 }
struct Step { o: u32, v: u32, y: i32, x: i32, b: u32 }
fn row(batch: u32, m: u32) -> Row {
  let line = quotient(m, uniforms.inWidth);
  let x = m - line * uniforms.inWidth;
  let image = quotient(line, uniforms.inHeight);
  let y = line - image * uniforms.inHeight;
  return Row(i32(image * uniforms.outHeight), i32(y + uniforms.padTop), i32(x + uniforms.padLeft),
    i32(batch * uniforms.groupFeatures));
}
fn tapBase(batch: u32, k: u32) -> u32 {
  return quotient(k, uniforms.groupFeatures) * uniforms.groupChannels * uniforms.outChannels +
    batch * uniforms.groupFeatures;
}
fn step(batch: u32, k: u32) -> Step {
  let tap = quotient(k, uniforms.groupFeatures);
  let o = k - tap * uniforms.groupFeatures;
  let u = quotient(tap, uniforms.filterWidth);
  let v = tap - u * uniforms.filterWidth;
  return Step(o, v, i32(u * uniforms.dilationY),
    i32(v * uniforms.dilationX), tapBase(batch, k) + o * uniforms.stepB);
}
${software ? NEXT : SKIP}
fn loadA(r: Row, s: Step) -> ${quads.a ? "vec4<f32>" : "f32"} {
  let y = r.y - s.y;
  let x = r.x - s.x;
  ${
  strided
    ? `let i = y / i32(uniforms.strideY);
  let j = x / i32(uniforms.strideX);
  let inside = (y >= 0) & (x >= 0) & (i < i32(uniforms.outHeight)) & (j < i32(uniforms.outWidth)) &
    (i * i32(uniforms.strideY) == y) & (j * i32(uniforms.strideX) == x);`
    : `let i = y;
  let j = x;
  let inside = (u32(i) < uniforms.outHeight) & (u32(j) < uniforms.outWidth);`
}
${loadsText(quads)}`;

/** The phase of a batch, and its taps. */
const PHASE = `fn groupOf(batch: u32) -> u32 {
  return quotient(batch, uniforms.strideY * uniforms.strideX);
}
fn phaseY(batch: u32) -> u32 {
  let line = quotient(batch, uniforms.strideX);
  return line - quotient(line, uniforms.strideY) * uniforms.strideY;
}
fn phaseX(batch: u32) -> u32 { return batch - quotient(batch, uniforms.strideX) * uniforms.strideX; }
fn tapsY(batch: u32) -> u32 {
  return quotient(uniforms.filterHeight + uniforms.strideY - 1u - phaseY(batch), uniforms.strideY);
}
fn tapsX(batch: u32) -> u32 {
  return quotient(uniforms.filterWidth + uniforms.strideX - 1u - phaseX(batch), uniforms.strideX);
}`;

/** Where pixel m of a phase lies among the pixels of the phase. */
const PIXEL_OF_PHASE = `struct PixelOfPhase { image: u32, y: u32, x: u32 }
fn pixelOfPhase(m: u32) -> PixelOfPhase {
  let line = quotient(m, uniforms.phaseWidth);
  let image = quotient(line, uniforms.phaseHeight);
  return PixelOfPhase(image, line - image * uniforms.phaseHeight, m - line * uniforms.phaseWidth);
}`;

const TAP_BASE = `fn tapBase(batch: u32, t: u32, v: u32) -> u32 {
  let u = phaseY(batch) + t * uniforms.strideY;
  return (u * uniforms.filterWidth + phaseX(batch) + v * uniforms.strideX) * uniforms.groupChannels *
    uniforms.outChannels + groupOf(batch) * uniforms.groupFeatures;
}`;

/**
 * With strides, pixels of one phase (y + p) mod s, (x + p) mod s have their taps
 * a stride apart in common: each phase is a product by itself, without the taps
 * that would add nothing. Row = pixel of a phase, step = (tap of the phase, o).
 */
const phaseFunctions = (quads: Quads): string => `
struct Row { base: i32, y: i32, x: i32, group: i32 }
struct Step { o: u32, t: u32, v: u32, taps: u32, b: u32 }
${PHASE}
${PIXEL_OF_PHASE}
fn row(batch: u32, m: u32) -> Row {
  let p = pixelOfPhase(m);
  let x = p.x + quotient(uniforms.padLeft, uniforms.strideX);
  let y = p.y + quotient(uniforms.padTop, uniforms.strideY);
  let image = p.image;
  return Row(i32(image * uniforms.outHeight), i32(y), i32(x),
    i32(groupOf(batch) * uniforms.groupFeatures));
}
${TAP_BASE}
fn step(batch: u32, k: u32) -> Step {
  let taps = max(tapsX(batch), 1u);
  let tap = quotient(k, uniforms.groupFeatures);
  let o = k - tap * uniforms.groupFeatures;
  let t = quotient(tap, taps);
  let v = tap - t * taps;
  return Step(o, t, v, taps, tapBase(batch, t, v) + o * uniforms.stepB);
}
fn next(s: Step) -> Step {
  let matrix = uniforms.groupChannels * uniforms.outChannels;
  var t = s;
  t.o += STRIDE;
  t.b += STRIDE * uniforms.stepB;
  let tapDone = t.o == uniforms.groupFeatures;
  t.o = select(t.o, 0u, tapDone);
  t.v += select(0u, 1u, tapDone);
  t.b += select(0u, uniforms.strideX * matrix - uniforms.groupFeatures * uniforms.stepB, tapDone);
  let lineDone = t.v == s.taps;
  t.v = select(t.v, 0u, lineDone);
  t.t += select(0u, 1u, lineDone);
  t.b += select(0u, (uniforms.strideY * uniforms.filterWidth - s.taps * uniforms.strideX) * matrix,
    lineDone);
  return t;
}
fn ahead(s: Step, u: u32) -> Step {
  return Step(s.o + u, s.t, s.v, s.taps, s.b + u * uniforms.stepB);
}
fn loadA(r: Row, s: Step) -> ${quads.a ? "vec4<f32>" : "f32"} {
  let i = r.y - i32(s.t);
  let j = r.x - i32(s.v);
  let inside = (u32(i) < uniforms.outHeight) & (u32(j) < uniforms.outWidth);
${loadsText(quads)}`;

/**
 * The same for GPUs, also without strides: all is one phase then. Where a tap's slopes lie relative
 * to the pixel's is walked as the tap is.
 */
const walkedFunctions = (oneTap: boolean, isInside: boolean) => (quads: Quads): string => `
struct Row { base: i32, y: i32, x: i32 }
struct Step { o: u32, v: u32, taps: u32, y: i32, x: i32, offset: i32, b: u32 }
${PHASE}
${PIXEL_OF_PHASE}
fn row(batch: u32, m: u32) -> Row {
  let p = pixelOfPhase(m);
  let x = i32(p.x + quotient(uniforms.padLeft, uniforms.strideX));
  let y = i32(p.y + quotient(uniforms.padTop, uniforms.strideY));
  let line = i32(p.image * uniforms.outHeight) + y;
  return Row((line * i32(uniforms.outWidth) + x) * i32(uniforms.outChannels) +
    i32(groupOf(batch) * uniforms.groupFeatures), y, x);
}
${TAP_BASE}
fn step(batch: u32, k: u32) -> Step {
  let taps = max(tapsX(batch), 1u);
  let tap = quotient(k, uniforms.groupFeatures);
  let o = k - tap * uniforms.groupFeatures;
  let t = quotient(tap, taps);
  let v = tap - t * taps;
  let y = i32(t * uniforms.dilationY);
  let x = i32(v * uniforms.dilationX);
  return Step(o, v, taps, y, x,
    i32(o) - (y * i32(uniforms.outWidth) + x) * i32(uniforms.outChannels),
    tapBase(batch, t, v) + o);
}
fn hop(batch: u32, u: u32) -> Step {
  var h = step(batch, u);
  h.b -= tapBase(batch, 0u, 0u);
  return h;
}
${oneTap ? SKIP_FEATURES : SKIP_OF_PHASE}
fn loadA(r: Row, s: Step) -> ${quads.a ? "vec4<f32>" : "f32"} {
  ${
  isInside
    ? "let inside = true;"
    : `let inside = (u32(r.y - s.y) < uniforms.outHeight) & (u32(r.x - s.x) < uniforms.outWidth);`
}
  let index = r.base + s.offset;
  return ${inside("dy", "index", quads.a)};
}
fn column(n: u32) -> u32 { return n * uniforms.outChannels; }
${loadFlat("fn loadB(s: Step, c: u32)", "filter_", "s.b + c", quads.b)}
`;

/** What is carried over from features to a phase's taps of a line, and from these to its lines. */
const SKIP_OF_PHASE = `fn skip(s: Step, h: Step) -> Step {
  let matrix = uniforms.groupChannels * uniforms.outChannels;
  let pixel = i32(uniforms.dilationX * uniforms.outChannels);
  let line = i32(uniforms.dilationY * uniforms.outWidth * uniforms.outChannels);
  var t = s;
  t.o += h.o;
  t.v += h.v;
  t.y += h.y;
  t.x += h.x;
  t.offset += h.offset;
  t.b += h.b;
  let tapDone = t.o >= uniforms.groupFeatures;
  t.o -= select(0u, uniforms.groupFeatures, tapDone);
  t.v += select(0u, 1u, tapDone);
  t.x += select(0, i32(uniforms.dilationX), tapDone);
  t.offset -= select(0, pixel + i32(uniforms.groupFeatures), tapDone);
  t.b += select(0u, uniforms.strideX * matrix - uniforms.groupFeatures, tapDone);
  let lineDone = t.v >= s.taps;
  t.v -= select(0u, s.taps, lineDone);
  t.x -= select(0, i32(s.taps * uniforms.dilationX), lineDone);
  t.y += select(0, i32(uniforms.dilationY), lineDone);
  t.offset += select(0, i32(s.taps) * pixel - line, lineDone);
  t.b += select(0u, (uniforms.strideY * uniforms.filterWidth - s.taps * uniforms.strideX) * matrix,
    lineDone);
  return t;
}`;

/** Of one tap: features alone. */
const SKIP_FEATURES = `fn skip(s: Step, h: Step) -> Step {
  var t = s;
  t.offset += i32(h.o);
  t.b += h.o;
  return t;
}`;

/** Where the pixels of a phase lie; at the edges some phases have fewer. */
const PHASES = `
fn pixelOf(batch: u32, m: u32) -> vec2<i32> {
  let r = row(batch, m);
  return vec2<i32>(r.y * i32(uniforms.strideY) + i32(phaseY(batch)) - i32(uniforms.padTop),
    r.x * i32(uniforms.strideX) + i32(phaseX(batch)) - i32(uniforms.padLeft));
}
fn destination(batch: u32, m: u32) -> u32 {
  let pixel = vec2<u32>(pixelOf(batch, m));
  return ((pixelOfPhase(m).image * uniforms.inHeight + pixel.x) * uniforms.inWidth + pixel.y) * uniforms.inChannels +
    groupOf(batch) * uniforms.groupChannels;
}
fn feature(batch: u32, n: u32) -> u32 { return groupOf(batch) * uniforms.groupChannels + n; }
fn exists(batch: u32, m: u32) -> bool {
  let pixel = vec2<u32>(pixelOf(batch, m));
  return (pixel.x < uniforms.inHeight) & (pixel.y < uniforms.inWidth);
}
fn depthOf(batch: u32) -> u32 { return tapsY(batch) * tapsX(batch) * uniforms.groupFeatures; }
`;

/** What of the product depends on strides. */
function layout(
  g: Geometry,
  software: boolean,
): Pick<Product, "variant" | "batch" | "rows" | "depth" | "functions"> & {
  readonly placement?: string;
  readonly shorter?: number;
  readonly uniforms: Readonly<Record<string, number>>;
} {
  const strided = g.strideHeight > 1 || g.strideWidth > 1;
  const dilated = g.dilationHeight > 1 || g.dilationWidth > 1;
  const groupFeatures = g.outChannels / g.groups;
  const inGroups = g.groups > 1 ? { placement: CHANNELS_BY_GROUPS } : {};
  if (dilated ? strided || software : software && !strided) {
    return {
      variant: `${strided ? "strided" : "dense"}${g.groups > 1 ? " groups" : ""}`,
      batch: g.groups,
      rows: g.batchSize * g.inHeight * g.inWidth,
      depth: g.filterHeight * g.filterWidth * groupFeatures,
      uniforms: geometryUniforms(g),
      functions: functions(strided),
      ...inGroups,
    };
  }
  const [phaseHeight, phaseWidth] = phaseSize(g);
  const taps = Math.ceil(g.filterHeight / g.strideHeight) *
    Math.ceil(g.filterWidth / g.strideWidth);
  // Of one tap without a frame, each pixel has its slope.
  const isInside = g.filterHeight * g.filterWidth === 1 && !strided && !isPadded(g);
  return {
    variant: `${strided ? "phases" : `dense${g.groups > 1 ? " groups" : ""}`}/${
      software ? "" : `${taps === 1}/${isInside}`
    }`,
    batch: g.groups * g.strideHeight * g.strideWidth,
    rows: g.batchSize * phaseHeight * phaseWidth,
    depth: taps * groupFeatures,
    ...(strided ? { placement: PHASES, shorter: groupFeatures } : inGroups),
    uniforms: { ...geometryUniforms(g), phaseHeight, phaseWidth },
    functions: software ? phaseFunctions : walkedFunctions(taps === 1, isInside),
  };
}

/** The correlation with turned filters, of each phase, for few channels. */
const CORRELATION = `
${PHASE}
fn origin(batch: u32, y: u32, x: u32) -> vec2<i32> {
  return vec2<i32>(
    i32(y + uniforms.padTop / uniforms.strideY) - i32((TAP_ROWS - 1u) * uniforms.dilationY),
    i32(x + uniforms.padLeft / uniforms.strideX) - i32((TAP_COLUMNS - 1u) * uniforms.dilationX));
}
fn tapsOf(batch: u32) -> vec2<u32> { return vec2<u32>(tapsY(batch), tapsX(batch)); }
fn weightsOf(batch: u32, t: u32) -> u32 {
  let u = phaseY(batch) + t * uniforms.strideY;
  return (u * uniforms.filterWidth + phaseX(batch)) * uniforms.inChannels * uniforms.outChannels;
}
fn weightSteps() -> vec3<u32> {
  return vec3<u32>(uniforms.strideX * uniforms.inChannels * uniforms.outChannels, uniforms.outChannels, 1u);
}
fn destination(batch: u32, image: u32, y: u32, x: u32) -> i32 {
  let i = (y + uniforms.padTop / uniforms.strideY) * uniforms.strideY + phaseY(batch) - uniforms.padTop;
  let j = (x + uniforms.padLeft / uniforms.strideX) * uniforms.strideX + phaseX(batch) - uniforms.padLeft;
  // Before the image the difference wraps around, and is too large as well.
  if (i >= uniforms.inHeight || j >= uniforms.inWidth) { return -1; }
  return i32((image * uniforms.inHeight + i) * uniforms.inWidth + j);
}`;

/** The input gradient as a convolution of the slopes. */
function windowsOf(g: Geometry, dy: tf.TensorInfo, filter: tf.TensorInfo): FewFeatures {
  return {
    operation: "Conv2DBackpropInput",
    variant: "",
    source: dy,
    filter,
    features: g.inChannels,
    pixels: phaseSize(g),
    phases: g.strideHeight * g.strideWidth,
    taps: [
      Math.ceil(g.filterHeight / g.strideHeight),
      Math.ceil(g.filterWidth / g.strideWidth),
    ],
    sureTaps: Math.floor(g.filterWidth / g.strideWidth),
    stride: [1, 1],
    dilation: [g.dilationHeight, g.dilationWidth],
    backward: true,
    uniforms: geometryUniforms(g),
    functions: CORRELATION,
    shape: g.inShape,
  };
}

/** How many pixels a phase has at the most, down and across. */
function phaseSize(g: Geometry): [height: number, width: number] {
  return [
    cellsAlong(g.padInfo.top, g.inHeight, g.strideHeight)[1],
    cellsAlong(g.padInfo.left, g.inWidth, g.strideWidth)[1],
  ];
}

/**
 * The kernel function of `Conv2DBackpropInput` for an adapter.
 *
 * @param software whether the adapter computes on the CPU
 */
export function conv2dInputGradient(software: boolean): tf.KernelConfig["kernelFunc"] {
  return channelsLast(
    (call) => {
      const { dy, filter } = call.inputs as { dy: tf.TensorInfo; filter: tf.TensorInfo };
      const backend = call.backend as GuardedBackend;
      const attributes = call.attrs as unknown as ConvolutionAttributes & { inputShape: number[] };
      const g = geometry(attributes.inputShape, filter.shape, attributes);
      const operation = "Conv2DBackpropInput";
      return onSlopes(backend, operation, g, dy, (dy) => {
        if (isDepthwise(g)) return depthwiseInputGradient(backend, software, g, dy, filter);
        const windows = windowsOf(g, dy, filter);
        const isStridedAndDilated = windows.phases > 1 && Math.max(...windows.dilation) > 1;
        const few = isStridedAndDilated
          ? undefined
          : runFewFeatures(backend, software, g.groups, windows);
        if (few) return few;
        const { uniforms, ...product } = layout(g, software);
        const turns = software && g.groups === 1 &&
          paysToTranspose(product.rows, g.inChannels, g.outChannels);
        const filter_ = turns ? transposed(backend, filter) : filter;
        const inFours = g.outChannels / g.groups % 4 === 0;
        const dx = runProduct(backend, software, {
          operation,
          ...product,
          uniforms: {
            ...uniforms,
            stepB: turns ? g.inChannels : 1,
            columnB: turns ? 1 : g.outChannels,
          },
          columns: g.inChannels / g.groups,
          inputs: { dy, filter_ },
          neighbors: { a: "depth", b: "depth" },
          quads: inFours ? { a: "depth", b: turns ? "columns" : "depth" } : {},
          half: true,
          shape: g.inShape,
        });
        if (turns) backend.disposeData(filter_.dataId);
        return dx;
      });
    },
    ["dy"],
    true,
  );
}
