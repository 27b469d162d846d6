// How the result of a product is cut into tiles, and the form of it for adapters that compute on the CPU.

/**
 * Along which side four numbers of a factor lie together, from a multiple of
 * four on: for these a program has a fast way to read.
 */
export type Quads = {
  readonly a?: "rows" | "depth" | undefined;
  readonly b?: "columns" | "depth" | undefined;
};

/** Along which side the numbers of a factor are neighbors in memory where they are not in fours. */
export type Neighbors = { readonly a: "rows" | "depth"; readonly b: "columns" | "depth" };

/** How far one turn of the summation goes. */
export function strideOf({ a, b }: Quads): 1 | 4 {
  return a === "depth" || b === "depth" ? 4 : 1;
}

/** How a product is laid over invocations. */
export type Form = {
  readonly name: string;
  /** Rows and columns of the result that one unit (invocation or workgroup) makes. */
  readonly tile: readonly [rows: number, columns: number];
  /** Invocations of a workgroup. */
  readonly workgroup: number;
  /** Whether a workgroup makes a tile, or else an invocation. */
  readonly isShared: boolean;
  /** Into how many pieces to cut the sums of so many tiles, so that no core idles. */
  readonly pieces: (tiles: number) => number;
  /** Pieces begin at multiples of so many steps. */
  readonly step: number;
  readonly code: string;
};

/** Where tile number `tile` lies, common to both forms. */
export const TILE_PLACE = `
struct Place { batch: u32, m: u32, n: u32, begin: u32, end: u32, origin: u32 }
fn place(tile: u32, height: u32, width: u32) -> Place {
  let tileColumn = tile % uniforms.tileColumns;
  let tileRow = (tile / uniforms.tileColumns) % uniforms.tileRows;
  let outer = tile / (uniforms.tileColumns * uniforms.tileRows); // piece · batches + batch
  let batch = outer % uniforms.batches;
  let piece = outer / uniforms.batches;
  let begin = piece * uniforms.pieceDepth;
  return Place(batch, tileRow * height, tileColumn * width, begin,
    clamp(begin + uniforms.pieceDepth, begin, max(begin, depthOf(batch))), piece * uniforms.size);
}
`;

/** Shortest piece of a sum that is worth a partial result of its own. */
export const LEAST_DEPTH = 128;

/** Invocations of a workgroup: those that such drivers compute as one vector. */
const LANES = 8;

/** Columns of a tile of so few rows that one is read in turns. */
const LONG = 32;

/** Tiles wanted at least, so that no core idles. */
const TILES_WANTED = 128;

/** Steps of the summation between two looks at a sum: it is read and written back once in these. */
const TURN = 4;

/** What the register form is chosen by. */
export type RegisterShape = {
  readonly rows: number;
  readonly columns: number;
  /** Length of the sums, or of the longest. */
  readonly depth: number;
  /** Some sums are shorter by multiples of this; 0 if none is. */
  readonly shorter: number;
  readonly quads: Quads;
};

/**
 * For adapters that compute on the CPU: each invocation keeps a tile in
 * registers. There is no workgroup memory and no barrier, both of which such
 * drivers emulate at great cost. A load costs as much as 7 multiplications even
 * from a texture, so the tile is as large as compiles in good time; it overflows
 * the registers, so each sum takes four products in a chain while it is in one.
 */
