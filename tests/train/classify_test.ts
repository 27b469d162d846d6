// classify: the same classes of a picture, in whatever it comes.
import { assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  classify,
  dense,
  flatten,
  init,
  key,
  lenet5,
  type Network,
  predict,
  sequential,
  tf,
} from "../../mod.ts";
import { encodePng, type Image, preprocess } from "../../lib/image/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";

/** Pixels that PNG keeps as they are. */
const picture: Image = {
  width: 40,
  height: 30,
  channels: 3,
  pixels: Float32Array.from({ length: 40 * 30 * 3 }, (_, i) => (i * 7 % 256) / 255),
};

const how = { resize: 9, crop: 8, range: 1, mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4] } as const;

/** A network of seven classes. */
function sevenClasses() {
  const model = sequential({ flatten: flatten(), logits: dense({ features: 7 }) });
  const classNames = [..."abcdefg"];
  return { ...init(model, key(3), [8, 8, 3]), preprocessing: how, classNames };
}

onEachBackend("probabilities are softmax's of the prepared picture, in their order", async () => {
  const network = sevenClasses();
  const x = tf.tensor(preprocess(picture, how), [1, 8, 8, 3]);
  const expected = [...await predict(network, x).data()];
  const before = tf.memory().numTensors;
  const found = await classify(network, picture, { top: 7 });
  assertEquals(tf.memory().numTensors, before);
  assertEquals(found.map(({ name }) => name).sort(), network.classNames);
  found.forEach(({ index, name, probability }, i) => {
    assertEquals(name, network.classNames[index]);
    assertAlmostEquals(probability, expected[index]!, 1e-6);
    if (i > 0) assertEquals(probability <= found[i - 1]!.probability, true);
  });
  assertEquals(await classify(network, picture), found.slice(0, 5));
  assertEquals(await classify(network, picture, { top: 100 }), found);
});

onCpu("a path, a URL, bytes, pixels and tensors are the same picture", async () => {
  const network = sevenClasses();
  const dir = await Deno.makeTempDir();
  const png = encodePng(picture);
  await Deno.writeFile(`${dir}/a.png`, png);
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) =>
      new URL(request.url).pathname === "/a.png"
        ? new Response(png)
        : new Response("no", { status: 404 }),
  );
  try {
    const expected = await classify(network, picture);
    const at = `http://127.0.0.1:${server.addr.port}`;
    const bytes = Int32Array.from(picture.pixels, (pixel) => Math.round(255 * pixel));
    for (
      const same of [
        `${dir}/a.png`,
        new URL(`file://${dir}/a.png`),
        `${at}/a.png`,
        new URL(`${at}/a.png`),
        png,
        tf.tensor3d(picture.pixels, [30, 40, 3]),
        tf.tensor4d(picture.pixels, [1, 30, 40, 3]),
        tf.tensor3d(bytes, [30, 40, 3], "int32"),
      ]
    ) {
      const found = await classify(network, same);
      assertEquals(found.map(({ index }) => index), expected.map(({ index }) => index));
      found.forEach(({ probability }, i) =>
        assertAlmostEquals(probability, expected[i]!.probability, 1e-6)
      );
    }
    await assertRejects(() => classify(network, `${at}/b.png`), Error, "got status 404");
    await assertRejects(() => classify(network, `${dir}/b.png`), Deno.errors.NotFound, "b.png");
    await Deno.writeTextFile(`${dir}/c.png`, "<!DOCTYPE html>");
    await assertRejects(() => classify(network, `${dir}/c.png`), SyntaxError, "c.png");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

onCpu(
  "without preprocessing and names, pixels are as they are and classes are numbered",
  async () => {
    const network = init(lenet5({ numClasses: 3 }), key(0), [28, 28, 1]);
    const digit: Image = {
      width: 28,
      height: 28,
      channels: 1,
      pixels: Float32Array.from({ length: 784 }, (_, i) => (i % 5) / 4),
    };
    const expected = await predict(network, tf.tensor4d(digit.pixels, [1, 28, 28, 1])).data();
    const found = await classify(network, digit);
    assertEquals(found.map(({ name, index }) => name === `class ${index}`), [true, true, true]);
    for (const { index, probability } of found) {
      assertAlmostEquals(probability, expected[index]!, 1e-6);
    }
  },
);

onCpu("what cannot be classified is refused", async () => {
  const network = sevenClasses();
  const { inputShape: _, preprocessing: __, ...bare } = network;
  await assertRejects(() => classify(bare, picture), TypeError, "got neither");
  await assertRejects(
    () => classify({ ...network, classNames: ["a"] }, picture),
    TypeError,
    "got 1",
  );
  for (const top of [0, 1.5, NaN]) {
    await assertRejects(() => classify(network, picture, { top }), RangeError, `got ${top}`);
  }
  const one: Network = init(
    sequential({ flatten: flatten(), logits: dense({ features: 1 }) }),
    key(0),
    [8, 8, 3],
  ) as Network;
  const before = tf.memory().numTensors;
  await assertRejects(
    () => classify({ ...one, preprocessing: how }, picture),
    TypeError,
    "at least two classes, [N, classes], got [1,1]",
  );
  assertEquals(tf.memory().numTensors, before);
  const { kernel, bias } = network.params.logits;
  const params = { ...network.params, logits: { kernel: tf.mul(kernel, NaN), bias: bias! } };
  await assertRejects(
    () => classify({ ...network, params } as typeof network, picture),
    RangeError,
    "all scores must be finite, got NaN",
  );
  const tensors: [tf.Tensor, string][] = [
    [tf.zeros([2, 8, 8, 3]), "one picture"],
    [tf.zeros([8, 8]), "one picture"],
    [tf.zeros([8, 8, 2]), "one picture"],
    [tf.fill([8, 8, 3], 200), "from 0 to 1, got 200"],
    [tf.fill([8, 8, 3], -1, "int32"), "from 0 to 255, got -1"],
  ];
  for (const [tensor, message] of tensors) {
    const error = await assertRejects(() => classify(network, tensor), Error, message);
    assertEquals(/^Cannot classify a tensor/.test(error.message), true);
  }
  assertThrows(() => preprocess({ ...picture, width: 3 }, how), TypeError);
});

onCpu("dark and light are swapped for networks of gray images, if asked for", async () => {
  const model = sequential({ flatten: flatten(), logits: dense({ features: 3 }) });
  const network = init(model, key(5), [8, 8, 1]);
  // A dark stroke on light, and the same light on dark.
  const dark = {
    width: 8,
    height: 8,
    channels: 1,
    pixels: new Float32Array(64).fill(0.9),
  } as const;
  for (let y = 2; y < 6; y++) dark.pixels[8 * y + 4] = 0.1;
  const light = { ...dark, pixels: dark.pixels.map((value) => 1 - value) };
  const expected = await classify(network, light);
  assertEquals(await classify(network, dark, { invert: true }), expected);
  assertEquals(await classify(network, dark, { invert: "auto" }), expected);
  assertEquals(await classify(network, light, { invert: "auto" }), expected);
  const [first] = await classify(network, dark);
  assertEquals(first!.probability === expected[0]!.probability, false);
  await assertRejects(
    () => classify(sevenClasses(), picture, { invert: "auto" }),
    RangeError,
    "invert is for networks that take gray images",
  );
});
