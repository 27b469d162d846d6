// A script of ranks: 50 steps of LeNet-5 on MNIST, which say their losses and the parameters' hash.
import * as nc from "../../mod.ts";

const world = await nc.joinWorld();
await nc.start();
const digits = nc.takeExamples((await nc.mnist()).train, 1280);
const losses: number[] = [];
const hashes: string[] = [];
const options = { world, epochs: 5, batchSize: 128, key: nc.key(1) };
for await (
  const { network } of nc.fit(nc.lenet5(), nc.shard(digits, world), {
    ...options,
    onStep: ({ loss }) => void losses.push(loss),
  })
) {
  hashes.push(await nc.tensor.treeHash(network.params));
}
// By one rank: Open MPI hands on 4096 bytes at a time, and mixes those of several.
const said = new TextEncoder().encode(JSON.stringify({ rank: world.rank, losses, hashes }));
const all = await world.allGather(said);
if (world.rank === 0) all.forEach((bytes) => console.log(new TextDecoder().decode(bytes)));
