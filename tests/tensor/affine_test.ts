// Affine maps of images: against sums of tents in plain TypeScript, and gradients against differences.
import { assertEquals, assertThrows } from "@std/assert";
import { key, type Scalar, type Tensor, tf, valueAndGrad } from "../../mod.ts";
import { normalArray, warp, type WarpEdge } from "../../lib/tensor/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { assertGradients } from "../finite_differences.ts";

type Shape4 = readonly [number, number, number, number];
type Map = readonly [number, number, number, number, number, number];

/** A turn by an angle in degrees and a scale, about a middle, then a shift. */
function turned(degrees: number, scale: number, middle: number, shift: number): Map {
  const [cos, sin] = [Math.cos, Math.sin].map((f) => f(degrees * Math.PI / 180) / scale);
  const off = (p: number, q: number): number => middle - (p + q) * middle + shift;
  return [cos!, -sin!, off(cos!, -sin!), sin!, cos!, off(sin!, cos!)];
}

const MAPS: readonly Map[] = [
  [1, 0, 0, 0, 1, 0],
  [1, 0, 3, 0, 1, -2],
  turned(10, 1.1, 4, 0.3),
  turned(-10, 0.9, 3, -2),
  turned(45, 0.5, 2, 0.25),
  turned(200, 3, 5, 1),
  [0, 0, 2.5, 0, 0, 1.5],
  turned(30, 0.2, 4, 7),
];

const SHAPES: readonly Shape4[] = [[1, 7, 9, 3], [2, 9, 5, 1], [1, 4, 6, 5]];

const EDGES: readonly WarpEdge[] = ["reflect", 0, 0.5];

/** What an axis shows at a whole number far outside: back and forth between its ends. */
function walk(place: number, size: number): number {
  let [at, step] = [0, 1];
  for (let i = 0; i < Math.abs(place); i++) {
    if (at + step < 0 || at + step >= size) step = -step;
    at += step;
  }
  return at;
}

/** Each pixel as the sum over all whole places around of tents, in float64. */
function plainWarp(
  values: Float32Array,
  [, height, width, channels]: Shape4,
  map: Map,
  edge: WarpEdge,
): number[] {
  const [a, b, c, d, e, f] = map.map(Math.fround) as unknown as Map;
  const at = (n: number, y: number, x: number, channel: number): number => {
    const inside = y >= 0 && x >= 0 && y < height && x < width;
    if (!inside && edge !== "reflect") return edge;
    const [row, column] = [walk(y, height), walk(x, width)];
    return values[((n * height + row) * width + column) * channels + channel]!;
  };
  const result: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const [channel, x] = [i % channels, Math.floor(i / channels) % width];
    const y = Math.floor(i / channels / width) % height;
    const n = Math.floor(i / channels / width / height);
    const [u, v] = [a * x + b * y + c, d * x + e * y + f];
    let sum = 0;
    for (let row = Math.floor(v) - 1; row <= v + 1; row++) {
      for (let column = Math.floor(u) - 1; column <= u + 1; column++) {
        const share = Math.max(0, 1 - Math.abs(row - v)) * Math.max(0, 1 - Math.abs(column - u));
        if (share > 0) sum += share * at(n, row, column, channel);
      }
    }
    result.push(sum);
  }
  return result;
}

onEachBackend(
  "images through a map are sums of tents, at odd sizes, whatever the edge",
  async () => {
    for (const [i, shape] of SHAPES.entries()) {
      const values = normalArray(key(i), tf.util.sizeFromShape([...shape]));
      for (const map of MAPS) {
        for (const edge of EDGES) {
          const y = warp(tf.tensor4d(values, [...shape]), tf.tensor1d([...map]), { edge });
          // Places are float32 on the GPU: some tens of pixels by 6e-8.
          await assertClose(y, plainWarp(values, shape, map, edge), `${map} ${edge}`, 5e-6);
          y.dispose();
        }
      }
    }
  },
);

