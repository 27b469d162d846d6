// The bench's processes: that peers compute what neocog does, how jobs fail, and what a run leaves.
import { assert, assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import { start } from "../../mod.ts";
import { agreeJob } from "../../tasks/bench/jobs/agree.ts";
import type { AgreeLine } from "../../tasks/bench/jobs/job.ts";
import { prepareNeocog } from "../../tasks/bench/peers/neocog.ts";
import type { Peer } from "../../tasks/bench/peers/peer.ts";
import { type BenchRecord, difference } from "../../tasks/bench/record.ts";
import { runJob } from "../../tasks/bench/run_job.ts";
import { hasAdapter } from "../device/adapter.ts";

const root = new URL("../../", import.meta.url);
const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));

/** Runs the task's own command, without what it depends on. */
async function bench(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const [, ...words] = tasks.bench.command.split(" ");
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...words, ...args],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** neocog without an adapter. */
const neocogOnCpu: Peer = {
  version: "neocog",
  open: async () => void await start({ backend: "cpu" }),
  prepare: (work) => prepareNeocog(work, false),
};

Deno.test("jax-js's LeNet-5 computes and learns what neocog's does", async () => {
  const job = { job: "agree", peer: "jax-wasm", model: "lenet5" } as const;
  const { results: [jax], reason } = await runJob<AgreeLine>(job, { limit: 60_000 });
  assertEquals(reason, undefined);
  const own = await agreeJob(neocogOnCpu, "lenet5");
  // Adam's first steps magnify rounding where a slope is near 0.
  assertLess(difference(jax!.outputs, own.outputs), 1e-5);
  assertLess(difference(jax!.losses, own.losses), 1e-3);
});

Deno.test("tfjs-layers' LeNet-5 computes and learns what neocog's does", async () => {
  const job = { job: "agree", peer: "tfjs-cpu", model: "lenet5" } as const;
  const { results: [stock] } = await runJob<AgreeLine>(job, { limit: 60_000 });
  const own = await agreeJob(neocogOnCpu, "lenet5");
  assertLess(difference(stock!.outputs, own.outputs), 1e-5);
  assertLess(difference(stock!.losses, own.losses), 1e-3);
});

Deno.test("what has no Python is told so as absent, once", async () => {
  const job = { job: "agree", peer: "torch-cpu", model: "lenet5" } as const;
  const python = Deno.env.get("NEOCOG_PYTHON");
  Deno.env.delete("NEOCOG_PYTHON");
  try {
    const { results, reason } = await runJob<AgreeLine>(job, { limit: 60_000 });
    assertEquals(results, []);
    assertStringIncludes(reason!, "absent: set NEOCOG_PYTHON");
  } finally {
    if (python) Deno.env.set("NEOCOG_PYTHON", python);
  }
});

for (const peer of ["torch-cpu", "onnxruntime-cpu", "tinygrad-webgpu"] as const) {
  Deno.test({
    name: `LeNet-5 in ${peer} computes what neocog's does, where NEOCOG_PYTHON has the library`,
    ignore: !Deno.env.has("NEOCOG_PYTHON"),
    async fn() {
      const job = { job: "agree", peer, model: "lenet5" } as const;
      const { results: [line], reason } = await runJob<AgreeLine>(job, { limit: 120_000 });
      // A library that this Python lacks says so.
      if (reason?.startsWith("absent")) return;
      assertEquals(reason, undefined);
      const own = await agreeJob(neocogOnCpu, "lenet5");
      assertLess(difference(line!.outputs, own.outputs), 1e-5);
      const losses = peer === "onnxruntime-cpu" ? [] : own.losses;
      assertLess(difference(line!.losses, losses), 1e-3);
    },
  });
}

Deno.test("a job that takes too long or fails gives the reason", async () => {
  const late = await runJob({ job: "agree", peer: "tfjs-cpu", model: "resnet20" }, { limit: 30 });
  assertStringIncludes(late.reason!, "no result within");
  const failed = await runJob({ job: "agree", peer: "tfjs-cpu", model: "vgg" }, { limit: 60_000 });
  assertStringIncludes(failed.reason!, "got vgg");
});

Deno.test("unknown parts and peers are refused before any work", async () => {
  const { code, err } = await bench("--only", "trainings");
  assertEquals(code, 2);
  assertStringIncludes(err, "training");
});

Deno.test({
  name: "a quick bench of one operation leaves a record and a chart",
  ignore: !hasAdapter,
  async fn() {
    const out = await Deno.makeTempDir();
    const args = ["--quick", "--only", "ops", "--ops", "LeNet-5 dense1", "--out", out];
    const { code, err, out: printed } = await bench(...args);
    assertEquals(code, 0, err);
    assertStringIncludes(printed, "dense weight gradient");
    const kept: BenchRecord = JSON.parse(await Deno.readTextFile(`${out}/bench.json`));
    assert(kept.finished);
    assertEquals(kept.ops.map(({ kind }) => kind), [
      // What limits operations, first.
      "copy in fours",
      "copy in fours",
      "copy one by one",
      "dispatch",
      "dense forward",
      "dense forward",
      "dense input gradient",
      "dense weight gradient",
    ]);
    for (const { kind, gflops, milliseconds, limit, ofLimit } of kept.ops) {
      assertEquals(milliseconds!.samples, 2);
      assertGreater(ofLimit!, 0);
      if (!kind.startsWith("dense")) continue;
      assertGreater(gflops!, 0);
      assertEquals(limit, "multiplications");
    }
    assertStringIncludes(await Deno.readTextFile(`${out}/ops.svg`), "Single operations");
    await Deno.remove(out, { recursive: true });
  },
});

Deno.test({
  name: "a bench that is interrupted keeps what it has",
  ignore: !hasAdapter || Deno.build.os === "windows",
  async fn() {
    const out = await Deno.makeTempDir();
    const [, ...words] = tasks.bench.command.split(" ");
    const process = new Deno.Command(Deno.execPath(), {
      args: [...words, "--only", "startup,ops", "--rounds", "1", "--out", out],
      cwd: root,
      stdout: "null",
      stderr: "piped",
    }).spawn();
    let said = "";
    for await (const chunk of process.stderr.pipeThrough(new TextDecoderStream())) {
      const before = said.includes("single operations");
      said += chunk;
      if (!before && said.includes("single operations")) process.kill("SIGINT");
    }
    assertEquals((await process.status).code, 130);
    const kept: BenchRecord = JSON.parse(await Deno.readTextFile(`${out}/bench.json`));
    assertEquals([kept.finished, kept.startup.length], [false, 2]);
    await Deno.remove(out, { recursive: true });
  },
});
