// Convolutions to few features: pixels of windows that overlap, and no column that is padding.
import type { Activation } from "../../tensor/activation.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { finishText } from "./epilogue.ts";
import { sizeOf as sizeOfShape } from "../../tensor/tensor.ts";
import { fitsTexture } from "../textures.ts";
import { runProgram } from "./program.ts";
import { QUOTIENT } from "./quotient.ts";
import { each } from "./tiles.ts";

/**
 * A convolution as a correlation: a pixel of the result is the sum over a window of the source. The
 * text defines, of phase `batch`, by which the result's pixels fall into independent grids,
 *
 * ```wgsl
 * fn origin(batch: u32, y: u32, x: u32) -> vec2<i32>   // first row and column of a pixel's window
 * fn tapsOf(batch: u32) -> vec2<u32>                   // rows and columns of its taps
 * fn weightsOf(batch: u32, t: u32) -> u32              // where the filter's row t of taps begins
 * fn weightSteps() -> vec3<u32>                        // from there to the next tap, feature and depth
 * fn destination(batch: u32, image: u32, y: u32, x: u32) -> i32 // the pixel's number, −1 if it isn't there
 * ```
 */
export type FewFeatures = {
  readonly operation: string;
  /** What tells this text from others of the same operation. */
  readonly variant: string;
  /** `[N, height, width, depth]` */
  readonly source: tf.TensorInfo;
  readonly filter: tf.TensorInfo;
  /** Features of the result. */
  readonly features: number;
  /** Rows and columns of pixels of a phase. */
  readonly pixels: readonly [rows: number, columns: number];
  readonly phases: number;
  /** Rows and columns of taps, of the phase that has the most. */
  readonly taps: readonly [rows: number, columns: number];
  /** Columns of taps, of the phase that has the fewest. */
  readonly sureTaps: number;
  /** How far apart the windows of neighbors are. */
  readonly stride: readonly [y: number, x: number];
  /** How far apart taps are. */
  readonly dilation: readonly [y: number, x: number];
  /** Whether tap (0, 0) is the window's last pixel, as of gradients, or its first. */
  readonly backward: boolean;
  readonly bias?: tf.TensorInfo | undefined;
  readonly activation?: Activation | undefined;
  readonly uniforms: Readonly<Record<string, number>>;
  readonly functions: string;
  readonly shape: readonly number[];
};

/**
 * Whether a convolution is computed so: of windows that overlap, to up to 8 features, on software
 * adapters to up to 3, as from 6 on a product's tile takes no longer there.
 *
 * @param software whether the adapter computes on the CPU
 * @param groups its groups
 * @param features its features; of an input gradient, the channels
 * @param taps its taps
 */
export function isToFew(
  software: boolean,
  groups: number,
  features: number,
  taps: number,
): boolean {
  return groups === 1 && features <= (software ? 3 : 8) && taps >= 4;
}

/** The most sums of an invocation. */
const MOST_SUMS = 48;

/** The least of WebGPU's limits of workgroup memory, and the SIMDs of the GPU that the tiles are chosen for. */
const WORKGROUP_BYTES = 16384;
const WAVE_BYTES = 8192;
const SIMDS = 160;

/**
 * What a workgroup makes: of `images` images, `down` rows of `across` blocks of `run` pixels that lie
 * side by side. A block is an invocation's; neighbors among these are rows.
 */
type Share = {
  readonly run: number;
  readonly across: number;
  readonly down: number;
  readonly images: number;
};

/** The part of the source that a workgroup keeps, by its rows and columns. */
function part(of: FewFeatures, { run, across, down, images }: Share) {
  const { taps, stride, dilation } = of;
  const lines = (down - 1) * stride[0] + (taps[0] - 1) * dilation[0] + 1;
  const columns = (across * run - 1) * stride[1] + (taps[1] - 1) * dilation[1] + 1;
  /** Columns from a block to the next: the source's column x lies in `[x % hop][x / hop]`. */
  const hop = run * stride[1];
  return { lines, columns, hop, rows: images * lines, blocks: Math.ceil(columns / hop) };
}

/** Places that a workgroup keeps in each of a block's columns: its part, and one to spare for each invocation. */
function sizeOf(of: FewFeatures, share: Share): number {
  const { hop, rows, blocks } = part(of, share);
  return blocks * rows + Math.ceil(share.across * share.down * share.images / hop);
}

