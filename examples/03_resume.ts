// Interrupts a run in the middle of an epoch, saves it, goes on from the file, and comes to the
// same numbers, to the last bit, as the run that was never interrupted.
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
const shape = [28, 28, 1];

await nc.start();
const digits = nc.takeExamples((await nc.mnist()).train, 640);
const options = { epochs: 2, batchSize: 64, optimizer, key: nc.key(7) }; // 10 steps an epoch.

/** A run as it is at its end, or where its signal ended it. */
async function train(more: Partial<nc.FitOptions>): Promise<nc.Checkpoint> {
  let checkpoint: nc.Checkpoint | undefined;
  for await (
    const { epoch, complete, network } of nc.fit(model, digits, { ...options, ...more })
  ) {
    checkpoint = await nc.snapshot(network);
    if (epoch === options.epochs || !complete) nc.disposeTraining(network);
  }
  return checkpoint!;
}

const uninterrupted = await train({});

const stop = new AbortController();
const interrupted = await train({
  signal: stop.signal,
  onStep: ({ step }) => step === 13 && stop.abort(),
});
const file = await Deno.makeTempFile({ suffix: ".safetensors" });
await nc.writeCheckpoint(file, interrupted);

const saved = await nc.readCheckpoint(file);
const from = nc.restoreTraining(model, optimizer, shape, saved, file);
console.log(`going on from step ${from.progress.step}`);
const resumed = await train({ from });

// Orders of examples and dropped units follow from the key and the step, which the file holds.
assertEquals(resumed, uninterrupted);
console.log("20 steps in one run and in two: the same parameters, optimizer state and progress");
await Deno.remove(file);
