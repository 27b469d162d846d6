// What single layers do where PyTorch has no like of it.
import { assertEquals, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { batchNorm, dropout, flatten, init, key, padTo, parallel, tf } from "../../mod.ts";
import { onCpu } from "../backends.ts";

onCpu("padTo puts the image in the middle, the odd row and column at the end", async () => {
  const [y] = padTo(4, 3).apply({}, {}, tf.tensor4d([1, 2], [1, 1, 2, 1]), {});
  assertEquals(await y.flatten().array(), [0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0]);
});

onCpu("flatten lays out height, then width, then channel", async () => {
  const x = tf.range(0, 12).reshape([1, 2, 3, 2]);
  assertEquals(await flatten().apply({}, {}, x, {})[0].array(), [await x.flatten().array()]);
});

onCpu("batchNorm of a single example, which has no variance, is refused in training", () => {
  const layer = batchNorm();
  const { params, state } = init(layer, key(0), [2]);
  assertThrows(
    () => layer.apply(params, state, tf.fill([1, 2], 7), { training: true }),
    RangeError,
    "at least 2 values",
  );
});

onCpu("dropout does nothing outside training, and at rate 0", () => {
  const x = tf.ones([10]);
  assertStrictEquals(dropout(0.5).apply({}, {}, x, { key: key(0) })[0], x);
  assertStrictEquals(dropout(0).apply({}, {}, x, { training: true })[0], x);
});

onCpu(
  "dropout layers of one model drop different units, the same ones for the same key",
  async () => {
    const model = parallel({ a: dropout(0.5), b: dropout(0.5) });
    const none = { a: {}, b: {} };
    const run = async (seed: number): Promise<number[]> => {
      const [y] = model.apply(none, none, tf.ones([1, 64]), { training: true, key: key(seed) });
      return Array.from(await y.data());
    };
    const once = await run(0);
    assertEquals(await run(0), once);
    assertNotEquals(await run(1), once);
    assertNotEquals(once.slice(0, 64), once.slice(64));
  },
);
