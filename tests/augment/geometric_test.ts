// Crops and flips: exact pixels, and what is drawn.
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { compose, randomCrop, randomFlip } from "../../lib/augment/mod.ts";
import { key, tf } from "../../mod.ts";
import type { WarpEdge } from "../../lib/tensor/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { augmented, randomBatch, type Shape4 } from "./batches.ts";

const SHAPES: readonly Shape4[] = [[4, 7, 9, 3], [3, 8, 5, 1], [1, 3, 4, 5]];

/** An image moved by whole pixels and perhaps turned, pixel by pixel. */
function copied(
  pixels: Float32Array,
  [, height, width, channels]: Shape4,
  n: number,
  read: (y: number, x: number) => readonly [y: number, x: number],
  edge: WarpEdge,
): number[] {
  const mirrored = (place: number, size: number): number =>
    place < 0 ? -place : place >= size ? 2 * (size - 1) - place : place;
  const result: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [v, u] = read(y, x);
      const [row, column] = [mirrored(v, height), mirrored(u, width)];
      const isInside = row === v && column === u;
      for (let c = 0; c < channels; c++) {
        const place = ((n * height + row) * width + column) * channels + c;
        result.push(isInside || edge === "reflect" ? pixels[place]! : Math.fround(edge));
      }
    }
  }
  return result;
}

onEachBackend("crops copy pixels exactly, whatever the edge", async () => {
  for (const shape of SHAPES) {
    for (const edge of ["reflect", 0, 0.3] as const) {
      const crop = randomCrop(2, { edge });
      const batch = randomBatch(shape);
      const pixels = await batch.images.data() as Float32Array;
      const shifts = crop.maps(key(4), shape);
      const expected = shifts.flatMap(([, , right, , , down], n) =>
        copied(pixels, shape, n, (y, x) => [y + down, x + right], edge)
      );
      assertEquals([...(await augmented(crop, batch, 4)).images], expected);
    }
  }
});

onEachBackend("flips copy pixels exactly, and flipped twice is the image itself", async () => {
  for (const shape of SHAPES) {
    const batch = randomBatch(shape);
    const pixels = await batch.images.data() as Float32Array;
    const once = await augmented(randomFlip(1), batch);
    const reversed = await tf.reverse(batch.images, 2).data();
    assertEquals(once.images, reversed as Float32Array);
    const twice = await augmented(randomFlip(1), { ...batch, images: tf.reverse(batch.images, 2) });
    assertEquals(twice.images, pixels);
    assertEquals((await augmented(compose(randomFlip(1), randomFlip(1)), batch)).images, pixels);
    assertEquals((await augmented(randomFlip(0), batch)).images, pixels);
  }
});

onEachBackend("a crop and a flip in one pass are still exact copies", async () => {
  const shape: Shape4 = [6, 9, 7, 3];
  const batch = randomBatch(shape);
  const pixels = await batch.images.data() as Float32Array;
  const { images } = await augmented(
    compose(randomCrop(3, { edge: "reflect" }), randomFlip()),
    batch,
    2,
  );
  const known = new Set(pixels);
  assertEquals([...images].filter((value) => !known.has(value)), []);
  assertNotEquals(images, pixels);
});

onCpu("a composition looks through its last part first", async () => {
  const shape: Shape4 = [1, 2, 5, 1];
  const images = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], shape);
  const shifted = { ...randomFlip(1), maps: () => [[1, 0, 1, 0, 1, 0] as const], edge: 0 };
  const batch = { images, labels: tf.tensor2d([[1]]) };
  const first = await augmented(compose(shifted, randomFlip(1)), batch);
  assertEquals([...first.images.subarray(0, 5)], [0, 5, 4, 3, 2]);
  const last = await augmented(compose(randomFlip(1), shifted), batch);
  assertEquals([...last.images.subarray(0, 5)], [4, 3, 2, 1, 0]);
});

Deno.test("every shift of a crop is equally likely, and none is larger", () => {
  const counts = new Map<string, number>();
  const count = 9_000;
  for (const [, , right, , , down] of randomCrop(1).maps(key(7), [count, 8, 8, 1])) {
    counts.set(`${right} ${down}`, (counts.get(`${right} ${down}`) ?? 0) + 1);
  }
  assertEquals([...counts.keys()].sort(), [
    "-1 -1",
    "-1 0",
    "-1 1",
    "0 -1",
    "0 0",
    "0 1",
    "1 -1",
    "1 0",
    "1 1",
  ]);
  // 1,000 each; four standard deviations are 119.
  for (const [shift, times] of counts) assert(Math.abs(times - 1000) < 119, `${shift}: ${times}`);
});

Deno.test("images are flipped with the probability", () => {
  for (const probability of [0.1, 0.5, 0.9]) {
    const maps = randomFlip(probability).maps(key(3), [10_000, 4, 4, 1]);
    const share = maps.filter(([a]) => a === -1).length / 10_000;
    const deviation = Math.sqrt(probability * (1 - probability) / 10_000);
    assert(Math.abs(share - probability) < 4 * deviation, `${share}`);
  }
});

Deno.test("what cannot be cropped or flipped is refused", () => {
  for (const padding of [-1, 0.5, NaN, Infinity]) {
    assertThrows(() => randomCrop(padding), RangeError, `of at least 0, got ${padding}`);
  }
  for (const edge of [-0.1, 1.1, NaN]) {
    assertThrows(
      () => randomCrop(1, { edge }),
      RangeError,
      `from 0 to 1, got ${edge}`,
    );
  }
  assertThrows(() => randomCrop(4).maps(key(0), [1, 4, 9, 1]), RangeError, "4 × 9 pixels");
  for (const probability of [-0.1, 1.1, NaN]) {
    assertThrows(
      () => randomFlip(probability),
      RangeError,
      `from 0 to 1, got ${probability}`,
    );
  }
});
