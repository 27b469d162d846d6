// The job `ops`: single operations of neocog, each many times within one wait.
import { device, start, tf } from "../../../mod.ts";
import { callsPerSample, timed } from "../measure.ts";
import type { Job, Op, OpLine } from "./job.ts";
import { FEW, LIMITING } from "../limits.ts";
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

/** Times one operation in rounds, in milliseconds a call, and counts its dispatches. */
async function measured(
  op: Op,
  { rounds, sampleMs }: OpsJob,
  floor: number,
): Promise<Pick<OpLine, "times" | "dispatches">> {
  tf.engine().startScope(); // Frees the operands at the end.
  try {
    const run = op.prepare();
    const call = (): void => tf.dispose(run());
    const calls = await callsFor(call, sampleMs);
    const before = device.counters().dispatches;
    call();
    const dispatches = device.counters().dispatches - before;
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const time = await timed(() => repeat(call, calls));
      times.push(Math.max(time - floor, 0.001) / calls);
    }
    return { times, dispatches };
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

/** Numbers copied, in fours or, where they are no fours, one by one. */
function copyOp(kind: string, size: number): Op {
  return {
    kind,
    shape: `[${size}]`,
    flops: 0,
    bytes: 8 * size,
    prepare: () => {
      const x = tf.randomUniform([size]);
      return () => tf.neg(x);
    },
  };
}

/** What limits operations: copies, a dispatch that does next to nothing, and the best of the products. */
function limitingOps(): Op[] {
  return [
    copyOp(LIMITING.copy, 2 ** 19),
    copyOp(LIMITING.copy, 2 ** 24),
    copyOp(LIMITING.single, 2 ** 19 - 1),
    copyOp(LIMITING.dispatch, FEW),
    ...allOps().filter(({ kind, shape }) => /^dense forward/.test(kind) && /1024×/.test(shape)),
  ];
}

/** The operations whose kind or shape contains one of the words, or all, after those that limit them. */
function wanted(words: readonly string[]): Op[] {
  const limiting = limitingOps();
  const names = new Set(limiting.map(({ shape }) => shape));
  const rest = allOps().filter(({ kind, shape }) =>
    !(kind === "dense forward" && names.has(shape)) &&
    (words.length === 0 || words.some((word) => `${kind} ${shape}`.includes(word)))
  );
  return [...limiting, ...rest];
}

/** Times the operations one after the other, and reports each when it is done. */
export async function opsJob(job: OpsJob, say: (line: OpLine) => void): Promise<void> {
  await start();
  const floor = await waitFloor();
  for (const op of wanted(job.ops)) {
    const { prepare: _, ...own } = op;
    const about = { op: `${op.kind}, ${op.shape}`, ...own };
    try {
      say({ ...about, ...await measured(op, job, floor) });
    } catch (error) {
      say({ ...about, times: [], reason: (error as Error).message });
    }
  }
}
