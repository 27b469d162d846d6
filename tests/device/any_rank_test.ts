// Tensors of any rank and of no numbers, in what tfjs's programs refuse or get wrong.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { start, tf } from "../../mod.ts";
import { onEachBackend } from "../backends.ts";
import { gpuTest } from "./adapter.ts";

/** The numbers of a tensor of a shape, from 0 on; enough of them that no backend leaves them to the host. */
const SHAPE = [2, 3, 2, 3, 2, 5];

function counting(shape = SHAPE): tf.Tensor {
  return tf.reshape(tf.range(0, tf.util.sizeFromShape(shape)), shape);
}

/** The place in each axis of the number at a place in all. */
function placeOf(index: number, shape: readonly number[]): number[] {
  return shape.map((size, axis) =>
    Math.floor(index / tf.util.sizeFromShape(shape.slice(axis + 1))) % size
  );
}

onEachBackend("reverse turns axes of any rank, counted from either end", async () => {
  for (const shape of [[4, 50], [2, 3, 4, 3, 5], SHAPE]) {
    for (const axes of [[0], [-1], [1, -2], shape.map((_, axis) => axis)]) {
      const own = tf.util.parseAxisParam(axes, shape);
      const wanted = Array.from(
        { length: tf.util.sizeFromShape(shape) },
        (_, index) =>
          placeOf(index, shape).reduce(
            (sum, at, axis) =>
              sum * shape[axis]! + (own.includes(axis) ? shape[axis]! - 1 - at : at),
            0,
          ),
      );
      assertEquals([...await tf.reverse(counting(shape), axes).data()], wanted, `${axes}`);
    }
  }
});

onEachBackend("where chooses at any rank, and has its gradient", async () => {
  for (const shape of [[2, 3, 2, 3, 5], SHAPE]) {
    const x = tf.sub(counting(shape), 100);
    const chosen = await tf.where(tf.greater(x, 0), x, tf.mul(x, -2)).data();
    assertEquals([...chosen], [...await x.data()].map((value) => value > 0 ? value : -2 * value));
    for (const bounded of [(y: tf.Tensor) => tf.maximum(y, 0), (y: tf.Tensor) => tf.selu(y)]) {
      const slopes = await tf.grad((y: tf.Tensor) => bounded(y))(x).data();
      assert(slopes.at(-1)! >= 1);
    }
  }
});

onEachBackend("products have their gradient along axes counted from the end too", async () => {
  const x = tf.tensor2d([[1, 2, 3], [0, 5, 6]]);
  for (const axis of [-1, 1]) {
    const slopes = tf.grad((y: tf.Tensor) => tf.prod(y, axis))(x);
    assertEquals(await slopes.array(), [[6, 3, 2], [30, 0, 0]]);
  }
  assertEquals(await tf.grad((y: tf.Tensor) => tf.prod(y, [-2, 1], true))(x).array(), [
    [0, 0, 0],
    [180, 0, 0],
  ]);
});

onEachBackend("cumsum and cumprod take axes counted from the end", async () => {
  const x = counting([2, 3]);
  assertEquals(await tf.cumsum(x, -2).array(), [[0, 1, 2], [3, 5, 7]]);
  assertEquals(await tf.cumprod(x, -1, false, true).array(), [[0, 2, 2], [60, 20, 5]]);
});

onEachBackend("no numbers come to what is neutral, and to no extreme", async () => {
  const none = tf.zeros([2, 0, 3]);
  const flags = tf.cast(none, "bool");
  const reductions: [string, tf.Tensor, number][] = [
    ["sum", tf.sum(none, -2), 0],
    ["sum of whole numbers", tf.sum(tf.cast(none, "int32"), 1), 0],
    ["mean", tf.mean(none, 1), NaN],
    ["prod", tf.prod(none, 1), 1],
    ["all", tf.all(flags, 1), 1],
    ["any", tf.any(flags, 1), 0],
  ];
  for (const [name, reduced, value] of reductions) {
    assertEquals(reduced.shape, [2, 3], name);
    assertEquals([...await reduced.data()], Array(6).fill(value), name);
  }
  assertEquals(tf.max(none, 2).shape, [2, 0]);
  assertEquals(tf.argMin(none, 0).shape, [0, 3]);
  assertEquals(tf.sum(none, [0, 1], true).shape, [1, 1, 3]);
  const extremes = [tf.max, tf.min, tf.argMax, tf.argMin] as ((
    x: tf.Tensor,
    axis: number,
  ) => tf.Tensor)[];
  for (const extreme of extremes) {
    assertThrows(() => extreme(none, 1), RangeError, "there must be numbers along the axes");
  }
});