/** Numbers of the depth that are summed in a turn: as many as are loaded together. */
function turnOf(depth: number): 1 | 2 | 3 | 4 {
  return depth % 4 === 0 ? 4 : depth % 3 === 0 ? 3 : depth % 2 === 0 ? 2 : 1;
}

/** Numbers that a window's row needs, of a block. */
function windowColumns({ taps, stride, dilation }: FewFeatures, run: number): number {
  return (run - 1) * stride[1] + (taps[1] - 1) * dilation[1] + 1;
}

/** The share that by a GPU's rates of arithmetic and of workgroup memory takes the least time. */
function shareOf(of: FewFeatures): Share {
  const { source, features, pixels: [height, width], phases, taps } = of;
  const [images, , , depth] = source.shape as [number, number, number, number];
  const turn = turnOf(depth);
  let best: Share = { run: 1, across: 1, down: 1, images: 1 };
  let least = Infinity;
  for (const run of [1, 2, 4, 5, 6, 7, 8]) {
    if (run * features > MOST_SUMS) continue;
    for (const down of new Set([4, 7, 8, 14, 16, 28, 32].map((n) => Math.min(n, height)))) {
      for (let across = 1; across <= Math.min(16, Math.ceil(width / run)); across++) {
        for (
          let together = 1;
          together <= (down === height ? Math.min(4, images) : 1);
          together++
        ) {
          const share = { run, across, down, images: together };
          const lanes = across * down * together;
          const { rows, columns, hop } = part(of, share);
          const bytes = 4 * (turn === 3 ? 4 : turn) * hop * sizeOf(of, share);
          if (
            lanes > 128 || bytes > Math.min(WORKGROUP_BYTES, WAVE_BYTES * Math.ceil(lanes / 64))
          ) continue;
          const places = Math.ceil(rows * columns / lanes);
          const products = run * features * turn * taps[0] * taps[1];
          const reads = turn * (taps[0] * windowColumns(of, run) + places);
          const cycles = Math.max(2 * (products + 8 * places + 10 * taps[0]), 4 * reads);
          const waves = Math.ceil(lanes / 64) * phases * Math.ceil(images / together) *
            Math.ceil(height / down) * Math.ceil(width / (across * run));
          const time = Math.max(waves, 2 * SIMDS) * cycles;
          if (time < least) [least, best] = [time, share];
        }
      }
    }
  }
  return best;
}

/**
 * Runs a convolution to few features. A product's tile is at least four columns wide, so that of one
 * feature three quarters would be computed for nothing, and each number of the source would be
 * fetched anew for every tap. Here an invocation makes pixels side by side, whose windows overlap.
 *
 * @param software whether the adapter computes on the CPU
 * @returns the result, of `of.shape`
 */
export function runFewFeatures(
  backend: GuardedBackend,
  software: boolean,
  of: FewFeatures,
): tf.TensorInfo {
  const { source, filter, features, pixels, phases, bias, activation } = of;
  const [images, height, width, depth] = source.shape as [number, number, number, number];
  const form = software ? ofInvocations(backend, of) : ofWorkgroups(of);
  const fours = features % 4 === 0;
  const quads = depth % 4 === 0;
  const inFours = [...(quads ? ["source"] : []), ...(quads && of.backward ? ["filter_"] : [])];
  const { texture } = form;
  return runProgram(backend, {
    operation: of.operation,
    variant: [
      "few features",
      form.name,
      of.variant,
      ...[features, turnOf(depth), of.taps, of.sureTaps, of.stride, of.dilation].flat(),
      bias !== undefined,
      activation,
    ].join("/"),
    results: { result: of.shape },
    inputs: { source, filter_: filter, ...(bias ? { bias } : {}) },
    vectors: [
      ...inFours.filter((name) => !texture.includes(name)),
      ...(fours ? ["result"] : []),
    ],
    quads: texture.filter((name) => inFours.includes(name)),
    texels: texture.filter((name) => !inFours.includes(name)),
    half: { names: ["source", "filter_", "result"], anyway: true },
    uniforms: {
      ...of.uniforms,
      images,
      height,
      width,
      depth,
      rows: pixels[0],
      columns: pixels[1],
      phases,
      ...form.uniforms,
    },
    code: form.code,
    leads: true,
    invocations: form.invocations,
    workgroup: form.workgroup,
    isShared: !software,
  })[0]!;
}

