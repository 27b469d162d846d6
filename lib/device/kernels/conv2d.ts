// Convolution: y[n, i, j, o] = Σ x[n, i·s + u·d − p, j·s + v·d − p, c] · w[u, v, c, o].
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { channelsLast } from "./channels_last.ts";
import {
  BY_GROUPS,
  type ConvolutionAttributes,
  geometry,
  geometryUniforms,
  isPadded,
} from "./convolution.ts";
import { depthwise, isDepthwise } from "./depthwise.ts";
import { runFewFeatures } from "./few_features.ts";
import { fusedActivation, isOurs } from "./fused.ts";
import { loadFlat, loadPatch } from "./load.ts";
import { runProduct } from "./product.ts";
import type { Quads } from "./tiles.ts";

const NEXT = `fn next(s: Step) -> Step {
  var t = s;
  t.b += STRIDE * uniforms.outChannels;
  t.c += STRIDE;
  let pixelDone = t.c == uniforms.groupChannels;
  t.c = select(t.c, 0u, pixelDone);
  t.v += select(0u, 1u, pixelDone);
  let lineDone = t.v == uniforms.filterWidth;
  t.v = select(t.v, 0u, lineDone);
  t.x = select(t.x + select(0, i32(uniforms.dilationX), pixelDone), 0, lineDone);
  t.y += select(0, i32(uniforms.dilationY), lineDone);
  t.offset = (t.y * i32(uniforms.inWidth) + t.x) * i32(uniforms.inChannels) + i32(t.c);
  return t;
}
fn ahead(s: Step, u: u32) -> Step { // A depth quad ends within its pixel.
  return Step(s.c, s.v, s.y, s.x, s.offset + i32(u), s.b + u * uniforms.outChannels);
}`;

/** What is carried over from channels to a line's taps, and from these to lines. */
const SKIP = `fn hop(batch: u32, u: u32) -> Step { return step(0u, u); }
fn skip(s: Step, h: Step) -> Step {
  var t = s;
  t.b += h.b;
  t.c += h.c;
  t.v += h.v;
  t.y += h.y;
  t.x += h.x;
  t.offset += h.offset;
  let pixelDone = t.c >= uniforms.groupChannels;
  t.c -= select(0u, uniforms.groupChannels, pixelDone);
  t.v += select(0u, 1u, pixelDone);
  t.x += select(0, i32(uniforms.dilationX), pixelDone);
  t.offset += select(0, i32(uniforms.dilationX * uniforms.inChannels - uniforms.groupChannels), pixelDone);
  let lineDone = t.v >= uniforms.filterWidth;
  let line = i32(uniforms.filterWidth * uniforms.dilationX);
  t.v -= select(0u, uniforms.filterWidth, lineDone);
  t.x -= select(0, line, lineDone);
  t.y += select(0, i32(uniforms.dilationY), lineDone);
  t.offset += select(0,
    (i32(uniforms.dilationY * uniforms.inWidth) - line) * i32(uniforms.inChannels), lineDone);
  return t;
}`;

/** Filters of one tap: channels alone. */
const SKIP_CHANNELS = `fn hop(batch: u32, u: u32) -> Step {
  return Step(0u, 0u, 0, 0, i32(u), u * uniforms.outChannels);
}
fn skip(s: Step, h: Step) -> Step {
  return Step(s.c, s.v, s.y, s.x, s.offset + h.offset, s.b + h.b);
}`;

/** Rows of filters of one tap that takes all pixels as they are: no place has to be found. */
const PIXELS = `fn row(batch: u32, m: u32) -> Row {
  return Row(i32(m * uniforms.inChannels + batch * uniforms.groupChannels), 0, 0);
}`;

const PATCHES = `fn row(batch: u32, m: u32) -> Row {
  let outLine = quotient(m, uniforms.outWidth);
  let image = quotient(outLine, uniforms.outHeight);
  let y = i32((outLine - image * uniforms.outHeight) * uniforms.strideY) - i32(uniforms.padTop);
  let x = i32((m - outLine * uniforms.outWidth) * uniforms.strideX) - i32(uniforms.padLeft);
  let line = i32(image * uniforms.inHeight) + y;
  return Row((line * i32(uniforms.inWidth) + x) * i32(uniforms.inChannels) +
    i32(batch * uniforms.groupChannels), y, x);
}`;

/**
 * As a product for each group: row = pixel of the output, step = (u, v, c), column = feature.
 * `offset` is where a patch's tap lies relative to its corner, so that the
 * inner loop adds and compares only.
 */
