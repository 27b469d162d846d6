// The sections whose figures do not depend on the machine's speed: agreement and cost.
import { type Bench, NO_TIME } from "../bench.ts";
import type { AgreeLine, CostLine, Job } from "../jobs/job.ts";
import { isPython, type PeerName } from "../peers/peers.ts";
import { type AgreeRow, difference } from "../record.ts";
import type { BenchSettings } from "../settings.ts";

/** The largest difference of outputs and losses; of outputs alone from who does not train. */
function agreement(first: AgreeRow, row: AgreeRow): number {
  const outputs = difference(first.outputs ?? [], row.outputs ?? []);
  return row.losses?.length === 0
    ? outputs
    : Math.max(outputs, difference(first.losses ?? [], row.losses ?? []));
}

/** How many processes the section takes. */
export function agreementJobs({ models, peers }: BenchSettings): number {
  return models.length * peers.length;
}

/**
 * The section `agreement`: whether all peers compute the same from the same parameters and batch.
 */
export async function agreementSection(bench: Bench): Promise<void> {
  const { models, peers } = bench.settings;
  for (const model of models) {
    let first: AgreeRow | undefined;
    for (const peer of peers) {
      const about = { model, peer };
      const [line, reason] = await resultOf<AgreeLine>(bench, { job: "agree", ...about });
      const row: AgreeRow = { ...about, ...line, ...reason };
      if (line) first ??= row;
      const compared = line ? { difference: agreement(first!, row) } : {};
      bench.record.agreement.push({ ...row, ...compared });
      await bench.save();
    }
  }
}

/** The peers whose calls can be counted: those of Deno on WebGPU. */
function countedPeers({ peers, effort }: BenchSettings): PeerName[] {
  return peers.filter((peer) =>
    peer.startsWith("neocog") || (effort === "full" && peer.endsWith("webgpu") && !isPython(peer))
  );
}

/** How many processes the section takes. */
export function costJobs(settings: BenchSettings): number {
  return settings.models.length * countedPeers(settings).length;
}

/** The section `cost`: dispatches, submits, bytes and host time of one training step. */
export async function costSection(bench: Bench): Promise<void> {
  const { models, batchSizes } = bench.settings;
  const batchSize = batchSizes.includes(32) ? 32 : batchSizes[0]!;
  const counted = countedPeers(bench.settings);
  for (const model of models) {
    for (const peer of counted) {
      const about = { model, batchSize, peer };
      const [line, reason] = await resultOf<CostLine>(bench, { job: "cost", ...about });
      bench.record.cost.push({ ...about, ...line, ...reason });
      await bench.save();
    }
  }
}

/** The result of a job, and the reason if there is none or not all of it. */
async function resultOf<Line>(
  bench: Bench,
  job: Job & { readonly peer: string; readonly model: string },
): Promise<[Line | undefined, { readonly reason?: string }]> {
  if (bench.over()) return [undefined, { reason: NO_TIME }];
  const what = `${job.job}: ${job.model}, ${job.peer}`;
  const { results: [line], reason } = await bench.run<Line>(job, what);
  return [line, reason === undefined ? {} : { reason }];
}
