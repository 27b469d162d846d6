// Ranks of MPI: what they exchange, and how they end together.
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { gatherInRounds } from "../../lib/world/gather.ts";
import { launchOf } from "../../lib/world/launcher.ts";
import { openMpi } from "../../lib/world/mpi.ts";
import { joinWorld } from "../../mod.ts";
import { type Launch, onEachMpi, onMpiAbi } from "./launchers.ts";

const SCRIPT = ["run", "-A", "tests/world/collectives.ts"];

onEachMpi("ranks sum, compare, hand on and gather numbers", (launch) => collect(launch));

onMpiAbi(
  "ranks sum, compare, hand on and gather numbers",
  (launch, library) => collect(launch, "", library),
);

async function collect(launch: Launch, ...args: string[]): Promise<void> {
  for (const ranks of [2, 3]) {
    const { code, said, stderr } = await launch(ranks, ...SCRIPT, ...args);
    assertEquals([code, said.length], [0, ranks], stderr);
    // Open MPI 5 counts those of a machine in an order of its own.
    const local = said.map(({ localRank }) => localRank);
    assertEquals(local.toSorted(), [...said.keys()]);
    const sum = ranks * (ranks + 1) / 2;
    for (const [rank, one] of said.entries()) {
      const { library, calls, localRank: _, ...rest } = one;
      assertMatch(library, /^(MPICH|Open MPI) v\d/);
      assert(calls > 10);
      assertEquals(rest, {
        rank,
        size: ranks,
        sum: [sum, sum],
        largest: [ranks - 1, 0],
        sent: [42, 7],
        gathered: Array.from({ length: ranks }, (_, i) => new Array(i).fill(i)),
        many: [0, 1, 2, 3, 4].map((i) => i * sum),
      });
    }
  }
}

onEachMpi("one rank of mpirun is a world of one, and ends well", async (launch) => {
  const { code, said, stderr } = await launch(1, ...SCRIPT);
  assertEquals([code, said.length], [0, 1], stderr);
  assertEquals([said[0].size, said[0].calls, said[0].sum], [1, 0, [1, 1]]);
});

onEachMpi("a rank that dies ends all", async (launch) => {
  const { code } = await launch(3, ...SCRIPT, "kill");
  assert(code !== 0);
});

onEachMpi("a rank that throws ends all, with its number and the reason", async (launch) => {
  const { code, stderr } = await launch(3, ...SCRIPT, "throw");
  assert(code !== 0);
  assertMatch(stderr, /rank 1 of 3 failed/);
  assertMatch(stderr, /a test must fail/);
});

onEachMpi("a rank that is frozen, or late, ends all, with its number", async (launch) => {
  const stopped = await launch(3, ...SCRIPT, "stop");
  assert(stopped.code !== 0);
  assertMatch(stopped.stderr, /rank 1 (gave no sign of life|kept the others waiting) for 2/);
  const late = await launch(3, ...SCRIPT, "late");
  assert(late.code !== 0);
  assertMatch(late.stderr, /rank 1 kept the others waiting for 2/);
});

onEachMpi("a rank that says so may take its time", async (launch) => {
  const { code, stderr } = await launch(2, ...SCRIPT, "busy");
  assertEquals(code, 0, stderr);
});

onEachMpi("a library of another MPI than the launcher's is refused", async (launch) => {
  // Both must be there; where one is missing, it is the library that is refused.
  const other = (await launch(1, "eval", "console.log(JSON.stringify(Deno.env.toObject()))"))
      .stdout.includes("OMPI_COMM_WORLD_SIZE")
    ? "libmpich.so.12"
    : "libmpi.so.40";
  const script = `import { joinWorld } from "./mod.ts"; await joinWorld({ library: "${other}" });`;
  const { code, stderr } = await launch(2, "eval", script);
  assert(code !== 0);
  assertMatch(stderr, /started 2 processes, .* finds this one alone|must be installed|returned/);
});

Deno.test("bytes beyond 32 bits are gathered in rounds", async () => {
  const parts = [7, 0, 12, 3].map((length, rank) =>
    Uint8Array.from({ length }, (_, i) => 50 * rank + i)
  );
  for (const room of [4, 8, 20, 100]) {
    const each = Math.floor(room / parts.length);
    let rounds = 0;
    const gathered = await gatherInRounds(
      parts[2]!,
      Float64Array.from(parts, ({ length }) => length),
      (own, counts, places, to) => {
        const from = each * rounds++;
        assertEquals(own, parts[2]!.subarray(from, from + each));
        assert(to.length <= room);
        parts.forEach((part, rank) => {
          const own = part.subarray(from, from + each);
          assertEquals(own.length, counts[rank]);
          to.set(own, places[rank]);
        });
        return Promise.resolve();
      },
      room,
    );
    assertEquals(gathered, parts);
    assertEquals(rounds, Math.ceil(12 / each));
  }
});

Deno.test("who started a process is read from what launchers set", () => {
  const of = (variables: Record<string, string>) => launchOf((name) => variables[name]);
  assertEquals(of({ HOME: "/root" }), undefined);
  assertEquals(of({ PMI_RANK: "2", PMI_SIZE: "4", MPI_LOCALRANKID: "1" }), {
    kind: "MPICH",
    rank: 2,
    size: 4,
    localRank: 1,
  });
  assertEquals(
    of({
      OMPI_COMM_WORLD_RANK: "3",
      OMPI_COMM_WORLD_SIZE: "8",
      OMPI_COMM_WORLD_LOCAL_RANK: "0",
      PMIX_RANK: "3",
    }),
    { kind: "Open MPI", rank: 3, size: 8, localRank: 0 },
  );
  assertEquals(of({ PMIX_RANK: "5", SLURM_NTASKS: "16", SLURM_LOCALID: "1" }), {
    kind: undefined,
    rank: 5,
    size: 16,
    localRank: 1,
  });
});

Deno.test("a process that no launcher started is a world of one", async () => {
  const world = await joinWorld();
  assertEquals([world.rank, world.size, world.library], [0, 1, "none"]);
  const values = new Float32Array([3]);
  await world.allReduce(values, "sum");
  assertEquals([...values], [3]);
  assertEquals(await world.allGather(new Uint8Array([1])), [new Uint8Array([1])]);
  assertEquals(world.during("test", () => 5), 5);
});

Deno.test("a missing library is refused with what to install", async () => {
  const { message } = await assertRejects(
    () => Promise.resolve().then(() => openMpi(["libmpi_of_nowhere.so.1"])),
    Error,
    "apt-get install openmpi-bin, or mpich",
  );
  // Of one that was named also why: it may be there, and lack another.
  assertMatch(message, /got none of libmpi_of_nowhere\.so\.1: .*libmpi_of_nowhere/);
});

Deno.test("a script without permissions is told which it needs", async () => {
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", "--allow-net", "tests/world/collectives.ts"],
    cwd: new URL("../../", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  assertMatch(
    new TextDecoder().decode(stderr),
    /Cannot join a world: .* --allow-ffi --allow-env=OMPI_COMM_WORLD_RANK/,
  );
});
