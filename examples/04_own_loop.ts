// Trains with your own loop. `jit` records its step once and then replays it in one submit, with
// the same losses, bit for bit, as running the step operation by operation.
// deno run --allow-read --allow-env=XDG_RUNTIME_DIR examples/04_own_loop.ts
import { assertEquals, assertLess } from "@std/assert";
import * as nc from "../mod.ts";

const model = nc.sequential({
  conv1: nc.conv({ features: 8, size: 3 }),
  relu1: nc.relu(),
  pool1: nc.maxPool(),
  flatten: nc.flatten(),
  dropout: nc.dropout(0.25),
  logits: nc.dense({ features: 10 }),
});
await nc.start();
const { params, state } = nc.init(model, nc.key(0), [28, 28, 1]);
type Params = typeof params;
const digits = nc.takeExamples((await nc.mnist()).train, 2048);

/** One step of gradient descent: a pure function of tensors and a key. */
function descend(params: Params, x: nc.Tensor, labels: nc.Tensor2D, rate: nc.Scalar, key: nc.Key) {
  const lossAndGradients = nc.valueAndGrad((params: Params) => {
    const [logits] = model.apply(params, state, x, { training: true, key });
    return [nc.softmaxCrossEntropy(logits, labels), {}];
  });
  const { value, grads } = lossAndGradients(params);
  const update = ([param, grad]: nc.Tensor[]) => nc.tf.sub(param!, nc.tf.mul(grad!, rate));
  return { params: nc.mapTree(update, params, grads), loss: value };
}

/** Trains for two epochs, 32 steps, at a falling learning rate, and returns the losses. */
async function train(step: typeof descend): Promise<number[]> {
  const losses: number[] = [];
  let current = nc.mapTree(([param]) => nc.tf.clone(param!), params);
  for (const epoch of [0, 1]) {
    const key = nc.fold(nc.key(1), epoch);
    for await (const { images, labels } of nc.batches(digits, { batchSize: 128, key })) {
      const rate = nc.tf.scalar(0.2 / (1 + losses.length / 16));
      const next = step(current, images, labels, rate, nc.fold(key, losses.length));
      losses.push((await next.loss.data())[0]!);
      nc.tf.dispose([images, labels, rate, next.loss]);
      nc.disposeTree(current);
      current = next.params;
    }
  }
  nc.disposeTree(current);
  return losses;
}

// A donated argument is used up by the call: the new parameters take the memory of the old ones.
const losses = await train(nc.jit(descend, { donate: [0] }));
console.log(`loss ${losses[0]!.toFixed(3)} at step 1, ${losses.at(-1)!.toFixed(3)} at step 32`);
assertLess(losses.at(-1)!, losses[0]! / 2);
assertEquals(await train(descend), losses);
