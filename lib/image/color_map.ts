// Maps from numbers to colors.
import type { Color } from "./color.ts";

/** The number of colors of a map: as many as a gray PNG has levels. */
const COLORS = 256;

/** The colors of viridis at equal distances, six hexadecimal digits each. */
const VIRIDIS =
  "44015444025645045745055946075a46085c460a5d460b5e470d60470e61471063471164471365481467481668" +
  "48176948186a481a6c481b6d481c6e481d6f481f70482071482173482374482475482576482677482878482979" +
  "472a7a472c7a472d7b472e7c472f7d46307e46327e46337f463480453581453781453882443983443a83443b84" +
  "433d84433e85423f854240864241864142874144874045884046883f47883f48893e49893e4a893e4c8a3d4d8a" +
  "3d4e8a3c4f8a3c508b3b518b3b528b3a538b3a548c39558c39568c38588c38598c375a8c375b8d365c8d365d8d" +
  "355e8d355f8d34608d34618d33628d33638d32648e32658e31668e31678e31688e30698e306a8e2f6b8e2f6c8e" +
  "2e6d8e2e6e8e2e6f8e2d708e2d718e2c718e2c728e2c738e2b748e2b758e2a768e2a778e2a788e29798e297a8e" +
  "297b8e287c8e287d8e277e8e277f8e27808e26818e26828e26828e25838e25848e25858e24868e24878e23888e" +
  "23898e238a8d228b8d228c8d228d8d218e8d218f8d21908d21918c20928c20928c20938c1f948c1f958b1f968b" +
  "1f978b1f988b1f998a1f9a8a1e9b8a1e9c891e9d891f9e891f9f881fa0881fa1881fa1871fa28720a38620a486" +
  "21a58521a68522a78522a88423a98324aa8325ab8225ac8226ad8127ad8128ae8029af7f2ab07f2cb17e2db27d" +
  "2eb37c2fb47c31b57b32b67a34b67935b77937b87838b9773aba763bbb753dbc743fbc7340bd7242be7144bf70" +
  "46c06f48c16e4ac16d4cc26c4ec36b50c46a52c56954c56856c66758c7655ac8645cc8635ec96260ca6063cb5f" +
  "65cb5e67cc5c69cd5b6ccd5a6ece5870cf5773d05675d05477d1537ad1517cd2507fd34e81d34d84d44b86d549" +
  "89d5488bd6468ed64590d74393d74195d84098d83e9bd93c9dd93ba0da39a2da37a5db36a8db34aadc32addc30" +
  "b0dd2fb2dd2db5de2bb8de29bade28bddf26c0df25c2df23c5e021c8e020cae11fcde11dd0e11cd2e21bd5e21a" +
  "d8e219dae319dde318dfe318e2e418e5e419e7e419eae51aece51befe51cf1e51df4e61ef6e620f8e621fbe723" +
  "fde725";

/** The eleven colors of RdBu, from red to blue. */
const RED_TO_BLUE = "67001fb2182bd6604df4a582fddbc7f7f7f7d1e5f092c5de4393c32166ac053061";

/** Colors of a text, from 0 to 1. */
function parsed(text: string): Color[] {
  const level = (at: number): number => parseInt(text.slice(at, at + 2), 16) / 255;
  return Array.from(
    { length: text.length / 6 },
    (_, i) => [level(6 * i), level(6 * i + 2), level(6 * i + 4)],
  );
}

/**
 * The colors at equal distances of a uniform cubic B-spline through the first and the last of `points`, in
 * whole levels of 255, as D3's interpolateRgbBasis makes them.
 */
function alongSpline(points: readonly Color[]): Color[] {
  const spans = points.length - 1;
  const at = (i: number, c: number): number => {
    if (i < 0) return 2 * points[0]![c]! - points[1]![c]!;
    if (i > spans) return 2 * points[spans]![c]! - points[spans - 1]![c]!;
    return points[i]![c]!;
  };
  const blend = (position: number, c: number): number => {
    const i = Math.min(spans - 1, Math.floor(position * spans));
    const t = position * spans - i;
    const sum = (1 - t) ** 3 * at(i - 1, c) + (4 - 6 * t ** 2 + 3 * t ** 3) * at(i, c) +
      (1 + 3 * t + 3 * t ** 2 - 3 * t ** 3) * at(i + 1, c) + t ** 3 * at(i + 2, c);
    return Math.round(255 * sum / 6) / 255;
  };
  return Array.from({ length: COLORS }, (_, k) => {
    const position = k / (COLORS - 1);
    return [blend(position, 0), blend(position, 1), blend(position, 2)];
  });
}

/** Maps a number from 0 to 1 to a color. */
export type ColorMap = (position: number) => Color;

/**
 * A map by its colors at equal distances, which are made when one is first asked for. Numbers below 0 or
 * above 1 have the color of the end.
 */
function tableMap(make: () => readonly Color[]): ColorMap {
  let colors: readonly Color[] | undefined;
  return (position) => {
    colors ??= make();
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
export const viridis: ColorMap = tableMap(() => parsed(VIRIDIS));

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
export const diverging: ColorMap = tableMap(() => alongSpline(parsed(RED_TO_BLUE)).reverse());

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
