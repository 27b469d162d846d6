// A climb in a task: its frames, and its end by Ctrl-C's signal.
import { assert, assertEquals } from "@std/assert";
import type { AscendReport } from "../../lib/generate/mod.ts";
import { channel } from "../../lib/explain/mod.ts";
import { init, key, lenet5, type Network, tf } from "../../mod.ts";
import { climb } from "../../tasks/pictures/climb.ts";
import { onCpu } from "../backends.ts";

function network(): Network {
  const model = lenet5();
  const { params, state } = init(model, key(0), [28, 28, 1]);
  return { model, params, state };
}

const OPTIONS = { shape: [28, 28, 1], steps: 130, jit: false };

onCpu("a climb keeps frames from the first step to the last, about sixty", async () => {
  const { signal } = new AbortController();
  const how = { name: "conv1", signal, animate: true };
  const found = await climb(network(), channel("conv1", 0), OPTIONS, how);
  assertEquals([found.steps, found.scores.length, found.interrupted], [130, 131, false]);
  // Every third of 0 to 130, and the last.
  assertEquals(found.frames.length, 45);
  assertEquals(found.frames.at(-1), found.images[0]);
  assert(found.frames[0]!.pixels.every((value) => value === 0.5));
});

onCpu("a signal ends it with the picture as it is, and no tensor stays", async () => {
  const controller = new AbortController();
  const onStep = ({ step }: AscendReport): void => {
    if (step === 2) controller.abort();
  };
  const looked = network();
  const before = tf.memory().numTensors;
  const how = { name: "conv1", signal: controller.signal };
  const found = await climb(looked, channel("conv1", 0), { ...OPTIONS, onStep }, how);
  assertEquals([found.interrupted, found.steps, found.frames.length], [true, 3, 0]);
  assert(found.images[0]!.pixels.some((value) => value !== 0.5));
  assertEquals(tf.memory().numTensors, before);
});
