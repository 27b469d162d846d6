// The form of a product for GPUs: a workgroup makes a tile, from slices of both factors that it shares.
import {
  each,
  type Form,
  four,
  LEAST_DEPTH,
  type Neighbors,
  type Quads,
  TILE_PLACE,
} from "./tiles.ts";

/** What of a product its form is chosen by. */
export type ProductSizes = {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** The most pieces that a sum may be cut into. */
  readonly mostPieces: number;
  /** What the sums of some batches are shorter by, or multiples of it: 0 where all are of one length. */
  readonly shorter: number;
  readonly quads: Quads;
  readonly neighbors: Neighbors;
};

/**
 * How invocations share a tile: `across × down` of them, each with `4 · columns` columns of
 * `4 · rows` rows, in fours that lie apart, so that neighbors read neighbors. A slice has `slice`
 * steps of the summation.
 */
type Sharing = {
  readonly across: number;
  readonly down: number;
  readonly rows: 1 | 2;
  readonly columns: 1 | 2;
  readonly slice: 8 | 16;
};

const sharing = (
  across: number,
  down: number,
  rows: 1 | 2,
  columns: 1 | 2,
  slice: 8 | 16,
): Sharing => ({ across, down, rows, columns, slice });

/** By the most rows and columns that a tile is wanted for; the first that fits is taken. */
const THIN: readonly (readonly [rows: number, columns: number, Sharing])[] = [
  [4, Infinity, sharing(64, 1, 1, 1, 8)], // 4 × 256
  [8, Infinity, sharing(32, 2, 1, 2, 8)], // 8 × 256
  [Infinity, 4, sharing(1, 64, 1, 1, 8)], // 256 × 4
  [Infinity, 8, sharing(2, 32, 2, 1, 8)], // 256 × 8
  [32, 32, sharing(8, 8, 1, 1, 16)], // 32 × 32
  [16, Infinity, sharing(16, 4, 1, 2, 16)], // 16 × 128
  [32, Infinity, sharing(32, 4, 2, 1, 16)], // 32 × 128
  [Infinity, 16, sharing(4, 16, 2, 1, 16)], // 128 × 16
  [Infinity, 32, sharing(8, 16, 2, 1, 16)], // 128 × 32
];
const SMALL = sharing(8, 8, 1, 1, 16); // 32 × 32
const STANDARD = sharing(16, 8, 2, 1, 16); // 64 × 64
const LARGE = sharing(16, 16, 2, 2, 8); // 128 × 128

/** Tiles of many rows and columns, and their time for a number of the result beside that of large ones. */
const WIDE: readonly (readonly [Sharing, time: number])[] = [
  [STANDARD, 1.05],
  [sharing(8, 16, 2, 1, 16), 1.15], // 128 × 32
];

/** Workgroups of 128 that keep a GPU busy: about four for each of 80 compute units; and the least of large ones. */
const BUSY = 320;
const LEAST_BUSY = 120;

const tileOf = ({ across, down, rows, columns }: Sharing): readonly [number, number] => [
  4 * rows * down,
  4 * columns * across,
];

function tilesOf({ batch, rows, columns }: ProductSizes, of: Sharing): number {
  const [height, width] = tileOf(of);
  return batch * Math.ceil(rows / height) * Math.ceil(columns / width);
}

/** Into how many pieces the sums of so many tiles are cut, so that there are enough waves. */
function piecesOf(
  tiles: number,
  { across, down }: Sharing,
  { depth, mostPieces }: ProductSizes,
): number {
  const wanted = Math.floor(BUSY * 128 / (across * down) / Math.max(1, tiles));
  const most = Math.min(mostPieces, Math.floor(depth / LEAST_DEPTH));
  return Math.max(1, Math.min(wanted, most));
}

/** Whether half of the last of few tiles would be computed for nothing. */
function isHalfEmpty(size: number, tile: number): boolean {
  return size < 4 * tile && size % tile > 0 && size % tile <= tile / 2;
}

function sharingOf(sizes: ProductSizes): Sharing {
  const { rows, columns } = sizes;
  const isBusy = (of: Sharing): boolean => {
    const tiles = tilesOf(sizes, of);
    return tiles * piecesOf(tiles, of, sizes) >= LEAST_BUSY;
  };
  const thin = THIN.find(([most, wide]) => rows <= most && columns <= wide)?.[2];
  // Of few tiles, smaller ones: more invocations that each compute less.
  if (thin) {
    if (!isBusy(thin)) return { ...thin, rows: 1, columns: 1 };
    const [height, width] = tileOf(thin);
    return {
      ...thin,
      rows: isHalfEmpty(rows, height) ? 1 : thin.rows,
      columns: isHalfEmpty(columns, width) ? 1 : thin.columns,
    };
  }
  const isLarge = tilesOf(sizes, LARGE) >= BUSY;
  if (!isLarge && !isBusy(STANDARD)) return SMALL;
  // What lies beyond the edge is computed as well.
  const timeOf = ([of, time]: readonly [Sharing, number]): number => {
    const [height, width] = tileOf(of);
    return tilesOf(sizes, of) * height * width * time;
  };
  const wide = isLarge ? [[LARGE, 1] as const, ...WIDE] : WIDE;
  return wide.reduce((best, one) => timeOf(one) < timeOf(best) ? one : best)[0];
}