export function registerForm(shape: RegisterShape): Form {
  const { rows, columns, depth, quads } = shape;
  // Of few rows the factor B is read once: what counts is that memory is walked through in its order,
  // by the eight invocations of a workgroup in turns.
  const thin = rows <= 4;
  const inTurns = thin && quads.b === "columns" && columns % (LANES * LONG) === 0;
  const narrow = columns <= 4 || (thin && quads.b === "depth");
  const width = inTurns ? LONG : narrow ? 4 : columns <= 8 ? 8 : 16;
  const height = rows === 1 ? 1 : thin ? 4 : width === 16 || rows <= 8 ? 8 : 16;
  const gap = inTurns ? 4 * LANES : 4;
  const stride = strideOf(quads);
  // A second loop, for the steps that are left, would be a quarter of what there is to compile.
  const isWhole = stride === TURN || (depth % TURN === 0 && shape.shorter % TURN === 0);
  const across = width / 4;
  const [a, b] = [tileOfA(height, quads.a), tileOfB(width, quads.b, gap)];
  const code = `${TILE_PLACE}
fn main(index: u32, local: u32) {
  if (index >= uniforms.tiles) { return; }
  var p = place(index, ${height}u, ${width}u);
  ${inTurns ? `p.n = p.n / ${LANES * width}u * ${LANES * width}u + local * 4u;` : ""}
  let lastRow = uniforms.rows - 1u;
  let lastColumn = uniforms.columns - 1u;
  ${a.before}
  ${b.before}
  ${
    each(across, (q) =>
      `let i${q} = ${
        four(0, (j) => `initial(p.batch, min(p.n + ${gap * q + j}u, lastColumn))`)
      };`)
  }
  ${each(height * across, (t) => `var c${t} = i${t % across};`)}
  var s = step(p.batch, p.begin);
  var k = p.begin;
  for (; k + ${TURN}u <= p.end; k += ${TURN}u) {
    ${stride === 1 ? stepsByOne(a, b) : stepsOfQuad(a, b)}
    ${
    each(across, (q) =>
      each(height, (i) =>
        `c${i * across + q} = ${chain(`c${i * across + q}`, a, b, i, q)};`))
  }
  }
  ${isWhole ? "" : singleSteps(height, across, a, b)}
  ${storeRows(height, across, gap)}
}`;
  return {
    name: `register${height}x${width}${inTurns ? " in turns" : ""}${isWhole ? "" : " and rest"}`,
    tile: [height, width],
    workgroup: LANES,
    isShared: false,
    pieces: (tiles) => {
      const wanted = Math.ceil((inTurns ? 16 : 1) * TILES_WANTED / Math.max(1, tiles));
      return Math.min(wanted, Math.max(1, Math.floor(depth / stride / LEAST_DEPTH)));
    },
    step: isWhole ? TURN : stride,
    code,
  };
}

/** Loads of four steps, each found from the one before. */
function stepsByOne(a: TileFactor, b: TileFactor): string {
  return each(TURN, (u) =>
    `let s${u} = s;
    ${a.load(u)}
    ${b.load(u)}
    s = next(s);`);
}

/** Loads of the four steps that lie together. */
function stepsOfQuad(a: TileFactor, b: TileFactor): string {
  return `let s0 = s;
    ${each(TURN - 1, (u) => `let s${u + 1} = ahead(s, ${u + 1}u);`)}
    ${each(TURN, (u) => `${a.load(u)}\n${b.load(u)}`)}
    s = next(s);`;
}

/** A sum of four more products. */
function chain(sum: string, a: TileFactor, b: TileFactor, i: number, q: number): string {
  let text = sum;
  for (let u = 0; u < TURN; u++) {
    text = `fma(vec4<f32>(${a.value(i, u)}), ${b.value(q, u)}, ${text})`;
  }
  return text;
}

/** The steps that are left when a depth is no multiple of four. */
function singleSteps(height: number, across: number, a: TileFactor, b: TileFactor): string {
  return `for (; k < p.end; k++) {
    let s0 = s;
    ${a.load(0)}
    ${b.load(0)}
    ${
    each(height, (i) =>
      each(across, (q) =>
        `c${i * across + q} += ${a.value(i, 0)} * ${b.value(q, 0)};`))
  }
    s = next(s);
  }`;
}

/**
 * Writes the tile, by fours where the program was told that columns come so. Row by row in a loop: the
 * text of what is made of a sum, and of a store, is many times that of choosing a row, and with it the
 * time to compile. The rows are counted at run time, so that Mesa's compiler does not write the loop out.
 */
