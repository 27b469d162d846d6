// The parts of a drawing of a model.
import type { Shape } from "../tensor/tensor.ts";

/** The kind of a box, by which it is painted. */
export type Paint = "convolution" | "pooling" | "dense" | "normalization" | "join" | "other";

/** A layer, and those after it that work on single numbers. */
export type Box = {
  readonly kind: "box";
  readonly name: string;
  readonly paint: Paint;
  /** Its kind, such as `"conv 3×3 /2"`. */
  readonly what: string;
  /** The kinds of the layers folded into it. */
  readonly folded: readonly string[];
  readonly shape: Shape;
};

/** A branch: its name, unless its boxes have it, and its parts. */
export type Branch = { readonly caption: string; readonly chain: readonly Part[] };

/** Chains side by side, and the box that joins them; residual ones have a link around the first. */
export type Branches = {
  readonly kind: "branches";
  readonly branches: readonly Branch[];
  readonly residual: boolean;
  readonly join: Box;
};

/** A named part of a model, in its own frame. */
export type Module = {
  readonly kind: "module";
  readonly title: string;
  /** How often it is repeated, at least 1. */
  readonly repeats: number;
  readonly chain: readonly Part[];
};

/** A chain beside the main line without a continuation: an auxiliary head for training. */
export type Aside = { readonly kind: "aside"; readonly chain: readonly Part[] };

/** A part of a graph, and the rows whose outputs it takes. */
export type Row = { readonly name: string; readonly from: readonly string[]; readonly part: Part };

/** The parts of a graph below one another, with links beside them where one passes over others. */
export type Rows = { readonly kind: "rows"; readonly rows: readonly Row[] };

/** A part of a drawing. */
export type Part = Box | Branches | Module | Aside | Rows;
