// The job `cost`: what one training step asks of the device and of the host.
import { workOf } from "../beginning.ts";
import { summarize } from "../measure.ts";
import { networkOf } from "../networks.ts";
import type { PeerRun } from "../peers/peer.ts";
import { loadPeer } from "../peers/peers.ts";
import { countGpu } from "./count_gpu.ts";
import type { CostLine, Job } from "./job.ts";

/** Steps before any is counted: the first ones compile, allocate and record. */
const WARM_STEPS = 3;
const TIMED_STEPS = 7;

/** Counts a step's dispatches, submits and bytes, and times how long the host takes for it. */
export async function costJob(
  { peer: name, model, batchSize }: Job & { job: "cost" },
): Promise<CostLine> {
  const counts = countGpu();
  const peer = await loadPeer(name);
  await peer.open();
  const prepared = peer.prepare({ ...workOf(networkOf(model), batchSize), training: true });
  const { run } = prepared;
  for (let i = 0; i < WARM_STEPS; i++) await run(1);
  // Two steps less one, as the read at the end is not part of a step.
  const before = counts();
  await run(2);
  const between = counts();
  await run(1);
  const after = counts();
  const host = prepared.handOver
    ? { hostMicroseconds: await hostTime(prepared.handOver, run) }
    : {};
  const ofStep = (key: keyof typeof before): number =>
    Math.max(0, between[key] - before[key] - (after[key] - between[key]));
  return {
    dispatches: ofStep("dispatches"),
    copies: ofStep("copies"),
    submits: ofStep("submits"),
    uploadedBytes: ofStep("uploadedBytes"),
    allocatedBytes: ofStep("allocatedBytes"),
    ...host,
  };
}

/** Median microseconds until a step is submitted to an idle device, without reading. */
async function hostTime(handOver: () => void, run: PeerRun["run"]): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < TIMED_STEPS; i++) {
    const began = performance.now();
    handOver();
    times.push(1000 * (performance.now() - began));
    await run(1);
  }
  return summarize(times).median;
}
