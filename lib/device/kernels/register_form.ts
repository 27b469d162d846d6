// The form of a product for adapters that compute on the CPU: each invocation keeps a tile in registers.
import { LANES } from "../subgroups.ts";
import { each, type Form, four, LEAST_DEPTH, type Quads, strideOf, TILE_PLACE } from "./tiles.ts";

/** Columns of a tile of so few rows that one is read in turns. */
const LONG = 32;

/** Tiles wanted at least, so that no core idles. */
const TILES_WANTED = 128;

/** The same where a vector makes them together. */
const VECTORS_WANTED = 32;

/** Steps of the summation between two looks at a sum: it is read and written back once in these. */
const TURN = 4;

/** What reading the factor B for a tile takes, in rows of the tile: together, and alone. */
const READING = { together: 1, alone: 3 } as const;

/** The sizes of a product, and what decides its tiles. */
export type RegisterSizes = {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** Some sums are shorter, by multiples of this. Default: none. */
  readonly shorter?: number;
  readonly quads: Quads;
  /** Whether invocations of a vector may read together. */
  readonly subgroups: boolean;
  /** Whether to take one step a turn: less than half of the text, of any depth. Default: `false`. */
  readonly brief?: boolean;
};

/** The tile of an invocation. */
type Tile = {
  readonly height: number;
  readonly width: number;
  /** Whether the invocations of a vector walk through the columns in turns. */
  readonly inTurns: boolean;
  /** Whether they make tiles one below the other, and read the columns' factor together. */
  readonly together: boolean;
};

/**
 * Rows of a tile: those of a small image, 7 × 7 or 14 × 14 pixels, fill tiles of 7 or 5 rows better
 * than such of 8, which read less.
 */
const HEIGHTS = [8, 7, 5] as const;

/** A text of its own must be worth what it takes to compile. */
const WORTH = 0.95;

/** What decides how tiles lie: how many rows they have, and whether they are read together. */
type Stack = Pick<Tile, "height" | "together">;

/** The stack of tiles that makes so many rows in the least time. */
function stackOf(rows: number, heights: readonly number[], subgroups: boolean): Stack {
  const costOf = ({ height, together }: Stack): number => {
    const [tiles, reading] = together
      ? [Math.ceil(rows / (LANES * height)) * LANES, READING.together]
      : [Math.ceil(rows / height), READING.alone];
    return tiles * (height + reading);
  };
  const stacks = heights.flatMap((height): Stack[] => [
    ...(subgroups ? [{ height, together: true }] : []),
    { height, together: false },
  ]);
  const least = (among: readonly Stack[]): Stack =>
    among.reduce((best, one) => costOf(one) < costOf(best) ? one : best);
  const usual = least(stacks.filter(({ height }) => height === heights[0]));
  const best = least(stacks);
  return costOf(best) < WORTH * costOf(usual) ? best : usual;
}

/**
 * Chooses tiles. A load costs as much as 7 multiplications even from a texture, so the tile is as
 * large as compiles in good time. Of few rows the factor B is read once: what counts is that memory
 * is walked through in its order, by the eight invocations of a workgroup in turns. Of many rows
 * subgroups make tiles that lie below one another, unless too many rows would be padding.
 */
function tileOf({ rows, columns, quads, subgroups }: RegisterSizes): Tile {
  const thin = rows <= 4;
  const inTurns = thin && quads.b === "columns" && columns % (LANES * LONG) === 0;
  const narrow = columns <= 4 || (thin && quads.b === "depth");
  const width = inTurns ? LONG : narrow ? 4 : columns <= 8 ? 8 : 16;
  if (thin) return { height: rows === 1 ? 1 : 4, width, inTurns, together: false };
  // Four rows are read at a time where they lie together.
  const heights = rows <= 8 ? [8] : width < 16 ? [16] : quads.a === "rows" ? [8] : HEIGHTS;
  return { ...stackOf(rows, heights, subgroups), width, inTurns };
}

/**
 * There is no workgroup memory and no barrier, both of which such drivers emulate at great cost. The
 * tile overflows the registers, so each sum takes four products in a chain while it is in one.
 *
 * With subgroups, invocations whose tiles lie one below the other each read an eighth of the other
 * factor, and hand it round: of a load's 50 instructions, which find eight places, a seventh is left.
 */
