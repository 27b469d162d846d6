// Rows with their largest number at the same place, on each backend.
import { assertEquals } from "@std/assert";
import { correctCount } from "../../lib/train/report/mod.ts";
import { counters } from "../../lib/device/mod.ts";
import { key, type Tensor2D, tf } from "../../mod.ts";
import { matchingRows } from "../../lib/tensor/matching_rows.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { onEachBackend } from "../backends.ts";
import { gpuTest } from "../device/adapter.ts";
import { onCpuAndEachForm } from "../device/forms.ts";

/** The place that argMax answers on the CPU. */
function placeOf(row: ArrayLike<number>): number {
  return Array.from(row).reduce((place, value, i) => value > row[place]! ? i : place, 0);
}

/** Whole numbers from 0 to 3, so that many are equal. */
function coarse(seed: number, rows: number, classes: number): Float32Array {
  return uniformArray(key(seed), rows * classes, 0, 4).map(Math.floor);
}

async function check(form: string): Promise<void> {
  for (
    const [rows, classes] of [[1, 1], [3, 2], [128, 10], [256, 64], [257, 3], [700, 30], [9, 1100]]
  ) {
    const [a, b] = [coarse(1, rows!, classes!), coarse(2, rows!, classes!)];
    const matrix = (values: Float32Array) => tf.tensor2d(values, [rows!, classes!]);
    const rowOf = (values: Float32Array, n: number) =>
      values.subarray(n * classes!, (n + 1) * classes!);
    const alike = Array.from(
      { length: rows! },
      (_, n) => placeOf(rowOf(a, n)) === placeOf(rowOf(b, n)),
    );
    const expected = alike.filter(Boolean).length;
    const count = await matchingRows(matrix(a), matrix(b)).array();
    assertEquals(count, expected, `${form} [${rows}, ${classes}]`);
  }
}

onCpuAndEachForm("correctCount counts rows of any number and length, with equal scores", check);

onCpuAndEachForm("a row with a NaN is never counted, wherever it is", async (form) => {
  for (const classes of [2, 3, 65, 300]) {
    for (const at of new Set([0, 1, 63, 64, 255, classes - 1].filter((at) => at < classes))) {
      for (const label of new Set([0, at, classes - 1])) {
        const row = uniformArray(key(classes), classes).with(label, 2);
        const both = tf.tensor2d([...row, ...row.with(at, NaN)], [2, classes]);
        const labels = tf.oneHot([label, label], classes).toFloat() as Tensor2D;
        const name = `${form}: ${classes} classes, NaN at ${at}, label ${label}`;
        assertEquals(await matchingRows(both, labels).array(), 1, name);
        assertEquals(await matchingRows(both, both).array(), 1, name);
      }
    }
  }
});

onEachBackend("a NaN among the scores is never right, infinities are numbers", async () => {
  const count = async (scores: number[], label: number): Promise<number> => {
    const labels = tf.oneHot([label], scores.length).toFloat() as Tensor2D;
    return await correctCount(tf.tensor2d([scores]), labels).array();
  };
  assertEquals(await count([NaN, 1, 2], 0), 0);
  assertEquals(await count([1, NaN, 2], 2), 0);
  assertEquals(await count([NaN, NaN, NaN], 0), 0);
  assertEquals(await count([-Infinity, 1, Infinity], 2), 1);
  assertEquals(await count([-Infinity, -Infinity, -1e38], 2), 1);
});

onEachBackend("correctCount of no rows is 0, and of no classes all", async () => {
  assertEquals(await matchingRows(tf.zeros([0, 3]), tf.zeros([0, 3])).array(), 0);
  assertEquals(await matchingRows(tf.zeros([2, 0]), tf.zeros([2, 0])).array(), 2);
});

onEachBackend("correctCount takes whole numbers", async () => {
  const whole = tf.tensor2d([[1, 2], [3, 0]], [2, 2], "int32");
  assertEquals(await correctCount(whole, tf.tensor2d([[0, 1], [0, 1]])).array(), 1);
});

gpuTest("correctCount of a batch is one dispatch, of a large one two", async () => {
  for (const [rows, dispatches] of [[128, 1], [2000, 2]] as const) {
    const [a, b] = [tf.ones<tf.Rank.R2>([rows, 10]), tf.ones<tf.Rank.R2>([rows, 10])];
    await Promise.all([a.data(), b.data()]);
    const before = counters().dispatches;
    await correctCount(a, b).data();
    assertEquals(counters().dispatches - before, dispatches);
  }
});
