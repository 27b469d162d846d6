// Convolution's filter gradient: dw[u, v, c, o] = Σ x[n, i·s + u·d − p, j·s + v·d − p, c] · dy[n, i, j, o].
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { channelsLast } from "./channels_last.ts";
import {
  BY_GROUPS,
  type ConvolutionAttributes,
  geometry,
  geometryUniforms,
  isPadded,
  onSlopes,
} from "./convolution.ts";
import { isDepthwise } from "./depthwise.ts";
import { depthwiseFilterGradient } from "./depthwise_filter_gradient.ts";
import { runFewChannels } from "./few_channels.ts";
import { runFewChannelsAlone } from "./few_channels_alone.ts";
import { loadFlat, loadPatch } from "./load.ts";
import { runProduct } from "./product.ts";
import type { Quads } from "./tiles.ts";

const NEXT = `fn next(s: Step) -> Step {
  let lineWidth = i32(uniforms.inWidth * uniforms.inChannels);
  let pixel = i32(uniforms.strideX * uniforms.inChannels);
  var t = s;
  t.b += uniforms.outChannels;
  t.j += 1u;
  t.x += i32(uniforms.strideX);
  t.base += pixel;
  let lineDone = t.j == uniforms.outWidth;
  t.base += select(0, i32(uniforms.strideY) * lineWidth - i32(uniforms.outWidth) * pixel, lineDone);
  t.j = select(t.j, 0u, lineDone);
  t.x = select(t.x, 0, lineDone);
  t.i += select(0u, 1u, lineDone);
  t.y += select(0, i32(uniforms.strideY), lineDone);
  let imageDone = t.i == uniforms.outHeight;
  t.base += select(0, (i32(uniforms.inHeight) - t.y) * lineWidth, imageDone);
  t.i = select(t.i, 0u, imageDone);
  t.y = select(t.y, 0, imageDone);
  return t;
}
fn ahead(s: Step, u: u32) -> Step { return s; } // Never called: the depth has no quads.`;

/** What is carried over from pixels to lines, and from these to images. */
const SKIP = `fn hop(batch: u32, u: u32) -> Step { return step(0u, u); }
fn skip(s: Step, h: Step) -> Step {
  let lineWidth = i32(uniforms.inWidth * uniforms.inChannels);
  let line = i32(uniforms.outWidth * uniforms.strideX);
  let image = i32(uniforms.outHeight * uniforms.strideY);
  var t = s;
  t.b += h.b;
  t.j += h.j;
  t.i += h.i;
  t.x += h.x;
  t.y += h.y;
  t.base += h.base;
  let lineDone = t.j >= uniforms.outWidth;
  t.j -= select(0u, uniforms.outWidth, lineDone);
  t.x -= select(0, line, lineDone);
  t.i += select(0u, 1u, lineDone);
  t.y += select(0, i32(uniforms.strideY), lineDone);
  t.base += select(0, i32(uniforms.strideY) * lineWidth - line * i32(uniforms.inChannels), lineDone);
  let imageDone = t.i >= uniforms.outHeight;
  t.i -= select(0u, uniforms.outHeight, imageDone);
  t.y -= select(0, image, imageDone);
  t.base += select(0, (i32(uniforms.inHeight) - image) * lineWidth, imageDone);
  return t;
}`;

/** As a product for each group: row = tap (u, v, c), step = pixel (n, i, j) of the output, column = feature. */
const functions = (padded: boolean) => (quads: Quads, software: boolean): string => `
struct Row { base: i32, y: i32, x: i32 }
struct Step { i: u32, j: u32, y: i32, x: i32, base: i32, b: u32 }
fn row(batch: u32, m: u32) -> Row {
  let tap = quotient(m, uniforms.groupChannels);
  let c = m - tap * uniforms.groupChannels;
  let u = quotient(tap, uniforms.filterWidth);
  let y = i32(u * uniforms.dilationY) - i32(uniforms.padTop);
  let x = i32((tap - u * uniforms.filterWidth) * uniforms.dilationX) - i32(uniforms.padLeft);
  return Row((y * i32(uniforms.inWidth) + x) * i32(uniforms.inChannels) +
    i32(batch * uniforms.groupChannels + c), y, x);
}
fn step(batch: u32, k: u32) -> Step {
  let outLine = quotient(k, uniforms.outWidth);
  let j = k - outLine * uniforms.outWidth;
  let image = quotient(outLine, uniforms.outHeight);
  let i = outLine - image * uniforms.outHeight;
  let y = i32(i * uniforms.strideY);
  let x = i32(j * uniforms.strideX);
  let line = i32(image * uniforms.inHeight) + y;
  return Step(i, j, y, x, (line * i32(uniforms.inWidth) + x) * i32(uniforms.inChannels),
    k * uniforms.outChannels + batch * uniforms.groupFeatures);
}
${software ? NEXT : SKIP}
${loadPatch("x", "s.base", padded, quads.a)}
fn column(n: u32) -> u32 { return n; }
${loadFlat("fn loadB(s: Step, c: u32)", "dy", "s.b + c", quads.b)}
`;

/**
 * The kernel function of `Conv2DBackpropFilter` for an adapter; tfjs's
 * leaves one invocation the sum over the whole batch.
 *
 * @param software whether the adapter computes on the CPU
 */
export function conv2dFilterGradient(software: boolean): tf.KernelConfig["kernelFunc"] {
  return channelsLast(
    (call) => {
      const { x, dy } = call.inputs as { x: tf.TensorInfo; dy: tf.TensorInfo };
      const backend = call.backend as GuardedBackend;
      const attributes = call.attrs as unknown as ConvolutionAttributes & { filterShape: number[] };
      const g = geometry(x.shape, attributes.filterShape, attributes);
      const padded = isPadded(g);
      const operation = "Conv2DBackpropFilter";
      return onSlopes(backend, operation, g, dy, (dy) => {
        if (isDepthwise(g)) return depthwiseFilterGradient(backend, software, g, x, dy);
        const few = software
          ? runFewChannelsAlone(backend, g, x, dy)
          : runFewChannels(backend, g, x, dy);
        if (few) return few;
        return runProduct(backend, software, {
          operation,
          variant: `${padded ? "padded" : "inside"}${g.groups > 1 ? " groups" : ""}`,
          batch: g.groups,
          rows: g.filterHeight * g.filterWidth * g.inChannels / g.groups,
          columns: g.outChannels / g.groups,
          depth: g.batchSize * g.outHeight * g.outWidth,
          inputs: { x, dy },
          uniforms: geometryUniforms(g),
          quads: {
            a: g.inChannels / g.groups % 4 === 0 ? "rows" : undefined,
            b: g.outChannels / g.groups % 4 === 0 ? "columns" : undefined,
          },
          // Channels that are no fours are few: pixels lie closer.
          neighbors: { a: "depth", b: "columns" },
          functions: functions(padded),
          ...(g.groups > 1 ? { placement: BY_GROUPS } : {}),
          shape: g.filterShape,
        });
      });
    },
    ["x", "dy"],
    false,
  );
}
