// Features in the plane: known principal components, groups that stay apart, pictures.
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  type Features,
  labelAgreement,
  principalComponents,
  scatterSvg,
  umap,
} from "../../lib/explain/mod.ts";
import { fold, key } from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { assertClose } from "../closeness.ts";
import { assertWellFormed, sizeOfPicture } from "../sizing/svg_parts.ts";

/** Harmonics: orthonormal vectors with sum 0. */
function harmonic(size: number, wave: number): number[] {
  return Array.from(
    { length: size },
    (_, i) => Math.sqrt(2 / size) * Math.cos(Math.PI * (i + 0.5) * wave / size),
  );
}

/** Examples with given spreads along harmonics, far from the origin. */
function spread(count: number, size: number, lengths: readonly number[]): Features {
  const values = new Float32Array(count * size).fill(5);
  lengths.forEach((length, j) => {
    const [down, across] = [harmonic(count, j + 1), harmonic(size, j + 2)];
    for (let i = 0; i < values.length; i++) {
      values[i]! += length * down[Math.floor(i / size)]! * across[i % size]!;
    }
  });
  return { values, count, size };
}

for (const [count, size] of [[40, 12], [12, 40], [300, 64]] as const) {
  Deno.test(`principal components of ${count} examples of ${size} features are the known ones`, async () => {
    const lengths = [9, 7, 6.5, 3, 1];
    const found = principalComponents(spread(count, size, lengths), { count: 3 });
    const total = lengths.reduce((sum, length) => sum + length ** 2, 0);
    found.shares.forEach((share, j) => assertAlmostEquals(share, lengths[j]! ** 2 / total, 1e-6));
    for (let j = 0; j < 3; j++) {
      const direction = found.directions.values.subarray(j * size, (j + 1) * size);
      const known = harmonic(size, j + 2);
      const cosine = known.reduce((sum, value, i) => sum + value * direction[i]!, 0);
      assertAlmostEquals(Math.abs(cosine), 1, 1e-5);
      const along = harmonic(count, j + 1).map((value) => value * lengths[j]! * Math.sign(cosine));
      const positions = along.map((_, n) => found.positions.values[n * 3 + j]!);
      await assertClose(positions, along, `positions along ${j}`, 1e-5);
      const most = direction.reduce((a, b) => Math.abs(b) > Math.abs(a) ? b : a);
      assert(most > 0);
    }
  });
}

Deno.test("principal components exist for equal variances and for constant examples", () => {
  const square = { values: new Float32Array([1, 1, 1, -1, -1, 1, -1, -1]), count: 4, size: 2 };
  const { shares, directions } = principalComponents(square);
  shares.forEach((share) => assertAlmostEquals(share, 0.5, 1e-9));
  const [a, b, c, d] = directions.values as unknown as [number, number, number, number];
  assertAlmostEquals(a * c + b * d, 0, 1e-6);
  const same = { values: new Float32Array(6).fill(2), count: 3, size: 2 };
  const nothing = principalComponents(same);
  assertEquals(nothing.shares, [0, 0]);
  assertEquals([...nothing.positions.values], Array(6).fill(0));
});

Deno.test("invalid numbers of components are refused", () => {
  const features = spread(5, 3, [1]);
  for (const count of [0, 4, 1.5]) {
    assertThrows(
      () => principalComponents(features, { count }),
      RangeError,
      `from 1 to 3, the smaller of examples and features, got ${count}`,
    );
  }
  const broken = { values: new Float32Array([1, Infinity, 0, 1]), count: 2, size: 2 };
  assertThrows(() => principalComponents(broken), RangeError, "finite");
});

/** Three groups of examples in ten dimensions. */
function groups(each: number): { features: Features; labels: number[] } {
  const labels = Array.from({ length: 3 * each }, (_, i) => i % 3);
  const noise = normalArray(fold(key(1), "noise"), 30 * each, 0, 0.5);
  const values = noise.map((value, i) => value + (i % 10 === labels[Math.floor(i / 10)] ? 8 : 0));
  return { features: { values, count: 3 * each, size: 10 }, labels };
}

Deno.test("UMAP separates groups, and the same key gives the same map", async () => {
  const { features, labels } = groups(40);
  const seen: number[] = [];
  const map = (seed: number): Promise<Features> =>
    umap(features, { epochs: 200, key: key(seed), onProgress: (done) => seen.push(done) });
  const first = await map(0);
  assertEquals([first.count, first.size], [120, 2]);
  assertEquals(labelAgreement(first, labels, 5), 1);
  assertEquals(seen.length, 20);
  assertEquals(seen.at(-1), 200);
  assertEquals((await map(0)).values, first.values);
  assertNotEquals((await map(1)).values, first.values);
});

Deno.test("invalid options of UMAP are refused, and a signal stops it", async () => {
  const { features } = groups(4);
  const refused: [Parameters<typeof umap>[1], string][] = [
    [{ neighbors: 12 }, "from 2 to 11, fewer than the 12 examples, got 12"],
    [{ neighbors: 1 }, "got 1"],
    [{ neighbors: 5, minDistance: -1 }, "from 0 to 1, got -1"],
    [{ neighbors: 5, epochs: 0 }, "epochs must be a whole number of at least 1, got 0"],
  ];
  for (const [options, words] of refused) {
    await assertRejects(() => umap(features, options), RangeError, words);
  }
  const controller = new AbortController();
  let done = 0;
  const onProgress = (now: number): void => {
    done = now;
    controller.abort();
  };
  const options = { neighbors: 5, onProgress, signal: controller.signal };
  await assertRejects(() => umap(features, options), DOMException);
  assertEquals(done, 10);
});

Deno.test("a scatter plot has a dot per example inside its frame, and a legend of the present classes", () => {
  const { features, labels } = groups(20);
  const { positions } = principalComponents(features);
  const names = ["cat & dog", "<bird>", "fish", "nobody"];
  const svg = scatterSvg(positions, labels, names, { title: "Three", axes: ["first", "second"] });
  assertWellFormed(svg);
  const circles = [...svg.matchAll(/<circle cx="([\d.-]+)" cy="([\d.-]+)"/g)];
  assertEquals(circles.length, 60 + 3);
  const [width, height] = sizeOfPicture(svg);
  for (const [, x, y] of circles) {
    assert(Number(x) > 0 && Number(x) < width && Number(y) > 0 && Number(y) < height);
  }
  assert(svg.includes(">cat &amp; dog</text>") && !svg.includes("nobody"));
  assertThrows(() => scatterSvg(positions, [0], names, { title: "" }), TypeError, "1 labels");
  assertThrows(
    () => scatterSvg(positions, labels, ["one"], { title: "" }),
    RangeError,
    "below the 1 classes, got 1",
  );
  const lost = { ...positions, values: positions.values.map(() => NaN) };
  assertThrows(
    () => scatterSvg(lost, labels, names, { title: "" }),
    RangeError,
    "NaN of example 0",
  );
});
