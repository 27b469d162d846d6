// A script of ranks: each makes every exchange, and says what it got.
import { joinWorld } from "../../mod.ts";

const [mode, library] = Deno.args;
const world = await joinWorld({ patience: 2, ...(library ? { library } : {}) });
const { rank, size } = world;
const sum = new Float32Array(100_003).fill(rank + 1);
await world.allReduce(sum, "sum");
const largest = new Float64Array([rank, -rank]);
world.allReduceNow(largest, "max");
const sent = new Uint8Array([rank === 1 ? 42 : 0, 7]);
await world.broadcast(sent, 1);
const gathered = await world.allGather(new Uint8Array(rank).fill(rank));
// Several at a time, in one order on all ranks.
const many = Array.from({ length: 5 }, (_, i) => new Float32Array([i * (rank + 1)]));
await Promise.all(many.map((values) => world.allReduce(values, "sum")));
await world.barrier();
console.log(JSON.stringify({
  rank,
  size,
  localRank: world.localRank,
  library: world.library,
  sum: [sum[0], sum.at(-1)],
  largest: [...largest],
  sent: [...sent],
  gathered: gathered.map((each) => [...each]),
  many: many.map(([value]) => value),
  calls: world.traffic().calls,
}));

if (rank === 1) {
  if (mode === "kill") Deno.kill(Deno.pid, "SIGKILL");
  if (mode === "stop") Deno.kill(Deno.pid, "SIGSTOP");
  // For ever, as far as a test goes: whoever waits for this rank must end it.
  if (mode === "late") await new Promise((done) => setTimeout(done, 3_600_000));
  if (mode === "throw") throw new RangeError("Cannot go on: a test must fail, got this one");
  if (mode === "busy") {
    await world.during("write a file", () => new Promise((done) => setTimeout(done, 4000)));
  }
}
if (mode) await world.allReduce(sum, "sum");
