// Filters as pictures: each weight where it belongs.
import { assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  conv,
  init,
  key,
  type Layer,
  lenet5,
  type Network,
  relu,
  sequential,
  softmax,
  start,
  tf,
  type Tree,
} from "../../mod.ts";
import { filterGrid } from "../../lib/explain/mod.ts";
import { fromTorch, openSafetensors, recognize } from "../../lib/weights/mod.ts";
import { requireConvolution } from "../../lib/explain/filter_grid.ts";
import { onCpu } from "../backends.ts";
import { sharedDataTest, sharedPath } from "../shared_data.ts";

/** Two convolutions, the first of 2 × 1 weights. */
function twoConvolutions(features: number): Layer {
  return sequential({
    first: conv({ features, size: [2, 1] }),
    relu: relu(),
    inner: sequential({ second: conv({ features: 2, size: 1 }) }),
  });
}

/** A network whose first kernel, `[2, 1, channels, features]`, is given. */
function withKernel(channels: number, features: number, kernel: readonly number[]): Network {
  const model = twoConvolutions(features);
  const { params, state } = init(model, key(0), [4, 4, channels]);
  const first = {
    kernel: tf.tensor([...kernel], [2, 1, channels, features]),
    bias: tf.zeros([features]),
  };
  return { model, params: { ...params as Record<string, Tree>, first }, state };
}

const ROW = { gap: 0, columns: 10 };

onCpu("a filter of three channels is a picture in color, with 0 as middle gray", async () => {
  // Filter 0 is red above and blue below; filter 1 is −1 and 3 in green.
  const kernel = [
    [4, 0],
    [0, -1],
    [0, 0],
    [0, 0],
    [0, 3],
    [-2, 0],
  ].flat();
  const network = withKernel(3, 2, kernel);
  const { width, height, channels, pixels } = await filterGrid(network, "first", ROW);
  assertEquals([width, height, channels], [2, 2, 3]);
  const expected = [1, 0.5, 0.5, 0.5, 0.5 - 1 / 6, 0.5, 0.5, 0.5, 0.25, 0.5, 1, 0.5];
  expected.forEach((value, i) => assertAlmostEquals(pixels[i]!, value, 1e-6));
  const bgr = await filterGrid(network, "first", { ...ROW, preprocessing: { order: "bgr" } });
  assertEquals([...bgr.pixels.subarray(0, 3)], [0.5, 0.5, 1]);
});

onCpu("normalized together, weak filters look weak", async () => {
  const network = withKernel(1, 2, [4, 1, -4, 0]);
  const each = await filterGrid(network, undefined, ROW);
  assertEquals([...each.pixels], [1, 1, 0, 0.5]);
  const together = await filterGrid(network, undefined, { ...ROW, normalize: "together" });
  assertEquals([...together.pixels], [1, 0.625, 0, 0.5]);
});

onCpu("filters of other channels are a row of gray pictures each", async () => {
  const network = withKernel(2, 3, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  const all = await filterGrid(network, "first", { gap: 0, normalize: "together" });
  assertEquals([all.width, all.height, all.channels], [2, 6, 1]);
  const weights = [...all.pixels].map((value) => Math.round((value - 0.5) * 24));
  // Row by row: filter 0's upper weights of channels 0 and 1, its lower ones, then filter 1's.
  assertEquals(weights, [1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12]);
  const one = await filterGrid(network, "first", { gap: 0, normalize: "together", filters: [2] });
  assertEquals([...one.pixels], [3, 6, 9, 12].map((w) => Math.fround(0.5 + w / 24)));
});

onCpu("a filter of zeros is gray, and one that is not finite is refused", async () => {
  assertEquals([...(await filterGrid(withKernel(1, 1, [0, 0]), "first", ROW)).pixels], [0.5, 0.5]);
  await assertRejects(
    () => filterGrid(withKernel(1, 1, [0, NaN]), "first", ROW),
    RangeError,
    "must be finite",
  );
});

onCpu(
  "a layer that is no convolution, and a filter that is not there, are refused",
  async () => {
    const network = withKernel(1, 2, [1, 2, 3, 4]);
    const refused = (path: string, filters?: number[]): Promise<RangeError> =>
      assertRejects(() => filterGrid(network, path, filters ? { filters } : {}), RangeError);
    assertEquals(
      (await refused("inner/secnd")).message,
      'Cannot show filters: the layer must be a convolution: unknown convolution "inner/secnd": did you mean "inner/second"? known: first, inner/second',
    );
    assertEquals((await refused("relu")).message.includes('unknown convolution "relu"'), true);
    for (const filter of [-1, 2, 0.5]) {
      assertEquals((await refused("first", [filter])).message.includes("from 0 to 1"), true);
    }
  },
);

Deno.test("convolutions are known before anything is on the device", () => {
  const model = twoConvolutions(7);
  assertEquals(requireConvolution(model, [4, 4, 3]), ["first", [2, 1, 3, 7]]);
  assertEquals(requireConvolution(model, [4, 4, 3], "inner/second"), ["inner/second", [
    1,
    1,
    7,
    2,
  ]]);
  assertEquals(requireConvolution(conv({ features: 2, size: 3 }), [4, 4, 1]), ["", [3, 3, 1, 2]]);
  assertThrows(() => requireConvolution(lenet5(), [28, 28, 1], "conv1", 6), RangeError, "0 to 5");
  assertThrows(() => requireConvolution(softmax(), [3]), RangeError, "the model has none");
});

sharedDataTest("SqueezeNet's 96 filters are the weights of its kernel", async () => {
  await start({ backend: "cpu" });
  await using file = await openSafetensors(sharedPath("squeezenet1_0-imagenet.safetensors"));
  const { model, layout } = recognize(file, "squeezenet");
  const network = await fromTorch(model, [227, 227, 3], file, layout);
  const sheet = await filterGrid(network, undefined, { gap: 0, columns: 96 });
  assertEquals([sheet.width, sheet.height, sheet.channels], [96 * 7, 7, 3]);
  const kernel = (network.params as { conv1: { kernel: tf.Tensor4D } }).conv1.kernel;
  const weight = await kernel.array(); // [7, 7, 3, 96]
  for (const filter of [0, 8, 66, 95]) {
    const all = weight.flat(2).map((filters) => Math.abs(filters[filter]!));
    const most = Math.max(...all);
    for (const [y, x, c] of [[0, 0, 0], [3, 3, 1], [6, 2, 2]] as const) {
      const pixel = sheet.pixels[(y * sheet.width + filter * 7 + x) * 3 + c]!;
      assertAlmostEquals(pixel, 0.5 + weight[y]![x]![c]![filter]! / (2 * most), 1e-6);
    }
  }
});
