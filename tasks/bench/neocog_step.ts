// Times training steps of the chapter's network (§12.10) in neocog: milliseconds as JSON on stdout.
import {
  adam,
  beginTraining,
  chapterMnist,
  type ChapterMnistParams,
  disposeTraining,
  fold,
  key,
  softmaxCrossEntropy,
  start,
  tf,
  type Training,
  trainStep,
} from "../../mod.ts";

const [batchSize, steps] = Deno.args.map(Number) as [number, number];
await start();
const model = chapterMnist();
const optimizer = adam();
const step = trainStep(model, softmaxCrossEntropy, optimizer);
const images = tf.randomUniform([batchSize, 28, 28, 1]);
const labels = tf.oneHot(tf.range(0, batchSize, 1, "int32").mod(10).toInt(), 10).toFloat();
const batch = { images, labels: labels as tf.Tensor2D };
let training: Training<ChapterMnistParams> = beginTraining(model, optimizer, key(0), [28, 28, 1]);
const times: number[] = [];
// The first step compiles.
for (let i = 0; i <= steps; i++) {
  const began = performance.now();
  const { loss, correct, ...trained } = step(training, batch, fold(key(1), i));
  await loss.data();
  if (i > 0) times.push(performance.now() - began);
  tf.dispose([loss, correct]);
  const next = { ...training, ...trained };
  disposeTraining(training, next);
  training = next;
}
console.log(JSON.stringify(times));
