// Trains a network by all processes that mpirun started, and prints where the time of a step goes. The
// parameters must be the same on all of them, to the last bit. Alone it is a world of one:
// deno run --allow-read --allow-ffi --allow-env examples/20_ranks.ts
// and together: mpirun -n 4 deno run --allow-read --allow-ffi --allow-env examples/20_ranks.ts
import { assertEquals, assertLess } from "@std/assert";
import * as nc from "../mod.ts";

const EPOCHS = 3;
const STEPS = 10;

const world = await nc.joinWorld();
await nc.start();
const digits = nc.takeExamples((await nc.mnist()).train, 128 * STEPS);

/** Milliseconds of a step: until all ranks have come, and in the sum after that. */
const spent = { waiting: 0, summing: 0 };

/** The world, which waits for all ranks before it sums, so that both have a time of their own. */
const timed: nc.World = {
  ...world,
  async allReduce(values, how) {
    const began = performance.now();
    await world.barrier();
    const all = performance.now();
    await world.allReduce(values, how);
    spent.waiting += all - began;
    spent.summing += performance.now() - all;
  },
};

/** Milliseconds in which the device hands out as many numbers, and takes them back, and does nothing else. */
async function copyTime(count: number): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    const sum = nc.tf.addN([nc.tf.fill([count], i), nc.tf.ones([count])]);
    await nc.tf.sum(sum).data(); // Computed by now.
    const began = performance.now();
    const values = await sum.data();
    const back = nc.tf.tensor1d(values as Float32Array);
    nc.tf.neg(back).dispose(); // Uploads what is used.
    times.push(performance.now() - began);
    nc.tf.dispose([sum, back]);
  }
  return median(times);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

// Each rank takes its part of every batch of 128.
const options = { world: timed, epochs: EPOCHS, batchSize: 128, key: nc.key(1) };
const losses: number[] = [];
const steps: { whole: number; waiting: number; summing: number }[] = [];
let last = performance.now();
let before = world.traffic();
for await (
  const { loss, epoch, network } of nc.fit(nc.lenet5(), nc.shard(digits, timed), {
    ...options,
    onStep: ({ step }) => {
      const now = performance.now();
      // The first steps record and compile; what comes between epochs is no step.
      if (step > 2 && step % STEPS !== 1) steps.push({ whole: now - last, ...spent });
      Object.assign(spent, { waiting: 0, summing: 0 });
      last = now;
    },
  })
) {
  losses.push(loss);
  const hash = await nc.tensor.treeHash(network.params);
  const hashes = await world.allGather(new TextEncoder().encode(hash));
  assertEquals(new Set(hashes.map((bytes) => new TextDecoder().decode(bytes))).size, 1);
  if (epoch < EPOCHS) {
    before = world.traffic();
    continue;
  }
  const { bytes } = world.traffic();
  const parameters = nc.countParameters(network.params);
  const whole = median(steps.map(({ whole }) => whole));
  const waiting = median(steps.map(({ waiting }) => waiting));
  const summing = median(steps.map(({ summing }) => summing));
  const copying = world.size === 1 ? 0 : await copyTime(parameters);
  const rounded = (milliseconds: number): number => Number(milliseconds.toFixed(1));
  const said = JSON.stringify({
    rank: world.rank,
    ranks: world.size,
    millisecondsAStep: rounded(whole),
    // Forward, backward, update, and what is not under way with them.
    computing: rounded(whole - waiting - summing - copying),
    copying: rounded(copying),
    summing: rounded(summing),
    waiting: rounded(waiting),
    bytesAStep: Math.round((bytes - before.bytes) / STEPS),
    bytesOfARing: Math.round(2 * (world.size - 1) / world.size * 4 * parameters),
  });
  const all = await world.allGather(new TextEncoder().encode(said));
  if (world.rank === 0) all.forEach((one) => console.log(new TextDecoder().decode(one)));
  nc.disposeTraining(network);
}
assertLess(losses.at(-1)!, losses[0]!);
