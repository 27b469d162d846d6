// Composes augmentations, with as few passes over the images as possible.
import { fold, type Key } from "../tensor/random.ts";
import { requireRange } from "../text/require.ts";
import type { Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import type { Augmentation, AugmentedBatch, BatchShape } from "./augmentation.ts";
import { geometricChain, isGeometric } from "./geometric.ts";
import { type ColorAugmentation, colorChain, isRecoloring } from "./recoloring.ts";

/** A part with its place among all, by which its key is folded. */
type Placed<A extends Augmentation = Augmentation> = { readonly part: A; readonly place: number };

/** Several augmentations, each with its own key. */
type Composition = Augmentation & {
  /** Its parts, in the given order. */
  readonly parts: readonly Augmentation[];
};

/**
 * Composes augmentations. The affine maps among them ({@linkcode randomCrop}, {@linkcode
 * randomResizedCrop}, {@linkcode randomFlip}, {@linkcode randomRotation}, {@linkcode randomAffine})
 * come first, in their order, and are multiplied: the images are interpolated only once, so that they
 * are not blurred repeatedly. The others follow in their order; adjacent changes of color are one
 * pass.
 *
 * @param parts the augmentations, at least one; compositions among them are flattened
 * @returns the augmentation
 * @throws {RangeError} if there is no part, or maps differ in what is beyond the edges
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compose, randomCrop, randomFlip } from "@neocog/neocog/augment";
 * import { key, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const both = compose(randomCrop(4), randomFlip());
 * assertEquals(both.name, "crop 4, flip 0.5");
 * const batch = { images: tf.ones<tf.Rank.R4>([2, 8, 8, 3]), labels: tf.eye(2) };
 * const { images } = both.apply(batch, both.draw(key(0), [2, 8, 8, 3]));
 * assertEquals(images.shape, [2, 8, 8, 3]);
 * ```
 */
export function compose(...parts: readonly Augmentation[]): Augmentation {
  const all = parts.flatMap((part) => isComposition(part) ? part.parts : [part]);
  requireRange("compose augmentations", "there must be at least one", all.length > 0, "none");
  const passes = passesOf(all.map((part, place) => ({ part, place })));
  const composition: Composition = {
    name: all.map(({ name }) => name).join(", "),
    parts: all,
    mixes: all.some(({ mixes }) => mixes),
    draw: (key, shape) => drawAll(passes, key, shape),
    apply: (batch, drawn) => applyAll(passes, batch, drawn),
  };
  return composition;
}

function isComposition(part: Augmentation): part is Composition {
  return "parts" in part;
}

/** The passes over the images, drawn by the composition's key. */
function passesOf(placed: readonly Placed[]): Augmentation[] {
  const maps = placed.flatMap(({ part, place }) => isGeometric(part) ? [{ part, place }] : []);
  const others = runsOf(placed.filter(({ part }) => !isGeometric(part)));
  return maps.length > 0 ? [geometricChain(maps), ...others] : others;
}

/** Adjacent changes of color as one pass, up to the second that uses the mean. */
function runsOf(placed: readonly Placed[]): Augmentation[] {
  const passes: Augmentation[] = [];
  let run: Placed<ColorAugmentation>[] = [];
  const end = (): void => {
    if (run.length > 0) passes.push(colorChain(run));
    run = [];
  };
  for (const { part, place } of placed) {
    if (!isRecoloring(part)) {
      end();
      passes.push(ofOwnKey({ part, place }));
      continue;
    }
    if (part.wantsMean && run.some((before) => before.part.wantsMean)) end();
    run.push({ part, place });
  }
  end();
  return passes;
}

/** A part that is drawn with the key of its place. */
function ofOwnKey({ part, place }: Placed): Augmentation {
  return { ...part, draw: (key, shape) => part.draw(fold(key, place), shape) };
}

function drawAll(passes: readonly Augmentation[], key: Key, shape: BatchShape): Tree {
  return Object.fromEntries(passes.map(({ draw }, i) => [`${i}`, draw(key, shape)]));
}

/** Applies all passes, and frees intermediate tensors. */
function applyAll(
  passes: readonly Augmentation[],
  batch: AugmentedBatch,
  drawn: Tree,
): AugmentedBatch {
  return tf.tidy(() =>
    passes.reduce(
      (held, { apply }, i) => apply(held, (drawn as Record<string, Tree>)[`${i}`]!),
      batch,
    )
  );
}
