// Maximally activating patches of a data set (§12.9.3, Figures 12.29, 12.30).
import { exampleImage } from "../../data/example_image.ts";
import type { Examples } from "../../data/examples.ts";
import type { Image } from "../../image/image.ts";
import type { Network } from "../../layers/layer.ts";
import type { Path, Tree } from "../../tensor/tree.ts";
import { requireOptions, requireWhole } from "../../text/require.ts";
import { type BackwardRule, requireRule } from "../backward_rule.ts";
import { FOR_EACH_BATCH_OPTIONS, type ForEachBatchOptions } from "../for_each_batch.ts";
import { requireIndex } from "../objective.ts";
import { layerPeaks, type Peak } from "./peaks.ts";
import { cropTo, type PixelBox, receptiveBoxes, requireMaps } from "./receptive_boxes.ts";
import { reconstructions } from "./reconstruction.ts";

/** A part of an image that activates a neuron. */
export type Patch = Peak & {
  /** The image's class. */
  readonly label: number;
  /** The neuron's receptive field. */
  readonly box: PixelBox;
  /** The image inside the box, middle gray beyond its edges. */
  readonly crop: Image;
  /**
   * The gradient of the neuron inside the box by the backward rule, divided by the 99th percentile
   * of its magnitudes and clipped, as 0.5 ± 0.5. Middle gray is 0.
   */
  readonly reconstruction: Image;
};

/** The patches of one unit in descending order. */
export type UnitPatches = { readonly unit: number; readonly patches: readonly Patch[] };

/** Which units: channels by number, or how many of the most active. */
export type UnitChoice = readonly number[] | { readonly strongest: number };

/** Options of {@linkcode topPatches}. */
export type TopPatchesOptions = ForEachBatchOptions & {
  /** Images per unit, each with its most active neuron. Default: 9, or all there are. */
  readonly count?: number;
  /** The backward rule for ReLUs. Default: `"guided"`. */
  readonly rule?: BackwardRule;
  /** What {@linkcode layerPeaks} found for the layer, at least `count` for each map. Default: it is found now. */
  readonly peaks?: readonly (readonly Peak[])[];
};

/**
 * Maximally activating patches: for channels of a layer, the images of a data set that activate them
 * most, one patch per image, each cropped to the neuron's receptive field, with its reconstruction
 * by DeconvNet or guided backpropagation.
 *
 * Sources: Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2013;
 * Springenberg, Dosovitskiy, Brox and Riedmiller, "Striving for simplicity", 2014.
 *
 * @param network the network
 * @param examples the images, of one or three channels
 * @param path the layer, which outputs maps
 * @param units which channels; `{ strongest: k }` are the k with the largest mean activation over
 * their own `count` images
 * @param options how many patches, backward rule, normalization, batch size, progress
 * @returns the patches of each unit
 * @throws {RangeError} if the path is not in the model, with the nearest one, or a unit, `strongest`
 * or `count` is out of its range
 * @throws {TypeError} if the layer does not output maps, as dense ones, or the rule is for ReLUs and
 * the model has none
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { chapterMnist, init, key, start } from "@neocog/neocog";
 * import { topPatches } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const network = init(chapterMnist(), key(0), [28, 28, 1]);
 * const digits = {
 *   name: "a dark and a bright image",
 *   images: new Uint8Array(2 * 784).fill(255, 784),
 *   labels: new Uint8Array(2),
 *   imageShape: [28, 28, 1],
 *   classNames: ["image"],
 * } as const;
 * const [first] = await topPatches(network, digits, "relu1", { strongest: 1 }, { count: 1 });
 * const { example, crop } = first!.patches[0]!;
 * assertEquals([example, crop.width, crop.height], [1, 3, 3]);
 * ```
 */
export async function topPatches<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  examples: Examples,
  path: Path,
  units: UnitChoice,
  options: TopPatchesOptions = {},
): Promise<readonly UnitPatches[]> {
  requireOptions("find patches", options, {
    ...FOR_EACH_BATCH_OPTIONS,
    count: true,
    rule: true,
    peaks: true,
  });
  const { imageShape, labels } = examples;
  const { rule = "guided", count = Math.min(9, labels.length), peaks: known, ...batchwise } =
    options;
  const boxOf = receptiveBoxes(network.model, imageShape, path);
  requireUnits(units, path, requireMaps(network.model, imageShape, path)[2]);
  requireWhole("find patches", "their number", count, 1, labels.length);
  requireRule(network.model, imageShape, rule);
  requireColors(examples);
  const found = known ?? await layerPeaks(network, examples, path, count, batchwise);
  const peaks = found.map((list) => list.slice(0, count));
  const chosen = "strongest" in units ? strongestUnits(peaks, units) : units;
  const wanted = chosen.map((unit) => ({ unit, peaks: peaks[unit]! }));
  const back = await reconstructions(network, examples, path, wanted, { ...batchwise, rule });
  return wanted.map(({ unit, peaks }, i) => ({
    unit,
    patches: peaks.map((peak, j): Patch => {
      const box = boxOf(peak.row, peak.column);
      const crop = cropTo(exampleImage(examples, peak.example), box);
      const reconstruction = shown(cropTo(back[i]![j]!, box, 0));
      return { ...peak, label: labels[peak.example]!, box, crop, reconstruction };
    }),
  }));
}

/** The share of values that are not clipped; the few beyond would leave the others gray. */
const UNCLIPPED = 0.99;

/** A gradient as a picture around middle gray. */
function shown(gradient: Image): Image {
  const sizes = gradient.pixels.map(Math.abs).sort();
  const most = sizes[Math.ceil(UNCLIPPED * sizes.length) - 1]! || sizes.at(-1)! || 1;
  const clipped = (value: number): number => Math.max(-1, Math.min(1, value));
  return { ...gradient, pixels: gradient.pixels.map((value) => 0.5 + 0.5 * clipped(value / most)) };
}

/** The channels with the highest mean peaks; of equals, the one that comes first. */
function strongestUnits(
  peaks: readonly (readonly Peak[])[],
  { strongest }: Exclude<UnitChoice, readonly number[]>,
): number[] {
  const means = peaks.map((list) => list.reduce((sum, { activation }) => sum + activation, 0));
  return means.map((_, unit) => unit).sort((a, b) => means[b]! - means[a]! || a - b)
    .slice(0, strongest);
}

function requireUnits(units: UnitChoice, path: Path, channels: number): void {
  if ("strongest" in units) {
    requireWhole(`find patches of "${path}"`, "the number of units", units.strongest, 1, channels);
  } else units.forEach((unit) => requireIndex(`channel of "${path}"`, unit, channels));
}

function requireColors({ imageShape: [, , channels] }: Examples): void {
  if (channels === 1 || channels === 3) return;
  throw new TypeError(
    `Cannot show patches: images must have one or three channels, got ${channels}`,
  );
}
