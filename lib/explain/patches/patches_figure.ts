// The chapter's figure of maximally activating patches (Figures 12.29, 12.30).
import { enlarge } from "../../image/enlarge.ts";
import { grid } from "../../image/grid.ts";
import type { Image } from "../../image/image.ts";
import { sideBySide } from "../../image/side_by_side.ts";
import type { UnitPatches } from "./top_patches.ts";
import { requireOptions } from "../../text/require.ts";

/** Options of {@linkcode patchesFigure}. */
export type PatchesFigureOptions = {
  /** The label of the reconstructions. Default: `"back"`. */
  readonly rule?: string;
  /** The size of a drawn pixel, see `enlarge`. Default: such that a patch is about 56 wide. */
  readonly scale?: number;
  /** Units in a row. Default: 2. */
  readonly columns?: number;
};

/**
 * The chapter's figure of maximally activating patches (Figures 12.29, 12.30): for each unit its
 * reconstructions on the left and the cropped images on the right, in descending order.
 *
 * @param units the result of `topPatches`
 * @param options label, sizes
 * @returns the picture
 * @throws {RangeError} if there is no patch
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { patchesFigure } from "@neocog/neocog/explain";
 *
 * const crop = { width: 1, height: 1, channels: 1, pixels: new Float32Array([0.5]) } as const;
 * const box = { top: 0, left: 0, height: 1, width: 1 };
 * const place = { example: 0, row: 0, column: 0, activation: 2, label: 0, box };
 * const patches = [{ ...place, crop, reconstruction: crop }];
 * assertEquals(patchesFigure([{ unit: 7, patches }], { scale: 40 }).channels, 1);
 * ```
 */
export function patchesFigure(
  units: readonly UnitPatches[],
  options: PatchesFigureOptions = {},
): Image {
  requireOptions("draw patches", options, { rule: true, scale: true, columns: true });
  const { rule = "back", columns = 2 } = options;
  const first = units.find(({ patches }) => patches.length > 0)?.patches[0];
  if (!first) throw new RangeError("Cannot show patches: there must be one, got none");
  const scale = options.scale ?? Math.max(1, Math.round(56 / first.crop.width));
  const groups = units.map(({ unit, patches }): Image => {
    const across = Math.ceil(Math.sqrt(patches.length));
    const sheet = (images: readonly Image[]): Image =>
      grid(images.map((image) => enlarge(image, scale)), { columns: across, gap: 2 });
    const back = sheet(patches.map(({ reconstruction }) => reconstruction));
    const crops = sheet(patches.map(({ crop }) => crop));
    return sideBySide([back, crops], { labels: [`#${unit} ${rule}`, "image"], gap: 4 });
  });
  return grid(groups, { columns, gap: 10 });
}
