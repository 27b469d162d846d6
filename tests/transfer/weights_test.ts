// A new head on a trained network: what is taken over, what is made anew, what is refused.
import { headOf } from "../../lib/transfer/weights.ts";
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  dense,
  entries,
  init,
  key,
  type Layer,
  leaves,
  lenet5,
  mapTree,
  models,
  resnet20,
  sequential,
  squeezenet,
  tf,
  transferWeights,
  type Tree,
} from "../../mod.ts";
import { onCpu } from "../backends.ts";
import { toyModel } from "../train/toy.ts";

/** Numbers of a tree by path. */
async function numbers(tree: Tree): Promise<Record<string, number[]>> {
  const read = entries(tree).map(async ([path, leaf]): Promise<[string, number[]]> => [
    path,
    [...await leaf.data()],
  ]);
  return Object.fromEntries(await Promise.all(read));
}

onCpu("everything but the head is taken over, statistics too", async () => {
  const source = init(resnet20(), key(1), [32, 32, 3]);
  const trained = { ...source, state: mapTree(([leaf]) => tf.add(leaf!, 0.25), source.state) };
  const model = resnet20({ numClasses: 3 });
  const before = tf.memory().numTensors;
  const moved = transferWeights(model, [32, 32, 3], trained, { key: key(2) });
  assertEquals(
    tf.memory().numTensors - before,
    leaves(moved.params).length + leaves(moved.state).length,
  );
  const head = ["logits/kernel", "logits/bias"];
  assertEquals([moved.initialized, moved.unused], [head, head]);
  const [from, to] = [await numbers(trained.params), await numbers(moved.params)];
  const fresh = await numbers(init(model, key(2), [32, 32, 3]).params);
  for (const path of Object.keys(to)) {
    assertEquals(to[path], head.includes(path) ? fresh[path] : from[path], path);
  }
  assertEquals(await numbers(moved.state), await numbers(trained.state));
  assertEquals(moved.transferred.length, Object.keys(to).length - 2 + leaves(moved.state).length);
});

onCpu(
  "the weights are the caller's own: the source's outlive them, and they the source's",
  async () => {
    const source = init(lenet5(), key(1), [28, 28, 1]);
    const { params, state } = transferWeights(lenet5({ numClasses: 4 }), [28, 28, 1], source);
    const kept = await source.params.conv1.kernel.data();
    leaves(params).forEach((leaf) => leaf.dispose());
    assertEquals(await source.params.conv1.kernel.data(), kept);
    const again = transferWeights(lenet5({ numClasses: 4 }), [28, 28, 1], source);
    leaves(source.params).forEach((leaf) => leaf.dispose());
    assertEquals(await again.params.conv1.kernel.data(), kept);
    assertEquals(leaves(state), []);
  },
);

onCpu("a head of the same size is initialized anew too, unless it is to be kept", async () => {
  const source = init(lenet5(), key(1), [28, 28, 1]);
  const anew = transferWeights(lenet5(), [28, 28, 1], source, { key: key(1) });
  assertEquals(anew.initialized, ["logits/kernel", "logits/bias"]);
  const other = transferWeights(lenet5(), [28, 28, 1], source, { key: key(2) });
  assertNotEquals(
    await other.params.logits.kernel.data(),
    await source.params.logits.kernel.data(),
  );
  const kept = transferWeights(lenet5(), [28, 28, 1], source, { head: [] });
  assertEquals([kept.initialized, kept.unused], [[], []]);
  const deep = transferWeights(lenet5(), [28, 28, 1], source, { head: ["dense*", "logits"] });
  assertEquals(deep.initialized.length, 6);
});

onCpu("another image size initializes the layer after the flattening anew, and says so", () => {
  const source = init(toyModel(), key(0), [8, 8, 1]);
  const { initialized, unused } = transferWeights(toyModel(), [12, 12, 1], source, { head: [] });
  assertEquals([initialized, unused], [["logits/kernel"], ["logits/kernel"]]);
});

onCpu("another network, or a head that is none, is refused", () => {
  const source = init(sequential({ other: dense({ features: 2 }) }), key(0), [4]);
  const before = tf.memory().numTensors;
  assertThrows(
    () => transferWeights(lenet5(), [28, 28, 1], source),
    TypeError,
    "such as conv1/kernel, conv1/bias, conv2/kernel), got 2 such as other/kernel",
  );
  const right = init(lenet5(), key(0), [28, 28, 1]);
  assertThrows(
    () => transferWeights(lenet5(), [28, 28, 1], right, { head: "logit" }),
    RangeError,
    'did you mean "logits"?',
  );
  assertEquals(tf.memory().numTensors, before + 10);
});

Deno.test("each model of the registry has a head whose size is that of the classes", () => {
  for (const [name, { build, inputShape }] of Object.entries(models)) {
    // The paper's LeNet-5 has fixed codes for ten classes in the place of such a layer.
    if (name === "lenet5-1998") continue;
    const head = headOf(build(), inputShape)!;
    assert(head !== undefined, name);
    const shapes = [5, 7].map((numClasses) => {
      const { children } = build({ numClasses }).declare(inputShape);
      return JSON.stringify(children!.find((child) => child.name === head)!.declaration.params);
    });
    assertNotEquals(shapes[0], shapes[1], name);
  }
  assertEquals(headOf(squeezenet(), [224, 224, 3]), "conv10");
  assertEquals(headOf(dense({ features: 2 }) as Layer, [4]), undefined);
});