export function registerForm(sizes: RegisterSizes): Form {
  const { depth, shorter = 0, quads, brief = false } = sizes;
  const { height, width, inTurns, together } = tileOf(sizes);
  const across = width / 4;
  const gap = inTurns ? 4 * LANES : 4;
  const stride = strideOf(quads);
  const [a, alone] = [tileOfA(height, quads.a), tileOfB(width, quads.b, gap)];
  const b = together ? togetherOfB(width, quads.b) : alone;
  // A loop of its own for steps that are left would be a quarter of what there is to compile.
  const isLeft = brief || (stride === 1 && (depth % TURN !== 0 || shorter % TURN !== 0));
  const code = `${TILE_PLACE}
${together ? PICK : ""}
fn main(index: u32, local: u32) {
  if (index >= uniforms.tiles) { return; }
  var p = place(index, ${together ? LANES * height : height}u, ${width}u);
  ${inTurns ? `p.n = p.n / ${LANES * width}u * ${LANES * width}u + local * 4u;` : ""}
  ${together ? `p.m += local * ${height}u;` : ""}
  let lastRow = uniforms.rows - 1u;
  let lastColumn = uniforms.columns - 1u;
  ${a.before}
  ${b.before}
  ${together && isLeft ? alone.before : ""}
  ${
    each(across, (q) =>
      `let i${q} = ${
        four(0, (j) => `initial(p.batch, min(p.n + ${gap * q + j}u, lastColumn))`)
      };`)
  }
  ${each(height * across, (t) => `var c${t} = i${t % across};`)}
  var s = step(p.batch, p.begin);
  var k = p.begin;
  ${brief ? "" : turns(height, across, stride === 1 ? stepsByOne(a, b) : stepsOfQuad(a, b), a, b)}
  ${isLeft ? singleSteps(height, across, a, alone) : ""}
  ${together ? "if (p.m > lastRow) { return; }" : ""}
  ${storeRows(height, across, gap)}
}`;
  const wanted = (tiles: number): number =>
    together ? VECTORS_WANTED / tiles : (inTurns ? 16 : 1) * TILES_WANTED / tiles;
  return {
    name: `register${height}x${width}${inTurns ? " in turns" : together ? " together" : ""}${
      brief ? " briefly" : isLeft ? " and rest" : ""
    }`,
    tile: [together ? LANES * height : height, width],
    workgroup: LANES,
    isShared: together,
    isSubgroup: together,
    pieces: (tiles) =>
      Math.min(
        Math.ceil(wanted(Math.max(1, tiles))),
        Math.max(1, Math.floor(depth / stride / LEAST_DEPTH)),
      ),
    step: isLeft ? stride : TURN,
    code,
  };
}

/** The summation, four steps a turn. */
function turns(
  height: number,
  across: number,
  loads: string,
  a: TileFactor,
  b: TileFactor,
): string {
  return `for (; k + ${TURN}u <= p.end; k += ${TURN}u) {
    ${loads}
    ${
    each(across, (q) =>
      each(height, (i) =>
        `c${i * across + q} = ${chain(`c${i * across + q}`, a, b, i, q)};`))
  }
  }`;
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

/** The step of the turn that an invocation reads at. */
const PICK = `fn pick(u: u32, s0: Step, s1: Step, s2: Step, s3: Step) -> Step {
  var s = s0;
  if (u == 1u) { s = s1; }
  if (u == 2u) { s = s2; }
  if (u == 3u) { s = s3; }
  return s;
}`;

/**
 * The factor B, of which all invocations of a vector need the same: what a turn needs is counted, and
 * number n is read by invocation n mod 8, which hands it round.
 */
function togetherOfB(width: number, quads: Quads["b"]): TileFactor {
  // Of depth quads, one a column; else one a step and column, or four of these.
  const perStep = quads === "columns" ? width / 4 : width;
  const count = quads === "depth" ? width : TURN * perStep;
  const reads = Math.ceil(count / LANES);
  const columns = quads === "columns" ? "4u * " : "";
  const last = quads === "columns" ? "lastColumn - 3u" : "lastColumn";
  const steps = quads === "depth" ? "s0" : "";
  const handed = (n: number): string =>
    `subgroupBroadcast(read${Math.floor(n / LANES)}, ${n % LANES}u)`;
  return {
    before: each(reads, (h) =>
      `let number${h} = local + ${LANES * h}u;
  let n_${h} = column(min(p.n + ${columns}(number${h} % ${perStep}u), ${last}));
  let turn${h} = number${h} / ${perStep}u % ${TURN}u;`),
    load: (u) =>
      u < TURN - 1 ? "" : `${
        each(
          reads,
          (h) => `let read${h} = loadB(${steps || `pick(turn${h}, s0, s1, s2, s3)`}, n_${h});`,
        )
      }
    ${
        quads === "depth" ? each(width, (j) => `let b${j} = ${handed(j)};`) : each(TURN, (v) =>
          each(
            width / 4,
            (q) =>
              `let b${q}_${v} = ${
                quads ? handed(v * perStep + q) : four(q, (j) => handed(v * perStep + j))
              };`,
          ))
      }`,
    value: quads === "depth" ? (q, u) => four(q, (j) => `b${j}[${u}]`) : (q, u) => `b${q}_${u}`,
  };
}
