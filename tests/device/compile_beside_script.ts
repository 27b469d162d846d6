// Takes a training step of LeNet-5, with help from a second device or without; says how many programs that compiled, and the loss.
import { compileBeside } from "../../lib/device/compile_beside.ts";
import {
  adam,
  init,
  jit,
  key,
  lenet5,
  softmaxCrossEntropy,
  start,
  type Tensor1D,
  type Tensor2D,
  tf,
  trainStep,
} from "../../mod.ts";

await start();
const model = lenet5();
const { params, state } = init(model, key(0), [28, 28, 1]);
const optimizer = adam();
const step = jit(trainStep(model, softmaxCrossEntropy, optimizer));
const classes = tf.tensor1d(Array.from({ length: 128 }, (_, i) => i % 10), "int32") as Tensor1D;
const labels = tf.oneHot(classes, 10).toFloat() as Tensor2D;
const batch = { images: tf.ones([128, 28, 28, 1]), labels };
const { loss } = step({ params, state, optimizer: optimizer.init(params) }, batch, key(1));
const count = Deno.args[0] === "beside" ? await compileBeside() : 0;
console.log(JSON.stringify({ count, loss: (await loss.data())[0] }));
