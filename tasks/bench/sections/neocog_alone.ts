// The sections without peers: start-up, single operations, all models.
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
import type { OpLine, StartupLine, ZooLine } from "../jobs/job.ts";
import { opRows } from "../record.ts";

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

/** The section `startup`: from a new process to the first prediction of a trained LeNet-5. */
export async function startupSection(bench: Bench, dir: string): Promise<void> {
  const checkpoint = `${dir}/startup.safetensors`;
  await writeCheckpoint(checkpoint, await lenetCheckpoint());
  try {
    // Once unseen: a program's modules are compiled, and cached, at its first run.
    for (let round = 0; round <= 2 * bench.settings.rounds; round++) {
      if (bench.over()) break;
      bench.say(`startup ${round}/${2 * bench.settings.rounds}`);
      const began = performance.now();
      const { results: [line], reason } = await bench.run<StartupLine>({
        job: "startup",
        checkpoint,
      });
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
  bench.say("single operations");
  const { results, reason } = await bench.run<OpLine>({
    job: "ops",
    rounds: rounds * steps,
    sampleMs,
    ops,
  });
  bench.record.ops = opRows(results);
  if (reason) bench.say(`single operations ended early: ${reason}`);
  await bench.save();
}

/** The section `zoo`: each model at its own size, one image, forward and five training steps. */
export async function zooSection(bench: Bench): Promise<void> {
  for (const model of bench.settings.zoo) {
    if (bench.over()) return;
    bench.say(`zoo: ${model}`);
    const { results: [line], reason } = await bench.run<ZooLine>({
      job: "zoo",
      model,
      ...(bench.settings.export === undefined ? {} : { export: bench.settings.export }),
    });
    bench.record.zoo.push({ model, ...line, ...(reason ? { reason } : {}) });
    await bench.save();
  }
}