onEachBackend("on the way back each pixel sums over all that read it", async () => {
  for (const map of [MAPS[2]!, MAPS[3]!, MAPS[5]!]) {
    for (const edge of ["reflect", 0.5] as const) {
      const f = ({ x }: { x: Tensor }): Tensor => warp(x, tf.tensor1d([...map]), { edge });
      const x = tf.tensor4d(normalArray(key(3), 4 * 5), [1, 4, 5, 1]);
      await assertGradients(f, { x });
    }
  }
});

onEachBackend("slopes of larger images are those that the result reads, to the sum", async () => {
  const [height, width] = [61, 47];
  const values = normalArray(key(8), height * width * 3);
  const x = tf.tensor4d(values, [1, height, width, 3]);
  const dy = tf.tensor4d(normalArray(key(9), values.length), [1, height, width, 3]);
  for (const map of MAPS) {
    for (const edge of ["reflect", 0] as const) {
      const loss = (p: { x: Tensor }): Scalar =>
        tf.sum(tf.mul(warp(p.x, tf.tensor1d([...map]), { edge }), dy)).asScalar();
      const { grads, value } = valueAndGrad((p: { x: Tensor }) => [loss(p), {}])({ x });
      // The map is linear in the image: ⟨dy, W x⟩ = ⟨Wᵀ dy, x⟩.
      const back = await grads.x.data();
      const product = values.reduce((sum, v, i) => sum + v * back[i]!, 0);
      const scale = Math.hypot(...back) * Math.hypot(...values);
      assertEquals(Math.abs(product - (await value.data())[0]!) < 2e-6 * scale, true, `${map}`);
    }
  }
});

onEachBackend("each image through its own map is what the map makes of it alone", async () => {
  for (const [i, [, ...shape]] of SHAPES.entries()) {
    const count = MAPS.length;
    const images = tf.tensor(normalArray(key(i), count * tf.util.sizeFromShape(shape)), [
      count,
      ...shape,
    ]);
    const dy = tf.tensor(normalArray(key(i + 9), images.size), images.shape);
    const slopesOf = (x: Tensor, map: Tensor, edge: WarpEdge, dy: Tensor): Tensor[] => {
      const f = (p: { x: Tensor }): [Scalar, { y: Tensor }] => {
        const y = warp(p.x, map, { edge });
        return [tf.sum(tf.mul(y, dy)).asScalar(), { y }];
      };
      const { grads, aux } = valueAndGrad(f)({ x });
      return [aux.y, grads.x];
    };
    for (const edge of EDGES) {
      const together = slopesOf(images, tf.tensor2d(MAPS.map((map) => [...map])), edge, dy);
      const apart = MAPS.map((map, n) => {
        const only = (x: Tensor): Tensor => tf.gather(x, [n]);
        return slopesOf(only(images), tf.tensor1d([...map]), edge, only(dy));
      });
      for (const part of [0, 1]) {
        const expected = tf.concat(apart.map((pair) => pair[part]!));
        // The same operations in the same order: the same bits.
        assertEquals(await together[part]!.data(), await expected.data(), `${part} ${edge}`);
      }
    }
  }
});

onCpu("a shift by whole pixels is a copy", async () => {
  const x = tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 2, 3, 1]);
  const on = (edge: WarpEdge): Tensor => warp(x, tf.tensor1d([1, 0, 2, 0, 1, 0]), { edge });
  assertEquals(await on("reflect").flatten().array(), [3, 2, 1, 6, 5, 4]);
  assertEquals(await on(9).flatten().array(), [3, 9, 9, 6, 9, 9]);
});

onCpu("what cannot be warped says why", () => {
  const map = tf.tensor1d([1, 0, 0, 0, 1, 0]);
  const image = tf.zeros([1, 2, 2, 3]);
  assertThrows(() => warp(tf.zeros([2, 2, 3]), map), TypeError, "of shape [N, H, W, C]");
  assertThrows(() => warp(image, tf.zeros([5])), TypeError, "six numbers");
  assertThrows(() => warp(image, tf.zeros([2, 6])), TypeError, "or [1, 6], a row for each image");
  assertThrows(() => warp(image, map, { edge: NaN }), RangeError, "finite number");
  assertThrows(() => warp(tf.zeros([1, 1, 2, 3]), map), RangeError, "two pixels");
});
