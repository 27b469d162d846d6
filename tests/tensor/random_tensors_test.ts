// Random tensors: the key's numbers on every backend, of the right distribution.
import { assert, assertEquals, assertLess, assertNotEquals, assertThrows } from "@std/assert";
import { normalTensor, uniformArray, uniformTensor } from "../../lib/tensor/mod.ts";
import { fold, jit, type Key, key, sizeOf } from "../../mod.ts";
import { onEachBackend } from "../backends.ts";

onEachBackend("uniform numbers are the key's, to the bit, at odd sizes", async () => {
  for (const [i, shape] of [[], [1], [7], [64], [3, 5, 7], [2, 3, 1, 11], [1001], [0]].entries()) {
    const source = fold([0xfedcba98, 0x89abcdef], i);
    const x = uniformTensor(source, shape);
    assertEquals([x.shape, x.dtype], [shape, "float32"]);
    assertEquals(await x.data() as Float32Array, uniformArray(source, sizeOf(shape)));
    const scaled = await uniformTensor(source, shape, -3, 5).data();
    const expected = uniformArray(source, sizeOf(shape)).map((u) => u * 8 - 3);
    assert(scaled.every((value, j) => Math.abs(value - expected[j]!) <= 1e-6));
  }
});

onEachBackend("normal numbers have the mean, the deviation and the tails they should", async () => {
  const values = await normalTensor(key(4), [100_003], 1, 2).data();
  const z = Array.from(values, (value) => (value - 1) / 2);
  const moment = (power: number): number =>
    z.reduce((sum, value) => sum + value ** power, 0) / z.length;
  // Five deviations of the moments of 100,003 draws.
  for (const [power, expected, deviation] of [[1, 0, 1], [2, 1, 2], [3, 0, 15], [4, 3, 96]]) {
    const bound = 5 * Math.sqrt(deviation! / z.length);
    assertLess(Math.abs(moment(power!) - expected!), bound);
  }
  assert(z.every(Number.isFinite));
  const beyond = z.filter((value) => Math.abs(value) > 1.959964).length / z.length;
  assertLess(Math.abs(beyond - 0.05), 5 * Math.sqrt(0.05 * 0.95 / z.length));
});

onEachBackend("under jit each key has its own numbers", async () => {
  const f = (k: Key) => [uniformTensor(fold(k, "u"), [33]), normalTensor(k, [2, 16])];
  const fast = jit(f, { check: true });
  const seen: number[][] = [];
  for (let i = 0; i < 3; i++) {
    const read = async (run: typeof f): Promise<number[][]> =>
      await Promise.all(run(key(i)).map(async (x) => [...await x.data()]));
    const [plain, recorded] = [await read(f), await read(fast)];
    assertEquals(recorded, plain);
    seen.push(...recorded);
  }
  assertNotEquals(seen[0], seen[2]);
  assertNotEquals(seen[1], seen[3]);
});

onEachBackend("shapes that are none are refused", () => {
  for (const shape of [[-1], [2, 0.5], [NaN]]) {
    for (const draw of [uniformTensor, normalTensor]) {
      assertThrows(() => draw(key(0), shape), RangeError, `got [${shape}]`);
    }
  }
});