/** How a convolution is laid over invocations. */
type Form = {
  /** What the text depends on. */
  readonly name: string;
  readonly uniforms: Readonly<Record<string, number>>;
  readonly code: () => string;
  readonly invocations: number;
  readonly workgroup: number;
  /** Names of what is read from textures. */
  readonly texture: readonly string[];
};

/**
 * For GPUs: a workgroup keeps its part of the source; all invocations need the same weights at a
 * time, which GPUs read once for all.
 */
function ofWorkgroups(of: FewFeatures): Form {
  const { pixels, phases, source } = of;
  const share = shareOf(of);
  const workgroup = share.across * share.down * share.images;
  const tileRows = Math.ceil(pixels[0] / share.down);
  const tileColumns = Math.ceil(pixels[1] / (share.across * share.run));
  const tiles = tileRows * tileColumns * phases * Math.ceil(source.shape[0]! / share.images);
  return {
    name: Object.values(share).join("/"),
    uniforms: { tileRows, tileColumns, tiles },
    code: () => text(of, share),
    invocations: tiles * workgroup,
    workgroup,
    texture: [],
  };
}

/** For adapters that compute on the CPU: each invocation reads its windows itself, from textures. */
function ofInvocations(backend: GuardedBackend, of: FewFeatures): Form {
  const { pixels, phases, source, filter, backward } = of;
  const run = runOf(of);
  const quads = source.shape[3]! % 4 === 0;
  const blocks = Math.ceil(pixels[1] / run);
  const units = blocks * pixels[0] * source.shape[0]! * phases;
  const { limits } = backend.device;
  const fits = (info: tf.TensorInfo, inFours: boolean): boolean =>
    fitsTexture(sizeOfShape(info.shape), limits, inFours ? "rgba32float" : "r32float");
  const texture = [
    ...(fits(source, quads) ? ["source"] : []),
    ...(fits(filter, quads && backward) ? ["filter_"] : []),
  ];
  return {
    name: `${run} alone`,
    uniforms: { blocks, units },
    code: () => textAlone(of, run),
    invocations: units,
    workgroup: 8,
    texture,
  };
}

/** Nanoseconds of reading a number or four of the source, or of the filter, and of a product: measured on llvmpipe. */
const TAKES = { source: 9, filter: 5, product: 0.35 } as const;

/** So many pixels side by side that all take the least time. */
function runOf(of: FewFeatures): number {
  const { features, pixels, taps, backward } = of;
  const turn = turnOf(of.source.shape[3]!);
  const timeOf = (run: number): number => {
    const reads = windowColumns(of, run) * (turn === 4 ? 1 : turn);
    const weights = taps[1] * features * (turn === 4 && backward ? 1 : turn);
    const products = run * features * turn * taps[1];
    return Math.ceil(pixels[1] / run) *
      (TAKES.source * reads + TAKES.filter * weights + TAKES.product * products);
  };
  return [1, 2, 3, 4, 5, 6, 7, 8].filter((run) => run === 1 || run * features <= MOST_SUMS)
    .reduce((best, run) => timeOf(run) < timeOf(best) ? run : best);
}

/** WGSL: the numbers of the source that are summed in a turn. */
function typeOf(turn: number): string {
  return turn === 1 ? "f32" : `vec${turn}<f32>`;
}

function loadText(turn: number, from: string): string {
  if (turn === 4) return `source_quad((${from}) / 4u)`;
  const numbers = Array.from({ length: turn }, (_, g) => `source_at(${from} + ${g}u)`);
  return `${typeOf(turn)}(${numbers.join(", ")})`;
}

/**
 * WGSL: the products of a row of taps `t` and a turn of the depth `d`, and the stores of all pixels.
 * The window's columns are `x0`, `x1`, …, the sums `s0`, `s1`, ….
 */
