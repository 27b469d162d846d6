// Interrupts a training run in the middle of an epoch, saves it to a file and resumes it from
// there. The result is the same, bit for bit, as that of a run without interruption.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/03_resume.ts
import { assertEquals } from "@std/assert";
import * as nc from "../mod.ts";

const model = nc.sequential({
  pool: nc.meanPool(),
  conv: nc.conv({ features: 8, size: 3 }),
  relu: nc.relu(),
  dropout: nc.dropout(0.25),
  flatten: nc.flatten(),
  logits: nc.dense({ features: 10 }),
});
const optimizer = nc.adam();
const inputShape = [28, 28, 1];

await nc.start();
const digits = nc.takeExamples((await nc.mnist()).train, 640);
const options = { epochs: 2, batchSize: 64, optimizer, key: nc.key(7) }; // 10 steps an epoch.

/** Trains to the end, or until the signal stops the run, and returns the run's checkpoint. */
async function train(more: nc.FitOptions): Promise<nc.Checkpoint> {
  const reports = nc.fit(model, digits, { ...options, ...more });
  let checkpoint: nc.Checkpoint | undefined;
  for await (const { epoch, complete, network } of reports) {
    checkpoint = await nc.snapshot(network);
    if (epoch === options.epochs || !complete) nc.disposeTraining(network);
  }
  return checkpoint!;
}

const uninterrupted = await train({});

const controller = new AbortController();
const interrupted = await train({
  signal: controller.signal,
  onStep: ({ step }) => step === 13 && controller.abort(),
});
const file = await Deno.makeTempFile({ suffix: ".safetensors" });
await nc.writeCheckpoint(file, interrupted);

const saved = await nc.readCheckpoint(file);
const from = nc.restoreTraining(model, optimizer, inputShape, saved, file);
console.log(`resuming from step ${from.progress.step}`);
const resumed = await train({ from });

// The order of the examples and the dropped units depend only on the key and the step, and the file
// has both.
assertEquals(resumed, uninterrupted);
console.log("20 steps in one run or two: same parameters, optimizer state and progress");
await Deno.remove(file);
