// Activation maps as pictures, and tensors as pictures.
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { activationGrid, fromPictures, toPictures } from "../../lib/explain/mod.ts";
import { tf } from "../../mod.ts";
import { onCpu } from "../backends.ts";

onCpu("each map has its own black and white, or all share them", async () => {
  const maps = tf.tensor4d([0, 10, 4, 30, 8, 10, 2, 20], [1, 2, 2, 2]);
  const row = { gap: 0, columns: 2 };
  // Map 0 is 0 4 / 8 2, map 1 is 10 30 / 10 20.
  assertEquals([...(await activationGrid(maps, row)).pixels], [0, 0.5, 0, 1, 1, 0.25, 0, 0.5]);
  const together = await activationGrid(maps, { ...row, normalize: "together" });
  assertEquals([...together.pixels].map((v) => Math.round(v * 30)), [0, 4, 10, 30, 8, 2, 10, 20]);
  const second = await activationGrid(maps, { gap: 0, channels: [1] });
  assertEquals([second.width, second.height, ...second.pixels], [2, 2, 0, 1, 0, 0.5]);
});

onCpu("a constant map is black", async () => {
  const maps = tf.tensor3d([3, 1, 3, 2], [1, 2, 2]);
  assertEquals([...(await activationGrid(maps, { gap: 0, columns: 2 })).pixels], [0, 0, 0, 1]);
});

onCpu("the units of a dense layer are pixels that share black and white", async () => {
  const { width, height, pixels } = await activationGrid(tf.tensor2d([[-1, 0, 1, 3]]), { gap: 0 });
  assertEquals([width, height, ...pixels], [2, 2, 0, 0.25, 0.5, 1]);
});

onCpu(
  "maps of several images, of another rank, missing or not finite, are refused",
  async () => {
    await assertRejects(() => activationGrid(tf.zeros([2, 3, 3, 1])), TypeError, "of one image");
    await assertRejects(() => activationGrid(tf.zeros([])), TypeError, "of one image");
    const maps = tf.tensor4d([0, NaN], [1, 1, 1, 2]);
    for (const channel of [2, -1, 0.5]) {
      await assertRejects(
        () => activationGrid(maps, { channels: [channel] }),
        RangeError,
        "0 to 1",
      );
    }
    await assertRejects(() => activationGrid(maps), RangeError, "finite");
  },
);

onCpu("pictures become tensors and come back, clipped", async () => {
  const image = {
    width: 2,
    height: 1,
    channels: 3,
    pixels: new Float32Array([0, 1, 0.5, 0, 0, 1]),
  } as const;
  const other = { ...image, pixels: image.pixels.map((value) => 1 - value) };
  const pixels = fromPictures([image, other]);
  assertEquals(pixels.shape, [2, 1, 2, 3]);
  assertEquals(await toPictures(pixels), [image, other]);
  const [wild] = await toPictures(tf.tensor3d([-2, 0.25, 9], [1, 3, 1]));
  assertEquals([...wild!.pixels], [0, 0.25, 1]);
});

onCpu("tensors of other shapes, and pictures of several sizes, are refused", async () => {
  await assertRejects(() => toPictures(tf.zeros([1, 2, 2, 2])), TypeError, "[1,2,2,2]");
  await assertRejects(() => toPictures(tf.zeros([2, 2])), TypeError, "[2,2]");
  await assertRejects(() => toPictures(tf.tensor3d([NaN], [1, 1, 1])), RangeError, "NaN");
  const dot = { width: 1, height: 1, channels: 1, pixels: new Float32Array(1) } as const;
  assertThrows(() => fromPictures([]), RangeError, "none");
  const wide = { ...dot, width: 2, pixels: new Float32Array(2) };
  assertThrows(() => fromPictures([dot, wide]), TypeError, "[1,2,1] beside [1,1,1]");
  const clear = { ...dot, channels: 4, pixels: new Float32Array(4) } as const;
  assertThrows(() => fromPictures([clear]), TypeError, "without alpha");
});
