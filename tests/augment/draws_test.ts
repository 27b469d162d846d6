// What is drawn: ranges, shares and distributions over many images, from fixed keys.
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  type Augmentation,
  type ColorAugmentation,
  colorJitter,
  cutmix,
  labelSmoothing,
  mixup,
  pcaColors,
  randomAffine,
  randomCrop,
  randomErasing,
  randomResizedCrop,
  randomRotation,
  type Strength,
} from "../../lib/augment/mod.ts";
import { fold, type Key, key, type tf } from "../../mod.ts";
import { beta } from "../../lib/augment/draws.ts";
import { onCpu } from "../backends.ts";
import { brightness, contrast, saturation } from "./batches.ts";

const COUNT = 2_000;

/**
 * Kolmogorov and Smirnov's distance from a distribution function: 1.95 / √n is exceeded once in
 * a thousand keys, and the keys are fixed.
 */
function assertDistributed(
  values: readonly number[],
  below: (value: number) => number,
  what: string,
): void {
  const sorted = [...values].sort((a, b) => a - b);
  const furthest = Math.max(...sorted.map((value, i) =>
    Math.max(
      Math.abs(below(value) - i / sorted.length),
      Math.abs(below(value) - (i + 1) / sorted.length),
    )
  ));
  assert(furthest < 1.95 / Math.sqrt(sorted.length), `${what}: off by ${furthest}`);
}

function assertUniform(values: readonly number[], low: number, high: number, what: string): void {
  const slack = 1e-6 * (high - low);
  assert(values.every((value) => value >= low - slack && value <= high + slack), `${what}: range`);
  assertDistributed(
    values,
    (value) => Math.min(1, Math.max(0, (value - low) / (high - low))),
    what,
  );
}

Deno.test("angles, shifts, factors and shears of affine maps are uniform in their ranges", () => {
  const shape = [COUNT, 21, 31, 3] as const;
  const middle = [15, 10] as const;
  const turned = randomRotation(40).maps(key(1), shape);
  assertUniform(
    turned.map(([a, , , d]) => Math.atan2(-d, a) * 180 / Math.PI),
    -40,
    40,
    "angle",
  );
  for (const [a, b, c, d, e, f] of turned) {
    assertAlmostEquals(a * middle[0] + b * middle[1] + c, middle[0], 1e-9);
    assertAlmostEquals(d * middle[0] + e * middle[1] + f, middle[1], 1e-9);
  }
  const shifted = randomAffine({ translate: [3, 0.5] }).maps(key(2), shape);
  assertUniform(shifted.map(([, , c]) => c), -3, 3, "shift across");
  assertUniform(shifted.map(([, , , , , f]) => f), -0.5, 0.5, "shift down");
  const scaled = randomAffine({ scale: [0.5, 2] }).maps(key(3), shape);
  assertUniform(scaled.map(([a]) => 1 / a), 0.5, 2, "factor");
  assert(scaled.every(([a, b, , d, e]) => a === e && Math.abs(b) + Math.abs(d) === 0));
  const sheared = randomAffine({ shear: 20 }).maps(key(4), shape);
  assertUniform(sheared.map(([, b]) => Math.atan(b) * 180 / Math.PI), -20, 20, "shear along x");
  assert(sheared.every(([, , , d]) => d === 0));
  const both = randomAffine({ shear: [0, 15] }).maps(key(5), shape);
  assertUniform(both.map(([, , , d]) => Math.atan(d) * 180 / Math.PI), -15, 15, "shear along y");
});

Deno.test("parts of one image's affine map are independent of each other", () => {
  const maps = randomAffine({ translate: 1 }).maps(key(6), [COUNT, 9, 9, 1]);
  const correlation = maps.reduce((sum, [, , c, , , f]) => sum + c * f, 0) / COUNT * 3;
  assert(Math.abs(correlation) < 4 / Math.sqrt(COUNT), `${correlation}`);
});

