// Trains a network by all processes that mpirun started, and prints where the time of a step goes. The
// parameters must be the same on all of them, to the last bit. Alone it is a world of one:
// deno run --allow-read --allow-ffi --allow-env examples/20_ranks.ts
// and together: mpirun -n 4 deno run --allow-read --allow-ffi --allow-env examples/20_ranks.ts
import { assertEquals, assertLess } from "@std/assert";
import * as nc from "../mod.ts";

const world = await nc.joinWorld();
await nc.start();
const digits = nc.takeExamples((await nc.mnist()).train, 1280);

// Each rank takes its part of every batch of 128.
const options = { world, epochs: 3, batchSize: 128, key: nc.key(1) };
const losses: number[] = [];
const times: number[] = [];
let last = performance.now();
let before = world.traffic();
for await (
  const { loss, epoch, network } of nc.fit(nc.lenet5(), nc.shard(digits, world), {
    ...options,
    onStep: ({ step }) => {
      // The first steps record and compile; what comes between epochs is no step.
      if (step > 2 && step % 10 !== 1) times.push(performance.now() - last);
      last = performance.now();
    },
  })
) {
  losses.push(loss);
  const hash = await nc.tensor.treeHash(network.params);
  const hashes = await world.allGather(new TextEncoder().encode(hash));
  assertEquals(new Set(hashes.map((bytes) => new TextDecoder().decode(bytes))).size, 1);
  if (epoch < options.epochs) {
    before = world.traffic();
    continue;
  }
  const { bytes, seconds } = world.traffic();
  const step = times.toSorted((a, b) => a - b)[times.length >> 1]!;
  const floor = 2 * (world.size - 1) / world.size * 4 * nc.countParameters(network.params);
  console.log(JSON.stringify({
    rank: world.rank,
    ranks: world.size,
    millisecondsAStep: Number(step.toFixed(1)),
    // In exchanges, waiting for other ranks included, and the few at an epoch's end.
    millisecondsExchanging: Number(((seconds - before.seconds) / 10 * 1000).toFixed(1)),
    bytesAStep: Math.round((bytes - before.bytes) / 10),
    bytesOfARing: Math.round(floor),
  }));
  nc.disposeTraining(network);
}
assertLess(losses.at(-1)!, losses[0]!);