/**
 * The form of a product for GPUs. Loops over a tile's numbers are written out, and its sums are
 * variables of four: WebGPU's compilers bound every loop by a counter and every index that is not a
 * constant, which costs more than the products. The next slice is on its way from memory while one
 * is computed.
 */
export function workgroupForm(sizes: ProductSizes): Form {
  const { depth, shorter, quads, neighbors } = sizes;
  const shared = sharingOf(sizes);
  const { across, down, rows, columns, slice } = shared;
  const [height, width] = tileOf(shared);
  const workgroup = across * down;
  const whole = depth % slice === 0 && shorter % slice === 0;
  const common = { slice, workgroup, whole };
  const a = factor({
    ...common,
    name: "A",
    size: height,
    fours: quads.a !== undefined,
    deep: (quads.a ?? neighbors.a) === "depth",
    place: (i, fours) => `row(p.batch, min(p.m + ${i}, uniforms.rows - ${fours ? 4 : 1}u))`,
    load: (place, step) => `loadA(${place}, ${step})`,
  });
  const b = factor({
    ...common,
    name: "B",
    size: width,
    fours: quads.b !== undefined,
    deep: (quads.b ?? neighbors.b) === "depth",
    place: (i, fours) => `column(min(p.n + ${i}, uniforms.columns - ${fours ? 4 : 1}u))`,
    load: (place, step) => `loadB(${step}, ${place})`,
  });
  const sums = 4 * rows * columns;
  const products = (k: number): string =>
    `{
      ${each(rows, (h) => `let a${h} = ${a.read(k, `m + ${h * down}u`)};`)}
      ${each(columns, (q) => `let b${q} = ${b.read(k, `n + ${q * across}u`)};`)}
      ${
      each(sums, (t) => {
        const [i, q] = [Math.floor(t / columns), t % columns];
        return `c${t} = fma(vec4<f32>(a${i >> 2}[${i & 3}]), b${q}, c${t});`;
      })
    }
    }`;
  const store = (i: number): string =>
    `{
    let y = p.m + 4u * (m + ${(i >> 2) * down}u) + ${i & 3}u;
    if ((y < uniforms.rows) & exists(p.batch, y)) {
      let to = p.origin + destination(p.batch, y);
      ${
      each(
        columns,
        (q) => `if (x${q} < uniforms.columns) { store(to + x${q}, c${i * columns + q}, x${q}); }`,
      )
    }
    }
  }`;
  const code = `${TILE_PLACE}
${a.declaration}
${b.declaration}
fn main(tile: u32, local: u32) {
  if (tile >= uniforms.tiles) { return; }
  let p = place(tile, ${height}u, ${width}u);
  let lastColumn = uniforms.columns - 1u;
  let m = local / ${across}u;
  let n = local % ${across}u;
  ${each(columns, (q) => `let x${q} = p.n + 4u * (n + ${q * across}u);`)}
  ${
    each(
      columns,
      (q) => `let i${q} = ${four(0, (j) => `initial(p.batch, min(x${q} + ${j}u, lastColumn))`)};`,
    )
  }
  ${each(sums, (t) => `var c${t} = i${t % columns};`)}
  ${a.before}
  ${b.before}
  ${a.fetch}
  ${b.fetch}
  ${a.store}
  ${b.store}
  let slices = (p.end - p.begin + ${slice - 1}u) / ${slice}u;
  for (var at = 0u; at < slices; at++) {
    workgroupBarrier();
    // Beyond the last slice, what is fetched is not used.
    ${a.fetch}
    ${b.fetch}
    ${each(slice, products)}
    workgroupBarrier();
    ${a.store}
    ${b.store}
  }
  ${each(4 * rows, store)}
}`;
  return {
    name: [
      `workgroup${height}x${width} of ${across}x${down} by ${slice}`,
      whole ? "whole" : "ragged",
      neighbors.a,
      neighbors.b,
    ].join(" "),
    tile: [height, width],
    workgroup,
    isShared: true,
    pieces: (tiles) => piecesOf(tiles, shared, sizes),
    step: slice,
    code,
  };
}

