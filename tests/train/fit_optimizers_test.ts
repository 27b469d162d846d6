// Training with all that is chained: recorded, eager, and taken up again from a checkpoint.
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  accumulate,
  adam,
  adamw,
  adjustable,
  averagedParams,
  chain,
  type Checkpoint,
  clipByNorm,
  decayKernelsOnly,
  disposeTraining,
  ema,
  evaluate,
  fit,
  type FitOptions,
  oneCycle,
  type Optimizer,
  perPath,
  restoreTraining,
  rmsprop,
  snapshot,
  tf,
  type Training,
  warmUp,
} from "../../mod.ts";
import { parseCheckpoint, serializeCheckpoint } from "../../lib/weights/checkpoint.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { toyExamples, toyModel } from "./toy.ts";

const examples = toyExamples(60);
const model = toyModel();

const OPTIMIZERS: Readonly<Record<string, () => Optimizer>> = {
  "an average of clipped AdamW": () =>
    ema(
      adjustable(chain(
        clipByNorm(1),
        adamw({
          learningRate: oneCycle({ learningRate: 0.02, steps: 10 }),
          decay: decayKernelsOnly,
        }),
      )),
      { decay: 0.8 },
    ),
  "every second step, by path": () =>
    accumulate(
      perPath([
        ["logits", adam({ learningRate: warmUp(3, 0.02) })],
        ["**", rmsprop({ learningRate: 0.003, centered: true, momentum: 0.5 })],
      ]),
      2,
    ),
};

/** A run of two epochs of five steps, or up to where it was stopped. */
async function train(
  optimizer: Optimizer,
  options: FitOptions,
  use: (network: Training) => Promise<void> = async () => {},
): Promise<Checkpoint> {
  let checkpoint: Checkpoint | undefined;
  for await (
    const { epoch, complete, network } of fit(model, examples, {
      epochs: 2,
      batchSize: 12,
      optimizer,
      ...options,
    })
  ) {
    if (epoch < 2 && complete) continue;
    checkpoint = await snapshot(network);
    await use(network);
    disposeTraining(network);
  }
  return checkpoint!;
}

for (const [name, make] of Object.entries(OPTIMIZERS)) {
  onEachBackend(`${name} is the same recorded, eager and resumed`, async () => {
    const memory = tf.memory().numTensors;
    const whole = await train(make(), {});
    assertEquals(await train(make(), { jit: false }), whole);
    assertEquals(await train(make(), { jit: "check" }), whole);
    const stop = new AbortController();
    const part = await train(make(), {
      signal: stop.signal,
      onStep: ({ step }) => step === 6 && stop.abort(),
    });
    const saved = parseCheckpoint(serializeCheckpoint(part), "part");
    const from = restoreTraining(model, make(), examples.imageShape, saved, "part");
    assert(from.progress.step > 5 && from.progress.step < 10);
    assertEquals(await train(make(), { from }), whole);
    assertEquals(tf.memory().numTensors, memory);
  });
}

onCpu("a run is not resumed with another optimizer, which the error names", async () => {
  const [first, second] = Object.values(OPTIMIZERS);
  const checkpoint = await train(first!(), {});
  const saved = parseCheckpoint(serializeCheckpoint(checkpoint), "part");
  const memory = tf.memory().numTensors;
  assertThrows(
    () => restoreTraining(model, second!(), examples.imageShape, saved, "part"),
    TypeError,
    "must be those of the optimizer's state, so that a run resumes with the optimizer that it began with",
  );
  assertEquals(tf.memory().numTensors, memory);
});

onEachBackend("averaged parameters are a model's to evaluate", async () => {
  await train(OPTIMIZERS["an average of clipped AdamW"]!(), { epochs: 2 }, async (network) => {
    const params = averagedParams(network.optimizer);
    const averaged = await evaluate({ ...network, params }, examples);
    const last = await evaluate(network, examples);
    assert(averaged.loss !== last.loss && averaged.loss < 2);
  });
});
