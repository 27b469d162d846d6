// Images before and after an attack, and the change, side by side.
import type { AttackResult } from "../../lib/generate/mod.ts";
import { grid, type Image, sideBySide } from "../../lib/image/mod.ts";
import { toPictures } from "../../lib/explain/mod.ts";
import type { Tensor } from "../../mod.ts";
import { enlarged, scaleOf } from "../pictures/picture_folder.ts";

/** An image before and after an attack. */
export type Pair = {
  readonly original: Image;
  readonly adversarial: Image;
  /** The change; gray is no change. */
  readonly difference: Image;
  /** The factor by which it is amplified. */
  readonly factor: number;
  /** Class and probability, such as "tabby 61 %". */
  readonly before: string;
  readonly after: string;
};

/** A class's first name with its probability: never 100 % if it is less. */
export function classText(name: string, probability: number): string {
  const percent = 100 * probability;
  const digits = percent > 99 && percent < 99.95 ? 1 : 0;
  return `${name.split(",")[0]} ${percent.toFixed(digits)} %`;
}

/** A change as a picture: gray is no change; the largest is white or black. */
function differenceOf(from: Image, to: Image): { difference: Image; factor: number } {
  const change = to.pixels.map((pixel, i) => pixel - from.pixels[i]!);
  const most = change.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const factor = most === 0 ? 1 : 0.5 / most;
  return { factor, difference: { ...from, pixels: change.map((x) => 0.5 + factor * x) } };
}

/**
 * Reads images before and after.
 *
 * @param x pixels `[N, H, W, C]`
 */
export async function pairsOf(
  x: Tensor,
  { images, labels, probabilities }: AttackResult,
  names: readonly string[],
): Promise<Pair[]> {
  const [before, after] = await Promise.all([toPictures(x), toPictures(images)]);
  return before.map((original, i) => ({
    original,
    adversarial: after[i]!,
    ...differenceOf(original, after[i]!),
    before: classText(names[labels.before[i]!]!, probabilities.before[i]!),
    after: classText(names[labels.after[i]!]!, probabilities.after[i]!),
  }));
}

const factorText = (factor: number): string => `change x${Number(factor.toPrecision(2))}`;

/** An image, the adversarial image and the change, with their classes below. */
export function rowOf({ original, adversarial, difference, factor, before, after }: Pair): Image {
  return sideBySide(
    [original, adversarial, difference].map((image) => enlarged(image)),
    { labels: [before, after, factorText(factor)] },
  );
}

/** Such rows for several images, two per line. */
export function sheetOf(pairs: readonly Pair[]): Image {
  const scale = scaleOf(pairs[0]!.original, 112);
  return grid(
    pairs.flatMap(({ original, adversarial, difference }) => [original, adversarial, difference]),
    {
      columns: pairs.length > 1 ? 6 : 3,
      gap: 6,
      scale,
      labelSize: 1,
      labels: pairs.flatMap(({ before, after, factor }) => [before, after, factorText(factor)]),
    },
  );
}
