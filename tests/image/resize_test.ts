// Resizing gives PIL's numbers, and clear pixels do not bleed.
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { Image } from "../../lib/image/image.ts";
import { toGray } from "../../lib/image/gray.ts";
import { resize } from "../../lib/image/resize.ts";

const GRID = [
  13,
  252,
  201,
  116,
  253,
  100,
  169,
  204,
  205,
  172,
  105,
  4,
  125,
  212,
  9,
  28,
  13,
  220,
  137,
  20,
];

// Pillow, mode "F", resize((width, height), BILINEAR) of GRID / 255 as 5 × 4.
const RESIZED: readonly (readonly [width: number, height: number, values: readonly number[]])[] = [
  [3, 3, [
    0.46929973,
    0.76213509,
    0.75232494,
    0.37507004,
    0.61546838,
    0.55322129,
    0.13182072,
    0.56518519,
    0.3054902,
  ]],
  [7, 6, [
    0.050980393,
    0.58655465,
    0.93109244,
    0.78823531,
    0.55014008,
    0.68515408,
    0.99215686,
    0.22156863,
    0.56666672,
    0.81652665,
    0.79411769,
    0.67647064,
    0.71680677,
    0.83333337,
    0.39542484,
    0.48655465,
    0.6101774,
    0.748366,
    0.79131651,
    0.70541549,
    0.56797385,
    0.40849674,
    0.24565828,
    0.2430439,
    0.54183006,
    0.74537814,
    0.53323996,
    0.14183007,
    0.26078433,
    0.13081233,
    0.21708685,
    0.67647058,
    0.68207288,
    0.41540617,
    0.056862749,
    0.10980392,
    0.076190479,
    0.28291318,
    0.86274511,
    0.63025212,
    0.34061626,
    0.078431375,
  ]],
  [2, 9, [
    0.62032086,
    0.72584671,
    0.61931074,
    0.7307784,
    0.61661714,
    0.74392951,
    0.59605861,
    0.73921567,
    0.45044565,
    0.60944742,
    0.30483264,
    0.47967917,
    0.28261042,
    0.45555556,
    0.27801543,
    0.44652408,
    0.27629232,
    0.44313726,
  ]],
  [1, 1, [0.53092533]],
  [5, 2, [
    0.2487395,
    0.70980394,
    0.75070029,
    0.65826333,
    0.71932775,
    0.27955183,
    0.1232493,
    0.69411767,
    0.70140058,
    0.14509805,
  ]],
];

function grid(): Image {
  const pixels = Float32Array.from(GRID, (level) => level / 255);
  return { width: 5, height: 4, channels: 1, pixels };
}

Deno.test("one channel resizes to PIL's numbers, larger and smaller", () => {
  for (const [width, height, values] of RESIZED) {
    const { pixels, ...size } = resize(grid(), width, height);
    assertEquals(size, { width, height, channels: 1 });
    assertEquals(pixels.length, values.length);
    values.forEach((value, i) => assertAlmostEquals(pixels[i]!, value, 2e-7));
  }
});

Deno.test("each of three channels resizes as it would alone", () => {
  const { pixels, ...size } = grid();
  const three = Float32Array.from(
    { length: 60 },
    (_, i) => pixels[Math.floor(i / 3)]! / (1 + i % 3),
  );
  const found = resize({ ...size, channels: 3, pixels: three }, 3, 7).pixels;
  const alone = resize(grid(), 3, 7).pixels;
  alone.forEach((value, i) => {
    for (let c = 0; c < 3; c++) assertAlmostEquals(found[3 * i + c]!, value / (1 + c), 1e-6);
  });
});

Deno.test("the color of a clear pixel does not bleed into its neighbors", () => {
  const pixels = new Float32Array([1, 0, 0, 1, 0, 1, 0, 0]); // red, and a clear green
  const small = resize({ width: 2, height: 1, channels: 4, pixels }, 1, 1);
  assertEquals([...small.pixels], [1, 0, 0, 0.5]);
  const clear = { width: 2, height: 1, channels: 4, pixels: new Float32Array(8) } as const;
  assertEquals([...resize(clear, 3, 1).pixels], Array(12).fill(0));
});

Deno.test("an even picture stays even at any size", () => {
  const even: Image = {
    width: 31,
    height: 17,
    channels: 1,
    pixels: new Float32Array(527).fill(0.7),
  };
  for (const [width, height] of [[1, 1], [5, 40], [100, 3], [30, 18]] as const) {
    const { pixels } = resize(even, width, height);
    assert(pixels.every((value) => Math.abs(value - Math.fround(0.7)) < 1e-6));
  }
});

Deno.test("a picture that already has the size is returned as it is", () => {
  const image = grid();
  assertEquals(resize(image, 5, 4) === image, true);
});

Deno.test("sizes that are no whole numbers from 1 are refused", () => {
  for (const [width, height] of [[0, 4], [4, -1], [1.5, 2], [NaN, 2], [2, Infinity]] as const) {
    assertThrows(
      () => resize(grid(), width, height),
      RangeError,
      `Cannot resize an image: its width and height must be whole numbers from 1, ` +
        `got ${width}×${height}`,
    );
  }
});

Deno.test("an image whose size and pixels disagree is refused", () => {
  assertThrows(() => resize({ ...grid(), width: 6 }, 2, 2), TypeError, "must hold 24 numbers");
  assertThrows(() => toGray({ ...grid(), channels: 3 }), TypeError, "must hold 60 numbers");
});

Deno.test("gray weighs red, green and blue by Rec. 601, and is white if transparent", () => {
  const of = (channels: 3 | 4, ...pixels: number[]): number => {
    const image = { width: 1, height: 1, channels, pixels: new Float32Array(pixels) };
    const gray = toGray(image);
    assertEquals([gray.channels, gray.pixels.length], [1, 1]);
    return gray.pixels[0]!;
  };
  assertAlmostEquals(of(3, 1, 0, 0), 0.299, 1e-7);
  assertAlmostEquals(of(3, 0, 1, 0), 0.587, 1e-7);
  assertAlmostEquals(of(3, 0, 0, 1), 0.114, 1e-7);
  assertAlmostEquals(of(3, 1, 1, 1), 1, 1e-7);
  assertEquals(of(4, 0, 0, 0, 0), 1);
  assertEquals(of(4, 0, 0, 0, 1), 0);
  assertAlmostEquals(of(4, 1, 0, 0, 0.25), 0.25 * 0.299 + 0.75, 1e-7);
  const gray = grid();
  assertEquals(toGray(gray) === gray, true);
});
