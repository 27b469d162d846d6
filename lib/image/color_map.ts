// Maps from numbers to colors.
// A remote module does not see our deno.json, so the package is named and pinned here.
// deno-lint-ignore no-import-prefix
import * as chromatic from "npm:d3-scale-chromatic@3.1.0";
import type { Color } from "./color.ts";

/** The part of the package that is used, which has no types: from 0 to 1 to `#440154` or `rgb(…)`. */
type Chromatic = Readonly<
  Record<"interpolateViridis" | "interpolateRdBu", (position: number) => string>
>;

/** The number of colors of a map: as many as a gray PNG has levels. */
const COLORS = 256;

function parsed(text: string): Color {
  const bytes = text.startsWith("#")
    ? [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16))
    : text.match(/\d+/g)!.map(Number);
  return [bytes[0]! / 255, bytes[1]! / 255, bytes[2]! / 255];
}

/** The colors of a map at equal distances, from 0 to 1. */
function colorsOf(name: keyof Chromatic): Color[] {
  const at = (chromatic as unknown as Chromatic)[name];
  return Array.from({ length: COLORS }, (_, i) => parsed(at(i / (COLORS - 1))));
}

/** Maps a number from 0 to 1 to a color. */
export type ColorMap = (position: number) => Color;

/** A map by its colors at equal distances. Numbers below 0 or above 1 have the color of the end. */
function tableMap(colors: readonly Color[]): ColorMap {
  return (position) => {
    const place = Math.round(Math.min(1, Math.max(0, position)) * (COLORS - 1));
    const color = colors[place];
    if (color) return color;
    throw new RangeError(
      `Cannot find a color: its position must be a number, got ${position}`,
    );
  };
}

/**
 * A color map from dark blue over green to yellow, for numbers with a smallest and a largest value.
 * Equal steps look equal, also in gray print and to color-blind readers.
 *
 * Source: S. van der Walt and N. Smith, matplotlib's default map, 2015 (CC0).
 *
 * @param position from 0 to 1
 * @returns red, green and blue, from 0 to 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { viridis } from "@neocog/neocog/image";
 *
 * assertEquals(viridis(0).map((value) => Math.round(value * 255)), [68, 1, 84]);
 * assertEquals(viridis(1).map((value) => Math.round(value * 255)), [253, 231, 37]);
 * ```
 */
export const viridis: ColorMap = tableMap(colorsOf("interpolateViridis"));

/**
 * A color map from blue over white to red, for numbers with a sign: 0 is in the middle.
 *
 * Source: C. Brewer, "RdBu" of https://colorbrewer2.org, reversed.
 *
 * @param position from 0 to 1
 * @returns red, green and blue, from 0 to 1
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { diverging } from "@neocog/neocog/image";
 *
 * const [[, , blue], [red]] = [diverging(0.1), diverging(0.9)];
 * assert(blue > 0.5 && red > 0.5);
 * assert(Math.min(...diverging(0.5)) > 0.9);
 * ```
 */
export const diverging: ColorMap = tableMap(colorsOf("interpolateRdBu").reverse());

/**
 * A color map from black to white.
 *
 * @param position from 0 to 1
 * @returns three equal numbers
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { grays } from "@neocog/neocog/image";
 *
 * assertEquals(grays(0.5), [0.5, 0.5, 0.5]);
 * ```
 */
export function grays(position: number): Color {
  const value = Math.min(1, Math.max(0, position));
  return [value, value, value];
}

/** The color maps by name. */
export const colorMaps: Readonly<Record<"viridis" | "diverging" | "grays", ColorMap>> = {
  viridis,
  diverging,
  grays,
};