const functions = (padded: boolean, taps: number, isPixels: boolean) =>
(
  quads: Quads,
  software: boolean,
): string => `
struct Row { base: i32, y: i32, x: i32 }
struct Step { c: u32, v: u32, y: i32, x: i32, offset: i32, b: u32 }
${isPixels ? PIXELS : PATCHES}
fn step(batch: u32, k: u32) -> Step {
  let tap = quotient(k, uniforms.groupChannels);
  let c = k - tap * uniforms.groupChannels;
  let u = quotient(tap, uniforms.filterWidth);
  let v = tap - u * uniforms.filterWidth;
  let y = i32(u * uniforms.dilationY);
  let x = i32(v * uniforms.dilationX);
  return Step(c, v, y, x, (y * i32(uniforms.inWidth) + x) * i32(uniforms.inChannels) + i32(c),
    k * uniforms.outChannels + batch * uniforms.groupFeatures);
}
${software ? NEXT : taps === 1 ? SKIP_CHANNELS : SKIP}
${loadPatch("x", "s.offset", padded, quads.a)}
fn column(n: u32) -> u32 { return n; }
${loadFlat("fn loadB(s: Step, c: u32)", "filter_", "s.b + c", quads.b)}
`;

/** The same for few features. */
const CORRELATION = `
fn origin(batch: u32, y: u32, x: u32) -> vec2<i32> {
  return vec2<i32>(i32(y * uniforms.strideY) - i32(uniforms.padTop),
    i32(x * uniforms.strideX) - i32(uniforms.padLeft));
}
fn tapsOf(batch: u32) -> vec2<u32> { return vec2<u32>(TAP_ROWS, TAP_COLUMNS); }
fn weightsOf(batch: u32, t: u32) -> u32 {
  return t * uniforms.filterWidth * uniforms.inChannels * uniforms.outChannels;
}
fn weightSteps() -> vec3<u32> {
  return vec3<u32>(uniforms.inChannels * uniforms.outChannels, 1u, uniforms.outChannels);
}
fn destination(batch: u32, image: u32, y: u32, x: u32) -> i32 {
  return i32((image * uniforms.outHeight + y) * uniforms.outWidth + x);
}`;

/**
 * The kernel function of `Conv2D` for an adapter.
 *
 * @param software whether the adapter computes on the CPU
 */
export function conv2d(software: boolean): tf.KernelConfig["kernelFunc"] {
  return channelsLast(
    (call) => {
      const { inputs, attrs, backend } = call;
      const { x, filter, bias } = inputs as {
        x: tf.TensorInfo;
        filter: tf.TensorInfo;
        bias?: tf.TensorInfo;
      };
      const attributes = attrs as unknown as ConvolutionAttributes;
      const g = geometry(x.shape, filter.shape, attributes);
      const activation = fusedActivation(call);
      if (isDepthwise(g)) {
        const inputs = { x, filter, ...(bias ? { bias } : {}) };
        return depthwise(backend as GuardedBackend, software, g, inputs, activation);
      }
      const windows = runFewFeatures(backend as GuardedBackend, software, g.groups, {
        operation: "Conv2D",
        variant: "forward",
        source: x,
        filter,
        features: g.outChannels,
        pixels: [g.outHeight, g.outWidth],
        phases: 1,
        taps: [g.filterHeight, g.filterWidth],
        sureTaps: g.filterWidth,
        stride: [g.strideHeight, g.strideWidth],
        dilation: [g.dilationHeight, g.dilationWidth],
        backward: false,
        bias,
        activation,
        uniforms: geometryUniforms(g),
        functions: CORRELATION,
        shape: g.outShape,
      });
      if (windows) return windows;
      const taps = g.filterHeight * g.filterWidth;
      const padded = isPadded(g);
      const isPixels = taps === 1 && !padded && g.strideHeight === 1 && g.strideWidth === 1;
      return runProduct(backend as GuardedBackend, software, {
        operation: "Conv2D",
        variant: `${isPixels ? "pixels" : padded ? "padded" : "inside"}${taps === 1 ? " 1×1" : ""}${
          g.groups > 1 ? " groups" : ""
        }`,
        batch: g.groups,
        rows: g.batchSize * g.outHeight * g.outWidth,
        columns: g.outChannels / g.groups,
        depth: taps * g.inChannels / g.groups,
        inputs: { x, filter_: filter },
        bias,
        activation,
        uniforms: geometryUniforms(g),
        quads: {
          a: g.inChannels / g.groups % 4 === 0 ? "depth" : undefined,
          b: g.outChannels / g.groups % 4 === 0 ? "columns" : undefined,
        },
        neighbors: { a: "depth", b: "columns" },
        functions: functions(padded, taps, isPixels),
        ...(g.groups > 1 ? { placement: BY_GROUPS } : {}),
        half: true,
        shape: g.outShape,
      });
    },
    ["x"],
    true,
  );
}

/**
 * The kernel function of `FusedConv2D` for an adapter: a convolution plus one
 * number a feature, and an activation. What else tfjs fuses is left to tfjs.
 *
 * @param software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function fusedConv2d(
  software: boolean,
  stock: tf.KernelConfig["kernelFunc"],
): tf.KernelConfig["kernelFunc"] {
  const own = conv2d(software);
  return (call) => isOurs(call, call.inputs.filter!.shape[3]!) ? own(call) : stock(call);
}
