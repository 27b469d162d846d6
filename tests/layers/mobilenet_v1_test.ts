// What a training step of a network of depthwise convolutions costs.
import { assert, assertLessOrEqual } from "@std/assert";
import {
  disposeTree,
  fold,
  init,
  jit,
  key,
  sgd,
  softmaxCrossEntropy,
  start,
  tf,
  trainStep,
} from "../../mod.ts";
import { counters } from "../../lib/device/mod.ts";
import { gpuTest } from "../device/adapter.ts";
import { mobilenetV1 } from "../../lib/models/mobilenet_v1.ts";

gpuTest("a training step of MobileNet v1 is a few dispatches a layer", async () => {
  await start();
  const model = mobilenetV1({ width: 0.25, numClasses: 10 });
  const optimizer = sgd({ learningRate: 0.02, momentum: 0.9 });
  const { params, state } = init(model, key(0), [96, 96, 3]);
  const step = jit(trainStep(model, softmaxCrossEntropy, optimizer), { donate: [0] });
  const batch = {
    images: tf.randomUniform([4, 96, 96, 3], -1, 1, "float32", 5),
    labels: tf.cast(tf.oneHot(tf.tensor1d([1, 3, 5, 7], "int32"), 10), "float32"),
  };
  let trained = { params, state, optimizer: optimizer.init(params) };
  const losses: number[] = [];
  const costs: number[] = [];
  for (let i = 0; i < 4; i++) {
    const before = counters().dispatches;
    const { loss, correct, ...next } = step(trained, batch as never, fold(key(1), i));
    costs.push(counters().dispatches - before);
    losses.push((await loss.data())[0]!);
    tf.dispose([loss, correct]);
    trained = next as typeof trained;
  }
  // 8,093 when each group was a convolution of its own.
  assertLessOrEqual(costs.at(-1)!, 400, `${costs}`);
  assert(losses.at(-1)! < losses[0]!, `${losses}`);
  disposeTree(trained as never);
  tf.dispose(batch);
});
