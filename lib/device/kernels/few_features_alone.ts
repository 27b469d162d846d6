// The form of convolutions to few features for adapters that compute on the CPU: an invocation by itself.
import { sizeOf } from "../../tensor/tensor.ts";
import type { GuardedBackend } from "../backend.ts";
import { fitsTexture } from "../textures.ts";
import {
  type FewFeatures,
  type Form,
  foursOf,
  MOST_SUMS,
  sumTexts,
  turnOf,
  windowColumns,
} from "./few_features_text.ts";
import { loadVector, vectorType } from "./load.ts";
import { QUOTIENT } from "./quotient.ts";
import { each } from "./tiles.ts";

/** For adapters that compute on the CPU: each invocation reads its windows itself, from textures. */
export function ofInvocations(backend: GuardedBackend, of: FewFeatures): Form {
  const { pixels, phases, source, filter } = of;
  const run = runOf(of);
  const inFours = foursOf(of);
  const blocks = Math.ceil(pixels[1] / run);
  const units = blocks * pixels[0] * source.shape[0]! * phases;
  const { limits } = backend.device;
  const texture = Object.entries({ source, filter_: filter }).flatMap(([name, { shape }]) => {
    const texels = inFours.includes(name) ? "rgba32float" : "r32float";
    return fitsTexture(sizeOf(shape), limits, texels) ? [name] : [];
  });
  return {
    name: `${run} alone`,
    uniforms: { blocks, units },
    code: () => text(of, run),
    invocations: units,
    workgroup: 8,
    texture,
    inFours,
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

/** The text of an invocation by itself. */
function text(of: FewFeatures, run: number): string {
  const { dilation, backward } = of;
  const turn = turnOf(of.source.shape[3]!);
  const { head, sums, products, store, weights, steps } = sumTexts(of, run);
  const columns = windowColumns(of, run);
  return `${QUOTIENT}
${head}
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
  ${sums}
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
      (j) =>
        `let x${j} = select(${vectorType(turn)}(), ${
          loadVector("source", turn, `from${j} + d`)
        }, is${j});`,
    )
  }
      ${products}
    }
  }
  ${store}
}`;
}
