// The form of a convolution's filter gradient for GPUs where channels are few: windows that overlap, no padding.
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { chainSums } from "./chain_sums.ts";
import { type Geometry, geometryUniforms } from "./convolution.ts";
import { component, loadVector, vectorType } from "./load.ts";
import { runProgram } from "./program.ts";
import { each, mostBytes } from "./tiles.ts";

/** The most sums of an invocation. */
const MOST_SUMS = 72;

/** Waves that keep a GPU busy, and the fewest workgroups. */
const BUSY = 640;
const LEAST_BUSY = 120;

/**
 * How a workgroup shares its part of the slopes, `rows` lines of `blocks` runs of `run` pixels: an
 * invocation has a line of it, a line of taps, and `vectors` vectors of features.
 */
type Share = {
  readonly run: number;
  readonly blocks: number;
  readonly rows: number;
  readonly vectors: number;
};

/** Features that lie in one vector. */
function widthOf(features: number): 1 | 2 | 4 {
  return features % 4 === 0 ? 4 : features % 2 === 0 ? 2 : 1;
}

/** Lines and numbers of a line that a part needs of the images, and how they are kept. */
function sourceOf(g: Geometry, { run, blocks, rows }: Share) {
  const lines = (rows - 1) * g.strideHeight + g.effectiveFilterHeight;
  const columns = ((run * blocks - 1) * g.strideWidth + g.effectiveFilterWidth) * g.inChannels;
  /** Numbers from a run's to the next one's: number i of a line lies in `[i % hop][i / hop]`. */
  const hop = run * g.strideWidth * g.inChannels;
  return { lines, columns, hop, places: lines * columns, kept: lines * Math.ceil(columns / hop) };
}

/** Numbers of a line of the images that a run needs. */
function windowOf(g: Geometry, run: number): number {
  return ((run - 1) * g.strideWidth + g.effectiveFilterWidth) * g.inChannels;
}

function lanesOf(g: Geometry, { rows, vectors }: Share): number {
  return g.filterHeight * rows * g.outChannels / (vectors * widthOf(g.outChannels));
}

/** Bytes that a workgroup keeps, with places to spare for each invocation. */
function bytesOf(g: Geometry, share: Share): number {
  const { hop, kept } = sourceOf(g, share);
  const [lanes, width] = [lanesOf(g, share), widthOf(g.outChannels)];
  const slopeHop = share.run * share.vectors;
  const slopes = share.rows * share.run * share.blocks * g.outChannels;
  return 4 * (hop * (kept + Math.ceil(lanes / hop)) +
    slopes + width * slopeHop * Math.ceil(lanes / slopeHop));
}

/** The share that by a GPU's rates of arithmetic and of workgroup memory takes the least time. */
function shareOf(g: Geometry): Share | undefined {
  const width = widthOf(g.outChannels);
  let best: Share | undefined;
  let least = Infinity;
  for (const vectors of [1, 2, 3, 5, 7]) {
    const features = width * vectors;
    const sums = g.filterWidth * g.inChannels * features;
    if (g.outChannels % features !== 0 || sums > MOST_SUMS) continue;
    for (let rows = 1; rows <= Math.min(16, g.outHeight); rows++) {
      if (g.outHeight % rows !== 0) continue;
      for (const run of [2, 4, 6, 7, 8]) {
        for (let blocks = 1; blocks <= Math.min(16, Math.ceil(g.outWidth / run)); blocks++) {
          const share = { run, blocks, rows, vectors };
          const lanes = lanesOf(g, share);
          const { places } = sourceOf(g, share);
          const slopes = rows * run * blocks * g.outChannels;
          // Sums of lines are added in the place of the slopes.
          if (lanes > 256 || slopes < lanes * width || bytesOf(g, share) > mostBytes(lanes)) {
            continue;
          }
          const fetched = [Math.ceil(places / lanes), Math.ceil(slopes / width / lanes)] as const;
          const arithmetic = blocks * (run * sums + 12) + 8 * fetched[0] + 6 * fetched[1];
          const moved = blocks * (windowOf(g, run) + run * features) + fetched[0] +
            width * fetched[1];
          const cycles = Math.max(2 * arithmetic, 4 * moved);
          const waves = Math.ceil(lanes / 64) * g.batchSize * (g.outHeight / rows) *
            Math.ceil(g.outWidth / (run * blocks));
          const time = Math.max(waves, BUSY) * cycles;
          if (time < least) [least, best] = [time, share];
        }
      }
    }
  }
  return best;
}

/**
 * Runs a filter gradient of few channels. As a product, its rows are taps times channels, 9 to 147:
 * much of a tile is padding, and each number of the images is fetched anew for every tap. Here a
 * workgroup keeps its part of the images and of the slopes, and an invocation adds up the products
 * of a line of taps; pieces of the batch are added at last.
 *
 * @returns the slopes by the filter; `undefined` if channels are many or there is little to share
 */
