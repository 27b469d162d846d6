// The sections whose figures do not depend on the machine's speed: agreement and cost.
import { type Bench, NO_TIME } from "../bench.ts";
import type { AgreeLine, CostLine, Job } from "../jobs/job.ts";
import { type AgreeRow, difference } from "../record.ts";

/** The numbers of a row, all in one list. */
function numbersOf({ outputs = [], losses = [] }: AgreeRow): readonly number[] {
  return [...outputs, ...losses];
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
      const compared = line ? { difference: difference(numbersOf(first!), numbersOf(row)) } : {};
      bench.record.agreement.push({ ...row, ...compared });
      await bench.save();
    }
  }
}

/** The section `cost`: dispatches, submits, bytes and host time of one training step. */
export async function costSection(bench: Bench): Promise<void> {
  const { models, peers, quick, batchSizes } = bench.settings;
  const batchSize = batchSizes.includes(32) ? 32 : batchSizes[0]!;
  // Those on WebGPU, whose calls can be counted.
  const counted = peers.filter((peer) =>
    peer.startsWith("neocog") || (!quick && peer.endsWith("webgpu"))
  );
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
  bench.say(`${job.job}: ${job.model}, ${job.peer}`);
  const { results: [line], reason } = await bench.run<Line>(job);
  return [line, reason === undefined ? {} : { reason }];
}
