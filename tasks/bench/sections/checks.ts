// The sections whose figures do not depend on the machine's pace: agreement and cost.
import { type Bench, NO_TIME } from "../bench.ts";
import type { AgreeLine, CostLine } from "../jobs/job.ts";
import type { PeerName } from "../peers/peers.ts";
import { type AgreeRow, difference } from "../record.ts";

/** The numbers of a row, all in one list. */
function numbersOf({ outputs = [], losses = [] }: AgreeRow): readonly number[] {
  return [...outputs, ...losses];
}

/**
 * The section `agreement`: whether all peers compute the same from the same parameters and batch.
 *
 * @param bench the run
 */
export async function agreementSection(bench: Bench): Promise<void> {
  const { models, peers } = bench.settings;
  for (const model of models) {
    let first: AgreeRow | undefined;
    for (const peer of peers) {
      if (bench.over()) {
        bench.record.agreement.push({ model, peer, reason: NO_TIME });
        continue;
      }
      bench.say(`agreement: ${model}, ${peer}`);
      const { answers: [line], reason } = await bench.run<AgreeLine>({ job: "agree", peer, model });
      const row: AgreeRow = { model, peer, ...line, ...(reason ? { reason } : {}) };
      if (line) first ??= row;
      const compared = line ? { difference: difference(numbersOf(first!), numbersOf(row)) } : {};
      bench.record.agreement.push({ ...row, ...compared });
      await bench.save();
    }
  }
}

/** The peers whose work on WebGPU can be counted. */
function countable(peer: PeerName): boolean {
  return peer.startsWith("neocog") || peer.endsWith("webgpu");
}

/**
 * The section `cost`: dispatches, submits, bytes and host time of one training step.
 *
 * @param bench the run
 */
export async function costSection(bench: Bench): Promise<void> {
  const { models, peers, quick, batchSizes } = bench.settings;
  const batchSize = batchSizes.includes(32) ? 32 : batchSizes[0]!;
  const own = peers.filter((peer) => quick ? peer.startsWith("neocog") : countable(peer));
  for (const model of models) {
    for (const peer of own) {
      const about = { model, batchSize, peer };
      if (bench.over()) {
        bench.record.cost.push({ ...about, reason: NO_TIME });
        continue;
      }
      bench.say(`cost: ${model}, batch ${batchSize}, ${peer}`);
      const { answers: [line], reason } = await bench.run<CostLine>({ job: "cost", ...about });
      bench.record.cost.push({ ...about, ...line, ...(reason ? { reason } : {}) });
      await bench.save();
    }
  }
}