function sumTexts(
  of: FewFeatures,
  run: number,
): {
  readonly products: string;
  readonly store: string;
  readonly weights: string;
  readonly steps: string;
} {
  const { features, taps, stride, dilation, backward } = of;
  const turn = turnOf(of.source.shape[3]!);
  const fours = features % 4 === 0;
  const sums = run * features;
  const component = (name: string, g: number): string => turn === 1 ? name : `${name}[${g}]`;
  /** Weight (v, e, g) of the row of taps: along the depth, gradients have neighbors. */
  const fourWeights = turn === 4 && backward;
  const weight = (v: number, e: number, g: number): string =>
    fourWeights ? `w${v}_${e}[${g}]` : `w${v}_${e}_${g}`;
  const read = (v: number, e: number): string => {
    const at = `weights + ${v}u * steps.x + ${e}u * steps.y`;
    if (fourWeights) return `let w${v}_${e} = filter__quad(${at});`;
    return each(turn, (g) => `let ${weight(v, e, g)} = filter__at(${at} + ${g}u * steps.z);`);
  };
  /** The window's column of pixel `i` under tap `v`. */
  const column = (i: number, v: number): number =>
    i * stride[1] + (backward ? taps[1] - 1 - v : v) * dilation[1];
  const products = each(taps[1], (v) =>
    `${v < of.sureTaps ? "" : `if (${v}u < taps.y)`} {
      ${each(features, (e) => read(v, e))}
      ${
      each(turn, (g) =>
        each(sums, (s) => {
          const [i, e] = [Math.floor(s / features), s % features];
          return `s${s} = fma(${component(`x${column(i, v)}`, g)}, ${weight(v, e, g)}, s${s});`;
        }))
    }
      }`);
  const last = fours ? 4 : 1;
  const store = each(run, (i) =>
    `if (x + ${i}u < uniforms.columns) {
      let pixel = destination(batch, image, y, x + ${i}u);
      if (pixel >= 0) {
        ${
      each(features / last, (q) => {
        const names = Array.from({ length: last }, (_, j) => `s${i * features + last * q + j}`);
        const value = fours ? `vec4<f32>(${names.join(", ")})` : names[0];
        return `result_put(u32(pixel) * ${features / last}u + ${q}u, finish(${value}));`;
      })
    }
      }
    }`);
  return {
    products,
    store,
    weights: fourWeights ? "(weightsOf(batch, t) + d) / 4u" : "weightsOf(batch, t) + d * steps.z",
    steps: `weightSteps()${fourWeights ? " / vec3<u32>(4u, 4u, 1u)" : ""}`,
  };
}

/** The text of an invocation by itself. */
function textAlone(of: FewFeatures, run: number): string {
  const { features, taps, dilation, backward, bias, activation } = of;
  const turn = turnOf(of.source.shape[3]!);
  const { products, store, weights, steps } = sumTexts(of, run);
  const columns = windowColumns(of, run);
  return `${QUOTIENT}
${of.functions}
${finishText(features % 4 === 0 ? "vec4<f32>" : "f32", activation)}
const TAP_ROWS = ${taps[0]}u;
const TAP_COLUMNS = ${taps[1]}u;
fn main(index: u32, local: u32) {
  if (index >= uniforms.units) { return; }
  let line = quotient(index, uniforms.blocks);
  let x = (index - line * uniforms.blocks) * ${run}u;
  let outer = quotient(line, uniforms.rows);
  let y = line - outer * uniforms.rows;
  let batch = quotient(outer, uniforms.images);
  let image = outer - batch * uniforms.images;
  let corner = origin(batch, y, x);
  let taps = tapsOf(batch);
  let steps = ${steps};
  ${each(columns, (j) => `let inside${j} = u32(corner.y + ${j}) < uniforms.width;`)}
  ${each(run * features, (s) => `var s${s} = ${bias ? `bias_at(${s % features}u)` : "0.0"};`)}
  for (var t = 0u; t < taps.x; t++) {
    let row = corner.x + i32(${backward ? "TAP_ROWS - 1u - t" : "t"}) * ${dilation[0]};
    let insideRow = u32(row) < uniforms.height;
    let begin = (i32(image * uniforms.height) + row) * i32(uniforms.width) + corner.y;
    ${
    each(columns, (j) =>
      `let is${j} = insideRow && inside${j};
    let from${j} = u32(select(0, (begin + ${j}) * i32(uniforms.depth), is${j}));`)
  }
    for (var d = 0u; d < uniforms.depth; d += ${turn}u) {
      let weights = ${weights};
      ${
    each(
      columns,
      (j) => `let x${j} = select(${typeOf(turn)}(), ${loadText(turn, `from${j} + d`)}, is${j});`,
    )
  }
      ${products}
    }
  }
  ${store}
}`;
}

