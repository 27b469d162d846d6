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

/** The most registers of an invocation, about: a SIMD is to have three waves. */
const MOST_REGISTERS = 152;

/** Waves that keep a GPU busy, and the fewest workgroups. */
const BUSY = 640;
const LEAST_BUSY = 100;

/**
 * How a workgroup shares its part of the slopes, `rows` lines of `blocks` runs of `run` pixels: an
 * invocation has a line of it, a line of taps, a part of the channels, and `vectors` vectors of
 * features.
 */
type Share = {
  readonly run: number;
  readonly blocks: number;
  readonly rows: number;
  readonly vectors: number;
};

/** Features of a group, and how many of them lie in one vector. */
function featuresOf(g: Geometry): { readonly features: number; readonly width: 1 | 2 | 4 } {
  const features = g.outChannels / g.groups;
  return { features, width: features % 4 === 0 ? 4 : features % 2 === 0 ? 2 : 1 };
}

/**
 * How the channels of a group are cut: into parts of one vector of four, or else they are one part
 * of single numbers.
 */
function channelsOf(g: Geometry) {
  const channels = g.inChannels / g.groups;
  return channels % 4 === 0
    ? { channels, unit: 4, parts: channels / 4, cell: 1, own: 4 } as const
    : { channels, unit: 1, parts: 1, cell: channels, own: channels } as const;
}

/** Lines of the images, and numbers or vectors of a line of each part, that are needed, and how they are kept. */
function sourceOf(g: Geometry, { run, blocks, rows }: Share) {
  const { parts, cell } = channelsOf(g);
  const lines = (rows - 1) * g.strideHeight + g.effectiveFilterHeight;
  const columns = ((run * blocks - 1) * g.strideWidth + g.effectiveFilterWidth) * cell;
  /** Numbers from a run's to the next one's: number i of a line lies in `[i % hop][i / hop]`. */
  const hop = run * g.strideWidth * cell;
  const kept = lines * Math.ceil(columns / hop);
  return { lines, columns, hop, places: lines * columns * parts, kept };
}

/** Numbers or vectors of a line of the images that a run needs. */
function windowOf(g: Geometry, run: number): number {
  return ((run - 1) * g.strideWidth + g.effectiveFilterWidth) * channelsOf(g).cell;
}

function lanesOf(g: Geometry, { rows, vectors }: Share): number {
  const { features, width } = featuresOf(g);
  return g.filterHeight * rows * channelsOf(g).parts * features / (vectors * width);
}

/** Bytes that a workgroup keeps, with places to spare for each invocation. */
function bytesOf(g: Geometry, share: Share): number {
  const { hop, kept } = sourceOf(g, share);
  const { unit, parts } = channelsOf(g);
  const { features, width } = featuresOf(g);
  const lanes = lanesOf(g, share);
  const slopeHop = share.run * share.vectors;
  const slopes = share.rows * share.run * share.blocks * features;
  return 4 * (unit * hop * (parts * kept + Math.ceil(lanes / hop)) +
    slopes + width * slopeHop * Math.ceil(lanes / slopeHop));
}

