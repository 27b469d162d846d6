// The form of convolutions for software adapters with subgroups: a vector's invocations read weights together.
import { sizeOf } from "../../tensor/tensor.ts";
import type { GuardedBackend } from "../backend.ts";
import { LANES, subgroupsOpening } from "../subgroups.ts";
import { fitsTexture, paysToCopy } from "../textures.ts";
import { finishText } from "./epilogue.ts";
import { type FewFeatures, type Form, windowColumns } from "./few_features_text.ts";
import { component, loadVector } from "./load.ts";
import { copiedOnce } from "./product.ts";
import { QUOTIENT } from "./quotient.ts";
import { each, four } from "./tiles.ts";

/** Instructions of Mesa's driver: of a read of four numbers by a vector, of a product, of a sum's loop. */
const TAKES = { read: 50, product: 2, sum: 3 } as const;

/** Products of a turn of the loop: of more the text outgrows the cache of instructions. */
const MOST_PRODUCTS = 1600;

/** Features that an invocation makes at the most. */
const MOST_FEATURES = 16;

/** Fewer vectors leave cores idle: a product cuts its sums into pieces instead. */
const LEAST_VECTORS = 16;

/**
 * Of fewer channels the text is not worth its compiling, half a second each, unless many rows of taps
 * are left out: a step of ResNet-20 would take 0.95 of the time, and its first one 3 seconds longer.
 */
const LEAST_CHANNELS = 128;

/** The share of rows of taps that lie within their images, of which few are. */
const FEW_ROWS = 0.8;

/** Pixels side by side and features of an invocation. */
type Block = { readonly run: number; readonly width: number };

/**
 * The pixels and features that an invocation takes, if that takes less time than a product, which
 * fetches a number for every tap: a window's pixels are fetched once for all taps of a row.
 */
export function blockTogether(
  backend: GuardedBackend,
  of: FewFeatures,
): Block | undefined {
  const { features, pixels, phases, taps, source } = of;
  const isOurs = subgroupsOpening(backend.device) !== undefined && phases === 1 &&
    source.shape[3]! % 4 === 0 && (of.backward || features % 4 === 0) && taps[1] > 1 &&
    features > 3 &&
    (source.shape[3]! >= LEAST_CHANNELS || rowsInside(of) < FEW_ROWS);
  if (!isOurs) return undefined;
  const chunks = Math.ceil(features / MOST_FEATURES);
  const width = features < MOST_FEATURES ? features : 4 * Math.ceil(features / chunks / 4);
  const timeOf = (run: number): number =>
    Math.ceil(pixels[1] / run) *
    (TAKES.read * windowColumns(of, run) + weightsTake(taps[1] * width) +
      (4 * TAKES.product * taps[1] + TAKES.sum) * run * width);
  const run = [2, 3, 4, 5, 6, 7, 8].filter((run) => 4 * run * width * taps[1] <= MOST_PRODUCTS)
    .reduce((best, run) => timeOf(run) < timeOf(best) ? run : best, 1);
  const padded = features <= 8 ? 8 : MOST_FEATURES;
  const rows = features <= 8 ? 16 : 8;
  const timeOfProduct = pixels[1] * taps[1] *
    (TAKES.read + (4 * TAKES.product + TAKES.sum) * padded + weightsTake(padded) / rows) *
    Math.ceil(features / padded) / chunks;
  const vectors = sizes(of, { run, width });
  return run > 1 && timeOf(run) < timeOfProduct &&
      vectors.groups * vectors.chunks >= LEAST_VECTORS
    ? { run, width }
    : undefined;
}

/** The share of rows of taps that lie within their images. */
function rowsInside({ pixels, taps, stride, dilation, backward, source, uniforms }: FewFeatures) {
  const padding = uniforms.padTop!;
  const first = backward ? padding - (taps[0] - 1) * dilation[0] : -padding;
  let inside = 0;
  for (let y = 0; y < pixels[0]; y++) {
    for (let r = 0; r < taps[0]; r++) {
      const row = y * stride[0] + first + r * dilation[0];
      inside += row >= 0 && row < source.shape[1]! ? 1 : 0;
    }
  }
  return inside / (pixels[0] * taps[0]);
}

/** Instructions of reading so many fours of weights together. */
function weightsTake(fours: number): number {
  return TAKES.read * Math.ceil(fours / LANES) + 4 * fours;
}

