// The job `time`: training steps and inferences of one network in one peer.
import { workOf } from "../beginning.ts";
import { sample } from "../measure.ts";
import { networkOf } from "../networks.ts";
import { loadPeer } from "../peers/peers.ts";
import type { Job, TimeLine } from "./job.ts";

/** Times a network, and reports each kind when it is done. */
export async function timeJob(
  { peer: name, model, batchSize, kinds, samples, sampleMs }: Job & { job: "time" },
  say: (line: TimeLine) => void,
): Promise<void> {
  const peer = await loadPeer(name);
  await peer.open();
  const work = workOf(networkOf(model), batchSize);
  for (const kind of kinds) {
    const { run } = peer.prepare({ ...work, training: kind === "training" });
    let check: readonly number[] = [];
    const first = async (times: number): Promise<void> => {
      const values = await run(times);
      if (check.length === 0) check = values;
    };
    const result = await sample(first, samples, sampleMs);
    say({ kind, ...result, check, rss: Deno.memoryUsage().rss });
  }
}
