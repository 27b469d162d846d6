// The sections of neocog's own: start-up, single operations, and all models, these beside PyTorch's.
import {
  type Checkpoint,
  entries,
  type HostTensor,
  init,
  key,
  lenet5,
  start,
  writeCheckpoint,
} from "../../../mod.ts";
import type { Bench } from "../bench.ts";
import type { OpLine, StartupLine, ZooLine, ZooPeerLine } from "../jobs/job.ts";
import { isPython, type PythonPeerName } from "../peers/peers.ts";
import { opRows } from "../record.ts";
import type { BenchSettings } from "../settings.ts";

/** A checkpoint of a LeNet-5 with its first parameters. */
async function lenetCheckpoint(): Promise<Checkpoint> {
  await start({ backend: "cpu" });
  const { params } = init(lenet5(), key(0), [28, 28, 1]);
  const tensors = new Map<string, HostTensor>();
  for (const [path, tensor] of entries(params)) {
    const values = await tensor.data() as Float32Array;
    tensors.set(path, { dtype: "float32", shape: [...tensor.shape], values });
    tensor.dispose();
  }
  return { sections: { params: tensors, state: new Map(), optimizer: new Map() }, run: {} };
}

/** How many processes the section takes. */
export function startupJobs({ rounds }: BenchSettings): number {
  return 2 * rounds + 1;
}

/** The section `startup`: from a new process to the first prediction of a trained LeNet-5. */
export async function startupSection(bench: Bench, dir: string): Promise<void> {
  const checkpoint = `${dir}/startup.safetensors`;
  await writeCheckpoint(checkpoint, await lenetCheckpoint());
  try {
    // Once unseen: a program's modules are compiled, and cached, at its first run.
    for (let round = 0; round < startupJobs(bench.settings); round++) {
      if (bench.over()) break;
      const began = performance.now();
      const job = { job: "startup", checkpoint } as const;
      const { results: [line], reason } = await bench.run<StartupLine>(job, "startup");
      if (reason) throw new Error(`Cannot time the start: its process failed: ${reason}`);
      if (round > 0) bench.record.startup.push({ ...line!, wall: performance.now() - began });
    }
  } finally {
    await Deno.remove(checkpoint);
  }
  await bench.save();
}

/** The section `ops`: single operations as GFLOP/s, and as shares of the best matrix product. */
export async function opsSection(bench: Bench): Promise<void> {
  const { ops, rounds, steps, sampleMs } = bench.settings;
  if (bench.over()) return;
  const job = { job: "ops", rounds: rounds * steps, sampleMs, ops } as const;
  const { results, reason } = await bench.run<OpLine>(job, "single operations");
  bench.record.ops = opRows(results, bench.record.software);
  if (reason) bench.say(`single operations ended early: ${reason}`);
  await bench.save();
}

/** The peers that are timed on models of the registry. */
function zooPeers({ peers }: BenchSettings): PythonPeerName[] {
  return peers.filter(isPython).filter((peer) => peer !== "tinygrad-webgpu");
}

/** How many processes the section takes. */
export function zooJobs(settings: BenchSettings): number {
  return settings.zoo.length + zooPeers(settings).length;
}

/**
 * The section `zoo`: each model at its own size, one image, forward and five training steps; then
 * those that torchvision has in its peers.
 */
export async function zooSection(bench: Bench): Promise<void> {
  const { zoo: models } = bench.settings;
  for (const model of models) {
    if (bench.over()) return;
    const own = bench.settings.export === undefined ? {} : { export: bench.settings.export };
    const job = { job: "zoo", model, ...own } as const;
    const { results: [line], reason } = await bench.run<ZooLine>(job, `zoo: ${model}`);
    bench.record.zoo.push({ model, ...line, ...(reason ? { reason } : {}) });
    await bench.save();
  }
  for (const peer of zooPeers(bench.settings)) {
    if (bench.over()) return;
    const job = { job: "zoo-peer", peer, models } as const;
    const { results, reason } = await bench.run<ZooPeerLine>(job, `zoo: ${peer}`);
    bench.record.zooPeers.push({ peer, lines: results, ...(reason ? { reason } : {}) });
    await bench.save();
  }
}
