// Filter gradients of few channels on adapters that compute on the CPU: an invocation by itself.
import { sizeOf } from "../../tensor/tensor.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { fitsTexture, paysToCopy } from "../textures.ts";
import { chainSums } from "./chain_sums.ts";
import { type Geometry, geometryUniforms, isPadded } from "./convolution.ts";
import { component, vectorType } from "./load.ts";
import { runProgram } from "./program.ts";
import { QUOTIENT } from "./quotient.ts";
import { each } from "./tiles.ts";

/**
 * Pixels side by side that an invocation takes at a time: of any channels and features these are fours.
 * Of eight the text is twice as long, and takes no less time.
 */
const RUN = 4;

/** Features of which a product takes longer: of 32, with 16 an invocation, half as long. */
const MOST_FEATURES = 8;

/** Sums of an invocation, each of which is read and written once a turn. */
const MOST_SUMS = 200;

/** Invocations that share the lines: fewer leave cores idle, more make sums that have to be added. */
const PIECES = 128;

/** Whether images and slopes can be read by fours, as each line begins where one does, and sums are few. */
function isOurs(g: Geometry): boolean {
  const { inChannels: channels, outChannels: features, inWidth, outWidth } = g;
  return g.groups === 1 && channels < 4 && features <= MOST_FEATURES && g.filterWidth > 1 &&
    sizeOf(g.filterShape) <= MOST_SUMS && g.batchSize * g.outHeight >= PIECES &&
    inWidth * channels % 4 === 0 && outWidth * features % 4 === 0;
}

/** Numbers before a line's first window that begin a four. */
function shiftOf(g: Geometry): number {
  return (4 - g.padInfo.left * g.inChannels % 4) % 4;
}

/**
 * Runs a filter gradient of images of few channels, whose products have few rows: an invocation keeps
 * the sums of all taps, and what it reads of a line serves all of the line's.
 *
 * @returns the gradient; `undefined` if a product is to be taken
 */
export function runFewChannelsAlone(
  backend: GuardedBackend,
  g: Geometry,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
): tf.TensorInfo | undefined {
  if (!isOurs(g)) return undefined;
  const lines = g.batchSize * g.outHeight;
  const length = Math.ceil(lines / PIECES);
  const pieces = Math.ceil(lines / length);
  const size = sizeOf(g.filterShape);
  const reads = lines * g.outWidth * g.filterHeight;
  const inTexture = fitsTexture(sizeOf(x.shape), backend.device.limits) &&
    paysToCopy(sizeOf(x.shape), reads);
  const [sums] = runProgram(backend, {
    operation: "Conv2DBackpropFilter",
    variant: [
      "few channels alone",
      ...[g.inChannels, g.outChannels, g.filterHeight, g.filterWidth],
      ...[g.strideWidth, g.dilationWidth, g.dilationHeight],
      ...[shiftOf(g), isPadded(g), g.outWidth % RUN !== 0],
    ].join("/"),
    results: { dw: [pieces, ...g.filterShape] },
    inputs: { x, dy },
    vectors: ["dy", ...(inTexture ? [] : ["x"])],
    quads: inTexture ? ["x"] : [],
    half: { names: ["x", "dy"] },
    uniforms: {
      ...geometryUniforms(g),
      lines,
      length,
      pieces,
      blocks: Math.ceil(g.outWidth / RUN),
    },
    code: () => text(g),
    invocations: pieces,
    workgroup: 8,
  });
  const total = chainSums(backend, true, sums!, { outer: 1, length: pieces, inner: size }, 1);
  backend.disposeData(sums!.dataId);
  return { ...total, shape: [...g.filterShape] };
}

/** Features that lie in one variable. */
function lanesOf(features: number): number {
  return [4, 3, 2].find((lanes) => features % lanes === 0) ?? 1;
}

