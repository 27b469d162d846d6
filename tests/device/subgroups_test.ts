// Products whose tiles the invocations of a vector make together, by themselves, and plain TypeScript's.
import { assert, assertEquals, assertLess } from "@std/assert";
import { GuardedBackend } from "../../lib/device/backend.ts";
import { registerForm } from "../../lib/device/kernels/register_form.ts";
import { openings, subgroupsOpening } from "../../lib/device/subgroups.ts";
import { convolve, type ConvolveOptions } from "../../lib/tensor/convolve.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { key, start, stop, type Tensor, type Tensor4D, tf } from "../../mod.ts";
import { assertClose } from "../closeness.ts";
import { gpuTest } from "./adapter.ts";
import { product, relativeError } from "./reference.ts";

/** Rows, depth and columns: all widths, with and without fours, and rows and steps that are left. */
const CASES = [
  [257, 67, 131],
  [260, 64, 132],
  [1030, 36, 8],
  [1031, 37, 7],
  [1025, 80, 4],
  [1027, 81, 3],
  [49, 200, 100], // seven rows and five a tile
  [196, 101, 90],
] as const;

async function backendWithSubgroups(): Promise<GuardedBackend | undefined> {
  await start();
  const backend = tf.backend() as unknown;
  if (!(backend instanceof GuardedBackend)) return undefined;
  return subgroupsOpening(backend.device) === undefined ? undefined : backend;
}

/** Runs `f` as on a device without subgroups. */
async function withoutSubgroups<T>({ device }: GuardedBackend, f: () => Promise<T>): Promise<T> {
  const opening = openings.get(device)!;
  openings.delete(device);
  try {
    return await f();
  } finally {
    openings.set(device, opening);
  }
}

gpuTest("Mesa's software driver is used with subgroups", async () => {
  const { adapter } = await start();
  const isVector = (tf.backend() as unknown as GuardedBackend).device.adapterInfo.subgroupMinSize;
  if (!/llvmpipe.*256 bits/.test(adapter) || isVector !== 8) return;
  assert(await backendWithSubgroups());
});

gpuTest(
  "products that vectors make together are the reference's, bit by bit as alone",
  async () => {
    const backend = await backendWithSubgroups();
    if (!backend) return;
    for (const [i, [rows, depth, columns]] of CASES.entries()) {
      const a = normalArray(key(2 * i), rows * depth);
      const b = normalArray(key(2 * i + 1), depth * columns);
      const expected = product(
        (m, k) => a[m * depth + k]!,
        (k, m) => b[k * columns + m]!,
        [rows, depth, columns],
      );
      const [x, w] = [tf.tensor2d(a, [rows, depth]), tf.tensor2d(b, [depth, columns])];
      const [xT, wT] = [tf.transpose(x), tf.transpose(w)];
      for (const [turnA, turnB] of [[false, false], [true, false], [false, true], [true, true]]) {
        const run = async (): Promise<Float32Array> => {
          const y = tf.matMul(turnA ? xT : x, turnB ? wT : w, turnA, turnB);
          return await y.data().finally(() => y.dispose()) as Float32Array;
        };
        const together = await run();
        assertLess(relativeError(together, expected), 2e-6, `${CASES[i]}, ${turnA}, ${turnB}`);
        assertEquals(await withoutSubgroups(backend, run), together);
      }
      tf.dispose([x, w, xT, wT]);
    }
  },
);

