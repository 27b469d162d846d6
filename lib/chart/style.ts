// The font and the colors of all charts and drawings.

/** The font of all text. */
export const FONT = "Helvetica, Arial, sans-serif";
/** Color of text. */
export const INK = "#24292f";
/** Color of lesser text, of axes, and of lines between boxes. */
export const MUTED = "#57606a";
/** Color of frames, and of lines behind the figures. */
export const RULE = "#dde2e7";

/** Colors of series: the first six are Okabe and Ito's, which every color blindness tells apart. */
export const COLORS = {
  blue: "#0072b2",
  vermilion: "#d55e00",
  green: "#009e73",
  purple: "#cc79a7",
  orange: "#e69f00",
  sky: "#56b4e9",
  brown: "#8c564b",
  violet: "#7b4fc9",
  gray: "#555555",
  olive: "#b5bd00",
} as const;

/** Color of lines behind others, such as single training steps. */
export const PALE = "#a6cee3";

/** The colors of some series, all different. */
export function seriesColors(count: number): readonly string[] {
  const colors = Object.values(COLORS);
  if (count <= colors.length) return colors.slice(0, count);
  const hue = (i: number): number => Math.round(360 * i / count);
  return Array.from({ length: count }, (_, i) => `hsl(${hue(i)}, 65%, ${i % 2 ? 35 : 55}%)`);
}

/**
 * A color mixed with white, to fill what it outlines.
 *
 * @param color `#rrggbb`
 * @param share how much of the color is left, 0 to 1. Default: 0.14
 */
export function tint(color: string, share = 0.14): string {
  return color.replace(
    /[0-9a-f]{2}/g,
    (hex) => Math.round(255 - share * (255 - parseInt(hex, 16))).toString(16).padStart(2, "0"),
  );
}
