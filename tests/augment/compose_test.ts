// Compositions: one recording for all draws, keys, and what cannot be composed.
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  type Augmentation,
  type AugmentedBatch,
  colorJitter,
  compose,
  cutmix,
  labelSmoothing,
  mixup,
  pcaColors,
  randomAffine,
  randomCrop,
  randomErasing,
  randomFlip,
  randomResizedCrop,
  randomRotation,
} from "../../lib/augment/mod.ts";
import { disposeTree, fold, jit, key, type Tensor, tf, type Tree } from "../../mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import {
  augmented,
  brightness,
  contrast,
  numbersOfBatch,
  randomBatch,
  saturation,
  type Shape4,
} from "./batches.ts";

const SHAPE: Shape4 = [8, 9, 7, 3];

/** What is tested of every augmentation. */
const ALL: Readonly<Record<string, Augmentation>> = {
  crop: randomCrop(3),
  flip: randomFlip(),
  "resized crop": randomResizedCrop(),
  rotation: randomRotation(20),
  affine: randomAffine({ rotate: 5, translate: 1, scale: [0.9, 1.1], shear: 5, edge: "reflect" }),
  brightness: brightness(0.5),
  contrast: contrast(0.5),
  saturation: saturation(0.5),
  "color jitter": colorJitter({ brightness: 0.3, contrast: 0.3, saturation: 0.3 }),
  "pca colors": pcaColors(),
  erasing: randomErasing({ probability: 0.8 }),
  "erasing by a number": randomErasing({ probability: 0.8, fill: 0.5 }),
  mixup: mixup({ alpha: 1 }),
  cutmix: cutmix(),
  all: compose(
    randomCrop(2, { edge: "reflect" }),
    brightness(0.2),
    contrast(0.2),
    randomFlip(),
    contrast(0.1),
    pcaColors(),
    randomErasing(),
    labelSmoothing(0.1),
    mixup({ alpha: 1 }),
    cutmix(),
  ),
};

onEachBackend("one recording replays other draws, to the bit", async () => {
  for (const [name, augmentation] of Object.entries(ALL)) {
    const apply = jit((batch: AugmentedBatch, drawn: Tree) => augmentation.apply(batch, drawn));
    const seen = new Set<string>();
    const plans = new Set<string>();
    for (const seed of [0, 1, 2]) {
      const batch = randomBatch(SHAPE, 4, seed);
      const drawn = augmentation.draw(key(seed), SHAPE);
      const eager = await numbersOfBatch(augmentation.apply(batch, drawn));
      const replayed = await numbersOfBatch(apply(batch, drawn));
      assertEquals(replayed, eager, name);
      plans.add(apply.plan());
      const { images } = await numbersOfBatch(apply(randomBatch(SHAPE, 4, 9), drawn));
      seen.add(`${images}`);
    }
    assertEquals(seen.size, 3, `${name}: the draws of three keys must differ`);
    assertEquals(plans.size, 1, `${name}: it must be recorded once`);
    apply.dispose();
  }
});

onEachBackend("drawing and applying leave what they return, and nothing else", () => {
  for (const [name, augmentation] of Object.entries(ALL)) {
    const batch = randomBatch(SHAPE, 4);
    const before = tf.memory().numTensors;
    const drawn = augmentation.draw(key(0), SHAPE);
    const after = augmentation.apply(batch, drawn);
    disposeTree(drawn);
    for (const tensor of [after.images, after.labels]) {
      if (tensor !== batch.images && tensor !== batch.labels) tensor.dispose();
    }
    assertEquals(tf.memory().numTensors, before, name);
    tf.dispose([batch.images, batch.labels]);
  }
});

onCpu("the same key gives the same pixels, and each image its own change", async () => {
  for (const [name, augmentation] of Object.entries(ALL)) {
    const one = randomBatch([1, 9, 7, 3], 4);
    const batch = { ...randomBatch(SHAPE, 4), images: tf.tile(one.images, [8, 1, 1, 1]) };
    const first = await augmented(augmentation, batch, 5);
    assertEquals(first, await augmented(augmentation, batch, 5), name);
    assertNotEquals(first, await augmented(augmentation, batch, 6), name);
    const size = first.images.length / 8;
    const images = Array.from(
      { length: 8 },
      (_, n) => `${first.images.subarray(n * size, (n + 1) * size)}`,
    );
    // Images that are all the same are not changed by being mixed.
    const isMixing = name === "mixup" || name === "cutmix";
    assertEquals(new Set(images).size > 1, !isMixing, `${name}: all images were changed alike`);
  }
});

onEachBackend("labels still add up to one, and pixels stay in 0 to 1", async () => {
  for (const [name, augmentation] of Object.entries(ALL)) {
    const { images, labels } = await augmented(augmentation, randomBatch(SHAPE, 4), 7);
    for (let n = 0; n < SHAPE[0]; n++) {
      const sum = labels.subarray(n * 4, n * 4 + 4).reduce((total, share) => total + share, 0);
      assert(Math.abs(sum - 1) < 1e-6, `${name}: ${sum}`);
    }
    // Colors along principal components are not clipped, as AlexNet's are not.
    const slack = name === "pca colors" || name === "all" ? 0.5 : 1e-6;
    assert(images.every((value) => value >= -slack && value <= 1 + slack), name);
  }
});

onCpu("maps become one tensor of a composition, and colors one up to a second mean", () => {
  const shapes = (drawn: Tree): number[][] =>
    Object.values(drawn as Record<string, Tensor>).map(({ shape }) => shape);
  const maps = compose(
    randomFlip(),
    randomCrop(1),
    brightness(0.1),
    randomRotation(5),
    randomResizedCrop(),
  );
  assertEquals(shapes(maps.draw(key(0), SHAPE)), [[8, 6], [8, 1, 16]]);
  const colors = compose(brightness(0.1), contrast(0.1), pcaColors(), contrast(0.1));
  assertEquals(shapes(colors.draw(key(0), SHAPE)), [[8, 3, 16], [8, 1, 16]]);
});

onEachBackend("a composition of colors equals its parts, one after another", async () => {
  const parts = [brightness(0.4), contrast(0.4), pcaColors(), saturation(0.4), contrast(0.3)];
  const batch = randomBatch(SHAPE);
  const together = await augmented(compose(...parts), batch, 3);
  const apart = parts.reduce<AugmentedBatch>(
    (held, part, i) => part.apply(held, part.draw(fold(key(3), i), SHAPE)),
    batch,
  );
  await assertClose(together.images, apart.images);
});

Deno.test("compositions are flattened, named after their parts, and drawn by keys of their places", () => {
  const nested = compose(randomCrop(2), compose(randomFlip(), randomFlip(0.25)));
  assertEquals(nested.name, "crop 2, flip 0.5, flip 0.25");
});

onCpu("two of the same in a composition draw apart", async () => {
  const shifts = compose(randomCrop(3), randomCrop(3)).draw(key(1), [64, 9, 9, 1]);
  const values = await (shifts as { "0": tf.Tensor })["0"].data();
  // Twice the same shift would always be even.
  assert(values.filter((_, i) => i % 6 === 2).some((shift) => Math.abs(shift) % 2 === 1));
});

Deno.test("what cannot be composed is refused", () => {
  assertThrows(() => compose(), RangeError, "at least one");
  assertThrows(
    () => compose(randomCrop(1), randomFlip(), randomCrop(2, { edge: "reflect" })),
    RangeError,
    "0 of crop 1, any of flip 0.5, reflect of crop 2",
  );
});