gpuTest("so are convolutions and their gradients", async () => {
  const backend = await backendWithSubgroups();
  if (!backend) return;
  // Channels, features, size, stride, dilation, padding, groups.
  const cases = [
    [16, 32, 3, 1, 1, 1, 1],
    [32, 64, 3, 2, 1, 1, 1],
    [6, 16, 5, 1, 1, 0, 1],
    [64, 30, 1, 1, 1, 0, 1],
    [24, 48, 3, 1, 1, 1, 3],
    [36, 10, 3, 1, 1, 1, 1],
    [32, 40, 3, 1, 2, 2, 1],
    [32, 33, 5, 1, 1, 3, 1],
    [5, 32, 3, 1, 1, 0, 1],
    // Of 128 channels and more a window's pixels are fetched once.
    [132, 24, 3, 1, 1, 1, 1],
    [128, 40, 3, 1, 2, 2, 1],
    [10, 136, 3, 1, 1, 1, 1],
    [33, 128, 3, 1, 1, 2, 1],
    [128, 20, 3, 2, 1, 1, 1],
    // Of few colors a line's numbers are read by fours, if they begin where the text expects them.
    [1, 6, 5, 1, 1, 2, 1],
    [1, 32, 3, 1, 1, 0, 1],
    [1, 10, 4, 2, 1, 1, 1],
    [1, 7, 3, 1, 2, 3, 1],
    [2, 6, 3, 1, 1, 0, 1],
    [3, 8, 7, 2, 1, 3, 1],
    [3, 5, 5, 1, 1, 1, 1],
  ] as const;
  const images = cases.flatMap((one) =>
    (one[0] < 4 ? [15, 16] : [15]).map((width) => [width, one] as const)
  );
  for (const [width, [channels, features, size, stride, dilation, padding, groups]] of images) {
    const options: ConvolveOptions = {
      stride: [stride, stride],
      padding,
      dilation: [dilation, dilation],
      groups,
    };
    const random = (shape: number[], seed: number): Tensor =>
      tf.randomNormal(shape, 0, 1, "float32", seed);
    const x = random([9, 13, width, channels], 1) as Tensor4D;
    const filter = random([size, size, channels / groups, features], 2) as Tensor4D;
    const forward = (x: Tensor, filter: Tensor): Tensor =>
      convolve(x as Tensor4D, filter as Tensor4D, options);
    const y = forward(x, filter);
    const dy = random(y.shape, 3);
    const run = async (): Promise<Float32Array[]> => {
      const all = [forward(x, filter), ...tf.grads(forward)([x, filter], dy)];
      const values = await Promise.all(all.map((one) => one.data() as Promise<Float32Array>));
      tf.dispose(all);
      return values;
    };
    const together = await run();
    const alone = await withoutSubgroups(backend, run);
    for (const [i, values] of together.entries()) {
      assertClose(values, alone[i]!, `${channels} to ${features}, ${["y", "dx", "dw"][i]}`);
    }
    tf.dispose([x, filter, y, dy]);
  }
});

Deno.test("tiles lie below one another where few of their rows would be padding", () => {
  const nameOf = (rows: number, columns: number): string =>
    registerForm({ rows, columns, depth: 64, quads: { a: "depth", b: "columns" }, subgroups: true })
      .name;
  assertEquals(nameOf(128, 64), "register8x16 together");
  assertEquals(nameOf(256, 8), "register16x8 together");
  assertEquals(nameOf(144, 16), "register8x16");
  assertEquals(nameOf(4, 512), "register4x32 in turns");
});

Deno.test("tiles of small images have as many rows as leave the fewest to padding", () => {
  const nameOf = (rows: number, subgroups: boolean, a: "depth" | "rows" = "depth"): string =>
    registerForm({ rows, columns: 64, depth: 64, quads: { a, b: "columns" }, subgroups }).name;
  assertEquals(nameOf(7 * 7, true), "register7x16 together");
  assertEquals(nameOf(7 * 7, false), "register7x16");
  assertEquals(nameOf(14 * 14, true), "register5x16 together");
  assertEquals(nameOf(14 * 14, true, "rows"), "register8x16");
  assertEquals(nameOf(28 * 28, true), "register8x16 together");
  assertEquals(nameOf(56 * 56, true), "register8x16 together");
});

gpuTest("a device that was stopped is followed by one with subgroups", async () => {
  if (!await backendWithSubgroups()) return;
  stop();
  assert(await backendWithSubgroups());
});
