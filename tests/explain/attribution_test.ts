// All methods of attribution: batches, recorded steps, lifetimes, progress.
import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { attributionMap } from "../../lib/explain/mod.ts";
import { disposeTree, tf } from "../../mod.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { images, METHODS, small } from "./small_networks.ts";

onEachBackend("each image of a batch has its own map and score", async () => {
  const network = small();
  const x = images(2);
  for (const [name, method] of Object.entries(METHODS)) {
    const both = await method(network, x, 2);
    for (const image of [0, 1]) {
      // SmoothGrad's noise differs with an image's place in the batch.
      const options = name === "smoothGrad" ? { noise: 0 } : {};
      const whole = name === "smoothGrad" ? await method(network, x, 2, options) : both;
      const own = await method(network, tf.slice(x, [image], [1]), 2, options);
      assertAlmostEquals(whole.scores[image]!, own.scores[0]!, 1e-5, name);
      const each = own.values.length;
      await assertClose(
        whole.values.subarray(image * each, (image + 1) * each),
        own.values,
        name,
        1e-5,
      );
      assertEquals(attributionMap(whole, image).length, 144);
    }
  }
});

onEachBackend("recorded steps give the same numbers as steps without jit", async () => {
  const network = small();
  const x = images();
  for (const name of ["smoothGrad", "integratedGradients", "occlusion"]) {
    const [recorded, plain] = [
      await METHODS[name]!(network, x, 0),
      await METHODS[name]!(network, x, 0, { jit: false }),
    ];
    await assertClose(recorded.values, plain.values, name);
  }
});

onEachBackend("no tensor is left, even if a signal stops the work", async () => {
  const network = small();
  const x = images();
  for (const [name, method] of Object.entries(METHODS)) {
    await method(network, x, 1);
    const before = tf.memory().numTensors;
    await method(network, x, 1);
    assertEquals(tf.memory().numTensors, before, name);
  }
  for (const name of ["smoothGrad", "integratedGradients", "occlusion"]) {
    const before = tf.memory().numTensors;
    const controller = new AbortController();
    const seen: number[] = [];
    const onProgress = (done: number) => {
      seen.push(done);
      controller.abort(new Error("enough"));
    };
    const going = METHODS[name]!(network, x, 1, { signal: controller.signal, onProgress });
    await assertRejects(() => going, Error, "enough");
    assertEquals([seen.length, tf.memory().numTensors], [1, before], name);
  }
  disposeTree(network.params);
});

onEachBackend("progress is reported until the end", async () => {
  const network = small();
  const x = images(2);
  const totals: Record<string, number> = {
    smoothGrad: 3,
    integratedGradients: 4,
    occlusion: 2 * 11 * 11,
  };
  for (const [name, total] of Object.entries(totals)) {
    const seen: [number, number][] = [];
    const onProgress = (done: number, total: number) => void seen.push([done, total]);
    await METHODS[name]!(network, x, 1, { onProgress });
    assertEquals(seen.at(-1), [total, total], name);
    assertEquals(seen.every(([done], i) => i === 0 || done > seen[i - 1]![0]), true, name);
  }
});
