// The job `ops`: single operations of neocog, each many times within one wait.
import { start, tf } from "../../../mod.ts";
import { callsPerSample, timed } from "../measure.ts";
import type { Job, Op, OpLine } from "./job.ts";
import { allOps } from "./op_table.ts";

/** The part of neocog's backend that waits without reading. */
type Settling = { settle(): Promise<void> };

type OpsJob = Job & { job: "ops" };

/** Calls so many times, then waits for the device. */
async function repeat(call: () => void, times: number): Promise<void> {
  for (let i = 0; i < times; i++) call();
  await (tf.backend() as unknown as Settling).settle();
}

/** How often to call for one sample. */
async function callsFor(call: () => void, sampleMs: number): Promise<number> {
  await repeat(call, 1);
  // From few calls, less what waiting takes, to how many fill a sample.
  const wait = await timed(() => repeat(call, 1));
  const some = await timed(() => repeat(call, 4));
  return callsPerSample(Math.max(some - wait, 0) / 3, sampleMs);
}

/** Times one operation in rounds, in milliseconds a call. */
async function timesOf(op: Op, { rounds, sampleMs }: OpsJob, floor: number): Promise<number[]> {
  tf.engine().startScope(); // Frees the operands at the end.
  try {
    const run = op.prepare();
    const call = (): void => tf.dispose(run());
    const calls = await callsFor(call, sampleMs);
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const time = await timed(() => repeat(call, calls));
      times.push(Math.max(time - floor, 0.001) / calls);
    }
    return times;
  } finally {
    tf.engine().endScope();
  }
}

/** The least time of a wait, which is subtracted from every sample. */
async function waitFloor(): Promise<number> {
  const x = tf.ones([1]);
  const call = (): void => tf.dispose(tf.neg(x));
  const times: number[] = [];
  for (let i = 0; i < 7; i++) times.push(await timed(() => repeat(call, 1)));
  return Math.min(...times.slice(1));
}

/** The operations whose kind or shape contains one of the words, or all. */
function wanted(words: readonly string[]): Op[] {
  const ops = allOps();
  if (words.length === 0) return ops;
  return ops.filter(({ kind, shape }) => words.some((word) => `${kind} ${shape}`.includes(word)));
}

/** Times the operations one after the other, and reports each when it is done. */
export async function opsJob(job: OpsJob, say: (line: OpLine) => void): Promise<void> {
  await start();
  const floor = await waitFloor();
  for (const op of wanted(job.ops)) {
    const { kind, shape, flops, bytes } = op;
    const about = { op: `${kind}, ${shape}`, kind, shape, flops, bytes };
    try {
      say({ ...about, times: await timesOf(op, job, floor) });
    } catch (error) {
      say({ ...about, times: [], reason: (error as Error).message });
    }
  }
}
