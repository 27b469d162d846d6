// Tiles of depthwise convolutions: which products each result sums, and their WGSL.
import type { Geometry } from "./convolution.ts";

/**
 * A product of a sum: of the source's pixel at a distance from the tile's corner, and of a tap of
 * the filter. `at` is the result's number in the tile.
 */
export type Term = {
  readonly at: number;
  readonly row: number;
  readonly column: number;
  readonly tap: number;
};

/**
 * What an invocation computes: `rows × columns` results that share their sources. All distances are
 * constants of the text, so that each pixel and each tap is read once, without a loop.
 */
export type Tile = {
  readonly rows: number;
  readonly columns: number;
  readonly terms: readonly Term[];
};

/** Into how many tiles of at most `most` pixels an axis is cut, and their size, as even as can be. */
export function tilesAlong(length: number, most: number): [count: number, size: number] {
  const size = Math.ceil(length / Math.ceil(length / most));
  return [Math.ceil(length / size), size];
}

/** The terms of `height × width` neighbors of the output. */
export function outputTile(g: Geometry, height: number, width: number): Tile {
  const [down, across] = [g.strideHeight, g.strideWidth];
  const terms = eachTap(g, (u, v, tap) =>
    eachPlace(height, width, (r, t) => ({
      at: r * width + t,
      row: r * down + u * g.dilationHeight,
      column: t * across + v * g.dilationWidth,
      tap,
    })));
  return { rows: height, columns: width, terms };
}

/**
 * The terms of `height × width` cells of the input, each as large as the stride: of the pixels of
 * one phase (y + p) mod s the same taps count, at the same distances.
 */
export function inputTile(g: Geometry, height: number, width: number): Tile {
  const [down, across] = [g.strideHeight, g.strideWidth];
  const columns = across * width;
  const terms = eachTap(g, (u, v, tap) => {
    const [y, x] = [u * g.dilationHeight, v * g.dilationWidth];
    const [phaseY, phaseX] = [y % down, x % across];
    return eachPlace(height, width, (r, t) => ({
      at: (r * down + phaseY) * columns + t * across + phaseX,
      row: r + (phaseY - y) / down,
      column: t + (phaseX - x) / across,
      tap,
    }));
  });
  return { rows: down * height, columns, terms };
}

function eachPlace(height: number, width: number, f: (r: number, t: number) => Term): Term[] {
  return range(height).flatMap((r) => range(width).map((t) => f(r, t)));
}

function eachTap(g: Geometry, f: (u: number, v: number, tap: number) => Term[]): Term[] {
  return range(g.filterHeight).flatMap((u) =>
    range(g.filterWidth).flatMap((v) => f(u, v, u * g.filterWidth + v))
  );
}

