// Takes a training step of LeNet-5, with help from a second device or without; says how many programs that compiled, the loss, and
// how many textures were made that nothing may be copied into.
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

let bare = 0;
const { createTexture } = GPUDevice.prototype;
GPUDevice.prototype.createTexture = function (descriptor) {
  if (!(descriptor.usage & GPUTextureUsage.COPY_DST)) bare++;
  return createTexture.call(this, descriptor);
};

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
console.log(JSON.stringify({ count, loss: (await loss.data())[0], bare }));