function text(g: Geometry): string {
  const { inChannels: channels, outChannels: features, filterHeight, filterWidth } = g;
  const shift = shiftOf(g);
  const columns = (RUN - 1) * g.strideWidth + g.effectiveFilterWidth;
  const reads = Math.ceil((shift + columns * channels) / 4);
  const lanes = lanesOf(features);
  const type = vectorType(lanes);
  const strips = features / lanes;
  const padded = isPadded(g);
  const rows = filterWidth * channels;
  const line = (u: number): string =>
    `let row${u} = top + ${u * g.dilationHeight};
    let isLine${u} = u32(row${u}) < uniforms.inHeight;
    let from${u} = ((i32(image * uniforms.inHeight) + row${u}) * i32(uniforms.inWidth) * ${channels} + left) >> 2u;`;
  const read = (u: number): string =>
    each(reads, (k) => `let fours${u}_${k} = x_quad(u32(max(0, from${u} + hop + ${k})));`);
  /** Number `n` from the first window's on. */
  const number = (u: number, n: number): string => {
    const value = `fours${u}_${(shift + n) >> 2}[${(shift + n) & 3}]`;
    const inside = `isLine${u} & isColumn${Math.floor(n / channels)}`;
    return `let x${u}_${n} = ${padded ? `select(0.0, ${value}, ${inside})` : value};`;
  };
  const slope = (i: number, q: number): string => {
    const first = i * features + q * lanes;
    const numbers = Array.from({ length: lanes }, (_, e) => first + e)
      .map((n) => `dy${n >> 2}[${n & 3}]`);
    const value = `${type}(${numbers.join(", ")})`;
    const inside = `block * ${RUN}u + ${i}u < uniforms.outWidth`;
    return `let slope${i}_${q} = ${
      g.outWidth % RUN === 0 ? value : `select(${type}(), ${value}, ${inside})`
    };`;
  };
  const product = (u: number, m: number, q: number): string => {
    const [v, c] = [Math.floor(m / channels), m % channels];
    const sum = `s${(u * rows + m) * strips + q}`;
    let chain = sum;
    for (let i = 0; i < RUN; i++) {
      const n = (i * g.strideWidth + v * g.dilationWidth) * channels + c;
      chain = `fma(${type}(x${u}_${n}), slope${i}_${q}, ${chain})`;
    }
    return `${sum} = ${chain};`;
  };
  const store = (m: number, q: number, e: number): string =>
    `dw_put(to + ${m * features + q * lanes + e}u, ${component(`s${m * strips + q}`, lanes, e)});`;
  return `${QUOTIENT}
fn main(piece: u32, local: u32) {
  if (piece >= uniforms.pieces) { return; }
  let end = min((piece + 1u) * uniforms.length, uniforms.lines);
  ${each(filterHeight * rows * strips, (s) => `var s${s} = ${type}();`)}
  for (var line = piece * uniforms.length; line < end; line++) {
    let image = quotient(line, uniforms.outHeight);
    let top = i32((line - image * uniforms.outHeight) * uniforms.strideY) - i32(uniforms.padTop);
    let left = -i32(uniforms.padLeft) * ${channels} - ${shift};
    ${each(filterHeight, line)}
    for (var block = 0u; block < uniforms.blocks; block++) {
      let column = i32(block * ${RUN * g.strideWidth}u) - i32(uniforms.padLeft);
      let hop = i32(block * ${RUN * g.strideWidth * channels / 4}u);
      let toDy = (line * uniforms.outWidth + block * ${RUN}u) * ${features}u / 4u;
      ${
    padded ? each(columns, (j) => `let isColumn${j} = u32(column + ${j}) < uniforms.inWidth;`) : ""
  }
      ${each(filterHeight, read)}
      ${each(filterHeight, (u) => each(columns * channels, (n) => number(u, n)))}
      ${each(RUN * features / 4, (k) => `let dy${k} = dy_quad(toDy + ${k}u);`)}
      ${each(RUN, (i) => each(strips, (q) => slope(i, q)))}
      ${each(filterHeight, (u) => each(rows, (m) => each(strips, (q) => product(u, m, q))))}
    }
  }
  let to = piece * ${filterHeight * rows * features}u;
  ${each(filterHeight * rows, (m) => each(strips, (q) => each(lanes, (e) => store(m, q, e))))}
}`;
}
