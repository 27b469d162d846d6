// The text in a drawing's boxes, and its size.
import type { Box } from "./part.ts";
import { textWidth } from "../chart/svg.ts";

/** Size of a box's name and of the lines below it, in pixels. */
export const NAME_SIZE = 11;
/** Size of the lines below a box's name. */
export const LINE_SIZE = 10;
/** The distance of two lines. */
export const LINE_HEIGHT = 13;
const PADDING = 7;
/** The longest line, in characters; longer names are cut short. */
const LONGEST = 26;
/** The longest line of folded layers, in characters. */
const FOLDED = 13;

/** A name cut short at the front, as paths differ at their end. */
export function shortened(name: string): string {
  return name.length <= LONGEST ? name : `…${name.slice(name.length - LONGEST + 1)}`;
}

/** The lines below a box's name: its kind, the layers folded into it, its shape. */
export function linesOf({ what, folded, shape }: Box): string[] {
  const lines = what === "" ? [] : [what];
  for (const op of folded) {
    const last = lines.at(-1);
    if (last?.startsWith("+ ") && last.length + op.length + 2 <= FOLDED) {
      lines[lines.length - 1] = `${last}, ${op}`;
    } else lines.push(`+ ${op}`);
  }
  return [...lines, shape.join("×")].map(shortened);
}

/** The size of a box. */
export function boxSize(box: Box): { width: number; height: number } {
  const lines = linesOf(box);
  const widest = Math.max(
    textWidth(shortened(box.name), NAME_SIZE, true),
    ...lines.map((line) => textWidth(line, LINE_SIZE)),
  );
  return { width: Math.ceil(widest) + 2 * PADDING, height: (lines.length + 1) * LINE_HEIGHT + 8 };
}
