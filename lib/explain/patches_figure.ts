// Units with what they look for (Figures 12.29, 12.30): reconstructions beside the images' parts.
import { type FigurePanel, figureSvg } from "./figure.ts";
import type { UnitPatches } from "./top_patches.ts";

/** Options of {@linkcode patchesFigure}. */
export type PatchesFigureOptions = {
  /** The figure's heading. */
  readonly title: string;
  /** What the reconstructions are called. Default: `"reconstruction"`. */
  readonly rule?: string;
  /** How large a patch is drawn, about, in pixels. Default: 56. */
  readonly cell?: number;
  /** Units in a row. Default: 2. */
  readonly columns?: number;
};

/**
 * The chapter's figures of maximally activating patches (Figures 12.29, 12.30): for each unit its
 * reconstructions on the left, the parts of the images that they are of on the right, three in a
 * row, the strongest first.
 *
 * @param units what `topPatches` answered
 * @param options heading, sizes
 * @returns the picture's text
 * @throws {RangeError} where there is no patch
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { patchesFigure } from "@neocog/neocog";
 *
 * const crop = { width: 1, height: 1, channels: 1, pixels: new Float32Array([0.5]) } as const;
 * const box = { top: 0, left: 0, height: 1, width: 1 };
 * const place = { example: 0, row: 0, column: 0, activation: 2, label: 0, box };
 * const patches = [{ ...place, crop, reconstruction: crop }];
 * assert(patchesFigure([{ unit: 7, patches }], { title: "conv1" }).includes("unit 7"));
 * ```
 */
export function patchesFigure(
  units: readonly UnitPatches[],
  options: PatchesFigureOptions,
): string {
  const { title, rule = "reconstruction", cell = 56, columns = 2 } = options;
  const groups = units.map(({ unit, patches }): FigurePanel[] => {
    const across = Math.ceil(Math.sqrt(patches.length));
    const back = patches.map(({ reconstruction: image }) => ({ image }));
    const crops = patches.map(({ crop: image }) => ({ image }));
    return [
      { title: `unit ${unit}: ${rule}`, columns: across, cells: back },
      { title: "the image there", columns: across, cells: crops },
    ];
  });
  const subtitle = "each unit's strongest answer to each of the images that it answers most to";
  return figureSvg(groups, { title, subtitle, cell, columns });
}
