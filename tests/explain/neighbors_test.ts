// Neighbors against a plain search, and feature space against pixel space (§12.9.2).
import { assert, assertEquals, assertGreater, assertRejects, assertThrows } from "@std/assert";
import {
  activations,
  type Features,
  features,
  labelAgreement,
  nearestNeighbors,
  neighborsFigure,
  pixelFeatures,
} from "../../lib/explain/mod.ts";
import { cifar10, type Examples, init, key, lenet5, start, takeExamples, tf } from "../../mod.ts";
import { normalArray, uniformArray } from "../../lib/tensor/mod.ts";
import { open } from "../../lib/weights/open.ts";
import { preprocessings } from "../../lib/image/mod.ts";
import { rowOf } from "../../lib/explain/embedding/neighbors.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { sharedDataTest, sharedPath } from "../shared_data.ts";
import { toyExamples, toyModel } from "../train/toy.ts";

function drawn(count: number, size: number, seed: number): Features {
  return { values: normalArray(key(seed), count * size), count, size };
}

/** All distances, sorted; the first of equals stays first. */
function searched({ values, count, size }: Features, query: Float32Array): [number, number][] {
  const distances = Array.from({ length: count }, (_, n): [number, number] => {
    const squares = Array.from(query, (q, i) => (values[n * size + i]! - q) ** 2);
    return [n, Math.sqrt(squares.reduce((a, b) => a + b, 0))];
  });
  return distances.sort((a, b) => a[1] - b[1] || a[0] - b[0]);
}

for (const [count, size] of [[1, 1], [7, 3], [200, 64], [150, 65], [90, 300]] as const) {
  Deno.test(`neighbors among ${count} rows of ${size} are those of a plain search`, () => {
    const rows = drawn(count, size, count);
    const query = normalArray(key(5), size);
    for (const k of [1, Math.ceil(count / 2), count]) {
      const found = nearestNeighbors(rows, query, k);
      const wanted = searched(rows, query).slice(0, k);
      assertEquals(found.map(({ index }) => index), wanted.map(([index]) => index));
      found.forEach(({ distance }, i) =>
        assert(Math.abs(distance - wanted[i]![1]) <= 1e-12 * distance)
      );
    }
  });
}

Deno.test("of equally near rows the first come first, and the query itself can be left out", () => {
  const rows = { values: new Float32Array([2, 0, 2, 0, 5]), count: 5, size: 1 };
  const of = (options = {}): number[] =>
    nearestNeighbors(rows, rowOf(rows, 2), 3, options).map(({ index }) => index);
  assertEquals(of(), [0, 2, 1]);
  assertEquals(of({ without: 2 }), [0, 1, 3]);
});

Deno.test("of 10,000 rows of 4,096 the one that is the query is found", () => {
  const [count, size] = [10_000, 4096];
  const block = uniformArray(key(0), size + count);
  const values = new Float32Array(count * size);
  for (let n = 0; n < count; n++) values.set(block.subarray(n, n + size), n * size);
  const [first] = nearestNeighbors({ values, count, size }, block.subarray(7, 7 + size), 10);
  assertEquals(first, { index: 7, distance: 0 });
});

Deno.test("invalid queries for neighbors are refused", () => {
  const rows = drawn(4, 2, 0);
  const query = new Float32Array(2);
  for (const k of [0, 5, 1.5, NaN]) {
    assertThrows(
      () => nearestNeighbors(rows, query, k),
      RangeError,
      `from 1 to 4, got ${k}`,
    );
  }
  assertThrows(() => nearestNeighbors(rows, query, 4, { without: 1 }), RangeError, "from 1 to 3");
  assertThrows(
    () => nearestNeighbors(rows, query, 1, { without: 4 }),
    RangeError,
    "got 4",
  );
  assertThrows(() => nearestNeighbors(rows, new Float32Array(3), 1), TypeError, "2");
  assertThrows(() => rowOf(rows, 4), RangeError, "from 0 to 3, got 4");
  assertThrows(() => labelAgreement(rows, [0], 1), TypeError, "4 examples");
  const broken = { values: new Float32Array([1, NaN, 0, 0]), count: 2, size: 2 };
  assertThrows(() => nearestNeighbors(broken, query, 1), RangeError, "NaN");
});

