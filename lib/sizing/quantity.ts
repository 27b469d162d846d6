// Sizes as text: counts, operations, bytes, shapes and windows.
import type { PlacedWindow } from "../layers/cost.ts";
import type { Pair } from "../layers/window.ts";
import type { ShapeTree } from "../tensor/tensor.ts";

/** A whole number with separated thousands. */
export function grouped(value: number): string {
  return value.toLocaleString("en-US");
}

/** Three digits and a unit for thousands, millions and so on. */
function brief(value: number, base: number, units: readonly string[]): string {
  let [scaled, unit] = [value, 0];
  // 999.6 would have four digits.
  while (scaled >= base - 0.5 && unit < units.length - 1) {
    [scaled, unit] = [scaled / base, unit + 1];
  }
  const digits = unit === 0 ? String(value) : scaled.toPrecision(scaled >= 99.95 ? 4 : 3);
  const text = scaled >= 99.95 && unit > 0 ? scaled.toFixed(0) : digits;
  return units[unit] === "" ? text : `${text} ${units[unit]}`;
}

/** A count, "30.9 G". */
export function briefCount(value: number): string {
  return brief(value, 1000, ["", "k", "M", "G", "T"]);
}

/** A number of bytes, "553 MB"; a megabyte is 10⁶ bytes. */
export function briefBytes(value: number): string {
  return brief(value, 1000, ["B", "kB", "MB", "GB", "TB"]);
}

/** A shape, "55 × 55 × 96". */
export function shapeText(shape: ShapeTree): string {
  if (Array.isArray(shape)) return shape.join(" × ");
  return Object.entries(shape).map(([name, one]) => `${name} ${shapeText(one)}`).join(", ");
}

/** One number for both sides, or both; of what is no whole number, two digits. */
function sides([down, across]: readonly [number, number]): string {
  const text = (side: number): string => `${Number(side.toFixed(2))}`;
  return down === across ? text(down) : `${text(down)}×${text(across)}`;
}

/** A pair, "3 × 3". */
export function pairText(pair: Pair): string {
  return typeof pair === "number" ? `${pair} × ${pair}` : pair.join(" × ");
}

/**
 * A window, "11×11 /4": its size, its stride after "/" and its dilation after "@" unless they are 1.
 * Of a layer that enlarges, by how much is after "×".
 */
export function windowText({ size, stride, dilation }: PlacedWindow): string {
  const enlarges = stride.every((step) => step <= 1);
  const moved = enlarges ? ` ×${sides([1 / stride[0], 1 / stride[1]])}` : ` /${sides(stride)}`;
  const steps = stride.some((step) => step !== 1) ? moved : "";
  const apart = dilation.some((step) => step !== 1) ? ` @${sides(dilation)}` : "";
  return `${size.join("×")}${steps}${apart}`;
}
