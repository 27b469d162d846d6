// Compositions: one recording for all draws, keys, and what cannot be composed.
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  type Augmentation,
  type AugmentedBatch,
  compose,
  disposeTree,
  flip,
  jit,
  key,
  randomCrop,
  tf,
  type Tree,
} from "../../mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { augmented, numbersOfBatch, randomBatch, type Shape4 } from "./batches.ts";

const SHAPE: Shape4 = [8, 9, 7, 3];

/** What is tested of every augmentation. */
const ALL: Readonly<Record<string, Augmentation>> = {
  crop: randomCrop(3),
  flip: flip(),
  both: compose(randomCrop(2, { edge: "reflect" }), flip()),
};

onEachBackend("what is recorded once replays other draws, to the bit", async () => {
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

onEachBackend("drawing and applying leave what they answer, and nothing else", () => {
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
    assert(new Set(images).size > 1, `${name}: all images were changed alike`);
  }
});

Deno.test("compositions are taken apart, named after their parts, and drawn by keys of their places", () => {
  const nested = compose(randomCrop(2), compose(flip(), flip(0.25)));
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
    () => compose(randomCrop(1), flip(), randomCrop(2, { edge: "reflect" })),
    RangeError,
    "0 of crop 1, any of flip 0.5, reflect of crop 2",
  );
});
