// AlexNet, ZFNet, VGG and SqueezeNet at small sizes: that they run, on both backends alike.
import { assert, assertEquals } from "@std/assert";
import {
  alexnet,
  type BackendName,
  disposeTree,
  init,
  key,
  type Layer,
  leaves,
  type Shape,
  sizeOf,
  softmaxCrossEntropy,
  squeezenet,
  start,
  tf,
  valueAndGrad,
  vgg,
  zfnet,
} from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { onCpu } from "../backends.ts";
import { assertClose, numbersOf } from "../closeness.ts";
import { gpuTest } from "../device/adapter.ts";

/** Without the dense layers of 17 million weights and more, which have tests of their own. */
const SMALL: Readonly<Record<string, readonly [Layer, Shape]>> = {
  "AlexNet": [alexnet({ head: false }) as Layer, [67, 67, 3]],
  "torchvision's AlexNet": [alexnet({ variant: "torchvision", head: false }) as Layer, [67, 67, 3]],
  "ZFNet": [zfnet({ head: false }) as Layer, [63, 63, 3]],
  "VGG-11 with batch normalization": [
    vgg({ depth: 11, batchNorm: true, head: "mean", numClasses: 10 }) as Layer,
    [32, 32, 3],
  ],
  "SqueezeNet": [squeezenet({ numClasses: 10 }) as Layer, [64, 64, 3]],
};

/** A model's output for one image, with parameters by a key. */
async function outputOf(backend: BackendName, [model, shape]: readonly [Layer, Shape]): Promise<
  Float32Array
> {
  await start({ backend });
  const { params, state, outputShape: output } = init(model, key(3), shape);
  const x = tf.tensor4d(normalArray(key(4), sizeOf(shape)), [1, ...shape] as [number, 64, 64, 3]);
  const [y] = model.apply(params, state, x, {});
  assertEquals(y.shape, [1, ...output]);
  const numbers = Float32Array.from(await numbersOf(y));
  for (const tree of [params, state, { x, y }]) disposeTree(tree);
  return numbers;
}

for (const [name, model] of Object.entries(SMALL)) {
  gpuTest(`${name} has the same outputs on WebGPU and on the CPU`, async () => {
    const [wanted, got] = [await outputOf("cpu", model), await outputOf("webgpu", model)];
    assert(wanted.some((number) => number > 0), "nothing responds");
    // Up to 26 layers of sums of up to 4,608 products.
    await assertClose(got, wanted, name, 1e-5);
  });
}

onCpu("each parameter of SqueezeNet has a slope", async () => {
  const model = squeezenet({ numClasses: 4, dropout: 0 });
  const { params, state } = init(model, key(3), [32, 32, 3]);
  const x = tf.tensor4d(normalArray(key(4), 2 * 3072), [2, 32, 32, 3]);
  const { grads } = valueAndGrad((weights: typeof params) => {
    const [logits] = model.apply(weights, state, x, { training: true });
    return [softmaxCrossEntropy(logits, tf.tensor2d([[1, 0, 0, 0], [0, 0, 0, 1]])), {}];
  })(params);
  const slopes = leaves(grads);
  assertEquals(slopes.length, 52);
  for (const slope of slopes) {
    assert(Array.from(await numbersOf(slope)).some((number) => Math.abs(number) > 0));
  }
});
