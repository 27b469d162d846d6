// The job `startup`: from nothing to the first prediction of a trained LeNet-5.
import type { Job, StartupLine } from "./job.ts";

/** Imports neocog, starts it, loads a checkpoint and predicts, once. */
export async function startupJob(
  { checkpoint }: Job & { job: "startup" },
): Promise<StartupLine> {
  const beforeImport = performance.now();
  const nc = await import("../../../mod.ts");
  const imported = performance.now();
  await nc.start();
  const started = performance.now();
  const model = nc.lenet5();
  const shape = [28, 28, 1] as const;
  const read = await nc.readCheckpoint(checkpoint);
  const network = nc.restoreNetwork(model, shape, read, checkpoint);
  const loaded = performance.now();
  const scores = await nc.predict(network, nc.tf.ones([1, ...shape])).data();
  if (scores.length !== 10) {
    throw new Error(`Cannot time the start: there must be ten scores, got ${scores.length}`);
  }
  return { beforeImport, imported, started, loaded, predicted: performance.now() };
}
