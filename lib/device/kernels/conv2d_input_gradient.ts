// Convolution's input gradient: dx[n, y, x, c] = Σ dy[n, (y + p − u·d) / s, (x + p − v·d) / s, o] · w[u, v, c, o].
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { type ConvolutionAttributes, geometry, geometryUniforms } from "./convolution.ts";
import { inside, loadFlat } from "./load.ts";
import { runProduct } from "./product.ts";
import type { Quads } from "./tiles.ts";

/**
 * As a product: row = pixel of the input, step = (u, v, o), column = channel.
 * With strides only those taps count whose distance is a multiple of them.
 */
const functions = (strided: boolean) => (quads: Quads): string => `
struct Row { base: i32, y: i32, x: i32 }
struct Step { o: u32, v: u32, y: i32, x: i32, b: u32 }
fn row(batch: u32, m: u32) -> Row {
  let x = m % uniforms.inWidth;
  let y = (m / uniforms.inWidth) % uniforms.inHeight;
  let image = m / (uniforms.inWidth * uniforms.inHeight);
  return Row(i32(image * uniforms.outHeight), i32(y + uniforms.padTop), i32(x + uniforms.padLeft));
}
fn tapBase(k: u32) -> u32 {
  return (k / uniforms.outChannels) * uniforms.inChannels * uniforms.outChannels;
}
fn step(batch: u32, k: u32) -> Step {
  let tap = k / uniforms.outChannels;
  let o = k % uniforms.outChannels;
  let v = tap % uniforms.filterWidth;
  return Step(o, v, i32((tap / uniforms.filterWidth) * uniforms.dilationY),
    i32(v * uniforms.dilationX), tapBase(k) + o);
}
fn next(s: Step) -> Step {
  var t = s;
  t.o += STRIDE;
  t.b += STRIDE;
  let tapDone = t.o == uniforms.outChannels;
  t.o = select(t.o, 0u, tapDone);
  t.b += select(0u, (uniforms.inChannels - 1u) * uniforms.outChannels, tapDone);
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
  let index = ((r.base + i) * i32(uniforms.outWidth) + j) * i32(uniforms.outChannels) + i32(s.o);
  return ${inside("dy", "index", quads.a)};
}
${loadFlat("fn loadB(s: Step, n: u32)", "filter_", "s.b + n * uniforms.outChannels", quads.b)}
`;

/**
 * The kernel function of `Conv2DBackpropInput` for an adapter.
 *
 * @param software whether the adapter computes on the CPU
 */
export function conv2dInputGradient(software: boolean): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) => {
    const { dy, filter } = inputs as { dy: tf.TensorInfo; filter: tf.TensorInfo };
    const attributes = attrs as unknown as ConvolutionAttributes & { inputShape: number[] };
    const g = geometry("Conv2DBackpropInput", attributes.inputShape, filter.shape, attributes);
    const strided = g.strideHeight > 1 || g.strideWidth > 1;
    return runProduct(backend as GuardedBackend, software, {
      operation: "Conv2DBackpropInput",
      variant: strided ? "strided" : "dense",
      batch: 1,
      rows: g.batchSize * g.inHeight * g.inWidth,
      columns: g.inChannels,
      depth: g.filterHeight * g.filterWidth * g.outChannels,
      inputs: { dy, filter_: filter },
      uniforms: geometryUniforms(g),
      quads: g.outChannels % 4 === 0 ? { a: "depth", b: "depth" } : {},
      functions: functions(strided),
      shape: g.inShape,
    });
  };
}
