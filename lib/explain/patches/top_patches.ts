// What units look for: the patches of a data set that they answer most to (§12.9.3, Figures 12.29, 12.30).
import type { Examples } from "../../data/examples.ts";
import type { Image } from "../../image/image.ts";
import type { Path, Tree } from "../../tensor/tree.ts";
import { type BackwardRule, requireRule } from "../backward_rule.ts";
import { exampleImage } from "../example_image.ts";
import type { GoThroughOptions } from "../go_through.ts";
import type { Network } from "../../layers/layer.ts";
import { requireIndex } from "../objective.ts";
import { reconstructions } from "./patch_reconstruction.ts";
import { cropTo, type PixelBox, receptiveBoxes, requireMaps } from "./receptive_box.ts";
import { type Peak, strongestPlaces } from "./strongest_places.ts";

/** A part of an image that a neuron answers to. */
export type Patch = Peak & {
  /** The image's class. */
  readonly label: number;
  /** The pixels that the neuron sees. */
  readonly box: PixelBox;
  /** The image's part in the box, middle gray beyond its edges. */
  readonly crop: Image;
  /**
   * What came back from the neuron to the box: the gradient of its answer by the rule, divided by
   * the magnitude that 99 in 100 of its numbers do not exceed, and clipped, as 0.5 ± 0.5. Middle
   * gray is none.
   */
  readonly reconstruction: Image;
};

/** The patches of one unit, the strongest first. */
export type UnitPatches = { readonly unit: number; readonly patches: readonly Patch[] };

/** Which units: channels by number, or so many of those that answer most. */
export type Units = readonly number[] | { readonly strongest: number };

/** Options of {@linkcode topPatches}. */
export type TopPatchesOptions = GoThroughOptions & {
  /** Images a unit, each with its strongest place. Default: 9, or all there are. */
  readonly count?: number;
  /** The way back from the neuron. Default: `"guided"`. */
  readonly rule?: BackwardRule;
};

/**
 * Maximally activating patches: for chosen channels of a layer the images of a data set that they
 * answer most to, one patch an image, each cut out by the neuron's receptive field, beside its
 * reconstruction by DeconvNet or guided backpropagation.
 *
 * Sources: Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2013;
 * Springenberg, Dosovitskiy, Brox and Riedmiller, "Striving for simplicity", 2014.
 *
 * @param network the network
 * @param examples the images, of one or three channels
 * @param path the layer, which answers maps
 * @param units which channels; `{ strongest: k }` are the k whose answers to their own `count`
 * images are largest in the mean
 * @param options how many patches, the rule, normalization, batch size, progress
 * @returns the patches of each unit
 * @throws {RangeError} where the path is not in the model, with the nearest one; where a unit,
 * `strongest` or `count` is not there
 * @throws {TypeError} where the layer answers no maps, as dense ones do; where the rule is about
 * ReLUs and the model has none
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { chapterMnist, init, key, start } from "@neocog/neocog";
 * import { topPatches } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const model = chapterMnist();
 * const network = init(model, key(0), [28, 28, 1]);
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
  units: Units,
  options: TopPatchesOptions = {},
): Promise<readonly UnitPatches[]> {
  const { imageShape, labels } = examples;
  const { rule = "guided", count = Math.min(9, labels.length) } = options;
  const boxOf = receptiveBoxes(network.model, imageShape, path);
  requireUnits(units, path, requireMaps(network.model, imageShape, path)[2]);
  requireWhole("find patches as their number", count, labels.length);
  requireRule(network.model, imageShape, rule);
  requireColors(examples);
  const peaks = await strongestPlaces(network, examples, path, count, options);
  const chosen = "strongest" in units ? strongestUnits(peaks, units) : units;
  const wanted = chosen.map((unit) => ({ unit, peaks: peaks[unit]! }));
  const back = await reconstructions(network, examples, path, wanted, { ...options, rule });
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

/** The share of slopes that are shown as they are; the few beyond would leave the others gray. */
const SHOWN = 0.99;

/** Slopes as gray ± as much as nearly the largest. */
function shown(slopes: Image): Image {
  const sizes = slopes.pixels.map(Math.abs).sort();
  const most = sizes[Math.ceil(SHOWN * sizes.length) - 1]! || sizes.at(-1)! || 1;
  const within = (value: number): number => Math.max(-1, Math.min(1, value));
  return { ...slopes, pixels: slopes.pixels.map((slope) => 0.5 + 0.5 * within(slope / most)) };
}

/** The channels whose peaks are highest in the mean; of equals, the one that comes first. */
function strongestUnits(
  peaks: readonly (readonly Peak[])[],
  { strongest }: Exclude<Units, readonly number[]>,
): number[] {
  const means = peaks.map((list) => list.reduce((sum, { activation }) => sum + activation, 0));
  return means.map((_, unit) => unit).sort((a, b) => means[b]! - means[a]! || a - b)
    .slice(0, strongest);
}

function requireUnits(units: Units, path: Path, channels: number): void {
  if ("strongest" in units) {
    const { strongest } = units;
    return requireWhole(`find patches of "${path}" as the number of units`, strongest, channels);
  }
  for (const unit of units) requireIndex(`channel of "${path}"`, unit, channels);
}

function requireWhole(attempt: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new RangeError(
    `Cannot ${attempt} must be a whole number from 1 to ${most}, got ${value}`,
  );
}

function requireColors({ imageShape: [, , channels] }: Examples): void {
  if (channels === 1 || channels === 3) return;
  throw new TypeError(
    `Cannot show patches: images must have one or three channels, got ${channels}`,
  );
}
