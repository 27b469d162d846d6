// A network of depthwise convolutions: what it has and what a training step of it costs.
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import {
  countParameters,
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
import { mobilenetV1 } from "./mobilenet_v1.ts";

Deno.test("MobileNet v1 has the paper's parameters", () => {
  const { params } = mobilenetV1(1, 1000).declare([224, 224, 3]);
  assertEquals(countParameters(params), 4_231_976);
});

gpuTest("a training step of MobileNet v1 is a few dispatches a layer", async () => {
  await start();
  const model = mobilenetV1(0.25, 10);
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
