// Depthwise convolution's filter gradient: dw[u, v, c] = Σ x[n, i·s + u·d − p, j·s + v·d − p, c] · dy[n, i, j, c].
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { chainSums } from "./chain_sums.ts";
import type { Geometry } from "./convolution.ts";
import { mostOf, outputReach, quadsOf, variantOf } from "./depthwise.ts";
import {
  columnText,
  distinct,
  type Inside,
  insideAlong,
  NONE,
  outputTile,
  placeText,
  range,
  rowText,
  sourceName,
  tilesAlong,
} from "./depthwise_tiles.ts";
import { stripsOf } from "./features.ts";
import { runProgram } from "./program.ts";

/** Columns of the output that are read together, and of a row of taps; of rows as many as of the output's tiles. */
const WIDTH = 4;
const WIDTH_OF_ROW = 8;

/** Sums that an invocation can keep: of filters with more taps, it takes a row of them. */
const MOST_SUMS = 25;

/** Tiles whose products are added one after another: more would add up rounding errors. */
const LONGEST_CHAIN = 256;

/** Invocations that keep an adapter busy, and the fewest tiles that are worth one. */
const BUSY = { software: 128, gpu: 16384 } as const;
const SHORTEST_CHAIN = { software: 16, gpu: 4 } as const;

/** The slopes by the filter, `[h, w, 1, C]`: chains of tiles, then the sum of the chains. */
export function depthwiseFilterGradient(
  backend: GuardedBackend,
  software: boolean,
  g: Geometry,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
): tf.TensorInfo {
  const [taps, channels] = [g.filterHeight * g.filterWidth, g.inChannels];
  const { wide, strips, type, reader } = stripsOf(channels);
  const parts = taps <= MOST_SUMS ? 1 : g.filterHeight;
  const [tilesDown, height] = tilesAlong(
    g.outHeight,
    mostOf(software, software ? taps / parts : taps)[0],
  );
  const [tilesAcross, width] = tilesAlong(g.outWidth, parts > 1 && software ? WIDTH_OF_ROW : WIDTH);
  const tiles = g.batchSize * tilesDown * tilesAcross;
  const form = software ? "software" : "gpu";
  const wanted = Math.min(
    Math.ceil(BUSY[form] / (strips * parts)),
    Math.ceil(tiles / SHORTEST_CHAIN[form]),
  );
  const each = Math.ceil(tiles / Math.max(1, wanted, Math.ceil(tiles / LONGEST_CHAIN)));
  const chains = Math.ceil(tiles / each);
  const { step, reach } = outputReach(g, height, width);
  const { top, left } = g.padInfo;
  const inside: Inside = {
    rows: parts > 1 ? NONE : insideAlong(-top, tilesDown, step[0], g.inHeight, reach[0]),
    columns: insideAlong(-left, tilesAcross, step[1], g.inWidth, reach[1]),
  };
  const [down, across] = reach.map(([least, most]) => most - least + 1) as [number, number];
  const sources = (down - (parts > 1 ? g.effectiveFilterHeight - 1 : 0)) * across;
  const reads = tiles * strips * parts * (sources + height * width);
  const quads = wide ? quadsOf(backend, software, { x, dy }, reads) : [];
  const whole = tilesDown * height === g.outHeight && tilesAcross * width === g.outWidth;
  const [sums] = runProgram(backend, {
    operation: "DepthwiseConv2DBackpropFilter",
    variant: [type, parts, whole, inside.rows, inside.columns, variantOf(g, height, width)].join(
      "/",
    ),
    results: { dw: chains === 1 ? g.filterShape : [chains, taps, channels] },
    inputs: { x, dy },
    vectors: wide ? ["dw", ...["x", "dy"].filter((name) => !quads.includes(name))] : [],
    quads,
    half: { names: ["x", "dy"] },
    uniforms: {
      count: strips * parts * chains,
      strips,
      tiles,
      each,
      tilesDown,
      tilesAcross,
      sourceHeight: g.inHeight,
      sourceWidth: g.inWidth,
      outHeight: g.outHeight,
      outWidth: g.outWidth,
      firstRow: -top,
      firstColumn: -left,
    },
    code: () => textOf(g, [height, width], parts, { type, reader, inside, whole }),
    invocations: strips * parts * chains,
    workgroup: software ? 8 : 64,
  });
  if (chains === 1) return sums!;
  const block = { outer: 1, length: chains, inner: taps * channels };
  const total = chainSums(backend, software, sums!, block, 1);
  backend.disposeData(sums!.dataId);
  return { ...total, shape: [...g.filterShape] };
}

/** How the text reads. */
type Reading = {
  readonly type: string;
  readonly reader: string;
  readonly inside: Inside;
  /** Whether all pixels of all tiles lie in the output. */
  readonly whole: boolean;
};

function textOf(
  g: Geometry,
  [height, width]: readonly [number, number],
  parts: number,
  { type, reader, inside, whole }: Reading,
): string {
  const taps = g.filterHeight * g.filterWidth;
  // Of parts, each has the terms of the first, from another row on.
  const terms = outputTile(g, height, width).terms.filter(({ tap }) => tap < taps / parts);
  const sums = distinct(terms.map(({ tap }) => tap));
  const rows = distinct(terms.map(({ row }) => row)).map((row) => {
    const own = terms.filter((term) => term.row === row);
    const columns = distinct(own.map(({ column }) => column));
    return [
      rowText(row, columns, type, inside, (at) => `x_${reader}(${at})`),
      ...own.map(({ at, column, tap }) =>
        `s${tap} = fma(${sourceName(row, column)}, dy${at}, s${tap});`
      ),
    ].join("\n    ");
  });
  return `
fn main(index: u32, local: u32) {
  if (index >= uniforms.count) { return; }
  let strip = index % uniforms.strips;
  let part = (index / uniforms.strips) % ${parts}u;
  let chain = index / (uniforms.strips * ${parts}u);
  let end = min((chain + 1u) * uniforms.each, uniforms.tiles);
  ${sums.map((tap) => `var s${tap} = ${type}();`).join(" ")}
  for (var tile = chain * uniforms.each; tile < end; tile++) {
    ${
    placeText(outputReach(g, height, width).step, `uniforms.firstRow + part * ${g.dilationHeight}u`)
  }
    ${
    range(height * width).map((at) => {
      const [row, column] = [Math.floor(at / width), at % width];
      const place = [`down * ${height}u + ${row}u`, `across * ${width}u + ${column}u`];
      const read = (i: string, j: string): string =>
        `dy_${reader}(((image * uniforms.outHeight + ${i}) * uniforms.outWidth + ${j}) *
      uniforms.strips + strip)`;
      if (whole) return `let dy${at} = ${read(place[0]!, place[1]!)};`;
      const last = read(
        `min(${place[0]}, uniforms.outHeight - 1u)`,
        `min(${place[1]}, uniforms.outWidth - 1u)`,
      );
      return `let dy${at} = select(${type}(), ${last},
      (${place[0]} < uniforms.outHeight) & (${place[1]} < uniforms.outWidth));`;
    }).join("\n    ")
  }
    ${columnText(distinct(terms.map(({ column }) => column)), inside)}
    ${rows.join("\n    ")}
  }
  ${
    sums.map((tap) =>
      `dw_put((chain * ${taps}u + part * ${
        taps / parts
      }u + ${tap}u) * uniforms.strips + strip, s${tap});`
    ).join("\n  ")
  }
}`;
}
