// Whether an objective increases: three small steps.
import { assert } from "@std/assert";
import { ascend, type AscendOptions } from "../../lib/generate/mod.ts";
import type { Objective } from "../../lib/explain/mod.ts";
import type { Network } from "../../mod.ts";

/**
 * Asserts that an objective is larger after three steps of gradient ascent than before.
 *
 * @param network the network
 * @param objective what is climbed
 * @param options as of `ascend`, but for the number of steps
 */
export async function assertAscends(
  network: Network,
  objective: Objective,
  options: AscendOptions,
): Promise<void> {
  const { images, scores } = await ascend(network, objective, { ...options, steps: 3 });
  images.dispose();
  const [before, , , after] = scores as [number, number, number, number];
  assert(after > before, `${objective.name} went from ${scores.join(" to ")}`);
}
