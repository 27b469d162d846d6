// The pixels that an output depends on, through any number of layers (§12.6).
import type { Cost, PlacedWindow } from "../layers/cost.ts";
import { type Declaration, slotEntries } from "../layers/layer.ts";

/**
 * The pixels of a model's input that a layer's positions depend on: position i depends on `size`
 * pixels from start + i · stride on. Pixels outside the image are padding.
 */
export type ReceptiveField = {
  /** Height and width, in pixels. */
  readonly size: readonly [number, number];
  /** The distance of neighboring fields in pixels, down and across. */
  readonly stride: readonly [number, number];
  /** The first position's first pixel; below 0 in the padding. */
  readonly start: readonly [number, number];
};

/** A receptive field, the whole input, or unknown. */
export type Sight = ReceptiveField | "all" | "unknown";

/** Rounding, in pixels. */
export const NEXT_TO_NOTHING = 1e-6;

/** The field of the input itself. */
export const ONE_PIXEL: ReceptiveField = { size: [1, 1], stride: [1, 1], start: [0, 0] };

function along(f: (axis: 0 | 1) => number): [number, number] {
  return [f(0), f(1)];
}

/** What a layer's output sees of the model's input. */
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
 * What the join of branches sees: everything that a branch sees. If they have the same center, as
 * usual, that is the largest field. Of fields at other strides there is none that goes on at one.
 */
export function united(sights: readonly Sight[]): Sight {
  if (sights.includes("all")) return "all";
  const fields = sights.filter((one): one is ReceptiveField => typeof one === "object");
  if (fields.length < sights.length || fields.length === 0) return "unknown";
  const { stride } = fields[0]!;
  const isEven = fields.every((field) =>
    field.stride.every((one, i) => Math.abs(one - stride[i]!) < NEXT_TO_NOTHING)
  );
  if (!isEven) return "unknown";
  const start = along((i) => Math.min(...fields.map((field) => field.start[i])));
  const end = along((i) => Math.max(...fields.map((field) => field.start[i] + field.size[i])));
  return {
    size: along((i) => end[i] - start[i]),
    stride,
    start,
  };
}

/**
 * The window that a layer slides over its input; `null` if it sees single pixels at a step of one and
 * has no parameters, as padding does.
 */
export function kernelOf({ cost, params }: Declaration): PlacedWindow | null {
  const window = cost?.window;
  if (typeof window !== "object") return null;
  const slides = [...window.size, ...window.stride].some((side) => side !== 1);
  const size = along((axis) => Math.floor(window.size[axis])); // Without what makes it uneven.
  return slides || slotEntries(params).length > 0 ? { ...window, size } : null;
}
