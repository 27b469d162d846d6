// Ablation: a layer's maps are 0, and nothing else is changed.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ablate, activations } from "../../lib/explain/mod.ts";
import { init, key, lenet5, tf } from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";

onEachBackend("a convolution without a map is one whose filter and bias are 0", async () => {
  const network = init(lenet5({ activation: "relu" }), key(3), [28, 28, 1]);
  const x = tf.tensor(uniformArray(key(4), 2 * 784), [2, 28, 28, 1]);
  const params = network.params as unknown as {
    readonly conv2: { readonly kernel: tf.Tensor; readonly bias: tf.Tensor };
  };
  const [kernel, bias] = [params.conv2.kernel, tf.fill([16], 0.3)];
  const mask = tf.tensor1d(Array.from({ length: 16 }, (_, i) => i === 3 || i === 7 ? 0 : 1));
  const having = (change: object) => ({
    ...network,
    params: { ...network.params, conv2: change } as typeof network.params,
  });
  const own = having({ kernel, bias });
  const without = having({ kernel: tf.mul(kernel, mask), bias: tf.mul(bias, mask) });
  const wanted = await network.model.apply(without.params, network.state, x, {})[0].data();
  const before = tf.memory().numTensors;
  const found = ablate(own, x, "conv2", [3, 7]);
  assertEquals(tf.memory().numTensors, before + 1);
  assertClose(await found.data(), wanted);
  const all = await ablate(own, x, "conv2", []).data();
  assertClose(all, await activations(own, x, [""]).get("")!.data());
  assert([...all].some((value, i) => Math.abs(value - wanted[i]!) > 1e-4));
});

onCpu("a map that is not there is refused, and a path", () => {
  const network = init(lenet5(), key(0), [28, 28, 1]);
  const x = tf.zeros([1, 28, 28, 1]);
  assertThrows(() => ablate(network, x, "conv2", [16]), RangeError, "16");
  assertThrows(() => ablate(network, x, "conv3", [0]), RangeError, "did you mean");
});
