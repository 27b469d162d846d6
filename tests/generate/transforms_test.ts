// Transforms: draws, chains, and ascent through them.
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  affineChain,
  ascend,
  jitter,
  lucidTransforms,
  pad,
  randomRotate,
  randomScale,
} from "../../lib/generate/mod.ts";
import type { AffineMap } from "../../lib/tensor/mod.ts";
import { init, key, lenet5, tf } from "../../mod.ts";
import { channel } from "../../lib/explain/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";

const SHAPE = [1, 30, 40, 3];

/** Draws of many keys. */
function drawn(map: (seed: number) => AffineMap): AffineMap[] {
  return Array.from({ length: 200 }, (_, seed) => map(seed));
}

Deno.test("jitter draws every whole pixel of its range", () => {
  const shifts = drawn((seed) => jitter(2).map(key(seed), SHAPE)).map(([, , c]) => c);
  assertEquals([...new Set(shifts)].sort((a, b) => a - b), [-2, -1, 0, 1, 2]);
});

Deno.test("scales and angles fill their range", () => {
  const scales = drawn((seed) => randomScale(0.9, 1.1).map(key(seed), SHAPE)).map(([a]) => 1 / a);
  assert(Math.min(...scales) >= 0.9 && Math.min(...scales) < 0.91);
  assert(Math.max(...scales) <= 1.1 && Math.max(...scales) > 1.09);
  const angles = drawn((seed) => randomRotate(10).map(key(seed), SHAPE))
    .map(([a, , , d]) => Math.atan2(d, a) * 180 / Math.PI);
  assert(Math.min(...angles) >= -10 && Math.min(...angles) < -9.5);
  assert(Math.max(...angles) <= 10 && Math.max(...angles) > 9.5);
});

Deno.test("scaling and rotation keep the center", () => {
  for (const part of [randomScale(), randomRotate(), pad(5)]) {
    const [a, b, c, d, e, f] = part.map(key(3), SHAPE);
    assertAlmostEquals(a * 19.5 + b * 14.5 + c, 19.5);
    assertAlmostEquals(d * 19.5 + e * 14.5 + f, 14.5);
  }
});

Deno.test("a chain applies its parts in order", () => {
  const chain = affineChain([pad(5), randomScale(2, 2)]);
  const [a, , , , e] = chain.map(key(0), SHAPE);
  assertAlmostEquals(a, 40 / 30 / 2);
  assertAlmostEquals(e, 30 / 20 / 2);
  // A frame on the left of what is shifted is not a shift of what is framed: order counts.
  const [framed, shifted] = [[pad(5), jitter(3)], [jitter(3), pad(5)]]
    .map((parts) => affineChain(parts).map(key(1), SHAPE));
  assert(Math.abs(framed![2] - shifted![2]) > 0.5);
});

onCpu(
  "a chain of whole shifts equals its parts one after another",
  async () => {
    const x = tf.tensor(Float32Array.from({ length: 48 }, (_, i) => i), [1, 6, 8, 1]);
    const maps = [[1, 0, 1, 0, 1, -1], [0, -1, 7, 1, 0, 0]] as const;
    const parts = maps.map((map) => ({ ...jitter(0), map: (): AffineMap => map }));
    const chain = affineChain(parts, { edge: "reflect" });
    const both = chain.apply(x, tf.tensor1d([...chain.draw(key(0), x.shape)]));
    const apart = maps.reduce<tf.Tensor>(
      (y, map) => jitter(0, { edge: "reflect" }).apply(y, tf.tensor1d([...map])),
      x,
    );
    // The reflections of what the first part shifted out differ.
    const inner = (y: tf.Tensor): Promise<unknown> =>
      tf.slice(y, [0, 1, 1, 0], [1, 4, 4, 1]).array();
    assertEquals(await inner(both), await inner(apart));
  },
);

onEachBackend(
  "one recording of a step serves all draws, and the same key gives the same bytes",
  async (backend) => {
    const model = lenet5();
    const { params, state } = init(model, key(1), [28, 28, 1]);
    const climb = async (jit: boolean): Promise<Uint8Array> => {
      const { images, scores } = await ascend({ model, params, state }, channel("conv2", 3), {
        shape: [28, 28, 1],
        steps: 4,
        transforms: [lucidTransforms(28)],
        key: key(5),
        jit,
      });
      assert(new Set(scores).size > 1);
      return new Uint8Array((await images.data() as Float32Array).slice().buffer);
    };
    const first = await climb(true);
    assertEquals(first, await climb(true));
    if (backend === "webgpu") assertEquals(first, await climb(false));
  },
);

Deno.test("invalid ranges are refused", () => {
  assertThrows(() => jitter(0.5), RangeError, "whole number");
  assertThrows(() => jitter(-1), RangeError, "whole number");
  assertThrows(() => randomScale(0, 1), RangeError, "above 0");
  assertThrows(() => randomScale(1.2, 1), RangeError, "in order");
  assertThrows(() => randomRotate(NaN), RangeError, "at least 0");
  assertThrows(() => pad(-1), RangeError, "at least 0");
  assertThrows(() => pad(15).map(key(0), SHAPE), RangeError, "leave room");
  assertThrows(() => affineChain([]), RangeError, "at least one");
});