/** The share that by a GPU's rates of arithmetic and of workgroup memory takes the least time. */
function shareOf(g: Geometry): Share | undefined {
  const { features, width } = featuresOf(g);
  const { unit, own } = channelsOf(g);
  let best: Share | undefined;
  let least = Infinity;
  for (const vectors of [1, 2, 3, 5, 7]) {
    const sums = g.filterWidth * own * width * vectors;
    if (features % (width * vectors) !== 0 || sums > MOST_SUMS) continue;
    for (let rows = 1; rows <= Math.min(16, g.outHeight); rows++) {
      if (g.outHeight % rows !== 0) continue;
      for (const run of [2, 4, 6, 7, 8]) {
        for (let blocks = 1; blocks <= Math.min(16, Math.ceil(g.outWidth / run)); blocks++) {
          const share = { run, blocks, rows, vectors };
          const lanes = lanesOf(g, share);
          const { places } = sourceOf(g, share);
          const slopes = rows * run * blocks * features;
          // Sums of lines are added in the place of the slopes.
          if (rows > 1 && slopes < lanes * width) continue;
          const held = sums + unit * windowOf(g, run) + run * width * vectors + 30;
          if (lanes > 256 || held > MOST_REGISTERS || bytesOf(g, share) > mostBytes(lanes)) {
            continue;
          }
          const fetched = [Math.ceil(places / lanes), Math.ceil(slopes / width / lanes)] as const;
          const arithmetic = blocks * (run * sums + 12) + 8 * fetched[0] + 6 * fetched[1];
          const moved = blocks * (unit * windowOf(g, run) + run * width * vectors) +
            unit * fetched[0] + width * fetched[1];
          const cycles = Math.max(2 * arithmetic, 4 * moved);
          const waves = Math.ceil(lanes / 64) * g.groups * g.batchSize * (g.outHeight / rows) *
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
 * Runs a filter gradient of few channels. As a product, its rows are taps times channels, 9 to 288:
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
  if (g.batchSize === 0 || g.filterHeight * g.filterWidth < 4) return undefined;
  const share = shareOf(g);
  if (!share) return undefined;
  const { run, blocks, rows } = share;
  const { features, width } = featuresOf(g);
  const { channels, unit } = channelsOf(g);
  const workgroup = lanesOf(g, share);
  const size = g.filterHeight * g.filterWidth * channels * g.outChannels;
  const chunks = Math.ceil(g.outWidth / (run * blocks));
  const bands = g.outHeight / rows;
  const parts = g.batchSize * bands;
  const numbers = g.batchSize *
    (g.inHeight * g.inWidth * g.inChannels + g.outHeight * g.outWidth * g.outChannels);
  // What pieces write and is read again is not to be much more than two thirds of what is read.
  const busy = BUSY / Math.ceil(workgroup / 64) / g.groups;
  const wanted = Math.min(busy, numbers / 3 / size) / chunks;
  const length = Math.ceil(parts / Math.max(1, Math.round(wanted)));
  const pieces = chunks * Math.ceil(parts / length);
  if (pieces * g.groups < LEAST_BUSY) return undefined;
  const [sums] = runProgram(backend, {
    operation: "Conv2DBackpropFilter",
    variant: [
      "few channels",
      ...Object.values(share),
      ...[channels, features, g.groups, g.filterHeight, g.filterWidth],
      ...[g.strideHeight, g.strideWidth, g.dilationHeight, g.dilationWidth],
    ].join("/"),
    results: { dw: [pieces, ...g.filterShape] },
    inputs: { x, dy },
    vectors: [...(unit === 4 ? ["x"] : []), ...(width === 4 ? ["dw", "dy"] : [])],
    half: { names: ["x", "dy"] },
    uniforms: { ...geometryUniforms(g), pieces, chunks, bands, parts, length },
    code: () => text(g, share),
    invocations: pieces * g.groups * workgroup,
    workgroup,
    isShared: true,
  });
  const total = chainSums(backend, false, sums!, { outer: 1, length: pieces, inner: size }, 1);
  backend.disposeData(sums!.dataId);
  return { ...total, shape: [...g.filterShape] };
}

function text(g: Geometry, share: Share): string {
  const { run, blocks, rows, vectors } = share;
  const { features, width } = featuresOf(g);
  const { channels, unit, parts, cell, own } = channelsOf(g);
  const groups = features / (vectors * width);
  const workgroup = lanesOf(g, share);
  const { lines, columns, hop, places, kept } = sourceOf(g, share);
  const keptX = parts * kept;
  const slopes = rows * run * blocks * features / width;
  const spare = (hop: number): number => Math.ceil(workgroup / hop);
  const type = vectorType(width);
  const typeX = vectorType(unit);
  const slopeHop = run * vectors;
  const keptSlopes = blocks * rows * groups;
  const sizeOfSlopes = keptSlopes + spare(slopeHop);
  const [placesX, placesDy] = [Math.ceil(places / workgroup), Math.ceil(slopes / workgroup)];
  const readerX = unit === 4 ? "quad" : "at";
  const fetch = `${
    each(placesX, (n) =>
      `let inside${n} = isColumn${n} && u32(firstLine + line${n}) < uniforms.inHeight;
    let nextX${n} = select(${typeX}(), x_${readerX}(u32(select(0, fromX + number${n}, inside${n}))), inside${n});`)
  }
    ${each(placesDy, (n) => `let nextDy${n} = ${loadVector("dy", width, `fromDy + slope${n}`)};`)}`;
  const put = `${each(placesX, (n) => `sliceX[hopX${n}][rowX${n}] = nextX${n};`)}
    ${each(placesDy, (n) => `sliceDy[hopDy${n}][rowDy${n}] = nextDy${n};`)}`;
  /** Sums by tap, channel and vector. */
  const sums = g.filterWidth * own * vectors;
  const window = windowOf(g, run);
  const products = each(run, (j) =>
    each(sums, (s) => {
      const [column, i] = [Math.floor(s / vectors), s % vectors];
      const [v, c] = [Math.floor(column / own), column % own];
      const at = (j * g.strideWidth + v * g.dilationWidth) * cell + (unit === 1 ? c : 0);
      const x = component(`x${at}`, unit, c);
      return `s${s} = fma(${type}(${x}), y${j * vectors + i}, s${s});`;
    }));
  // Sums of the other lines are brought to the first's through the slopes' place, some at a time.
  const together = Math.floor(slopes / workgroup);
  const place = (k: number, r: number): string => {
    const e = `${k * workgroup + r * (workgroup / rows)}u + local`;
    return `sliceDy[(${e}) / ${keptSlopes}u][(${e}) % ${keptSlopes}u]`;
  };
  const joined = rows === 1 ? "" : each(Math.ceil(sums / together), (batch) => {
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
    const row = Math.floor(column / own) * channels + column % own;
    const to = `(to + ${row * g.outChannels + i * width}u)`;
    if (width === 4) return `dw_put(${to} / 4u, s${s});`;
    return each(width, (j) => `dw_put(${to} + ${j}u, ${component(`s${s}`, width, j)});`);
  });
  return `
const BLOCKS = ${blocks}u;
// Number i of a line of a part of the images: [i % ${hop}][i / ${hop} of ${lines} lines each].
var<workgroup> sliceX: array<array<${typeX}, ${keptX + spare(hop)}>, ${hop}>;
// Vector i of pixel j: [j % ${run}, i % ${vectors}][j / ${run} of ${rows} lines of ${groups} each].
var<workgroup> sliceDy: array<array<${type}, ${sizeOfSlopes}>, ${slopeHop}>;
fn main(unit: u32, local: u32) {
  if (unit >= uniforms.pieces * ${g.groups}u) { return; }
  let piece = unit % uniforms.pieces;
  let ofGroup = unit / uniforms.pieces;
  let firstColumn = piece % uniforms.chunks * ${run * blocks}u;
  let begin = piece / uniforms.chunks * uniforms.length;
  let end = min(begin + uniforms.length, uniforms.parts);
  let group = local % ${groups}u;
  let channelPart = local / ${groups}u % ${parts}u;
  let u = local / ${groups * parts}u % ${g.filterHeight}u;
  let r = local / ${groups * parts * g.filterHeight}u;
  let firstX = i32(firstColumn * ${g.strideWidth}u) - i32(uniforms.padLeft);
  let lineWidth = i32(uniforms.inWidth) * ${g.inChannels / unit};
  ${
    each(placesX, (n) =>
      `let x${n} = local + ${n * workgroup}u;
  let line${n} = i32(x${n} / ${columns * parts}u);
  let part${n} = x${n} % ${parts}u;
  let column${n} = x${n} / ${parts}u % ${columns}u;
  let columnX${n} = firstX + i32(column${n} / ${cell}u);
  let isColumn${n} = u32(columnX${n}) < uniforms.inWidth;
  let number${n} = line${n} * lineWidth + columnX${n} * ${g.inChannels / unit} +
    i32(ofGroup * ${channels / unit}u + part${n} + column${n} % ${cell}u);
  let isX${n} = x${n} < ${places}u;
  let rowX${n} = select(${keptX}u + local / ${hop}u,
    part${n} * ${kept}u + column${n} / ${hop}u * ${lines}u + u32(line${n}), isX${n});
  let hopX${n} = select(local, column${n}, isX${n}) % ${hop}u;`)
  }
  ${
    each(placesDy, (n) =>
      `let y${n} = local + ${n * workgroup}u;
  let vector${n} = y${n} % ${features / width}u;
  let pixel${n} = y${n} / ${features / width}u % ${run * blocks}u;
  let row${n} = y${n} / ${features / width * run * blocks}u;
  let isSlope${n} = y${n} < ${slopes}u && firstColumn + pixel${n} < uniforms.outWidth;
  let slope${n} = select(0u, (row${n} * uniforms.outWidth + firstColumn + pixel${n}) * ${g.outChannels}u +
    ofGroup * ${features}u + vector${n} * ${width}u, isSlope${n});
  let rowDy${n} = select(${keptSlopes}u + local / ${slopeHop}u,
    (pixel${n} / ${run}u * ${rows}u + row${n}) * ${groups}u + vector${n} / ${vectors}u, isSlope${n});
  let hopDy${n} = select(local % ${slopeHop}u, pixel${n} % ${run}u * ${vectors}u + vector${n} % ${vectors}u, isSlope${n});`)
  }
  ${each(sums, (s) => `var s${s} = ${type}();`)}
  var band = begin % uniforms.bands;
  var image = begin / uniforms.bands;
  var firstLine = i32(band * ${rows * g.strideHeight}u) - i32(uniforms.padTop);
  var fromX = (i32(image * uniforms.inHeight) + firstLine) * lineWidth;
  var fromDy = begin * ${rows * g.outChannels}u * uniforms.outWidth;
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
    fromDy += ${rows * g.outChannels}u * uniforms.outWidth;
    // Beyond the last part, what is fetched is not used.
    ${fetch}
    var atX = channelPart * ${kept}u + r * ${g.strideHeight}u + u * ${g.dilationHeight}u;
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
  ${joined}
  if (r == 0u) {
    let to = ((piece * ${g.filterHeight}u + u) * ${
    g.filterWidth * channels
  }u + channelPart * ${own}u) *
      ${g.outChannels}u + ofGroup * ${features}u + group * ${vectors * width}u;
    ${store}
  }
}`;
}
