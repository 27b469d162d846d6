// Convolution's input gradient: dx[n, y, x, c] = Σ dy[n, (y + p − u·d) / s, (x + p − v·d) / s, o] · w[u, v, c, o].
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { channelsLast } from "./channels_last.ts";
import {
  type ConvolutionAttributes,
  type Geometry,
  geometry,
  geometryUniforms,
  onSlopes,
} from "./convolution.ts";
import { depthwiseInputGradient, isDepthwise } from "./depthwise.ts";
import { inside, loadFlat } from "./load.ts";
import { type Product, runProduct } from "./product.ts";
import type { Quads } from "./tiles.ts";

/**
 * As a product for each group: row = pixel of the input, step = (u, v, o), column = channel.
 * With strides only those taps count whose distance is a multiple of them.
 */
const functions = (strided: boolean) => (quads: Quads): string => `
struct Row { base: i32, y: i32, x: i32, group: i32 }
struct Step { o: u32, v: u32, y: i32, x: i32, b: u32 }
fn row(batch: u32, m: u32) -> Row {
  let x = m % uniforms.inWidth;
  let y = (m / uniforms.inWidth) % uniforms.inHeight;
  let image = m / (uniforms.inWidth * uniforms.inHeight);
  return Row(i32(image * uniforms.outHeight), i32(y + uniforms.padTop), i32(x + uniforms.padLeft),
    i32(batch * uniforms.groupFeatures));
}
fn tapBase(batch: u32, k: u32) -> u32 {
  return (k / uniforms.groupFeatures) * uniforms.groupChannels * uniforms.outChannels +
    batch * uniforms.groupFeatures;
}
fn step(batch: u32, k: u32) -> Step {
  let tap = k / uniforms.groupFeatures;
  let o = k % uniforms.groupFeatures;
  let v = tap % uniforms.filterWidth;
  return Step(o, v, i32((tap / uniforms.filterWidth) * uniforms.dilationY),
    i32(v * uniforms.dilationX), tapBase(batch, k) + o);
}
fn next(s: Step) -> Step {
  var t = s;
  t.o += STRIDE;
  t.b += STRIDE;
  let tapDone = t.o == uniforms.groupFeatures;
  t.o = select(t.o, 0u, tapDone);
  t.b += select(0u, uniforms.groupChannels * uniforms.outChannels - uniforms.groupFeatures, tapDone);
  t.v += select(0u, 1u, tapDone);
  let lineDone = t.v == uniforms.filterWidth;
  t.v = select(t.v, 0u, lineDone);
  t.x = select(t.x + select(0, i32(uniforms.dilationX), tapDone), 0, lineDone);
  t.y += select(0, i32(uniforms.dilationY), lineDone);
  return t;
}
fn ahead(s: Step, u: u32) -> Step { // A depth quad ends within its tap.
  return Step(s.o + u, s.v, s.y, s.x, s.b + u);
}
fn loadA(r: Row, s: Step) -> ${quads.a ? "vec4<f32>" : "f32"} {
  let y = r.y - s.y;
  let x = r.x - s.x;
  ${
  strided
    ? `let i = y / i32(uniforms.strideY);
  let j = x / i32(uniforms.strideX);
  let inside = y >= 0 && x >= 0 && i < i32(uniforms.outHeight) && j < i32(uniforms.outWidth) &&
    i * i32(uniforms.strideY) == y && j * i32(uniforms.strideX) == x;`
    : `let i = y;
  let j = x;
  let inside = u32(i) < uniforms.outHeight && u32(j) < uniforms.outWidth;`
}
  let index = ((r.base + i) * i32(uniforms.outWidth) + j) * i32(uniforms.outChannels) + r.group +
    i32(s.o);
  return ${inside("dy", "index", quads.a)};
}
fn column(n: u32) -> u32 { return n * uniforms.outChannels; }
${loadFlat("fn loadB(s: Step, c: u32)", "filter_", "s.b + c", quads.b)}
`;

/**
 * With strides, pixels of one phase (y + p) mod s, (x + p) mod s have their taps
 * a stride apart in common: each phase is a product by itself, without the taps
 * that would add nothing. Row = pixel of a phase, step = (tap of the phase, o).
 */
