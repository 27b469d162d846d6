// The job `time`: training steps and inferences of one network in one peer.
import { sample, type Samples } from "../measure.ts";
import { firstBatch, firstParameters } from "../beginning.ts";
import { networkOf } from "../networks.ts";
import { loadPeer } from "../peers/peers.ts";
import type { Job, TimeLine } from "./job.ts";

/**
 * Times a network, and says each kind when it is done.
 *
 * @param job what to time
 * @param say takes each answer
 */
export async function timeJob(
  { peer: name, model, batchSize, kinds, samples, sampleMs }: Job & { job: "time" },
  say: (line: TimeLine) => void,
): Promise<void> {
  const peer = await loadPeer(name);
  await peer.open();
  const network = networkOf(model);
  const work = {
    network,
    batchSize,
    beginning: firstParameters(network),
    batch: firstBatch(network, batchSize),
  };
  for (const kind of kinds) {
    const { run } = peer.prepare({ ...work, training: kind === "training" });
    let check: readonly number[] | undefined;
    const result: Samples = await sample(
      async (times) => {
        const values = await run(times);
        check ??= values;
      },
      samples,
      sampleMs,
    );
    say({ kind, ...result, check: check!, rss: Deno.memoryUsage().rss });
  }
}
