// The job `cost`: what one training step asks of the device and of the host.
import { summarise } from "../measure.ts";
import { firstBatch, firstParameters, networkOf } from "../networks.ts";
import { loadPeer } from "../peers/peers.ts";
import { countGpu } from "./count_gpu.ts";
import type { CostLine, Job } from "./job.ts";

/** Steps before any is counted: the first compile, allocate and record. */
const WARM_STEPS = 3;
const TIMED_STEPS = 15;

/**
 * Counts a step's dispatches, submits and bytes, and times how long the host takes over it.
 *
 * @param job which network in which peer
 */
export async function costJob(
  { peer: name, model, batchSize }: Job & { job: "cost" },
): Promise<CostLine> {
  const counts = countGpu();
  const peer = await loadPeer(name);
  await peer.open();
  const network = networkOf(model);
  const { run } = peer.prepare({
    network,
    batchSize,
    training: true,
    beginning: firstParameters(network),
    batch: firstBatch(network, batchSize),
  });
  for (let i = 0; i < WARM_STEPS; i++) await run(1);
  const before = counts();
  await run(2);
  const after = counts();
  // Of the second of two steps, as the read at the end is no part of a step.
  const one = counts();
  await run(1);
  const last = counts();
  const host = name.startsWith("tfjs") ? {} : { hostMicroseconds: await hostTime(run) };
  const ofStep = (key: keyof typeof before): number =>
    Math.max(0, after[key] - before[key] - (last[key] - one[key]));
  return {
    dispatches: ofStep("dispatches"),
    copies: ofStep("copies"),
    submits: ofStep("submits"),
    uploadedBytes: ofStep("uploadedBytes"),
    allocatedBytes: ofStep("allocatedBytes"),
    ...host,
  };
}

/** Median microseconds until a step is handed to an idle device. */
async function hostTime(run: (times: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < TIMED_STEPS; i++) {
    const began = performance.now();
    const done = run(1);
    times.push(1000 * (performance.now() - began));
    await done;
  }
  return summarise(times).median;
}