/** The numbers from 0 up to but not including `count`. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Each different number, in order. */
export function distinct(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** A name in WGSL for a number that may be negative. */
const named = (x: number): string => x < 0 ? `m${-x}` : `${x}`;

/** The name of a source's number. */
export function sourceName(row: number, column: number): string {
  return `x_${named(row)}_${named(column)}`;
}

/** Rows and columns of a tile's source, from its corner, that lie in the image whichever tile it is. */
export type Inside = {
  readonly rows: readonly [first: number, last: number];
  readonly columns: readonly [first: number, last: number];
};

/**
 * The places along an axis that are inside for all tiles.
 *
 * @param first the first tile's corner
 * @param tiles number of tiles
 * @param step distance of their corners
 * @param length length of the source
 * @param reach the least and the largest place of a tile
 */
export function insideAlong(
  first: number,
  tiles: number,
  step: number,
  length: number,
  [least, most]: readonly [number, number],
): readonly [first: number, last: number] {
  const last = length - 1 - (first + (tiles - 1) * step);
  return [Math.min(Math.max(-first, least), most + 1), Math.max(Math.min(last, most), least - 1)];
}

const lies = (place: number, [first, last]: readonly [number, number]): boolean =>
  first <= place && place <= last;

/**
 * WGSL that reads a row of the source at `corner` (`vec2<i32>`), zero where it reaches over the
 * edge: of image `image`, strip `strip`.
 *
 * @param read the expression of a strip at a place
 */
export function rowText(
  row: number,
  columns: readonly number[],
  type: string,
  inside: Inside,
  read: (at: string) => string,
): string {
  const r = named(row);
  const isInside = lies(row, inside.rows);
  const loads = columns.map((column) => {
    const c = named(column);
    const value = read(`base_${r} + at_${c}`);
    const conditions = [
      ...(isInside ? [] : [`inside_${r}`]),
      ...(lies(column, inside.columns) ? [] : [`inside_column_${c}`]),
    ];
    const chosen = conditions.length === 0
      ? value
      : `select(${type}(), ${value}, ${conditions.join(" & ")})`;
    return `let ${sourceName(row, column)} = ${chosen};`;
  });
  return `let y_${r} = corner.x + ${row};
  ${isInside ? "" : `let inside_${r} = u32(y_${r}) < uniforms.sourceHeight;`}
  let line_${r} = image * uniforms.sourceHeight + u32(${
    isInside ? `y_${r}` : `select(0, y_${r}, inside_${r})`
  });
  let base_${r} = line_${r} * uniforms.sourceWidth * uniforms.strips + strip;
  ${loads.join("\n  ")}`;
}

/** WGSL that finds the columns of the source that {@linkcode rowText} reads. */
export function columnText(columns: readonly number[], inside: Inside): string {
  return columns.map((column) => {
    const c = named(column);
    const place = `let column_${c} = corner.y + ${column};`;
    if (lies(column, inside.columns)) {
      return `${place} let at_${c} = u32(column_${c}) * uniforms.strips;`;
    }
    return `${place}
  let inside_column_${c} = u32(column_${c}) < uniforms.sourceWidth;
  let at_${c} = u32(select(0, column_${c}, inside_column_${c})) * uniforms.strips;`;
  }).join("\n  ");
}

/**
 * WGSL that finds tile number `tile`: its image and its corner in the source.
 *
 * @param firstRow the expression of the first tile's row
 */
export function placeText(step: readonly [number, number], firstRow = "uniforms.firstRow"): string {
  return `let line = tile / uniforms.tilesAcross;
  let across = tile - line * uniforms.tilesAcross;
  let image = line / uniforms.tilesDown;
  let down = line - image * uniforms.tilesDown;
  let corner = vec2<i32>(i32(down * ${step[0]}u + ${firstRow}),
    i32(across * ${step[1]}u + uniforms.firstColumn));`;
}

/**
 * A loop over a filter's rows of taps, of which each reads one row of the source further down than
 * the one before: the others are kept.
 */
export type Loop = {
  readonly rows: number;
  /** Taps of a row. */
  readonly taps: number;
  /** Whether the first row of taps is the last. */
  readonly backward: boolean;
};

/** Of a loop, the terms of its first row of taps, which are numbered from 0 on. */
export function looped(tile: Tile, loop: Loop | undefined): Tile {
  if (!loop) return tile;
  const first = loop.backward ? (loop.rows - 1) * loop.taps : 0;
  const terms = tile.terms.map((term) => ({ ...term, tap: term.tap - first }))
    .filter(({ tap }) => tap >= 0 && tap < loop.taps);
  return { ...tile, terms };
}

/** Of a loop's rows of taps, each reads other rows than the first. */
export const NONE: Inside["rows"] = [1, 0];

/** WGSL of the sums `s0`, `s1`, …: a row of the source after another, each with the taps it meets. */
export function sumsText(
  { rows, columns, terms }: Tile,
  type: string,
  reader: string,
  inside: Inside,
  initial: string,
  loop: Loop | undefined,
): string {
  const across = distinct(terms.map(({ column }) => column));
  const sourceRows = distinct(terms.map(({ row }) => row));
  const known = new Set<number>();
  const before = [
    `let initial = ${initial};`,
    ...range(rows * columns).map((at) => `var s${at} = initial;`),
    columnText(across, inside),
  ];
  const ofRow = (row: number): readonly Term[] => terms.filter((term) => term.row === row);
  const readRow = (row: number): string => {
    const own = distinct(ofRow(row).map(({ column }) => column));
    return rowText(row, own, type, inside, (at) => `x_${reader}(${at})`);
  };
  /** The taps that a row meets first, and its products. */
  const addRow = (row: number, first = ""): string[] => {
    const taps = distinct(ofRow(row).map(({ tap }) => tap)).filter((tap) => !known.has(tap));
    for (const tap of taps) known.add(tap);
    return [
      ...taps.map((tap) =>
        `let w${tap} = w_${reader}((${first}${tap}u) * uniforms.strips + strip);`
      ),
      ...productsText(ofRow(row)),
    ];
  };
  if (!loop) {
    return [...before, ...sourceRows.flatMap((row) => [readRow(row), ...addRow(row)])].join("\n  ");
  }
  const last = sourceRows.at(-1)!;
  const kept = sourceRows.slice(0, -1);
  const names = (row: number): string[] => across.map((column) => sourceName(row, column));
  const tapRow = loop.backward ? `${loop.rows - 1}u - turn` : "turn";
  return [
    ...before,
    ...kept.map(readRow),
    ...kept.flatMap(names).map((name) => `var kept_${name} = ${name};`),
    `for (var turn = 0u; turn < ${loop.rows}u; turn++) {`,
    "let corner = vec2<i32>(corner.x + i32(turn), corner.y);",
    readRow(last),
    ...kept.flatMap(names).map((name) => `let ${name} = kept_${name};`),
    ...sourceRows.flatMap((row) => addRow(row, `(${tapRow}) * ${loop.taps}u + `)),
    ...kept.flatMap((row) => names(row).map((name, i) => `kept_${name} = ${names(row + 1)[i]};`)),
    "}",
  ].join("\n  ");
}

/** WGSL that adds products, a sum after another: registers do not hold them all. */
function productsText(terms: readonly Term[]): string[] {
  return distinct(terms.map(({ at }) => at)).map((at) => {
    const sum = terms.filter((term) => term.at === at).reduce(
      (sum, { row, column, tap }) => `fma(${sourceName(row, column)}, w${tap}, ${sum})`,
      `s${at}`,
    );
    return `s${at} = ${sum};`;
  });
}