function sizes({ pixels, features, source }: FewFeatures, { run, width }: Block) {
  const blocks = Math.ceil(pixels[1] / run);
  const units = blocks * pixels[0] * source.shape[0]!;
  return {
    blocks,
    units,
    groups: Math.ceil(units / LANES),
    chunks: Math.ceil(features / width),
  };
}

/** The form of such blocks. */
export function ofVectors(backend: GuardedBackend, of: FewFeatures, block: Block): Form {
  const { source, filter, taps } = of;
  const { blocks, units, groups, chunks } = sizes(of, block);
  const { limits } = backend.device;
  const [size, weights] = [sizeOf(source.shape), sizeOf(filter.shape)];
  const reads = units * chunks * windowColumns(of, block.run) * taps[0] * source.shape[3]!;
  const texture = [
    ...(paysToCopy(size, reads) && fitsTexture(size, limits) ? ["source"] : []),
    ...(fitsTexture(weights, limits) &&
        (copiedOnce(backend, filter) || paysToCopy(weights, groups * weights))
      ? ["filter_"]
      : []),
  ];
  return {
    name: `${block.run}x${block.width} together`,
    uniforms: { blocks, units, chunks },
    code: () => text(of, block),
    invocations: groups * chunks * LANES,
    workgroup: LANES,
    texture,
    isSubgroup: true,
  };
}

/** How the fours of weights of a row of taps are counted: invocation n reads number n, n + 8, …. */
function weightsOf(of: FewFeatures, { width }: Block): {
  readonly count: number;
  /** WGSL: where number `n` begins. */
  readonly place: (n: string) => string;
  /** WGSL: the weights of tap `v`, the four features from `4 q` and number `g` of the depth. */
  readonly weights: WeightsText;
} {
  const { backward, taps, features } = of;
  const count = taps[1] * width;
  if (backward) { // Fours of the depth.
    const weight = (v: number, e: number, g: number): string =>
      e < width ? `w${v * width + e}[${g}]` : "0.0";
    return {
      count,
      place: (n) =>
        `${n} / ${width}u * steps.x + min(first + ${n} % ${width}u, ${features - 1}u) * steps.y`,
      weights: (v, q, g) => four(q, (e) => weight(v, e, g)),
    };
  }
  const across = width / 4;
  return {
    count,
    place: (n) =>
      `${n} / ${width}u * steps.x + ${n} / ${across}u % 4u * steps.z +
      min(first + ${n} % ${across}u * 4u, ${features - 4}u) * steps.y`,
    weights: (v, q, g) => `w${(4 * v + g) * across + q}`,
  };
}

/**
 * The products of a row of taps and four of the depth: of four sums one after another, while they are in
 * registers. By fours, as WebGPU's compiler takes four times as long for twice as many expressions.
 */
function productsText(of: FewFeatures, { run, width }: Block, weights: WeightsText): string {
  const { backward, taps, stride, dilation } = of;
  const column = (i: number, v: number): number =>
    i * stride[1] + (backward ? taps[1] - 1 - v : v) * dilation[1];
  const terms = Array.from({ length: 4 * taps[1] }, (_, n) => [n >> 2, n & 3] as const);
  const fours = Math.ceil(width / 4);
  return each(
    fours,
    (q) =>
      terms.map(([v, g]) => `let f${q}_${v}_${g} = ${weights(v, q, g)};`).join("\n") +
      each(run, (i) => {
        const sum = `s${i * fours + q}`;
        const chain = terms.reduce(
          (text, [v, g]) =>
            `fma(vec4<f32>(${component(`x${column(i, v)}`, 4, g)}), f${q}_${v}_${g}, ${text})`,
          sum,
        );
        return `${sum} = ${chain};`;
      }),
  );
}

type WeightsText = (v: number, q: number, g: number) => string;