Deno.test("resized crops have the shares and ratios that are wanted, and lie in the image", () => {
  const [height, width] = [400, 500];
  const crop = randomResizedCrop({ scale: [0.2, 0.5], ratio: [0.75, 1.25] });
  const boxes = crop.maps(key(1), [COUNT, height, width, 3]).map(([a, , c, , e, f]) => ({
    across: a * width,
    down: e * height,
    left: c - (a - 1) / 2,
    top: f - (e - 1) / 2,
  }));
  for (const { across, down, left, top } of boxes) {
    for (const side of [across, down, left, top]) {
      assertAlmostEquals(side, Math.round(side), 1e-9);
    }
    assert(left > -1e-9 && top > -1e-9 && left + across < width + 1e-6);
    assert(top + down < height + 1e-6);
  }
  // Sides are rounded to whole pixels of some hundreds.
  const shares = boxes.map(({ across, down }) => across * down / (height * width));
  assert(shares.every((share) => share > 0.199 && share < 0.502));
  assertUniform(shares.map((s) => Math.min(0.5, Math.max(0.2, s))), 0.2, 0.5, "share");
  const ratios = boxes.map(({ across, down }) => Math.log(across / down));
  const [low, high] = [Math.log(0.75), Math.log(1.25)];
  assert(ratios.every((ratio) => ratio > low - 0.01 && ratio < high + 0.01));
  assertUniform(ratios.map((r) => Math.min(high, Math.max(low, r))), low, high, "ratio");
  const lefts = boxes.map(({ left, across }, i) =>
    // Spread within its pixel, so that whole numbers become uniform.
    (Math.round(left) + (i + 0.5) / COUNT) / (width - across + 1)
  );
  assertUniform(lefts, 0, 1, "place");
});

Deno.test("if no crop of the ratio fits, the largest in the center is used", () => {
  // All of a wide image, three times as wide as it is high, but at most 4 : 3.
  const maps = randomResizedCrop({ scale: [1, 1] }).maps(key(0), [3, 30, 90, 1]);
  for (const [a, , c, , e, f] of maps) {
    assertEquals([a * 90, e, f], [40, 1, 0]);
    assertAlmostEquals(c - (a - 1) / 2, 25, 1e-9);
  }
  const tall = randomResizedCrop({ scale: [1, 1] }).maps(key(0), [1, 90, 30, 1])[0]!;
  assertEquals([tall[0], tall[4] * 90], [1, 40]);
});

/** What is multiplied with a red that is no other color, of each image. */
function factorsOf(augmentation: ColorAugmentation, seed: number): number[] {
  return augmentation.stages(key(seed), [COUNT, 4, 4, 1]).map(([stage]) => stage![0]!);
}

Deno.test("factors of brightness and contrast are uniform in 1 ± strength, or in their range", () => {
  assertUniform(factorsOf(brightness(0.4), 1), 0.6, 1.4, "brightness");
  assertUniform(factorsOf(contrast(0.25), 2), 0.75, 1.25, "contrast");
  assertUniform(factorsOf(brightness(2), 3), 0, 3, "strengths above 1");
  assertUniform(factorsOf(brightness([0.2, 0.9]), 4), 0.2, 0.9, "range");
  const stages = saturation(0.5).stages(key(5), [COUNT, 4, 4, 3]);
  assertUniform(
    stages.map(([stage]) => 1 - stage![4]! / 0.2989),
    0.5,
    1.5,
    "saturation",
  );
});

