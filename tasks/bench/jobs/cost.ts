// The job `cost`: what one training step asks of the device and of the host.
import { summarize } from "../measure.ts";
import { firstBatch, firstParameters } from "../beginning.ts";
import { networkOf } from "../networks.ts";
import type { Prepared } from "../peers/peer.ts";
import { loadPeer } from "../peers/peers.ts";
import { countGpu } from "./count_gpu.ts";
import type { CostLine, Job } from "./job.ts";

/** Steps before any is counted: the first compile, allocate and record. */
const WARM_STEPS = 3;
const TIMED_STEPS = 7;

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
  const prepared = peer.prepare({
    network,
    batchSize,
    training: true,
    beginning: firstParameters(network),
    batch: firstBatch(network, batchSize),
  });
  const { run } = prepared;
  for (let i = 0; i < WARM_STEPS; i++) await run(1);
  const before = counts();
  await run(2);
  const after = counts();
  // Of the second of two steps, as the read at the end is no part of a step.
  const one = counts();
  await run(1);
  const last = counts();
  const host = prepared.handOver
    ? { hostMicroseconds: await hostTime(prepared.handOver, run) }
    : {};
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

/** Median microseconds until a step is handed to an idle device. Reading is no part of it. */
async function hostTime(handOver: () => void, run: Prepared["run"]): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < TIMED_STEPS; i++) {
    const began = performance.now();
    handOver();
    times.push(1000 * (performance.now() - began));
    await run(1);
  }
  return summarize(times).median;
}
