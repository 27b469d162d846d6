// The form of convolutions for software adapters with subgroups: a vector's invocations read weights together.
import { sizeOf } from "../../tensor/tensor.ts";
import type { GuardedBackend } from "../backend.ts";
import { LANES } from "../subgroups.ts";
import { fitsTexture, paysToCopy } from "../textures.ts";
import { finishText } from "./epilogue.ts";
import {
  type Block,
  readingOf,
  unitsOf,
  weightReads,
  weightsInFours,
} from "./few_features_blocks.ts";
import { type FewFeatures, type Form, turnOf, windowColumns } from "./few_features_text.ts";
import { component, loadVector, vectorType } from "./load.ts";
import { copiedOnce } from "./product.ts";
import { QUOTIENT } from "./quotient.ts";
import { each, four } from "./tiles.ts";

/** The form of such blocks. */
export function ofVectors(backend: GuardedBackend, of: FewFeatures, block: Block): Form {
  const { source, filter, taps } = of;
  const { blocks, units, groups, chunks } = unitsOf(of, block);
  const { limits } = backend.device;
  const [size, weights] = [sizeOf(source.shape), sizeOf(filter.shape)];
  const depth = source.shape[3]!;
  const { reads, shift } = readingOf(of, block.run);
  const inFours = [
    ...(depth % 4 === 0 || shift !== undefined ? ["source"] : []),
    ...(weightsInFours(of) ? ["filter_"] : []),
  ];
  const inTexture = (name: string, size: number, reads: number): boolean => {
    const texels = inFours.includes(name) ? "rgba32float" : "r32float";
    return fitsTexture(size, limits, texels) && paysToCopy(size, reads, texels);
  };
  const turns = units * chunks * taps[0] * Math.ceil(depth / 4);
  const texture = [
    ...(inTexture("source", size, turns * reads * 4) ? ["source"] : []),
    ...(copiedOnce(backend, filter) || inTexture("filter_", weights, groups * weights)
      ? ["filter_"]
      : []),
  ];
  const pixels = storedTogether(of, block);
  return {
    name: `${block.run}x${block.width} together by ${pixels}, ${shift}`,
    uniforms: { blocks, units, chunks },
    code: () => text(of, block),
    invocations: groups * chunks * LANES,
    workgroup: LANES,
    texture,
    inFours: pixels > 1 || of.features % 4 === 0 ? [...inFours, "result"] : inFours,
    isSubgroup: true,
  };
}

/**
 * Pixels whose results fill fours, if they lie side by side in blocks and lines: of features that are
 * no fours each number is stored by itself else, which takes as long as four.
 */
function storedTogether({ features, pixels }: FewFeatures, { run }: Block): number {
  const count = features % 4 === 0 ? 1 : features % 2 === 0 ? 2 : 4;
  return run % count === 0 && pixels[1] % count === 0 ? count : 1;
}

/** How the weights of a row of taps and a turn are counted: invocation n reads number n, n + 8, …. */
function weightsOf(of: FewFeatures, { width }: Block): {
  readonly count: number;
  /** WGSL: where number `n` begins. */
  readonly place: (n: string) => string;
  /** WGSL: the weights of tap `v`, the four features from `4 q` and number `g` of the depth. */
  readonly weights: WeightsText;
} {
  const { backward, taps, features } = of;
  const turn = turnOf(of.source.shape[3]!);
  if (backward) { // Fours of the depth.
    return {
      count: taps[1] * width,
      place: (n) =>
        `${n} / ${width}u * steps.x + min(first + ${n} % ${width}u, ${features - 1}u) * steps.y`,
      weights: (v, q, g) => four(q, (e) => e < width ? `w${v * width + e}[${g}]` : "0.0"),
    };
  }
  const each = weightsInFours(of) ? 4 : 1;
  const across = width / each;
  const at = (v: number, g: number): number => (turn * v + g) * across;
  return {
    count: turn * taps[1] * across,
    place: (n) =>
      `${n} / ${turn * across}u * steps.x + ${n} / ${across}u % ${turn}u * steps.z +
      min(first + ${n} % ${across}u * ${each}u, ${features - each}u) * steps.y`,
    weights: (v, q, g) =>
      each === 4 ? `w${at(v, g) + q}` : four(q, (e) => e < width ? `w${at(v, g) + e}` : "0.0"),
  };
}

/**
 * The products of a row of taps and a turn of the depth: of four sums one after another, while they are in
 * registers. By fours, as WebGPU's compiler takes four times as long for twice as many expressions.
 */
