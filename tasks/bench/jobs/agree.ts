// The job `agree`: what a peer computes, which must be what the others compute.
import { workOf } from "../beginning.ts";
import { networkOf, withoutDropout } from "../networks.ts";
import type { Peer } from "../peers/peer.ts";
import type { AgreeLine } from "./job.ts";

/** Steps whose losses are compared: the second and third depend on all gradients. */
const STEPS = 3;
const BATCH_SIZE = 4;

/** A peer's outputs, and its losses over some steps. */
export async function agreeJob(peer: Peer, model: string): Promise<AgreeLine> {
  await peer.open();
  const whole = withoutDropout(networkOf(model));
  // Large steps would magnify rounding beyond comparison.
  const work = workOf({ ...whole, learningRate: whole.learningRate / 10 }, BATCH_SIZE);
  const outputs = await peer.prepare({ ...work, training: false }).run(1);
  const training = peer.prepare({ ...work, training: true });
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) losses.push((await training.run(1))[0]!);
  return { outputs, losses };
}
