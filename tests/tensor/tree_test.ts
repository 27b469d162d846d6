// Trees: order of leaves, mapping, taking apart and putting together, freeing.
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  disposeTree,
  entries,
  leaves,
  mapTree,
  merge,
  partition,
  type Tensor,
  tf,
  type Tree,
} from "../../mod.ts";
import { onCpu } from "../backends.ts";

/** A tree whose tensors hold 1, 2, 3 in the order of the keys, with gaps. */
function sample() {
  return {
    conv: { kernel: tf.scalar(1), bias: null, none: {} },
    act: {},
    dense: { bias: tf.scalar(2), deep: { er: { still: tf.scalar(3) } } },
  };
}

onCpu("entries are in the order of the keys, absent leaves left out", async () => {
  const tree = sample();
  const paths = entries(tree).map(([path]) => path);
  assertEquals(paths, ["conv/kernel", "dense/bias", "dense/deep/er/still"]);
  assertEquals(await Promise.all(leaves(tree).map((leaf) => leaf.array())), [1, 2, 3]);
});

onCpu("a tensor alone is a tree whose place has no name, and nothing is one without leaves", () => {
  const leaf = tf.scalar(1);
  assertEquals(entries(leaf).map(([path]) => path), [""]);
  assertEquals(leaves(null), []);
  assertEquals(leaves({}), []);
  assertStrictEquals(mapTree(([one]) => one!, leaf), leaf);
});

onCpu("mapTree keeps the form, and its function is given leaves and place", async () => {
  const seen: string[] = [];
  const [first, second] = [sample(), sample()];
  const sums = mapTree(
    ([a, b], path) => {
      seen.push(path);
      return tf.add(a!, b!);
    },
    first,
    second,
  );
  assertEquals(seen, entries(first).map(([path]) => path));
  assertEquals(sums.conv.bias, null);
  assertEquals(sums.act, {});
  assertEquals(await sums.dense.deep.er.still.array(), 6);
});

onCpu("mapTree refuses trees that lack a leaf, and says which", () => {
  const tree = { a: { b: tf.scalar(1) } };
  const cases: [Tree, string][] = [
    [{}, "absent"],
    [{ a: {} }, "absent"],
    [{ a: { b: null } }, "absent"],
    [null, "absent"],
    [tf.scalar(1), "absent"],
    [{ a: { b: { c: tf.scalar(1) } } }, "a record"],
  ];
  for (const [other, found] of cases) {
    const said = `a tensor at "a/b", got ${found}`;
    assertThrows(() => mapTree(([leaf]) => leaf!, tree, other), TypeError, said);
  }
});

onCpu("partition and merge are each other's inverse", () => {
  const tree = sample();
  for (const chosen of ["conv", "dense", "", "nowhere"]) {
    const [first, second] = partition(tree, (path) => path.startsWith(chosen));
    assertEquals(leaves(first).length + leaves(second).length, 3);
    assert(entries(first).every(([path]) => path.startsWith(chosen)));
    for (const whole of [merge(first, second), merge(second, first)]) {
      assertEquals(whole, tree);
      leaves(whole).forEach((leaf, i) => assertStrictEquals(leaf, leaves(tree)[i]));
    }
  }
});

onCpu("partition gives its function the leaf too", () => {
  const tree = { small: tf.zeros([2]), large: tf.zeros([200]) };
  const [chosen, rest] = partition(tree, (_, leaf) => leaf.size > 100);
  assertEquals([chosen.small, rest.large], [null, null]);
});

onCpu("merge refuses two leaves at one place, and a leaf where a record is", () => {
  const [one, two] = [tf.scalar(1), tf.scalar(2)];
  const said = 'at "a/b", got';
  const join = (first: Tree, second: Tree): Tree => merge<Tree>(first, second);
  assertThrows(
    () => join({ a: { b: one } }, { a: { b: two } }),
    TypeError,
    `${said} a tensor and a`,
  );
  assertThrows(
    () => join({ a: { b: one } }, { a: { b: { c: two } } }),
    TypeError,
    `${said} a tensor and a record`,
  );
  assertThrows(
    () => join({ a: { b: {} } }, { a: { b: two } }),
    TypeError,
    `${said} a record and a tensor`,
  );
});

onCpu("merge takes trees of which one lacks whole branches", () => {
  const [one, two] = [tf.scalar(1), tf.scalar(2)];
  const whole = merge<Tree>({ a: { x: one } }, { b: { y: two } });
  assertEquals(entries(whole), [["a/x", one], ["b/y", two]]);
  assertEquals(merge<Tree>(null, null), null);
});

onCpu("disposeTree frees a tree, but for what the kept ones share", () => {
  const before = tf.memory().numTensors;
  const shared = tf.scalar(1);
  const old = { a: shared, b: tf.scalar(2), c: { d: tf.scalar(3) }, e: null };
  const next = { a: shared, f: tf.scalar(4) };
  disposeTree(old, next, { g: old.c.d });
  assert(old.b.isDisposed);
  const alive = [shared, next.f, old.c.d] as Tensor[];
  assert(alive.every((leaf) => !leaf.isDisposed));
  disposeTree(next);
  disposeTree(old);
  assertEquals(tf.memory().numTensors, before);
});
