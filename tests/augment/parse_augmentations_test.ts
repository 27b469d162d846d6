// Augmentations by name: what is read, what is refused, and what the presets do.
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type AugmentationEntry,
  augmentations,
  parseAugmentations,
} from "../../lib/augment/mod.ts";
import { key, tf } from "../../mod.ts";
import { onCpu } from "../backends.ts";
import { augmented, randomBatch, type Shape4 } from "./batches.ts";

Deno.test("names with and without numbers are read, spaces aside", () => {
  const names = {
    "crop:4,flip,rotate:10,cutmix": "crop 4, flip 0.5, rotate 10°, cutmix 1",
    " crop : 2 , flip:0.25 ": "crop 2, flip 0.25",
    "crop": "crop 4",
    "shift:3,zoom:0.2,shear:5": "affine shift 3, affine scale 0.8 to 1.2, affine shear 5°",
    "color:0.2": "brightness 0.2, contrast 0.2, saturation 0.2",
    "resized-crop:0.5": "resized crop 0.5 to 1",
    "pca:0.2,erase:1,mixup:0.4,smooth:0.2": "pca colors 0.2, erase 1, mixup 0.4, smooth labels 0.2",
    "cifar": "crop 4, flip 0.5",
    "clothes,mixup": "crop 2, flip 0.5, mixup 0.2",
    "digits": "affine rotate 10° shift 2 scale 0.9 to 1.1",
  };
  for (const [text, name] of Object.entries(names)) {
    assertEquals(parseAugmentations(text).name, name);
  }
});

onCpu("all that is known can be made, drawn and applied", async () => {
  const shape: Shape4 = [4, 9, 9, 3];
  for (const [name, entry] of Object.entries<AugmentationEntry>(augmentations)) {
    assert(entry.about.length > 0);
    const batch = randomBatch(shape);
    const { images, labels } = await augmented(parseAugmentations(name), batch);
    const before = await batch.images.data();
    const changed = images.some((value, i) => value !== before[i]) ||
      labels.some((value) => value !== 0 && value !== 1);
    assert(changed, name);
    tf.dispose([batch.images, batch.labels]);
  }
});

Deno.test("digits are never turned over", () => {
  const digits = augmentations.digits!.build(0) as unknown as {
    maps: (source: ReturnType<typeof key>, shape: Shape4) => number[][];
  };
  for (const [a, b, , d, e] of digits.maps(key(1), [500, 28, 28, 1])) {
    assert(a! > 0.85 && e! > 0.85 && Math.abs(b!) < 0.2 && Math.abs(d!) < 0.2);
    assert(a! * e! - b! * d! > 0.8);
  }
});

Deno.test("what cannot be read is refused, with the nearest name and the list", () => {
  const refused = (text: string, ...says: string[]): void => {
    for (const part of says) assertThrows(() => parseAugmentations(text), RangeError, part);
  };
  refused("crop:4,flop", 'unknown augmentation "flop": did you mean "flip"?');
  refused("sepia", 'unknown augmentation "sepia": known: crop, resized-crop, flip, rotate');
  refused("constructor", "unknown augmentation");
  refused("", 'a name before each comma and at the end, got ""');
  refused("flip,", "a name before each comma");
  refused("flip,,crop", "a name before each comma");
  refused("crop:four", '(pixels of padding), as crop:4, got "crop:four"');
  refused("crop:", "one number at most");
  refused("crop:4:5", "one number at most");
  refused("rotate:Infinity", "one number at most");
  refused("digits:3", '"digits" takes no number, got "digits:3"');
  refused("flip:1.5", "probability must be from 0 to 1, got 1.5");
  refused("crop:1.5", "the padding in pixels must be a whole number of at least 0, got 1.5");
  refused("zoom:1", "above 0 and in order, got 0 to 2");
  refused("mixup:0", "alpha must be finite and above 0");
});
