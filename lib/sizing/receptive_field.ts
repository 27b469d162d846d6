// Which pixels an output is made from, through any number of layers (§12.6).
import type { Cost } from "../layers/cost.ts";

/**
 * The pixels of a model's input that a layer's positions are made from: of position i, those from
 * start + i · stride on, `size` of them; what lies outside the image is padding.
 */
export type ReceptiveField = {
  /** Height and width, in pixels. */
  readonly size: readonly [number, number];
  /** Pixels from one position's field to the next one's, down and across. */
  readonly stride: readonly [number, number];
  /** The first position's first pixel; below 0 in the padding. */
  readonly start: readonly [number, number];
};

/** A receptive field; or that a layer sees the whole input; or that this can not be told. */
export type Sight = ReceptiveField | "all" | "unknown";

/** What the input sees of itself. */
export const ONE_PIXEL: ReceptiveField = { size: [1, 1], stride: [1, 1], start: [0, 0] };

function along(f: (axis: 0 | 1) => number): [number, number] {
  return [f(0), f(1)];
}

/**
 * What a layer's output sees.
 *
 * @param sight what its input sees
 * @param cost what the layer says of itself
 */
export function through(sight: Sight, cost: Cost | undefined): Sight {
  if (sight === "all" || cost?.window === "all") return "all";
  if (sight === "unknown" || cost === undefined) return "unknown";
  const { window } = cost;
  if (window === undefined) return sight;
  const { size, stride, start } = sight;
  return {
    size: along((i) => size[i] + (window.size[i] - 1) * window.dilation[i] * stride[i]),
    stride: along((i) => stride[i] * window.stride[i]),
    start: along((i) => start[i] - window.before[i] * stride[i]),
  };
}

/**
 * What the join of branches sees: all that one of them does. Where they see the same middle,
 * which is the rule, that is the largest field.
 *
 * @param sights what each branch's output sees
 */
export function united(sights: readonly Sight[]): Sight {
  if (sights.includes("all")) return "all";
  const fields = sights.filter((one): one is ReceptiveField => typeof one === "object");
  if (fields.length < sights.length || fields.length === 0) return "unknown";
  const start = along((i) => Math.min(...fields.map((field) => field.start[i])));
  const end = along((i) => Math.max(...fields.map((field) => field.start[i] + field.size[i])));
  return {
    size: along((i) => end[i] - start[i]),
    stride: along((i) => Math.max(...fields.map((field) => field.stride[i]))),
    start,
  };
}