function productsText(of: FewFeatures, { run, width }: Block, weights: WeightsText): string {
  const { backward, taps, stride, dilation } = of;
  const turn = turnOf(of.source.shape[3]!);
  const column = (i: number, v: number): number =>
    i * stride[1] + (backward ? taps[1] - 1 - v : v) * dilation[1];
  const terms = Array.from(
    { length: turn * taps[1] },
    (_, n) => [Math.floor(n / turn), n % turn] as const,
  );
  const fours = Math.ceil(width / 4);
  return each(
    fours,
    (q) =>
      terms.map(([v, g]) => `let f${q}_${v}_${g} = ${weights(v, q, g)};`).join("\n") +
      each(run, (i) => {
        const sum = `s${i * fours + q}`;
        const chain = terms.reduce(
          (text, [v, g]) =>
            `fma(vec4<f32>(${component(`x${column(i, v)}`, turn, g)}), f${q}_${v}_${g}, ${text})`,
          sum,
        );
        return `${sum} = ${chain};`;
      }),
  );
}

type WeightsText = (v: number, q: number, g: number) => string;

/** Stores in a loop, as products do: pixel by pixel, or as many as fill fours. */
function storeText(of: FewFeatures, block: Block): string {
  const { features } = of;
  const { run, width } = block;
  const pixels = storedTogether(of, block);
  const fours = pixels > 1 || features % 4 === 0 ? 4 : 1;
  const strips = pixels * width / fours;
  const sums = Math.ceil(width / 4);
  const number = (i: number, n: number): string => {
    const [pixel, e] = [i * pixels + Math.floor(n / width), n % width];
    return `s${pixel * sums + (e >> 2)}[${e & 3}]`;
  };
  const value = (i: number, q: number): string =>
    fours === 1 ? number(i, q) : pixels === 1 ? `s${i * sums + q}` : four(q, (n) => number(i, n));
  // What is made of features is made once for all pixels, where strips are of features.
  const put = (q: number): string =>
    pixels > 1
      ? `result_put(to + ${q}u, finish(v${q}));`
      : `if (strip + ${q}u < ${
        features / fours
      }u) { result_put_by(to + ${q}u, finish(v${q}), by${q}); }`;
  const once = (q: number): string =>
    `let by${q} = result_once(min(strip + ${q}u, ${features / fours - 1}u));`;
  return `let strip = first / ${fours}u;
  ${pixels > 1 ? "" : each(strips, once)}
  let left = min(${run}u, uniforms.columns - x) / ${pixels}u;
  for (var i = 0u; i < left; i++) {
    ${each(strips, (q) => `var v${q} = ${value(0, q)};`)}
    switch i {
      ${
    each(
      run / pixels - 1,
      (i) => `case ${i + 1}u: { ${each(strips, (q) => `v${q} = ${value(i + 1, q)};`)} }`,
    )
  }
      default: {}
    }
    let pixel = destination(0u, image, y, x + i * ${pixels}u);
    if (pixel >= 0) {
      let to = u32(pixel) * ${features}u / ${fours}u + strip;
      ${each(strips, put)}
    }
  }`;
}

/** WGSL that reads the numbers of a row of windows into `x0`, `x1`, …, of each column those of a turn. */
function readText(
  of: FewFeatures,
  { run }: Block,
): { readonly ofRow: string; readonly ofTurn: string } {
  const depth = of.source.shape[3]!;
  const turn = turnOf(depth);
  const columns = windowColumns(of, run);
  const { reads, shift } = readingOf(of, run);
  const x = (value: (j: number) => string): string =>
    each(columns, (j) => `let x${j} = select(${vectorType(turn)}(), ${value(j)}, is${j});`);
  if (shift === undefined) {
    return {
      ofRow: each(
        columns,
        (j) => `let from${j} = u32(select(0, (line + ${j}) * i32(uniforms.depth), is${j}));`,
      ),
      ofTurn: x((j) => loadVector("source", turn, `from${j} + d`)),
    };
  }
  const number = (n: number): string => `fours${n >> 2}[${n & 3}]`;
  return {
    ofRow: `let firstFours = (line * i32(uniforms.depth) - ${shift}) >> 2u;`,
    ofTurn: `${each(reads, (k) => `let fours${k} = source_quad(u32(max(0, firstFours + ${k})));`)}
      ${
      x((j) => {
        const numbers = Array.from({ length: turn }, (_, g) => number(shift + j * depth + g));
        return turn === 1 ? numbers[0]! : `${vectorType(turn)}(${numbers.join(", ")})`;
      })
    }`,
  };
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
  const reads = weightReads(of, width);
  const read = readText(of, block);
  const fours = Math.ceil(width / 4);
  const areFours = features % 4 === 0 || storedTogether(of, block) > 1;
  const weightReader = (at: string): string =>
    weightsInFours(of) ? `filter__quad((${at}) / 4u)` : `filter__at(${at})`;
  return `${QUOTIENT}
${functions}
${finishText(areFours ? "vec4<f32>" : "f32", activation)}
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
    ${each(columns, (j) => `let is${j} = insideRow && inside${j};`)}
    ${read.ofRow}
    for (var d = 0u; d < uniforms.depth; d += ${turnOf(of.source.shape[3]!)}u) {
      let weights = t + d * steps.z;
      ${each(reads, (h) => `let read${h} = ${weightReader(`weights + place${h}`)};`)}
      ${read.ofTurn}
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
