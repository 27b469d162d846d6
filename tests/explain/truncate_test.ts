import { assert, assertEquals, assertThrows } from "@std/assert";
import { activations } from "../../lib/explain/mod.ts";
import { truncate } from "../../lib/explain/truncate.ts";
import { disposeTree, init, key, layersOf, lenet5, resnet20, tf } from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { onCpu } from "../backends.ts";

onCpu("a truncated network computes what the whole network does", async () => {
  const network = init(lenet5(), key(0), [28, 28, 1]);
  const x = tf.tensor4d(uniformArray(key(1), 2 * 784), [2, 28, 28, 1]);
  const part = truncate(network, [28, 28, 1], ["conv1", "pool2"]);
  assertEquals(layersOf(part.model, [28, 28, 1]).has("dense1"), false);
  const whole = activations(network, x, ["pool2"]);
  const begun = activations(part, x, ["pool2"]);
  assertEquals(await begun.get("pool2")!.data(), await whole.get("pool2")!.data());
  tf.dispose([x, ...whole.values(), ...begun.values()]);
  disposeTree(network.params);
});

onCpu("without its padding a network takes images of any size; with it, up to its own", () => {
  const network = init(lenet5(), key(0), [28, 28, 1]);
  const large = truncate(network, [50, 40, 1], ["pool2"], { unpadded: true });
  assertEquals(layersOf(large.model, [50, 40, 1]).get("pool2")?.shape, [9, 7, 16]);
  assertThrows(() => truncate(network, [50, 40, 1], ["pool2"]), RangeError);
  disposeTree(network.params);
});

onCpu("the last layer, a layer inside it and the root need the whole network", () => {
  const network = init(resnet20(), key(0), [32, 32, 3]);
  const last = [...layersOf(network.model, [32, 32, 3]).keys()].at(-1)!;
  for (const paths of [[""], [last], []]) {
    assert(truncate(network, [32, 32, 3], paths).model === network.model);
  }
  assertThrows(() => truncate(network, [32, 32, 3], ["stage7"]), RangeError, "stage");
  disposeTree(network.params);
  disposeTree(network.state);
});
