// The colors of the kinds of layers in drawings.
import { COLORS, MUTED } from "../chart/style.ts";
import type { Paint } from "./part.ts";

/** The outline of each kind of layer. */
export const OUTLINES: Readonly<Record<Paint, string>> = {
  convolution: COLORS.blue,
  pooling: COLORS.green,
  dense: COLORS.vermilion,
  normalization: COLORS.purple,
  join: COLORS.orange,
  other: MUTED,
};
