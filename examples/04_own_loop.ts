// Trains by a loop of its own, whose step `jit` records once and replays by one submit: to the
// same losses, to the last bit, as the step run operation by operation.
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

/** Gradient descent, written out: a pure function of tensors and a key. */
function descend(weights: Params, x: nc.Tensor, labels: nc.Tensor2D, rate: nc.Scalar, key: nc.Key) {
  const objective = nc.valueAndGrad((weights: Params) => {
    const [logits] = model.apply(weights, state, x, { training: true, key });
    return [nc.softmaxCrossEntropy(logits, labels), {}];
  });
  const { value, grads } = objective(weights);
  const step = ([weight, slope]: nc.Tensor[]) => nc.tf.sub(weight!, nc.tf.mul(slope!, rate));
  return { weights: nc.mapTree(step, weights, grads), loss: value };
}

type Step = (
  ...of: [Params, nc.Tensor, nc.Tensor2D, rate: number, nc.Key]
) => ReturnType<typeof descend>;

/** The losses of two passes, 32 steps, at a rate that falls. */
async function train(step: Step): Promise<number[]> {
  const losses: number[] = [];
  let weights = nc.mapTree(([weight]) => nc.tf.clone(weight!), params);
  for (const epoch of [0, 1]) {
    const key = nc.fold(nc.key(1), epoch);
    for await (const { images, labels } of nc.batches(digits, { batchSize: 128, key })) {
      const rate = 0.2 / (1 + losses.length / 16);
      const next = step(weights, images, labels, rate, nc.fold(key, losses.length));
      losses.push((await next.loss.data())[0]!);
      weights = next.weights; // What went in was donated.
      nc.tf.dispose([images, labels, next.loss]);
    }
  }
  return losses;
}

const losses = await train(nc.jit(descend, { donate: [0] }));
console.log(
  `loss ${losses[0]!.toFixed(3)} at the first step, ${losses.at(-1)!.toFixed(3)} at the last`,
);
assertLess(losses.at(-1)!, losses[0]! / 2);
const plain = await train((w, x, y, rate, key) => descend(w, x, y, nc.tf.scalar(rate), key));
assertEquals(losses, plain);
