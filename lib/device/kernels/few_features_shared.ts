// The form of convolutions to few features for GPUs: a workgroup keeps its part of the source.
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
import { quotientText } from "./quotient.ts";
import { each, mostBytes } from "./tiles.ts";

/** The SIMDs of the GPU that the tiles are chosen for. */
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
          if (lanes > 128 || bytes > mostBytes(lanes)) continue;
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
 * For GPUs: a workgroup keeps its part of the source; all invocations need the same weights at a
 * time, which GPUs read once for all.
 */
export function ofWorkgroups(of: FewFeatures): Form {
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
    inFours: foursOf(of),
  };
}

function text(of: FewFeatures, share: Share): string {
  const { stride, dilation, backward } = of;
  const { run, across, down, images } = share;
  const depth = of.source.shape[3]!;
  const turn = turnOf(depth);
  const { lines, columns, hop, rows, blocks } = part(of, share);
  const workgroup = across * down * images;
  const size = sizeOf(of, share);
  const places = Math.ceil(rows * columns / workgroup);
  const fetch = (d: string): string =>
    each(places, (n) => `let next${n} = ${loadVector("source", turn, `from${n} + ${d}`)};`);
  const put = each(places, (n) => `slice[hop${n}][row${n}] = next${n};`);
  const { head, sums, products, store, weights, steps } = sumTexts(of, run);
  return `
${quotientText(false)}
${head}
// Column x of the part of the source: [x % ${hop}][x / ${hop} of its ${blocks} blocks of ${rows} rows].
var<workgroup> slice: array<array<${vectorType(turn)}, ${size}>, ${hop}>;
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
  ${sums}
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