export function runFewChannels(
  backend: GuardedBackend,
  g: Geometry,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
): tf.TensorInfo | undefined {
  if (g.batchSize === 0 || g.groups > 1 || g.filterHeight * g.filterWidth < 4) return undefined;
  const share = shareOf(g);
  if (!share) return undefined;
  const { run, blocks, rows } = share;
  const width = widthOf(g.outChannels);
  const workgroup = lanesOf(g, share);
  const size = g.filterHeight * g.filterWidth * g.inChannels * g.outChannels;
  const chunks = Math.ceil(g.outWidth / (run * blocks));
  const bands = g.outHeight / rows;
  const parts = g.batchSize * bands;
  const numbers = g.batchSize *
    (g.inHeight * g.inWidth * g.inChannels + g.outHeight * g.outWidth * g.outChannels);
  // What pieces write and is read again is not to be more than half of what is read.
  const wanted = Math.min(BUSY / Math.ceil(workgroup / 64), numbers / 4 / size) / chunks;
  const length = Math.ceil(parts / Math.max(1, Math.floor(wanted)));
  const pieces = chunks * Math.ceil(parts / length);
  if (pieces < LEAST_BUSY) return undefined;
  const [sums] = runProgram(backend, {
    operation: "Conv2DBackpropFilter",
    variant: [
      "few channels",
      ...Object.values(share),
      ...[g.inChannels, g.outChannels, g.filterHeight, g.filterWidth],
      ...[g.strideHeight, g.strideWidth, g.dilationHeight, g.dilationWidth],
    ].join("/"),
    results: { dw: [pieces, ...g.filterShape] },
    inputs: { x, dy },
    vectors: width === 4 ? ["dw", "dy"] : [],
    half: { names: ["x", "dy"] },
    uniforms: { ...geometryUniforms(g), pieces, chunks, bands, parts, length },
    code: () => text(g, share),
    invocations: pieces * workgroup,
    workgroup,
    isShared: true,
  });
  const total = chainSums(backend, false, sums!, { outer: 1, length: pieces, inner: size }, 1);
  backend.disposeData(sums!.dataId);
  return { ...total, shape: [...g.filterShape] };
}

