// Superpixels by their properties, ridge regression as scikit-learn has it, and LIME of known networks.
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { lime, superpixels, toInputs } from "../../lib/explain/mod.ts";
import { weightedRidge } from "../../lib/explain/attribution/weighted_ridge.ts";
import { preprocessings } from "../../lib/image/mod.ts";
import { key, tf } from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { goldenNumbers, spread } from "../golden/golden_network.ts";
import { images, linear, small, sum } from "./small_networks.ts";

/** Whether each part is connected, and parts are numbered without gaps in the order of their first pixel. */
function assertParts(parts: Int32Array, height: number, width: number): void {
  const seen = new Uint8Array(parts.length);
  let next = 0;
  for (let start = 0; start < parts.length; start++) {
    if (seen[start]) continue;
    // A part that is met again would be in two pieces.
    assertEquals(parts[start], next++, `the part of pixel ${start}`);
    const stack = [start];
    seen[start] = 1;
    while (stack.length > 0) {
      const at = stack.pop()!;
      for (const [dy, dx] of [[0, 1], [1, 0], [0, -1], [-1, 0]] as const) {
        const [y, x] = [Math.floor(at / width) + dy, at % width + dx];
        const other = y * width + x;
        const isInside = y >= 0 && y < height && x >= 0 && x < width;
        if (!isInside || seen[other] || parts[other] !== parts[start]) continue;
        seen[other] = 1;
        stack.push(other);
      }
    }
  }
}

Deno.test("superpixels are connected, about as many as wanted, and of about the same size", () => {
  for (const [height, width, channels] of [[31, 44, 3], [28, 28, 1], [20, 7, 2]] as const) {
    const noise = uniformArray(key(3), height * width * channels);
    const smooth = noise.map((_, i) => {
      const [y, x] = [Math.floor(i / channels / width), Math.floor(i / channels) % width];
      return 0.5 + 0.5 * Math.sin(y / 5 + i % channels) * Math.cos(x / 6);
    });
    assertParts(superpixels(noise, [height, width, channels]), height, width);
    for (const pixels of [smooth, smooth.map((value, i) => 0.95 * value + 0.05 * noise[i]!)]) {
      for (const count of [1, 4, 20]) {
        const parts = superpixels(pixels, [height, width, channels], { count });
        assertParts(parts, height, width);
        const found = new Set(parts).size;
        assert(found >= count / 2 && found <= 2 * count, `${found} of ${count}`);
      }
    }
  }
});

Deno.test("superpixels follow the edges of an image", () => {
  // A disk on a ground of another color: no part has both.
  const [height, width] = [40, 50];
  const isDisk = (i: number): boolean =>
    (Math.floor(i / width) - 20) ** 2 + (i % width - 24) ** 2 < 170;
  const colors = [[0.9, 0.2, 0.1], [0.1, 0.4, 0.8]] as const;
  const pixels = Float32Array.from(
    { length: height * width * 3 },
    (_, i) => colors[isDisk(Math.floor(i / 3)) ? 0 : 1][i % 3]!,
  );
  const parts = superpixels(pixels, [height, width, 3], { count: 30 });
  assertParts(parts, height, width);
  const inside = new Set(parts.filter((_, i) => isDisk(i)));
  const outside = new Set(parts.filter((_, i) => !isDisk(i)));
  assertEquals([...inside].filter((part) => outside.has(part)), []);
  assertGreater(inside.size, 1);
});

onCpu("ridge regression is scikit-learn's", async () => {
  const signs = await spread(21, [40, 6]).data();
  const rows = Array.from(
    { length: 40 },
    (_, i) => Array.from(signs.slice(6 * i, 6 * i + 6), (value) => value > 0 ? 1 : 0),
  );
  const weights = (await spread(23, [40]).data()).map((value) => 1 + value);
  const found = weightedRidge(rows, await spread(22, [40]).data(), weights, 1);
  await assertClose(found, goldenNumbers("ridge"), "coefficients", 1e-5);
});

