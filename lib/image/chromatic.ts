// The colors of matplotlib and ColorBrewer as tables, by d3-scale-chromatic.
// A remote module does not see our deno.json, so the package is named and pinned here.
// deno-lint-ignore no-import-prefix
import * as chromatic from "npm:d3-scale-chromatic@3.1.0";
import type { Color } from "./color.ts";

/** The part of the package that is used, which has no types: from 0 to 1 to `#440154` or `rgb(…)`. */
type Chromatic = Readonly<
  Record<"interpolateViridis" | "interpolateRdBu", (position: number) => string>
>;

/** The number of colors of a map: as many as a gray PNG has levels. */
export const COLORS = 256;

function parsed(text: string): Color {
  const bytes = text.startsWith("#")
    ? [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16))
    : text.match(/\d+/g)!.map(Number);
  return [bytes[0]! / 255, bytes[1]! / 255, bytes[2]! / 255];
}

/**
 * The colors of a map at equal distances, from 0 to 1.
 *
 * @param name the package's function
 */
export function colorsOf(name: keyof Chromatic): Color[] {
  const at = (chromatic as unknown as Chromatic)[name];
  return Array.from({ length: COLORS }, (_, i) => parsed(at(i / (COLORS - 1))));
}