function text(of: FewFeatures, share: Share): string {
  const { features, stride, taps, dilation, backward, bias, activation } = of;
  const { run, across, down, images } = share;
  const depth = of.source.shape[3]!;
  const turn = turnOf(depth);
  const { lines, columns, hop, rows, blocks } = part(of, share);
  const workgroup = across * down * images;
  const size = sizeOf(of, share);
  const places = Math.ceil(rows * columns / workgroup);
  const sums = run * features;
  const fetch = (d: string): string =>
    each(places, (n) => `let next${n} = ${loadText(turn, `from${n} + ${d}`)};`);
  const put = each(places, (n) => `slice[hop${n}][row${n}] = next${n};`);
  const { products, store, weights, steps } = sumTexts(of, run);
  return `
${of.functions}
${finishText(features % 4 === 0 ? "vec4<f32>" : "f32", activation)}
const TAP_ROWS = ${taps[0]}u;
const TAP_COLUMNS = ${taps[1]}u;
// Column x of the part of the source: [x % ${hop}][x / ${hop} of its ${blocks} blocks of ${rows} rows].
var<workgroup> slice: array<array<${typeOf(turn)}, ${size}>, ${hop}>;
fn main(tile: u32, local: u32) {
  if (tile >= uniforms.tiles) { return; }
  let outer = tile / (uniforms.tileColumns * uniforms.tileRows);
  let batch = outer % uniforms.phases;
  let firstImage = (outer / uniforms.phases) * ${images}u;
  let firstY = tile / uniforms.tileColumns % uniforms.tileRows * ${down}u;
  let firstX = tile % uniforms.tileColumns * ${across * run}u;
  let corner = origin(batch, firstY, firstX);
  let taps = tapsOf(batch);
  let steps = ${steps};
  // What lies outside of the image stays 0: each invocation writes that to a place of its own.
  let spare = ${hop * blocks * rows}u + local;
  ${
    each(places, (n) =>
      `let place${n} = local + ${n * workgroup}u;
  let image${n} = firstImage + place${n} / ${columns * lines}u;
  let y${n} = corner.x + i32(place${n} / ${columns}u % ${lines}u);
  let x${n} = corner.y + i32(place${n} % ${columns}u);
  let inside${n} = (place${n} < ${rows * columns}u) & (image${n} < uniforms.images) &
    (u32(y${n}) < uniforms.height) & (u32(x${n}) < uniforms.width);
  let from${n} = select(0u, ((image${n} * uniforms.height + u32(y${n})) * uniforms.width + u32(x${n})) * uniforms.depth, inside${n});
  let row${n} = select(spare / ${hop}u, (place${n} % ${columns}u) / ${hop}u * ${rows}u + place${n} / ${columns}u, inside${n});
  let hop${n} = select(spare % ${hop}u, place${n} % ${columns}u % ${hop}u, inside${n});`)
  }
  let block = local / ${down * images}u;
  let at = block * ${rows}u + local / ${down}u % ${images}u * ${lines}u + local % ${down}u * ${
    stride[0]
  }u;
  ${each(sums, (s) => `var s${s} = ${bias ? `bias_at(${s % features}u)` : "0.0"};`)}
  ${fetch("0u")}
  ${put}
  for (var d = 0u; d < uniforms.depth; d += ${turn}u) {
    workgroupBarrier();
    // Beyond the last turn, what is fetched is not used.
    ${fetch(`d + ${turn}u`)}
    for (var t = 0u; t < taps.x; t++) {
      let weights = ${weights};
      let line = at + ${backward ? `(TAP_ROWS - 1u - t)` : "t"} * ${dilation[0]}u;
      ${
    each(
      windowColumns(of, run),
      (j) => `let x${j} = slice[${j % hop}][line + ${Math.floor(j / hop) * rows}u];`,
    )
  }
      ${products}
    }
    workgroupBarrier();
    ${put}
  }
  let image = firstImage + local / ${down}u % ${images}u;
  let y = firstY + local % ${down}u;
  let x = firstX + block * ${run}u;
  if (image < uniforms.images && y < uniforms.rows) {
    ${store}
  }
}`;
}