function text(g: Geometry, share: Share): string {
  const { run, blocks, rows, vectors } = share;
  const [channels, features] = [g.inChannels, g.outChannels];
  const width = widthOf(features);
  const groups = features / (vectors * width);
  const workgroup = lanesOf(g, share);
  const { lines, columns, hop, places, kept } = sourceOf(g, share);
  const slopes = rows * run * blocks * features / width;
  const spare = (hop: number): number => Math.ceil(workgroup / hop);
  const type = vectorType(width);
  const slopeHop = run * vectors;
  const keptSlopes = blocks * rows * groups;
  const sizeOfSlopes = keptSlopes + spare(slopeHop);
  const [placesX, placesDy] = [Math.ceil(places / workgroup), Math.ceil(slopes / workgroup)];
  const fetch = `${
    each(placesX, (n) =>
      `let inside${n} = isColumn${n} && u32(firstLine + line${n}) < uniforms.inHeight;
    let nextX${n} = select(0.0, x_at(u32(select(0, fromX + number${n}, inside${n}))), inside${n});`)
  }
    ${each(placesDy, (n) => `let nextDy${n} = ${loadVector("dy", width, `fromDy + slope${n}`)};`)}`;
  const put = `${each(placesX, (n) => `sliceX[hopX${n}][rowX${n}] = nextX${n};`)}
    ${each(placesDy, (n) => `sliceDy[hopDy${n}][rowDy${n}] = nextDy${n};`)}`;
  /** Sums by tap, channel and vector. */
  const sums = g.filterWidth * channels * vectors;
  const window = windowOf(g, run);
  const products = each(run, (j) =>
    each(sums, (s) => {
      const [column, i] = [Math.floor(s / vectors), s % vectors];
      const [v, c] = [Math.floor(column / channels), column % channels];
      const at = (j * g.strideWidth + v * g.dilationWidth) * channels + c;
      return `s${s} = fma(${type}(x${at}), y${j * vectors + i}, s${s});`;
    }));
  // Sums of the other lines are brought to the first's through the slopes' place, some at a time.
  const together = Math.floor(slopes / workgroup);
  const place = (k: number, r: number): string => {
    const e = `${k * workgroup + r * (workgroup / rows)}u + local`;
    return `sliceDy[(${e}) / ${keptSlopes}u][(${e}) % ${keptSlopes}u]`;
  };
  const joined = each(Math.ceil(sums / together), (batch) => {
    const own = Array.from({ length: together }, (_, k) => batch * together + k)
      .filter((s) => s < sums);
    return `workgroupBarrier();
  ${own.map((s, k) => `${place(k, 0)} = s${s};`).join("\n")}
  workgroupBarrier();
  if (r == 0u) {
    ${own.map((s, k) => each(rows - 1, (n) => `s${s} += ${place(k, n + 1)};`)).join("\n")}
  }`;
  });
  const store = each(sums, (s) => {
    const [column, i] = [Math.floor(s / vectors), s % vectors];
    const to = `(to + ${column * features + i * width}u)`;
    if (width === 4) return `dw_put(${to} / 4u, s${s});`;
    return each(width, (j) => `dw_put(${to} + ${j}u, ${component(`s${s}`, width, j)});`);
  });
  return `
const BLOCKS = ${blocks}u;
// Number i of a line of the images: [i % ${hop}][i / ${hop} of ${lines} lines each].
var<workgroup> sliceX: array<array<f32, ${kept + spare(hop)}>, ${hop}>;
// Vector i of pixel j: [j % ${run}, i % ${vectors}][j / ${run} of ${rows} lines of ${groups} each].
var<workgroup> sliceDy: array<array<${type}, ${sizeOfSlopes}>, ${slopeHop}>;
fn main(piece: u32, local: u32) {
  if (piece >= uniforms.pieces) { return; }
  let firstColumn = piece % uniforms.chunks * ${run * blocks}u;
  let begin = piece / uniforms.chunks * uniforms.length;
  let end = min(begin + uniforms.length, uniforms.parts);
  let group = local % ${groups}u;
  let u = local / ${groups}u % ${g.filterHeight}u;
  let r = local / ${groups * g.filterHeight}u;
  let firstX = i32(firstColumn * ${g.strideWidth}u) - i32(uniforms.padLeft);
  let lineWidth = i32(uniforms.inWidth) * ${channels};
  ${
    each(placesX, (n) =>
      `let x${n} = local + ${n * workgroup}u;
  let line${n} = i32(x${n} / ${columns}u);
  let column${n} = x${n} % ${columns}u;
  let isColumn${n} = u32(firstX + i32(column${n} / ${channels}u)) < uniforms.inWidth;
  let number${n} = line${n} * lineWidth + firstX * ${channels} + i32(column${n});
  let isX${n} = x${n} < ${places}u;
  let rowX${n} = select(${kept}u + local / ${hop}u, column${n} / ${hop}u * ${lines}u + u32(line${n}), isX${n});
  let hopX${n} = select(local, column${n}, isX${n}) % ${hop}u;`)
  }
  ${
    each(placesDy, (n) =>
      `let y${n} = local + ${n * workgroup}u;
  let vector${n} = y${n} % ${features / width}u;
  let pixel${n} = y${n} / ${features / width}u % ${run * blocks}u;
  let row${n} = y${n} / ${features / width * run * blocks}u;
  let isSlope${n} = y${n} < ${slopes}u && firstColumn + pixel${n} < uniforms.outWidth;
  let slope${n} = select(0u, (row${n} * uniforms.outWidth + firstColumn + pixel${n}) * ${features}u + vector${n} * ${width}u, isSlope${n});
  let rowDy${n} = select(${keptSlopes}u + local / ${slopeHop}u,
    (pixel${n} / ${run}u * ${rows}u + row${n}) * ${groups}u + vector${n} / ${vectors}u, isSlope${n});
  let hopDy${n} = select(local % ${slopeHop}u, pixel${n} % ${run}u * ${vectors}u + vector${n} % ${vectors}u, isSlope${n});`)
  }
  ${each(sums, (s) => `var s${s} = ${type}();`)}
  var band = begin % uniforms.bands;
  var image = begin / uniforms.bands;
  var firstLine = i32(band * ${rows * g.strideHeight}u) - i32(uniforms.padTop);
  var fromX = (i32(image * uniforms.inHeight) + firstLine) * lineWidth;
  var fromDy = begin * ${rows * features}u * uniforms.outWidth;
  // Beyond the last column the slopes stay 0: each invocation writes such to a place of its own.
  ${fetch}
  ${put}
  for (var part = begin; part < end; part++) {
    workgroupBarrier();
    band += 1u;
    let imageDone = band == uniforms.bands;
    band = select(band, 0u, imageDone);
    image += select(0u, 1u, imageDone);
    firstLine = i32(band * ${rows * g.strideHeight}u) - i32(uniforms.padTop);
    fromX = (i32(image * uniforms.inHeight) + firstLine) * lineWidth;
    fromDy += ${rows * features}u * uniforms.outWidth;
    // Beyond the last part, what is fetched is not used.
    ${fetch}
    var atX = r * ${g.strideHeight}u + u * ${g.dilationHeight}u;
    var atDy = r * ${groups}u + group;
    for (var block = 0u; block < BLOCKS; block++) {
      ${
    each(window, (i) => `let x${i} = sliceX[${i % hop}][atX + ${Math.floor(i / hop) * lines}u];`)
  }
      ${each(slopeHop, (i) => `let y${i} = sliceDy[${i}][atDy];`)}
      ${products}
      atX += ${lines}u;
      atDy += ${rows * groups}u;
    }
    workgroupBarrier();
    ${put}
  }
  ${rows > 1 ? joined : ""}
  if (r == 0u) {
    let to = ((piece * ${g.filterHeight}u + u) * ${
    g.filterWidth * channels
  }u) * ${features}u + group * ${vectors * width}u;
    ${store}
  }
}`;
}
