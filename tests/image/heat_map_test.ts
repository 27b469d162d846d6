// Color maps, heat maps and overlays.
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  type Color,
  colorMaps,
  diverging,
  grays,
  heatMap,
  type Image,
  overlay,
  viridis,
} from "../../lib/image/mod.ts";

const bytes = (color: Color): number[] => color.map((value) => Math.round(value * 255));

/** The lightness L* of a color of sRGB, CIE 1976. */
function lightness(color: Color): number {
  const [red, green, blue] = color.map((value) =>
    value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  ) as [number, number, number];
  const y = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return y > 0.008856 ? 116 * Math.cbrt(y) - 16 : 903.3 * y;
}

Deno.test("viridis has matplotlib's colors, and its lightness rises evenly", () => {
  // matplotlib.colormaps["viridis"] at 0, 64, 128, 192 and 255.
  const known = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
  assertEquals([0, 64, 128, 192, 255].map((i) => bytes(viridis(i / 255))), known);
  const steps = Array.from(
    { length: 16 },
    (_, i) => lightness(viridis((i + 1) / 16)) - lightness(viridis(i / 16)),
  );
  for (const step of steps) assert(step > 3.5 && step < 6.5, `${steps}`);
});

Deno.test("the diverging map is blue below, red above, lightest in the middle and even on both sides", () => {
  const levels = [0, 50, 128, 200, 255].map((level) =>
    diverging(level / 255).map((value) => Math.round(value * 255))
  );
  // As d3-scale-chromatic 3.1.0 has them.
  assertEquals(levels, [[5, 48, 97], [72, 146, 195], [242, 239, 237], [218, 107, 87], [
    103,
    0,
    31,
  ]]);
  const [low, middle, high] = [0, 0.5, 1].map((at) => diverging(at)) as [Color, Color, Color];
  assert(low[2] > low[0] && high[0] > high[2]);
  assert(Math.max(...middle) - Math.min(...middle) < 0.03);
  for (let i = 0; i < 12; i++) {
    const [near, far] = [i / 24, (i + 1) / 24];
    assert(lightness(diverging(0.5 - far)) < lightness(diverging(0.5 - near)));
    assert(lightness(diverging(0.5 + far)) < lightness(diverging(0.5 + near)));
    const sides = lightness(diverging(0.5 - far)) - lightness(diverging(0.5 + far));
    assert(Math.abs(sides) < 8, `${sides} at ${far}`);
  }
});

Deno.test("beyond its ends a color map has the color of the end, and NaN has none", () => {
  for (const map of Object.values(colorMaps)) {
    assertEquals([map(-3), map(7)], [map(0), map(1)]);
  }
  assertThrows(() => viridis(NaN), RangeError, "NaN");
});

Deno.test("a heat map's span is the numbers' own, from 0, around 0, or as it is said", () => {
  const reds = (values: number[], options: Parameters<typeof heatMap>[2]): number[] =>
    [...heatMap(values, [1, values.length], { colors: grays, ...options }).pixels]
      .filter((_, i) => i % 3 === 0);
  assertEquals(reds([1, 2, 5], {}), [0, 0.25, 1]);
  assertEquals(reds([-9, 1, 4], { span: "positive" }), [0, 0.25, 1]);
  assertEquals(reds([-4, 0, 2], { span: "signed" }), [0, 0.5, 0.75]);
  assertEquals(reds([-1, 0.5, 3], { span: [0, 2] }), [0, 0.25, 1]);
  assertEquals(reds([3, 3], {}), [0, 0]);
  assertEquals(reds([0, 0], { span: "signed" }), [0.5, 0.5]);
  const [signed] = [heatMap([0, 1], [1, 2], { span: "signed" })];
  assertEquals([...signed.pixels.subarray(3)], [...new Float32Array(diverging(1))]);
});

Deno.test("an overlay resizes the heat and mixes by alpha", () => {
  const image: Image = { width: 4, height: 2, channels: 1, pixels: new Float32Array(8).fill(0.5) };
  const heat: Image = {
    width: 2,
    height: 1,
    channels: 3,
    pixels: new Float32Array([1, 0, 0, 0, 0, 1]),
  };
  const { width, height, pixels } = overlay(image, heat, { alpha: 0.4 });
  assertEquals([width, height], [4, 2]);
  // Bilinear from 2 to 4 pixels: 1, 3/4, 1/4, 0 of the left one.
  [1, 0.75, 0.25, 0].forEach((left, x) => {
    assertAlmostEquals(pixels[3 * x]!, 0.6 * 0.5 + 0.4 * left, 1e-6);
    assertAlmostEquals(pixels[3 * x + 1]!, 0.3, 1e-6);
    assertAlmostEquals(pixels[3 * x + 2]!, 0.3 + 0.4 * (1 - left), 1e-6);
  });
});

Deno.test("a heat map that fades shows the picture where its numbers are small", () => {
  const faded = heatMap([0, 1, -2, 9], [1, 4], { span: [-4, 4], colors: grays, fade: true });
  assertEquals(faded.channels, 4);
  assertEquals([...faded.pixels].filter((_, i) => i % 4 === 3), [0, 0.25, 0.5, 1]);
  const image: Image = { width: 4, height: 1, channels: 1, pixels: new Float32Array(4).fill(0.2) };
  const reds = [...overlay(image, faded, { alpha: 0.8 }).pixels].filter((_, i) => i % 3 === 0);
  [0, 0.25, 0.5, 1].map((alpha, i) => [0.8 * alpha, [0.5, 0.625, 0.25, 1][i]!] as const)
    .forEach(([a, color], i) => assertAlmostEquals(reds[i]!, (1 - a) * 0.2 + a * color, 1e-6));
});

Deno.test("heat maps of the wrong size or of infinite numbers, and alphas out of range, are refused", () => {
  assertThrows(() => heatMap([1, 2], [1, 3]), TypeError, "must have 1 × 3 numbers");
  assertThrows(() => heatMap([], [0, 0]), RangeError, "width and height");
  assertThrows(() => heatMap([1, NaN], [1, 2]), RangeError, "finite");
  assertThrows(() => heatMap([1, Infinity], [1, 2]), RangeError, "finite");
  assertThrows(() => heatMap([1, 2], [1, 2], { span: [1, 1] }), RangeError, "must rise");
  const dot: Image = { width: 1, height: 1, channels: 1, pixels: new Float32Array(1) };
  for (const alpha of [-0.1, 1.1, NaN]) {
    assertThrows(() => overlay(dot, dot, { alpha }), RangeError, "alpha");
  }
});
