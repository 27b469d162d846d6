// The job `agree`: what a peer computes, so that no peer is timed at something else.
import { firstBatch, firstParameters } from "../beginning.ts";
import { networkOf, withoutDropout } from "../networks.ts";
import type { Peer } from "../peers/peer.ts";
import { loadPeer } from "../peers/peers.ts";
import type { AgreeLine, Job } from "./job.ts";

/** Steps whose losses are compared: the second and third depend on all gradients. */
const STEPS = 3;
const BATCH_SIZE = 4;

/**
 * Outputs, and losses over some steps.
 *
 * @param job which network in which peer
 */
export async function agreeJob(
  { peer, model }: Job & { job: "agree" },
): Promise<AgreeLine> {
  return await answersOf(await loadPeer(peer), model);
}

/**
 * What a peer answers: outputs, and losses over some steps.
 *
 * @param peer the peer
 * @param model the network's name
 */
export async function answersOf(peer: Peer, model: string): Promise<AgreeLine> {
  await peer.open();
  const whole = withoutDropout(networkOf(model));
  // Large steps would magnify rounding beyond comparison.
  const network = { ...whole, learningRate: whole.learningRate / 10 };
  const work = {
    network,
    batchSize: BATCH_SIZE,
    beginning: firstParameters(network),
    batch: firstBatch(network, BATCH_SIZE),
  };
  const outputs = await peer.prepare({ ...work, training: false }).run(1);
  const training = peer.prepare({ ...work, training: true });
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) losses.push((await training.run(1))[0]!);
  return { outputs, losses };
}