onEachBackend("counts, scattered updates and shares of nothing are answered", async () => {
  const nothing = tf.zeros([0], "int32") as tf.Tensor1D;
  assertEquals([...await tf.bincount(nothing, tf.zeros([0]), 3).data()], [0, 0, 0]);
  const rows = tf.zeros([2, 0], "int32") as tf.Tensor2D;
  assertEquals(await tf.denseBincount(rows, tf.zeros([0, 0]), 2).array(), [[0, 0], [0, 0]]);
  const places = tf.zeros([0, 1], "int32");
  assertEquals([...await tf.scatterND(places, tf.zeros([0]), [3]).data()], [0, 0, 0]);
  const kept = tf.tensorScatterUpdate(tf.ones([3]), places, tf.zeros([0]));
  assertEquals([...await kept.data()], [1, 1, 1]);
  assertEquals(tf.softmax(tf.zeros([2, 0])).shape, [2, 0]);
});

onEachBackend(
  "denseBincount says which numbers are there, of vectors and matrices, whatever their weights",
  async () => {
    const x = tf.tensor1d([1, 1, 3, 9], "int32");
    const weights = tf.tensor1d([-2, 5, 0, 1]);
    for (const given of [weights, tf.tensor1d([])]) {
      assertEquals([...await tf.denseBincount(x, given, 4, true).data()], [0, 1, 0, 1]);
    }
    const rows = tf.tensor2d([[0, 0], [2, 1]], [2, 2], "int32");
    assertEquals(await tf.denseBincount(rows, tf.zeros([0, 0]), 3, true).array(), [[1, 0, 0], [
      0,
      1,
      1,
    ]]);
  },
);

onEachBackend(
  "topk has NaN first, keeps what is beside it, and leaves its input as it is",
  async () => {
    const rows = [[1, NaN, 2, 5], [NaN, 1, NaN, -Infinity], [7, Infinity, 7, NaN]];
    // Repeated, so that no backend leaves them to the host.
    const x = tf.tile(tf.tensor2d(rows), [20, 1]);
    const { values, indices } = tf.topk(x, 3);
    assertEquals((await values.array() as number[][]).slice(-3), [
      [NaN, 5, 2],
      [NaN, NaN, 1],
      [Infinity, NaN, 7],
    ]);
    assertEquals((await indices.array() as number[][]).slice(-3), [[1, 3, 2], [0, 2, 1], [
      1,
      3,
      0,
    ]]);
    assertEquals(tf.topk(x, 0).values.shape, [60, 0]);
    const column = tf.ones([200, 1], "int32");
    tf.dispose(tf.topk(column, 1));
    assertEquals([x.shape, (await column.data())[0]], [[60, 4], 1]);
  },
);

onEachBackend("a batch normalization without scale or offset has its gradients", async () => {
  const [mean, variance] = [tf.tensor1d([1, 2]), tf.tensor1d([4, 9])];
  const f = (x: tf.Tensor, offset?: tf.Tensor1D): tf.Tensor =>
    tf.batchNorm(x as tf.Tensor4D, mean, variance, offset, undefined, 0);
  const slopes = await tf.grad((x) => f(x))(tf.ones([1, 1, 1, 2])).data();
  assert(Math.abs(slopes[0]! - 1 / 2) + Math.abs(slopes[1]! - 1 / 3) < 1e-6);
  const byOffset = tf.grad((offset) => f(tf.ones([1, 1, 3, 2]), offset as tf.Tensor1D));
  assertEquals([...await byOffset(tf.zeros([2])).data()], [3, 3]);
});

gpuTest(
  "powers of whole numbers are exact, of zero infinite, and quotients by zero zero",
  async () => {
    await start();
    for (const length of [4, 3]) { // Four at a time, and one.
      const of = (numbers: number[], dtype: "int32" | "float32"): tf.Tensor =>
        tf.tile(tf.tensor2d(numbers, [1, numbers.length], dtype), [100, 1]);
      const first = async (x: tf.Tensor): Promise<number[]> => [...await x.data()].slice(-length);
      const some = (numbers: number[]): number[] => numbers.slice(0, length);
      const base = of(some([5, -3, 46340, 0]), "int32");
      const power = of(some([2, 19, 2, 0]), "int32");
      assertEquals(await first(tf.pow(base, power)), some([25, -1162261467, 2147395600, 1]));
      const down = of(some([-1, -1, -1, -1]), "int32");
      assertEquals(
        await first(tf.pow(of(some([2, -1, 1, -2]), "int32"), down)),
        some([0, -1, 1, 0]),
      );
      const zero = of(some([0, 0, 0, 0]), "int32");
      assertEquals(await first(tf.floorDiv(base, zero)), some([0, 0, 0, 0]));
      const zeros = tf.cast(zero, "float32");
      const below = of(some([-1, -2, -0.5, -3]), "float32");
      assertEquals(await first(tf.pow(zeros, below)), Array(length).fill(Infinity));
      assertEquals(await first(tf.atan2(zeros, zeros)), Array(length).fill(0));
    }
  },
);

gpuTest("unique is refused, with the way out", async () => {
  await start();
  assertThrows(() => tf.unique(tf.ones([3])), RangeError, "new Set(await x.data())");
});
