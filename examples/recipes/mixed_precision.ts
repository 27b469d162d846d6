// What mixed precision saves and costs. A training step of LeNet-5 and one of ResNet-20 at batch 128
// are recorded in float32 and in mixed precision: the memory of all that a step makes must fall to at
// most 0.6 of float32's. LeNet-5, trained on 10,000 digits in both, must recognize as many of the
// 10,000 test digits, to within 0.3 points.
// deno run --allow-read --allow-env=XDG_RUNTIME_DIR examples/recipes/mixed_precision.ts
import { assertAlmostEquals, assertLessOrEqual } from "@std/assert";
import * as nc from "../../mod.ts";

const { tf } = nc;
const BATCH = 128;
const PRECISIONS = ["float32", "mixed"] as const;
type Precision = typeof PRECISIONS[number];

await nc.start();

/** Bytes of all that a recorded step makes, and its dispatches, by its plan. */
function costOf(model: nc.Layer, shape: nc.Shape, precision: Precision): [number, number] {
  const optimizer = nc.adam();
  const begun = nc.beginTraining(model, optimizer, nc.key(0), shape, { precision });
  const step = nc.jit(nc.trainStep(model, nc.softmaxCrossEntropy, optimizer, { precision }));
  const { params, state } = begun;
  const images = tf.zeros([BATCH, ...shape]);
  const labels = tf.oneHot(tf.zeros([BATCH], "int32"), 10).cast("float32") as nc.Tensor2D;
  step({ params, state, optimizer: begun.optimizer }, { images, labels }, nc.key(1));
  const plan = step.plan();
  step.dispose();
  const bytes = Number(/arena: \d+ buffers of (\d+) bytes/.exec(plan)![1]);
  return [bytes, plan.match(/^ {2}run /gm)!.length];
}

const networks = [["LeNet-5", nc.lenet5(), [28, 28, 1]], ["ResNet-20", nc.resnet20(), [
  32,
  32,
  3,
]]] as const;
for (const [name, model, shape] of networks) {
  const [float32, mixed] = PRECISIONS.map((precision) =>
    costOf(model as nc.Layer, shape, precision)
  );
  console.log(
    `${name}: ${float32![0] / 1e6} MB in ${float32![1]} dispatches; ` +
      `mixed ${mixed![0] / 1e6} MB in ${mixed![1]}`,
  );
  assertLessOrEqual(mixed![0] / float32![0], 0.6);
}

const { train, test } = await nc.mnist();
const examples = nc.takeExamples(train, 10000);
const accuracies: number[] = [];
for (const precision of PRECISIONS) {
  const options = { precision, epochs: 3, batchSize: BATCH, validation: test };
  let accuracy = NaN;
  for await (const report of nc.fit(nc.lenet5(), examples, options)) {
    accuracy = report.valAccuracy!;
    const scale = report.lossScale === undefined
      ? ""
      : `, loss scale ${report.lossScale}, ${report.skippedSteps} steps skipped`;
    console.log(`${precision}, epoch ${report.epoch}: ${(100 * accuracy).toFixed(2)} %${scale}`);
  }
  accuracies.push(accuracy);
}
assertAlmostEquals(accuracies[1]!, accuracies[0]!, 0.003);
