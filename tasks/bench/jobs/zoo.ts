// The job `zoo`: a network of the registry, or of a file, at its own size, forward and through training steps.
import * as nc from "../../../mod.ts";
import { sizedModel } from "../../own_model.ts";
import { summarize } from "../measure.ts";
import type { Job, ZooLine } from "./job.ts";

/** Training steps on the same image, whose losses are recorded. */
const STEPS = 5;

/** Forward passes that are timed, after those that compile, upload and lay out the weights. */
const PASSES = 5;
const FIRST_PASSES = 3;

/** Small enough for networks without normalization, large enough to be seen in five steps. */
const LEARNING_RATE = 1e-4;

/** Milliseconds until the result of `f` can be read. */
async function timed(f: () => nc.Tensor): Promise<{ ms: number; value: number }> {
  const began = performance.now();
  const result = f();
  const value = (await result.data())[0]!;
  const ms = performance.now() - began;
  result.dispose();
  return { ms, value };
}

/** Images of noise, and a class for them. */
export function noiseBatch(
  shape: nc.Shape,
  classes: number,
  count = 1,
): { images: nc.Tensor; labels: nc.Tensor2D } {
  const size = shape.reduce((product, each) => product * each, 1);
  const images = nc.tf.tensor(nc.tensor.normalArray(nc.key(1), count * size), [count, ...shape]);
  const labels = nc.tf.oneHot(nc.tf.fill([count], classes >> 1, "int32") as nc.Tensor1D, classes);
  return { images, labels: nc.tf.cast(labels, "float32") as nc.Tensor2D };
}

async function timeForward(
  { model, params, state }: nc.Network,
  x: nc.Tensor,
): Promise<number[]> {
  const forward = nc.jit((p: nc.Tree, s: nc.Tree, x: nc.Tensor): nc.Tensor =>
    nc.tf.tidy(() => model.apply(p, s, x, {})[0])
  );
  const times: number[] = [];
  for (let pass = 0; pass < FIRST_PASSES + PASSES; pass++) {
    times.push((await timed(() => forward(params, state, x))).ms);
  }
  forward.dispose();
  return times.slice(FIRST_PASSES);
}

/**
 * Times a network at batch 1, and takes training steps with Adam on one image, all with the
 * same units dropped, so that the losses can be compared.
 */
export async function zooJob(
  { model: name, export: exportName }: Job & { job: "zoo" },
): Promise<ZooLine> {
  await nc.start();
  const { model, inputShape } = await sizedModel(name, exportName);
  const { parameters, flops, outputShape } = nc.sizing.sizeOfModel(model, inputShape);
  const { params, state } = nc.init(model, nc.key(0), inputShape);
  const { images, labels } = noiseBatch(inputShape, outputShape[0]!);
  const forward = await timeForward({ model, params, state }, images);
  const optimizer = nc.adam({ learningRate: LEARNING_RATE });
  const step = nc.jit(nc.trainStep(model, nc.softmaxCrossEntropy, optimizer), { donate: [0] });
  let trained: nc.TrainState<nc.Tree, nc.Tree> = {
    params,
    state,
    optimizer: optimizer.init(params),
  };
  const [times, losses]: [number[], number[]] = [[], []];
  for (let i = 0; i < STEPS; i++) {
    const { ms, value } = await timed(() => {
      const { loss, correct, ...next } = step(trained, { images, labels }, nc.key(2));
      correct.dispose();
      trained = next;
      return loss;
    });
    times.push(ms);
    losses.push(value);
  }
  return {
    parameters,
    flops,
    inputShape,
    forwardMs: summarize(forward).median,
    stepMs: summarize(times.slice(1)).median, // The first compiles.
    losses,
    allocatedBytes: nc.device.counters().allocatedBytes,
    rss: Deno.memoryUsage().rss,
  };
}