const phaseFunctions = (quads: Quads): string => `
struct Row { base: i32, y: i32, x: i32, group: i32 }
struct Step { o: u32, t: u32, v: u32, taps: u32, b: u32 }
fn groupOf(batch: u32) -> u32 { return batch / (uniforms.strideY * uniforms.strideX); }
fn phaseY(batch: u32) -> u32 { return (batch / uniforms.strideX) % uniforms.strideY; }
fn phaseX(batch: u32) -> u32 { return batch % uniforms.strideX; }
fn tapsY(batch: u32) -> u32 {
  return (uniforms.filterHeight + uniforms.strideY - 1u - phaseY(batch)) / uniforms.strideY;
}
fn tapsX(batch: u32) -> u32 {
  return (uniforms.filterWidth + uniforms.strideX - 1u - phaseX(batch)) / uniforms.strideX;
}
fn row(batch: u32, m: u32) -> Row {
  let x = m % uniforms.phaseWidth + uniforms.padLeft / uniforms.strideX;
  let y = (m / uniforms.phaseWidth) % uniforms.phaseHeight + uniforms.padTop / uniforms.strideY;
  let image = m / (uniforms.phaseWidth * uniforms.phaseHeight);
  return Row(i32(image * uniforms.outHeight), i32(y), i32(x),
    i32(groupOf(batch) * uniforms.groupFeatures));
}
fn tapBase(batch: u32, t: u32, v: u32) -> u32 {
  let u = phaseY(batch) + t * uniforms.strideY;
  return (u * uniforms.filterWidth + phaseX(batch) + v * uniforms.strideX) * uniforms.groupChannels *
    uniforms.outChannels + groupOf(batch) * uniforms.groupFeatures;
}
fn step(batch: u32, k: u32) -> Step {
  let taps = max(tapsX(batch), 1u);
  let o = k % uniforms.groupFeatures;
  let tap = k / uniforms.groupFeatures;
  return Step(o, tap / taps, tap % taps, taps, tapBase(batch, tap / taps, tap % taps) + o);
}
fn next(s: Step) -> Step {
  let matrix = uniforms.groupChannels * uniforms.outChannels;
  var t = s;
  t.o += STRIDE;
  t.b += STRIDE;
  let tapDone = t.o == uniforms.groupFeatures;
  t.o = select(t.o, 0u, tapDone);
  t.v += select(0u, 1u, tapDone);
  t.b += select(0u, uniforms.strideX * matrix - uniforms.groupFeatures, tapDone);
  let lineDone = t.v == s.taps;
  t.v = select(t.v, 0u, lineDone);
  t.t += select(0u, 1u, lineDone);
  t.b += select(0u, (uniforms.strideY * uniforms.filterWidth - s.taps * uniforms.strideX) * matrix,
    lineDone);
  return t;
}
fn ahead(s: Step, u: u32) -> Step { return Step(s.o + u, s.t, s.v, s.taps, s.b + u); }
fn loadA(r: Row, s: Step) -> ${quads.a ? "vec4<f32>" : "f32"} {
  let i = r.y - i32(s.t);
  let j = r.x - i32(s.v);
  let inside = u32(i) < uniforms.outHeight && u32(j) < uniforms.outWidth;
  let index = ((r.base + i) * i32(uniforms.outWidth) + j) * i32(uniforms.outChannels) + r.group +
    i32(s.o);
  return ${inside("dy", "index", quads.a)};
}
fn column(n: u32) -> u32 { return n * uniforms.outChannels; }
${loadFlat("fn loadB(s: Step, c: u32)", "filter_", "s.b + c", quads.b)}
`;

/** Where the pixels of a phase lie; at the edges some phases have fewer. */
const PHASES = `
fn pixelOf(batch: u32, m: u32) -> vec2<i32> {
  let r = row(batch, m);
  return vec2<i32>(r.y * i32(uniforms.strideY) + i32(phaseY(batch)) - i32(uniforms.padTop),
    r.x * i32(uniforms.strideX) + i32(phaseX(batch)) - i32(uniforms.padLeft));
}
fn destination(batch: u32, m: u32) -> u32 {
  let pixel = vec2<u32>(pixelOf(batch, m));
  let image = m / (uniforms.phaseWidth * uniforms.phaseHeight);
  return ((image * uniforms.inHeight + pixel.x) * uniforms.inWidth + pixel.y) * uniforms.inChannels +
    groupOf(batch) * uniforms.groupChannels;
}
fn exists(batch: u32, m: u32) -> bool {
  let pixel = vec2<u32>(pixelOf(batch, m));
  return pixel.x < uniforms.inHeight && pixel.y < uniforms.inWidth;
}
fn depthOf(batch: u32) -> u32 { return tapsY(batch) * tapsX(batch) * uniforms.groupFeatures; }
`;

/** Where the channels of a group lie, a batch. */
const BY_GROUPS = `
fn destination(batch: u32, m: u32) -> u32 {
  return m * uniforms.inChannels + batch * uniforms.groupChannels;
}
fn exists(batch: u32, m: u32) -> bool { return true; }
fn depthOf(batch: u32) -> u32 { return uniforms.depth; }
`;

/** What of the product depends on strides. */
function layout(
  g: Geometry,
): Pick<Product, "variant" | "batch" | "rows" | "depth" | "functions"> & {
  readonly placement?: string;
  readonly uniforms: Readonly<Record<string, number>>;
} {
  const strided = g.strideHeight > 1 || g.strideWidth > 1;
  const dilated = g.dilationHeight > 1 || g.dilationWidth > 1;
  const groupFeatures = g.outChannels / g.groups;
  if (!strided || dilated) {
    return {
      variant: `${strided ? "strided" : "dense"}${g.groups > 1 ? " groups" : ""}`,
      batch: g.groups,
      rows: g.batchSize * g.inHeight * g.inWidth,
      depth: g.filterHeight * g.filterWidth * groupFeatures,
      uniforms: geometryUniforms(g),
      functions: functions(strided),
      ...(g.groups > 1 ? { placement: BY_GROUPS } : {}),
    };
  }
  const phaseHeight = phaseLength(g.padInfo.top, g.inHeight, g.strideHeight);
  const phaseWidth = phaseLength(g.padInfo.left, g.inWidth, g.strideWidth);
  const taps = Math.ceil(g.filterHeight / g.strideHeight) *
    Math.ceil(g.filterWidth / g.strideWidth);
  return {
    variant: "phases",
    batch: g.groups * g.strideHeight * g.strideWidth,
    rows: g.batchSize * phaseHeight * phaseWidth,
    depth: taps * groupFeatures,
    uniforms: { ...geometryUniforms(g), phaseHeight, phaseWidth },
    functions: phaseFunctions,
    placement: PHASES,
  };
}

/** How many pixels a phase has at the most. */
function phaseLength(padding: number, length: number, stride: number): number {
  return Math.floor((padding + length - 1) / stride) - Math.floor(padding / stride) + 1;
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
        return runProduct(backend, software, {
          operation,
          ...layout(g),
          columns: g.inChannels / g.groups,
          inputs: { dy, filter_: filter },
          quads: g.outChannels / g.groups % 4 === 0 ? { a: "depth", b: "depth" } : {},
          half: true,
          shape: g.inShape,
        });
      });
    },
    ["dy"],
    true,
  );
}
