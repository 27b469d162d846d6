// Pictures for networks of digits: what is drawn in a photo becomes one of MNIST's.
import { assert, assertEquals, assertGreaterOrEqual, assertNotEquals } from "@std/assert";
import { prepareGray } from "../../lib/image/gray_input.ts";
import { type Image, preprocess, resize } from "../../lib/image/mod.ts";
import { unresized } from "../../lib/image/preprocessing.ts";
import { plainPreprocessing } from "../../lib/weights/sidecars.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { classify, data, fold, key, mnist, open } from "../../mod.ts";
import { onCpu } from "../backends.ts";

const HOW = plainPreprocessing([28, 28, 1]);

/** A sheet of paper in uneven light, with noise, and a drawing in ink somewhere on it. */
function photo(drawing: Image, seed: number): Image {
  const [wide, size, x, y, slope, paper] = uniformArray(fold(key(0), seed), 6);
  const [width, height] = wide! < 0.5 ? [240, 320] : [320, 240];
  const side = Math.round(240 * (0.45 + 0.5 * size!));
  const [left, top] = [Math.floor((width - side) * x!), Math.floor((height - side) * y!)];
  const ink = resize(drawing, side, side).pixels;
  const noise = uniformArray(fold(key(1), seed), width * height);
  const pixels = noise.map((grain, i) => {
    const [u, v] = [i % width - left, Math.floor(i / width) - top];
    const mark = u >= 0 && v >= 0 && u < side && v < side ? ink[v * side + u]! : 0;
    const light = 1 + 0.3 * (slope! - 0.5) * (i % width / width - 0.5);
    return ((0.65 + 0.25 * paper!) * (1 - mark) + 0.2 * mark) * light + 0.04 * (grain - 0.5);
  });
  return { width, height, channels: 1, pixels };
}

const negative = (image: Image): Image => ({ ...image, pixels: image.pixels.map((v) => 1 - v) });

Deno.test("what is drawn is put in the middle, light on black, also dark on light", () => {
  const bar = {
    width: 90,
    height: 60,
    channels: 1 as const,
    // 5 by 30 pixels in a corner, on a ground that falls from 0.9 to 0.7.
    pixels: Float32Array.from({ length: 5400 }, (_, i) => {
      const [x, y] = [i % 90, Math.floor(i / 90)];
      return x >= 70 && x < 75 && y >= 10 && y < 40 ? 0.2 : 0.9 - 0.2 * x / 90;
    }),
  };
  for (const picture of [bar, negative(bar)]) {
    const { image, inverted } = prepareGray(picture, HOW, "auto");
    assertEquals(inverted, picture === bar);
    const rows = Array.from({ length: 28 }, (_, y) => image.pixels.slice(28 * y, 28 * y + 28));
    const lit = rows.flatMap((row, y) => row.some((value) => value > 0.5) ? [y] : []);
    assertEquals([lit[0], lit.at(-1)], [4, 23]);
    const across = rows[14]!.reduce((sum, value, x) => sum + value * (x + 0.5), 0) /
      rows[14]!.reduce((sum, value) => sum + value, 0);
    assert(Math.abs(across - 14) < 0.5, `${across}`);
    assert(image.pixels.filter((value) => value === 0).length > 600);
  }
});

Deno.test("garments are not digits: a picture of them is only swapped and resized", () => {
  const size = { width: 28, height: 28, channels: 1 } as const;
  const shirt = photo({ ...size, pixels: uniformArray(key(3), 784, 0, 1) }, 1);
  const garments = ["T-shirt/top", "Trouser"];
  const { image, inverted } = prepareGray(shirt, HOW, "auto", garments);
  const seen = { ...size, pixels: preprocess(shirt, HOW) };
  assertEquals(image, inverted ? negative(seen) : seen);
  assertEquals(
    prepareGray(shirt, HOW, "auto", ["0", "1"]),
    prepareGray(shirt, HOW, "auto"),
  );
  assertNotEquals(prepareGray(shirt, HOW, "auto").image, image);
});

Deno.test("a picture of the network's size, or to be resized only, or empty, is as it was", () => {
  const digit: Image = {
    width: 28,
    height: 28,
    channels: 1,
    pixels: uniformArray(key(2), 784, 0, 0.4),
  };
  const how = unresized(HOW);
  assertEquals(prepareGray(digit, HOW, "auto"), { image: digit, how, inverted: false });
  assertEquals(prepareGray(negative(digit), HOW, "auto").inverted, true);
  const wide = photo(digit, 0);
  assertEquals(prepareGray(wide, HOW, false), { image: wide, how: HOW, inverted: false });
  const seen = { ...digit, pixels: preprocess(wide, HOW) };
  assertEquals(prepareGray(wide, HOW, true), { image: negative(seen), how, inverted: true });
  const blank: Image = { width: 50, height: 40, channels: 1, pixels: new Float32Array(2000) };
  assertEquals([...prepareGray(blank, HOW, "auto").image.pixels], Array(784).fill(0));
});

onCpu("photos of digits are recognized, wherever the digit is and however large", async () => {
  const network = await open("examples/networks/lenet5-relu-mnist.safetensors");
  const { test } = await mnist();
  let right = 0;
  for (let i = 0; i < 60; i++) {
    const picture = photo(data.exampleImage(test, i), i);
    const shown = i % 2 === 0 ? picture : negative(picture);
    const [best] = await classify(network, shown, { invert: "auto", top: 1 });
    right += Number(best!.index === test.labels[i]);
  }
  assertGreaterOrEqual(right, 58);
});
