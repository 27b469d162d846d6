// The job `ops`: single operations of neocog, each many times within one wait.
import { start, tf } from "../../../mod.ts";
import { callsPerSample, timed } from "../measure.ts";
import type { Job, OpLine } from "./job.ts";
import type { Op } from "./op.ts";
import { allOps } from "./op_table.ts";

/** neocog's backend, as far as it waits without reading. */
type Settling = { settle(): Promise<void> };

/** An operation made ready, and how often it is called for one sample. */
type Ready = { readonly op: Op; readonly call: () => void; readonly calls: number };

/** Calls so many times, then waits for the device. */
async function repeat(call: () => void, times: number): Promise<void> {
  for (let i = 0; i < times; i++) call();
  await (tf.backend() as unknown as Settling).settle();
}

async function makeReady(op: Op): Promise<Ready> {
  const run = op.prepare();
  const call = (): void => tf.dispose(run());
  await repeat(call, 2);
  // From few calls, less what waiting takes, to how many fill a sample.
  const wait = await timed(() => repeat(call, 1));
  const some = await timed(() => repeat(call, 5));
  return { op, call, calls: callsPerSample(Math.max(some - wait, 0) / 4, 120) };
}

/** Median-free floor of a wait: the least of a few, which is taken off every sample. */
async function waitFloor(): Promise<number> {
  const x = tf.ones([1]);
  const call = (): void => tf.dispose(tf.neg(x));
  const times: number[] = [];
  for (let i = 0; i < 7; i++) times.push(await timed(() => repeat(call, 1)));
  return Math.min(...times.slice(1));
}

/** Which operations are wanted: those whose kind or shape holds one of the words, or all. */
function wanted(words: readonly string[]): Op[] {
  const ops = allOps();
  if (words.length === 0) return ops;
  return ops.filter(({ kind, shape }) => words.some((word) => `${kind} ${shape}`.includes(word)));
}

/**
 * Times the operations in turn, and says each when all rounds are done.
 *
 * @param job how many rounds, and words that choose operations
 * @param say takes each answer
 * @param progress is told of each round
 */
export async function opsJob(
  { rounds, ops: words }: Job & { job: "ops" },
  say: (line: OpLine) => void,
): Promise<void> {
  await start();
  const floor = await waitFloor();
  for (const op of wanted(words)) {
    const { kind, shape, flops, bytes } = op;
    const about = { op: `${kind}, ${shape}`, kind, shape, flops, bytes };
    try {
      const { call, calls } = await makeReady(op);
      const times: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const time = await timed(() => repeat(call, calls));
        times.push(Math.max(time - floor, 0.001) / calls);
      }
      say({ ...about, times });
    } catch (error) {
      say({ ...about, times: [], reason: (error as Error).message });
    }
    tf.disposeVariables();
  }
}