/** Stores pixel by pixel in a loop, as products do. */
function storeText({ features }: FewFeatures, { run, width }: Block): string {
  const fours = features % 4 === 0 ? 4 : 1;
  const strips = width / fours;
  const sums = Math.ceil(width / 4);
  const value = (i: number, q: number): string =>
    fours === 4 ? `s${i * sums + q}` : `s${i * sums + (q >> 2)}[${q & 3}]`;
  return `let strip = first / ${fours}u;
  ${each(strips, (q) => `let by${q} = result_once(min(strip + ${q}u, ${features / fours - 1}u));`)}
  let left = min(${run}u, uniforms.columns - x);
  for (var i = 0u; i < left; i++) {
    ${each(strips, (q) => `var v${q} = ${value(0, q)};`)}
    switch i {
      ${
    each(
      run - 1,
      (i) => `case ${i + 1}u: { ${each(strips, (q) => `v${q} = ${value(i + 1, q)};`)} }`,
    )
  }
      default: {}
    }
    let pixel = destination(0u, image, y, x + i);
    if (pixel >= 0) {
      let to = u32(pixel) * ${features / fours}u + strip;
      ${
    each(strips, (q) =>
      `if (strip + ${q}u < ${
        features / fours
      }u) { result_put_by(to + ${q}u, finish(v${q}), by${q}); }`)
  }
    }
  }`;
}

/**
 * The text. Invocations of a vector take the same pixels of neighboring images, so that most vectors
 * need no row of taps that lies outside of the image.
 */
function text(of: FewFeatures, block: Block): string {
  const { dilation, backward, taps, features, functions, bias, activation } = of;
  const { run, width } = block;
  const columns = windowColumns(of, run);
  const { count, place, weights } = weightsOf(of, block);
  const reads = Math.ceil(count / LANES);
  const fours = Math.ceil(width / 4);
  return `${QUOTIENT}
${functions}
${finishText(features % 4 === 0 ? "vec4<f32>" : "f32", activation)}
const TAP_ROWS = ${taps[0]}u;
const TAP_COLUMNS = ${taps[1]}u;
fn main(index: u32, local: u32) {
  let group = quotient(index, uniforms.chunks);
  if (group * ${LANES}u >= uniforms.units) { return; }
  let first = (index - group * uniforms.chunks) * ${width}u;
  let unit = group * ${LANES}u + local;
  let at = min(unit, uniforms.units - 1u);
  let part = quotient(at, uniforms.images);
  let image = at - part * uniforms.images;
  let y = quotient(part, uniforms.blocks);
  let x = (part - y * uniforms.blocks) * ${run}u;
  let corner = origin(0u, y, x);
  let steps = weightSteps();
  ${each(columns, (j) => `let inside${j} = u32(corner.y + ${j}) < uniforms.width;`)}
  ${
    each(reads, (h) =>
      `let number${h} = min(local + ${LANES * h}u, ${count - 1}u);
  let place${h} = ${place(`number${h}`)};`)
  }
  ${
    each(run * fours, (s) =>
      `var s${s} = ${
        bias
          ? four(s % fours, (e) =>
            `bias_at(min(first + ${e}u, ${features - 1}u))`)
          : "vec4<f32>()"
      };`)
  }
  // Rows that none of them has in its image are left out; lines follow one another.
  let highest = subgroupBroadcast(corner.x, 0u);
  let lowest = subgroupBroadcast(corner.x, ${LANES - 1}u);
  let begin = max(0, (${dilation[0] - 1} - lowest) / ${dilation[0]});
  let end = min(${taps[0]}, (i32(uniforms.height) - highest + ${dilation[0] - 1}) / ${dilation[0]});
  for (var r = begin; r < end; r++) {
    let row = corner.x + r * ${dilation[0]};
    let insideRow = u32(row) < uniforms.height;
    let line = (i32(image * uniforms.height) + row) * i32(uniforms.width) + corner.y;
    let t = weightsOf(0u, u32(${backward ? `${taps[0] - 1} - r` : "r"}));
    ${
    each(columns, (j) =>
      `let is${j} = insideRow && inside${j};
    let from${j} = u32(select(0, (line + ${j}) * i32(uniforms.depth), is${j}));`)
  }
    for (var d = 0u; d < uniforms.depth; d += 4u) {
      let weights = t + d * steps.z;
      ${each(reads, (h) => `let read${h} = filter__quad((weights + place${h}) / 4u);`)}
      ${
    each(columns, (j) =>
      `let x${j} = select(vec4<f32>(), ${loadVector("source", 4, `from${j} + d`)}, is${j});`)
  }
      ${
    each(
      count,
      (n) => `let w${n} = subgroupBroadcast(read${Math.floor(n / LANES)}, ${n % LANES}u);`,
    )
  }
      ${productsText(of, block, weights)}
    }
  }
  if (unit >= uniforms.units) { return; }
  ${storeText(of, block)}
}`;
}