/** The part of a workgroup in one of the factors. */
type FactorText = {
  readonly declaration: string;
  /** Finds the invocation's places in the factor. */
  readonly before: string;
  /** Fetches its part of the next slice. */
  readonly fetch: string;
  /** Puts what was fetched into the slice. */
  readonly store: string;
  /** Four rows or columns at step `k` of the slice, numbers 4 i to 4 i + 3. */
  readonly read: (k: number, i: string) => string;
};

/**
 * WGSL that brings a factor's slices into workgroup memory. An invocation loads numbers, or fours,
 * at some places (rows of A, columns of B) at some steps: neighboring invocations take neighbors in
 * memory. Places are found once; steps are walked by `skip`, without a division.
 */
function factor(of: {
  readonly name: "A" | "B";
  /** Rows or columns of the tile. */
  readonly size: number;
  readonly slice: number;
  readonly workgroup: number;
  /** Whether all slices are full. */
  readonly whole: boolean;
  /** Whether four numbers are loaded together. */
  readonly fours: boolean;
  /** Whether neighbors lie along the depth, or else across it. */
  readonly deep: boolean;
  readonly place: (i: string, fours: boolean) => string;
  readonly load: (place: string, step: string) => string;
}): FactorText {
  const { name, size, slice, workgroup, whole, fours, deep } = of;
  const wide = fours ? 4 : 1;
  const type = fours ? "vec4<f32>" : "f32";
  // Neighbors are the inner ones of the invocations.
  const inner = (deep ? slice : size) / wide;
  // At most two steps apart are walked to for a slice; what is left are places.
  const lanes = deep ? inner : Math.min(inner, 2 * workgroup / slice);
  const outer = workgroup / lanes;
  const places = deep ? Math.max(1, size / outer) : inner / lanes;
  const hop = deep ? slice : Math.min(slice, outer);
  const turns = Math.max(1, slice / hop);
  const surplus = outer > (deep ? size : slice);
  const [i, o, step] = [`inner${name}`, `outer${name}`, `step${name}`];
  const at = (l: number): string => deep ? `${o} + ${l * outer}u` : `${i} + ${l * lanes}u`;
  const first = deep ? (fours ? `4u * ${i}` : i) : o;
  const value = (turn: number, l: number): string => `v${name}${turn * places + l}`;
  const loads = each(turns, (turn) => {
    const lines = each(places, (l) => {
      const loaded = of.load(`place${name}${l}`, step);
      return `let ${value(turn, l)} = ${
        whole ? loaded : `select(${type}(), ${loaded}, k${name} < p.end)`
      };`;
    });
    return `${lines}
    ${step} = skip(${step}, hop${name});
    ${whole ? "" : `k${name} += ${hop}u;`}`;
  });
  const put = (turn: number, l: number): string => {
    const v = value(turn, l);
    const place = at(l);
    const lane = `[(${place}) / 4u][(${place}) % 4u]`;
    if (!deep) {
      const row = `slice${name}[${o} + ${turn * hop}u]`;
      return fours ? `${row}[${place}] = ${v};` : `${row}${lane} = ${v};`;
    }
    if (!fours) return `slice${name}[${i} / 4u][${i} % 4u]${lane} = ${v};`;
    return each(4, (j) => `slice${name}[${i}][${j}]${lane} = ${v}[${j}];`);
  };
  const puts = each(turns, (turn) => each(places, (l) => put(turn, l)));
  const limit = deep ? size : slice;
  // Rows a vector longer than needed: those that are written number by number fall on other banks.
  const row = `array<vec4<f32>, ${size / 4 + (deep ? 1 : 0)}>`;
  return {
    declaration: `var<workgroup> slice${name}: ${
      deep ? `array<array<${row}, 4>, ${slice / 4}>` : `array<${row}, ${slice}>`
    };`,
    before: `let ${i} = local % ${lanes}u;
  let ${o} = local / ${lanes}u;
  ${
      each(places, (l) => {
        const unit = at(l);
        return `let place${name}${l} = ${
          of.place(deep ? unit : `${wide}u * (${unit})`, fours && !deep)
        };`;
      })
    }
  ${whole ? "" : `var k${name} = p.begin + ${first};`}
  var ${step} = step(p.batch, p.begin + ${first});
  let hop${name} = hop(p.batch, ${hop}u);
`,
    store: surplus ? `if (${o} < ${limit}u) {\n${puts}\n}` : puts,
    fetch: loads,
    read: (k, index) =>
      deep ? `slice${name}[${k >> 2}][${k & 3}][${index}]` : `slice${name}[${k}][${index}]`,
  };
}
