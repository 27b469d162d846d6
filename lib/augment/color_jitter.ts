// Changes brightness, contrast and saturation, as PyTorch's ColorJitter.
import { fold, type Key, permutation, uniformArray } from "../tensor/random.ts";
import { requireOptions, requireRange } from "../text/require.ts";
import {
  blendingStage,
  type ColorAugmentation,
  recoloring,
  requireChannels,
  type Stage,
} from "./recoloring.ts";
import type { Interval } from "./draws.ts";

/** The largest difference of a factor from 1, which is never below 0; or the range of factors. */
export type Strength = number | Interval;

/** Options of {@linkcode colorJitter}; at least one. */
export type ColorJitterOptions = {
  /** The strength of changes of brightness. Default: none. */
  readonly brightness?: Strength;
  /** The strength of changes of contrast. Default: none. */
  readonly contrast?: Strength;
  /** The strength of changes of saturation. Default: none. */
  readonly saturation?: Strength;
};

/** The gray that a change blends a pixel with. */
const OTHERS = { brightness: "black", contrast: "mean", saturation: "gray" } as const;

type Change = keyof typeof OTHERS;

/**
 * Changes brightness, contrast and saturation of images, for each in its own random order, as
 * PyTorch's `ColorJitter`. The results are clipped to 0 to 1.
 *
 * - Brightness: factor · v.
 * - Contrast: factor · v + (1 − factor) · the mean gray of the image.
 * - Saturation: factor · v + (1 − factor) · the gray of the pixel; gray images do not change.
 *
 * Gray is 0.2989, 0.587 and 0.114 of red, green and blue, as in torchvision. For a fixed order
 * {@linkcode compose} one for each change.
 *
 * @param options the strengths, at least one
 * @returns the augmentation
 * @throws {RangeError} if there is no strength, one is negative, or factors are not in order
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { colorJitter } from "@neocog/neocog/augment";
 * import { key, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const batch = { images: tf.tensor4d([0.25, 0.75], [1, 1, 2, 1]), labels: tf.tensor2d([[1]]) };
 * const twice = colorJitter({ brightness: [2, 2] });
 * const { images } = twice.apply(batch, twice.draw(key(0), [1, 1, 2, 1]));
 * assertEquals(await images.flatten().array(), [0.5, 1]);
 * ```
 */
export function colorJitter(options: ColorJitterOptions): ColorAugmentation {
  requireOptions("jitter colors", options, { brightness: true, contrast: true, saturation: true });
  const changes = (["brightness", "contrast", "saturation"] as const)
    .flatMap((name) => options[name] === undefined ? [] : [change(name, options[name])]);
  requireRange("jitter colors", "there must be a strength", changes.length > 0, "none");
  if (changes.length === 1) return changes[0]!;
  return recoloring(
    changes.map(({ name }) => name).join(", "),
    changes.some(({ wantsMean }) => wantsMean),
    (key, shape) => {
      const drawn = changes.map(({ stages }, i) => stages(fold(key, i), shape));
      return Array.from({ length: shape[0] }, (_, n) =>
        Array.from(
          permutation(fold(fold(key, "order"), n), changes.length),
          (i): Stage => drawn[i]![n]![0]!,
        ));
    },
  );
}

function change(name: Change, strength: Strength): ColorAugmentation {
  const [least, most] = factorsOf(name, strength);
  const range = typeof strength === "number" ? `${strength}` : strength.join(" to ");
  return recoloring(`${name} ${range}`, name === "contrast", (key: Key, shape) => {
    requireChannels(`change the ${name}`, shape, [1, 3]);
    const factors = uniformArray(key, shape[0], 0, 1);
    return Array.from(
      factors,
      (u) => [blendingStage(least + (most - least) * u, OTHERS[name], shape[3])],
    );
  });
}

/** The range of factors of a strength. */
function factorsOf(name: Change, strength: Strength): Interval {
  const what = `change the ${name}`;
  if (typeof strength === "number") {
    const rule = "the strength must be finite and at least 0";
    requireRange(what, rule, strength >= 0 && strength < Infinity, strength);
    return [Math.max(0, 1 - strength), 1 + strength];
  }
  const [least, most] = strength;
  const rule = "the factors must be finite, at least 0 and in order";
  requireRange(what, rule, least >= 0 && most >= least && most < Infinity, `${least} to ${most}`);
  return strength;
}