Deno.test("color jitter has every order of its parts as often, for each image its own", () => {
  const jitter = colorJitter({ brightness: 0.1, contrast: 0.1, saturation: 0.1 });
  const counts = new Map<string, number>();
  for (const stages of jitter.stages(key(1), [6_000, 2, 2, 3])) {
    const order = stages.map((stage) => stage[12] !== 0 ? "c" : stage[1] === 0 ? "b" : "s").join(
      "",
    );
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assertEquals([...counts.keys()].sort(), ["bcs", "bsc", "cbs", "csb", "sbc", "scb"]);
  // 1,000 each; four standard deviations are 115.
  for (const [order, times] of counts) assert(Math.abs(times - 1000) < 115, `${order}: ${times}`);
});

Deno.test("multiples of principal components are normal, with AlexNet's deviation", () => {
  const stages = pcaColors(0.1).stages(key(1), [COUNT, 2, 2, 3]);
  const added = stages.map(([stage]) => [stage![3]!, stage![7]!, stage![11]!] as const);
  // The components are nearly orthonormal, so that each is found by a product.
  const first = added.map(([r, g, b]) => (-0.5675 * r - 0.5808 * g - 0.5836 * b) / 0.2175);
  const mean = first.reduce((sum, x) => sum + x, 0) / COUNT;
  const deviation = Math.sqrt(first.reduce((sum, x) => sum + (x - mean) ** 2, 0) / COUNT);
  assert(Math.abs(mean) < 4 * 0.1 / Math.sqrt(COUNT), `${mean}`);
  assert(Math.abs(deviation - 0.1) < 4 * 0.1 / Math.sqrt(2 * COUNT), `${deviation}`);
});

/** The rows that an augmentation draws. */
async function rowsOf(
  augmentation: Augmentation,
  shape: readonly [number, number, number, number],
  seed: number,
  tensorOf: (drawn: unknown) => tf.Tensor,
): Promise<number[][]> {
  return await tensorOf(augmentation.draw(key(seed), shape)).array() as number[][];
}

onCpu(
  "erased rectangles have the shares and ratios that are wanted, and lie in the image",
  async () => {
    const [height, width] = [300, 400];
    const shape = [COUNT, height, width, 1] as const;
    const rows = await rowsOf(randomErasing(), shape, 1, (drawn) => drawn as tf.Tensor);
    const boxes = rows.filter(([, , across]) => across! > 0);
    const share = boxes.length / COUNT;
    assert(Math.abs(share - 0.5) < 4 * 0.5 / Math.sqrt(COUNT), `${share}`);
    for (const [left, top, across, down] of boxes as [number, number, number, number][]) {
      assert(left >= 0 && top >= 0 && left + across <= width && top + down <= height);
      // Either side was rounded by at most half a pixel.
      const slack = (across + down) / 2 + 1;
      const area = across * down;
      assert(area >= 0.02 * height * width - slack && area <= 0.4 * height * width + slack);
      assert((down + 0.5) / (across - 0.5) >= 0.3 && (down - 0.5) / (across + 0.5) <= 1 / 0.3);
    }
    const small = randomErasing({ probability: 1, area: [0.05, 0.1], ratio: [0.9, 1.1] });
    const fitting = await rowsOf(small, shape, 2, (drawn) => drawn as tf.Tensor);
    // All of these fit, so that shares are uniform, but for whole pixels.
    const shares = fitting.map(([, , across, down]) => across! * down! / (height * width));
    assert(shares.every((one) => one > 0.049 && one < 0.101));
    assertUniform(shares.map((s) => Math.min(0.1, Math.max(0.05, s))), 0.05, 0.1, "area");
  },
);

onCpu("partners of mixed images are a permutation of the batch", async () => {
  for (const augmentation of [mixup(), cutmix()]) {
    const rows = await rowsOf(
      augmentation,
      [50, 8, 8, 1],
      3,
      (drawn) => (drawn as { images: tf.Tensor }).images,
    );
    const partners = rows.map(([partner]) => partner!);
    assertEquals([...partners].sort((a, b) => a - b), Array.from({ length: 50 }, (_, n) => n));
    assert(partners.some((partner, n) => partner !== n));
  }
});

onCpu("images are mixed with the probability", async () => {
  for (const mix of [mixup, cutmix]) {
    const rows = await rowsOf(
      mix({ alpha: 1, probability: 0.3 }),
      [COUNT, 32, 32, 1],
      4,
      (drawn) => (drawn as { labels: tf.Tensor }).labels,
    );
    const share = rows.filter((row) => row[6]! > 0).length / COUNT;
    // A mixed image may still take nothing, where its rectangle is less than a pixel.
    assert(share < 0.3 + 4 * Math.sqrt(0.21 / COUNT) && share > 0.25, `${share}`);
  }
});

onCpu("rectangles of cutmix have 1 − λ of the area, minus what is outside", async () => {
  const drawn = cutmix({ alpha: 1 }).draw(key(5), [COUNT, 100, 80, 1]) as {
    images: tf.Tensor;
    labels: tf.Tensor;
  };
  const rows = await drawn.images.array() as number[][];
  const labels = await drawn.labels.array() as number[][];
  rows.forEach(([, left, top, across, down, inside, outside], n) => {
    assert(left! >= 0 && top! >= 0 && left! + across! <= 80 && top! + down! <= 100);
    assertEquals([inside, outside], [1, 0]);
    assertAlmostEquals(labels[n]![6]!, across! * down! / 8000, 1e-6);
  });
  // The area of a whole one is uniform; of one with its middle anywhere, along either axis
  // s − s² / 4 of s is inside on average, so that the mean is ∫ (√u − u / 4)² du.
  const mean = labels.reduce((sum, row) => sum + row[6]!, 0) / COUNT;
  const expected = 1 / 2 - 2 / 4 * (2 / 5) + 1 / 48;
  assert(Math.abs(mean - expected) < 0.03, `${mean}, not ${expected}`);
});

Deno.test("shares of mixed images come from the beta distribution", () => {
  const draw = (alpha: number, seed: number): number[] =>
    Array.from({ length: COUNT }, (_, n) => beta(fold(key(seed), n), alpha));
  assertDistributed(draw(1, 1), (x) => x, "Beta(1, 1) is uniform");
  assertDistributed(
    draw(0.5, 2),
    (x) => 2 / Math.PI * Math.asin(Math.sqrt(x)),
    "Beta(1/2, 1/2) is the arcsine law",
  );
  assertDistributed(draw(2, 3), (x) => 3 * x ** 2 - 2 * x ** 3, "Beta(2, 2)");
  for (const alpha of [0.2, 8]) {
    const values = draw(alpha, 4);
    const mean = values.reduce((sum, x) => sum + x, 0) / COUNT;
    const variance = values.reduce((sum, x) => sum + (x - 0.5) ** 2, 0) / COUNT;
    const expected = 1 / (4 * (2 * alpha + 1));
    assert(Math.abs(mean - 0.5) < 4 * Math.sqrt(expected / COUNT), `${mean}`);
    assert(Math.abs(variance / expected - 1) < 0.15, `${variance}, not ${expected}`);
  }
  // So small that a gamma number is 0 in float64.
  assert(draw(1e-4, 5).every((x) => x >= 0 && x <= 1));
});

Deno.test("what cannot be drawn is refused", () => {
  const at = (make: () => unknown, says: string): unknown => assertThrows(make, RangeError, says);
  for (const angle of [-1, 181, NaN]) {
    at(() => randomRotation(angle), `from 0 to 180 degrees, got ${angle}`);
  }
  at(() => randomAffine({ translate: -1 }), "at least 0 pixels, got -1,-1");
  at(() => randomAffine({ translate: [1, NaN] }), "at least 0 pixels");
  for (const scale of [[0, 1], [1.1, 1], [1, Infinity], [NaN, 1]] as const) {
    at(() => randomAffine({ scale }), "above 0 and in order");
  }
  for (const shear of [90, -1, [0, 90]] as const) {
    at(() => randomAffine({ shear }), "below 90 degrees");
  }
  at(() => randomAffine({ edge: 2 }), "from 0 to 1, got 2");
  for (const scale of [[0, 1], [0.5, 1.1], [0.5, 0.4], [NaN, 1]] as const) {
    at(() => randomResizedCrop({ scale }), "above 0, up to 1 and in order");
    at(() => randomErasing({ area: scale }), "above 0, up to 1 and in order");
  }
  for (const ratio of [[0, 1], [2, 1], [1, Infinity]] as const) {
    at(() => randomResizedCrop({ ratio }), "ratios must be finite, above 0 and in order");
    at(() => randomErasing({ ratio }), "ratios must be finite, above 0 and in order");
  }
  for (const make of [brightness, contrast, saturation]) {
    for (const strength of [-0.1, NaN, Infinity]) at(() => make(strength), "at least 0");
    for (const range of [[-1, 1], [2, 1], [0, Infinity]] as const) {
      at(() => make(range as Strength), "at least 0 and in order");
    }
  }
  at(() => colorJitter({}), "there must be a strength");
  at(() => colorJitter({ contrast: -1 }), "change the contrast");
  at(() => pcaColors(-1), "at least 0, got -1");
  for (const probability of [-0.1, 1.1, NaN]) {
    const says = `from 0 to 1, got ${probability}`;
    at(() => randomErasing({ probability }), says);
    at(() => mixup({ probability }), says);
    at(() => cutmix({ probability }), says);
    at(() => labelSmoothing(probability), says);
    at(() => randomErasing({ fill: probability }), says);
  }
  for (const alpha of [0, -1, NaN, Infinity]) {
    at(() => mixup({ alpha }), `above 0, got ${alpha}`);
    at(() => cutmix({ alpha }), `above 0, got ${alpha}`);
  }
});

Deno.test("images whose channels are no colors are refused", () => {
  const draw = (augmentation: ColorAugmentation, channels: number): unknown =>
    augmentation.stages([0, 0] as Key, [1, 2, 2, channels]);
  assertThrows(() => draw(pcaColors(), 1), TypeError, "must have 3 channels, got 1");
  assertThrows(() => draw(brightness(1), 4), TypeError, "1 or 3 channels, got 4");
});

Deno.test("augmentations refuse options they do not know", () => {
  const wrong = { likelihood: 1 } as object;
  const makers: (() => unknown)[] = [
    () => randomErasing(wrong),
    () => randomResizedCrop(wrong),
    () => randomCrop(2, wrong),
    () => randomRotation(10, wrong),
    () => randomAffine(wrong),
    () => colorJitter({ brightness: 0.1, ...wrong }),
    () => mixup(wrong),
    () => cutmix(wrong),
  ];
  for (const make of makers) assertThrows(make, TypeError, 'unknown option "likelihood"');
});