onEachBackend("features are the outputs of the layer for each image", async (backend) => {
  const model = toyModel();
  const examples = toyExamples(11);
  const network = init(model, key(1), [8, 8, 1]);
  const x = tf.tensor(Float32Array.from(examples.images, (byte) => byte / 255), [11, 8, 8, 1]);
  const wanted = activations(network, x, ["pool", "logits", ""]);
  const maps = wanted.get("pool")!;
  const means = await tf.tidy(() => tf.mean(maps, [1, 2])).data();
  const before = tf.memory().numTensors;
  // A batch that is not full, replayed and not.
  for (const jit of backend === "cpu" ? [false] : [true, false]) {
    const options = { batchSize: 4, jit };
    const found = await features(network, examples, "pool", options);
    assertEquals([found.count, found.size], [11, 4]);
    await assertClose(found.values, means, "means");
    const each = await features(network, examples, "pool", { ...options, places: "each" });
    assertEquals([each.count, each.size], [11, 3 * 3 * 4]);
    await assertClose(each.values, await maps.data(), "each place");
    for (const path of ["logits", ""]) {
      const { values } = await features(network, examples, path, options);
      await assertClose(values, await wanted.get(path)!.data(), path);
    }
  }
  assertEquals(tf.memory().numTensors, before);
});

onCpu("features are normalized, report progress, and stop at a signal", async () => {
  const model = toyModel();
  const examples = toyExamples(6);
  const network = init(model, key(1), [8, 8, 1]);
  const normalize = { mean: [0.5], std: [0.25] };
  const { values } = await features(network, examples, "conv", { normalize, places: "each" });
  const x = tf.tensor(
    Float32Array.from(examples.images, (byte) => (byte / 255 - 0.5) / 0.25),
    [6, 8, 8, 1],
  );
  const maps = activations(network, x, ["conv"]).get("conv")!;
  await assertClose(values, await maps.data());
  const seen: number[] = [];
  const controller = new AbortController();
  const work = features(network, examples, "conv", {
    batchSize: 2,
    signal: controller.signal,
    onProgress(done) {
      seen.push(done);
      if (done === 4) controller.abort();
    },
  });
  await assertRejects(() => work, DOMException);
  assertEquals(seen, [2, 4]);
});

onCpu(
  "unknown layers are refused with the nearest name, and too many numbers too",
  async () => {
    const model = lenet5();
    const network = init(model, key(0), [28, 28, 1]);
    const digits: Examples = {
      name: "black",
      images: new Uint8Array(784),
      labels: new Uint8Array(1),
      imageShape: [28, 28, 1],
      classNames: ["0"],
    };
    const error = await assertRejects(() => features(network, digits, "dens1"), RangeError);
    assert(error.message.includes('did you mean "dense1"?'));
    // Labels alone would be 300,000 images: nothing is computed before the refusal.
    const many = { ...digits, labels: new Uint8Array(300_000) };
    await assertRejects(
      () => features(network, many, "conv1", { places: "each" }),
      RangeError,
      "means over positions are fewer",
    );
  },
);

Deno.test("the figure has a row per query, and counts the neighbors of its class", () => {
  const examples = toyExamples(30);
  const spaces = [{ name: "pixels", features: pixelFeatures(examples) }];
  const { image, agreement } = neighborsFigure(examples, [0, 1], spaces, { k: 4, scale: 3 });
  // Cells of 24 + 2 · 3 and a gap of 3, labels of 11 below each and of 22 below the panels.
  assertEquals(image.width, 8 + (3 + 33) + 8 + (3 + 4 * 33) + 8);
  assertEquals(image.height, 8 + (3 + 2 * (33 + 11)) + 22 + 8);
  const found = [0, 1].flatMap((query) =>
    nearestNeighbors(spaces[0]!.features, rowOf(spaces[0]!.features, query), 4, { without: query })
      .filter(({ index }) => examples.labels[index] === examples.labels[query])
  );
  assertEquals(agreement, { pixels: found.length / 8 });
  // The corner of each neighbor's frame: blue is of the query's class.
  const blue = Array.from({ length: 8 }, (_, i) => {
    const [x, y] = [8 + 36 + 8 + 3 + (i % 4) * 33, 8 + 3 + (i >> 2) * 44];
    return image.pixels[(y * image.width + x) * 3]! < 0.1;
  });
  assertEquals(blue.filter(Boolean).length, found.length);
  const few = [{ name: "few", features: drawn(3, 2, 0) }];
  assertThrows(
    () => neighborsFigure(examples, [0], few),
    TypeError,
    "of the 30 images, got 3",
  );
});

sharedDataTest(
  "neighbors are of the same class more often by ResNet-20's features than by pixels",
  async () => {
    await start();
    const network = await open(sharedPath("resnet20-cifar10.safetensors"));
    const test = takeExamples((await cifar10({ dataDir: sharedPath("cifar10") })).test, 700);
    const { mean, std } = preprocessings.cifar;
    const inFeatures = await features(network, test, "pool", { normalize: { mean, std } });
    assertEquals([inFeatures.count, inFeatures.size], [700, 64]);
    const [byFeatures, byPixels] = [inFeatures, pixelFeatures(test)].map((space) =>
      labelAgreement(space, test.labels, 1)
    );
    // Measured: 0.731 and 0.199; of all 2,000 test images that are there 0.741 and 0.250; chance is 0.1.
    assertGreater(byFeatures!, 0.7);
    assertGreater(byFeatures!, byPixels! + 0.4);
  },
);