onEachBackend("LIME of a linear network finds what each part adds", async () => {
  const network = linear([12, 12, 2], Array.from({ length: 288 }, (_, i) => [0, 20 * Math.sin(i)]));
  const x = images(2);
  const quarter = Int32Array.from(
    { length: 144 },
    (_, i) => 2 * Number(i >= 72) + Number(i % 12 > 5),
  );
  const third = Int32Array.from({ length: 144 }, (_, i) => Math.floor(i / 48));
  const before = tf.memory().numTensors;
  const options = { segments: [quarter, third], samples: 600, baseline: 0.1 };
  const found = await lime(network, x, 1, options);
  assertEquals(tf.memory().numTensors, before);
  assertEquals(found.weights.map(({ length }) => length), [4, 3]);
  const numbers = await x.data();
  [quarter, third].forEach((parts, image) => {
    const wanted = found.weights[image]!.map((_, part) =>
      sum(
        Array.from({ length: 288 }, (_, i) =>
          parts[i >> 1] === part ? (numbers[288 * image + i]! - 0.1) * 20 * Math.sin(i) : 0),
      )
    );
    // The penalty takes a little of each.
    wanted.forEach((value, part) =>
      assertLess(
        Math.abs(found.weights[image]![part]! - value),
        0.05 * Math.max(...wanted.map(Math.abs)),
      )
    );
    found.values.slice(144 * image, 144 * (image + 1)).forEach((value, i) =>
      assertEquals(value, Math.fround(found.weights[image]![parts[i]!]!))
    );
  });
});

onCpu("LIME divides the picture, whatever the network's units, and draws by the key", async () => {
  const network = small();
  const options = { segments: 9, samples: 20 };
  const found = await lime(network, images(), 1, options);
  assertParts(found.segments[0]!, 12, 12);
  assertEquals((await lime(network, images(), 1, options)).values, found.values);
  const other = await lime(network, images(), 1, { ...options, key: key(1) });
  assert(other.values.some((value, i) => value !== found.values[i]));
  const bgr = linear([6, 6, 3], Array.from({ length: 108 }, (_, i) => [0, i]));
  const waves = Array.from({ length: 108 }, (_, i) => 0.5 + 0.5 * Math.sin(i / 9 + i % 3));
  const pixels = tf.tensor(waves, [1, 6, 6, 3]);
  const plain = await lime(bgr, pixels, 1, { segments: 4, samples: 3 });
  const scaled = { ...bgr, preprocessing: preprocessings.caffe };
  const inputs = toInputs(pixels, preprocessings.caffe);
  const own = await lime(scaled, inputs, 1, { segments: 4, samples: 3 });
  assertEquals(own.segments, plain.segments);
});

onCpu("segments, images and options that do not fit are refused", async () => {
  const refused = (options: object, text: string) =>
    assertRejects(() => lime(small(), images(), 1, options), Error, text);
  await refused({ segments: 0 }, "the segments must be a whole number of at least 1, got 0");
  await refused({ segments: [] }, "of each of 1 images, got 0");
  await refused({ segments: [new Int32Array(143)] }, "got 143 numbers from 0");
  await refused({ segments: [new Int32Array(144).fill(1)] }, "got 144 numbers from 1");
  await refused({ samples: 0 }, "the samples must be");
  await refused({ batchSize: 0 }, "the batch size must be");
  await refused({ baseline: NaN }, "baseline must be finite");
  assertThrows(() => superpixels(new Float32Array(7), [2, 4, 1]), TypeError, "must be [2,4,1]");
  const eight = new Float32Array(8);
  for (const options of [{ count: 0 }, { compactness: 0 }, { rounds: 0 }]) {
    assertThrows(
      () => superpixels(eight, [2, 4, 1], options),
      RangeError,
      "Cannot divide an image",
    );
  }
});
