// The parts that a drawing of a model is made of.
import type { Shape } from "../tensor/tensor.ts";

/** What a box is painted as. */
export type Paint = "convolution" | "pooling" | "dense" | "normalization" | "join" | "other";

/** A layer, and those after it that work on each number by itself. */
export type Box = {
  readonly kind: "box";
  readonly name: string;
  readonly paint: Paint;
  /** What it is, `"conv 3×3 /2"`. */
  readonly what: string;
  /** The layers folded into it, by kind. */
  readonly folded: readonly string[];
  readonly shape: Shape;
};

/** A branch: its name, where its boxes do not have it, and its parts. */
export type Branch = { readonly caption: string; readonly chain: readonly Part[] };

/** Chains beside one another, and the box that joins them; a link past the first where residual. */
export type Branches = {
  readonly kind: "branches";
  readonly branches: readonly Branch[];
  readonly residual: boolean;
  readonly join: Box;
};

/** A named part of a model, in a frame of its own. */
export type Module = {
  readonly kind: "module";
  readonly title: string;
  /** How many like it follow one another, itself counted. */
  readonly repeats: number;
  readonly chain: readonly Part[];
};

/** A chain beside the way, whose end goes nowhere: a head for training. */
export type Aside = { readonly kind: "aside"; readonly chain: readonly Part[] };

/** A part of a drawing. */
export type Part = Box | Branches | Module | Aside;