function storeRows(height: number, across: number, gap: number): string {
  const choose = (i: number): string =>
    `case ${i}u: { ${each(across, (q) => `v${q} = c${i * across + q};`)} }`;
  const store = (q: number): string =>
    `if (p.n + ${gap * q}u <= lastColumn) { store(to + ${gap * q}u, v${q}, p.n + ${
      gap * q
    }u, by${q}); }`;
  return `${
    each(across, (q) => `let by${q} = once(feature(p.batch, min(p.n + ${gap * q}u, lastColumn)));`)
  }
  let left = min(${height}u, uniforms.rows - p.m);
  for (var i = 0u; i < left; i++) {
    ${each(across, (q) => `var v${q} = c${q};`)}
    switch i {
      ${each(height - 1, (i) => choose(i + 1))}
      default: {}
    }
    if (exists(p.batch, p.m + i)) {
      let to = p.origin + destination(p.batch, p.m + i) + p.n;
      ${each(across, store)}
    }
  }`;
}

/** Lines of a text, one for each number below `count`. */
export function each(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join("\n");
}

/** The most bytes that a workgroup keeps: 8 KiB for each wave of 64, up to the least of WebGPU's limits. */
export function mostBytes(lanes: number): number {
  return Math.min(16384, 8192 * Math.ceil(lanes / 64));
}

/** A vector of what is said of the four columns from `4 q`. */
export function four(q: number, one: (j: number) => string): string {
  return `vec4<f32>(${[0, 1, 2, 3].map((j) => one(4 * q + j)).join(", ")})`;
}

/** How a tile reads a factor: once before the summation, at a step of the turn, and by name. */
type TileFactor = {
  readonly before: string;
  /** At step `s0`, `s1`, `s2` or `s3`. */
  readonly load: (u: number) => string;
  /** Of row `i` (a number), or of four columns from `4 i` (a vector), at step `u` of the turn. */
  readonly value: (i: number, u: number) => string;
};

function tileOfA(height: number, quads: Quads["a"]): TileFactor {
  if (quads === "rows") {
    return {
      before: each(
        height / 4,
        (i) => `let r${i} = row(p.batch, min(p.m + ${4 * i}u, lastRow - 3u));`,
      ),
      load: (u) => each(height / 4, (i) => `let a${i}_${u} = loadA(r${i}, s${u});`),
      value: (i, u) => `a${i >> 2}_${u}[${i & 3}]`,
    };
  }
  const before = each(height, (i) => `let r${i} = row(p.batch, min(p.m + ${i}u, lastRow));`);
  if (quads === "depth") {
    return {
      before,
      load: (u) => u === 0 ? each(height, (i) => `let a${i} = loadA(r${i}, s0);`) : "",
      value: (i, u) => `a${i}[${u}]`,
    };
  }
  return {
    before,
    load: (u) => each(height, (i) => `let a${i}_${u} = loadA(r${i}, s${u});`),
    value: (i, u) => `a${i}_${u}`,
  };
}

function tileOfB(width: number, quads: Quads["b"], gap: number): TileFactor {
  if (quads === "columns") {
    return {
      before: each(
        width / 4,
        (q) => `let n${q} = column(min(p.n + ${gap * q}u, lastColumn - 3u));`,
      ),
      load: (u) => each(width / 4, (q) => `let b${q}_${u} = loadB(s${u}, n${q});`),
      value: (q, u) => `b${q}_${u}`,
    };
  }
  const before = each(width, (j) => `let n${j} = column(min(p.n + ${j}u, lastColumn));`);
  if (quads === "depth") {
    return {
      before,
      load: (u) => u === 0 ? each(width, (j) => `let b${j} = loadB(s0, n${j});`) : "",
      value: (q, u) => four(q, (j) => `b${j}[${u}]`),
    };
  }
  return {
    before,
    load: (u) =>
      each(width / 4, (q) => `let b${q}_${u} = ${four(q, (j) => `loadB(s${u}, n${j})`)};`),
    value: (q, u) => `b${q}_${u}`,
  };
}
