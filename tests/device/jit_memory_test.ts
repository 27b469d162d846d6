// Replays take no more memory than the first one did, and update in place what is donated.
import { assertEquals, assertLess } from "@std/assert";
import { counters } from "../../lib/device/mod.ts";
import {
  dense,
  flatten,
  fold,
  init,
  jit,
  key,
  leaves,
  predict,
  relu,
  sequential,
  sgd,
  softmaxCrossEntropy,
  start,
  tf,
  trainStep,
} from "../../mod.ts";
import type { GuardedBackend } from "../../lib/device/backend.ts";
import { gpuTest } from "./adapter.ts";

function model() {
  return sequential({
    flatten: flatten(),
    hidden: dense({ features: 16 }),
    relu: relu(),
    logits: dense({ features: 3 }),
  });
}

function bytesInGpu(): number {
  return (tf.memory() as unknown as { numBytesInGPU: number }).numBytesInGPU;
}

function buffers(tensors: tf.Tensor[]): Set<GPUBuffer> {
  const backend = tf.backend() as unknown as GuardedBackend;
  return new Set(tensors.map(({ dataId }) => backend.bufferOf(dataId)));
}

gpuTest("a thousand steps leave tensors, bytes and buffers as the first steps did", async () => {
  await start();
  const optimizer = sgd({ learningRate: 0.01, momentum: 0.9 });
  const { params, state } = init(model(), key(0), [4, 4, 1]);
  const step = jit(trainStep(model(), softmaxCrossEntropy, optimizer), { donate: [0] });
  let trained = { params, state, optimizer: optimizer.init(params) };
  const pixels = new Float32Array(2 * 16).fill(0.5);
  const advance = (i: number): void => {
    const batch = {
      images: tf.tensor4d(pixels, [2, 4, 4, 1]),
      labels: tf.tensor2d([[1, 0, 0], [0, 1, 0]]),
    };
    const { loss, correct, ...next } = step(trained, batch, fold(key(0), i));
    tf.dispose([batch.images, batch.labels, loss, correct]);
    trained = next;
  };
  for (let i = 0; i < 10; i++) advance(i);
  const tensors = leaves(trained.params);
  const homes = buffers(tensors);
  const [before, bytes, allocated] = [tf.memory().numTensors, bytesInGpu(), counters()];
  for (let i = 0; i < 1000; i++) {
    advance(i);
    if (i % 100 === 99) await (tf.backend() as unknown as GuardedBackend).settle();
  }
  assertEquals([tf.memory().numTensors, bytesInGpu()], [before, bytes]);
  assertEquals(counters().allocatedBytes, allocated.allocatedBytes);
  assertEquals(counters().submits - allocated.submits, 1000);
  assertEquals(buffers(leaves(trained.params)), homes);
  step.dispose();
  assertLess(bytesInGpu(), bytes);
  tf.dispose([trained.params, trained.state, trained.optimizer].flatMap(leaves));
});

gpuTest(
  "predicting again and again takes no more memory, and leaves weights where they are",
  async () => {
    await start();
    const net = model();
    const weights = init(net, key(0), [4, 4, 1]);
    const x = tf.ones([3, 4, 4, 1]);
    const once = (): void => predict(weights, x).dispose();
    for (let i = 0; i < 3; i++) once();
    const [homes, tensors, bytes, before] = [
      buffers(leaves(weights.params)),
      tf.memory().numTensors,
      bytesInGpu(),
      counters(),
    ];
    for (let i = 0; i < 50; i++) once();
    assertEquals([tf.memory().numTensors, bytesInGpu()], [tensors, bytes]);
    assertEquals(counters().uploadedBytes, before.uploadedBytes);
    assertEquals(buffers(leaves(weights.params)), homes);
    tf.dispose([...leaves(weights.params), x]);
  },
);
