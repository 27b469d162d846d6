// That the self-test passes what is right and notices what is wrong.
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { start, tf } from "../../mod.ts";
import { check } from "../../tasks/selftest/check.ts";
import { differences } from "../../tasks/selftest/differences.ts";
import { drawFrom, type Subject, type Trial } from "../../tasks/selftest/subject.ts";
import { subjects } from "../../tasks/selftest/subjects.ts";
import { key } from "../../mod.ts";
import { gpuTest, hasAdapter } from "../device/adapter.ts";

const root = new URL("../../", import.meta.url);
const { command }: { command: string } =
  JSON.parse(await Deno.readTextFile(new URL("deno.json", root))).tasks.selftest;

/** Runs the task as its entry in deno.json does, perhaps with a module loaded before. */
async function selftest(
  args: readonly string[],
  preload?: string,
): Promise<{ code: number; out: string; err: string }> {
  const [, run, ...words] = command.split(" ");
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [run!, ...(preload ? ["--preload", preload] : []), ...words, ...args],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

const backend = hasAdapter ? "webgpu" : "cpu";

Deno.test("the self-test passes operations that are right, and says on what", async () => {
  const { code, out, err } = await selftest(["--filter", "CONCAT", "--rounds", "2", "--json"]);
  assertEquals(code, 0, err);
  const lines = out.trim().split("\n");
  const result = JSON.parse(lines.at(-1)!);
  assertEquals([result.backend, result.rounds, result.seed, result.failed], [backend, 2, 0, []]);
  assertEquals(
    result.results.map((each: { name: string }) => each.name),
    ["concat", "concat, gradient", "concat of int32"],
  );
  for (const { trials, worst, passed } of result.results) {
    assertEquals([trials, passed], [2, true]);
    assert(worst < 1e-5);
  }
  assertMatch(out, /^operation +shapes +worst error +allowed/m);
  assertStringIncludes(lines[0]!, `${backend}: ${result.adapter}`);
});

gpuTest("the self-test compares the kernels of either form, on WebGPU alone", async () => {
  for (const form of ["software", "gpu"]) {
    const { code, err } = await selftest(["--form", form, "--filter", "matMul", "--rounds", "1"]);
    assertEquals(code, 0, err);
  }
  const { code, err } = await selftest(["--form", "gpu", "--backend", "cpu"]);
  assertEquals(code, 2, err);
  assertStringIncludes(err, "the backend must be webgpu, got cpu");
});

Deno.test("the self-test notices a kernel that answers wrong numbers, and exits with 1", async () => {
  const dir = await Deno.makeTempDir();
  const preload = `${dir}/wrong.ts`;
  // One number in a thousand is off, as a race or a driver's fault would have it.
  await Deno.writeTextFile(
    preload,
    `import { start, tf } from ${JSON.stringify(new URL("mod.ts", root).href)};
await start({ backend: ${JSON.stringify(backend)} });
const right = tf.getKernel("Concat", ${JSON.stringify(backend)}).kernelFunc;
tf.unregisterKernel("Concat", ${JSON.stringify(backend)});
const kernelFunc = (call) => {
  const y = right(call);
  if (y.dtype !== "float32") return y;
  return tf.engine().runKernel("Add", { a: y, b: tf.scalar(1e-3) });
};
tf.registerKernel({ kernelName: "Concat", backendName: ${JSON.stringify(backend)}, kernelFunc });
`,
  );
  const { code, out, err } = await selftest(["--filter", "concat", "--rounds", "2"], preload);
  assertEquals(code, 1, out + err);
  assertMatch(out, /^concat +2 +\S+ +1\.0e-5 +WRONG$/m);
  assertMatch(err, /error: Cannot trust .*: 1 of 3 operations compute wrong numbers: concat\n/);
});

Deno.test("a filter that fits nothing is refused before any work", async () => {
  const { code, out, err } = await selftest(["--filter", "teleport"]);
  assertEquals([code, out], [2, ""]);
  assertStringIncludes(err, "must be part of an operation's name, got teleport");
});

Deno.test("the self-test has help with examples", async () => {
  const { code, out } = await selftest(["--help"]);
  assertEquals(code, 0);
  assertStringIncludes(out, "deno task selftest --filter");
});

const doubled: Subject = {
  name: "doubled",
  draw: (draw): Trial => ({
    inputs: [draw.normal([3, 2])],
    run: (x) => tf.mul(x!, 2),
    reference: (x) => x!.map((value) => 2 * value),
    gradients: "differences",
  }),
};

/** The subject with something of its trials replaced. */
function altered(change: Partial<Trial>): Subject {
  return { name: "altered", draw: (draw) => ({ ...doubled.draw(draw), ...change }) };
}

async function verdictsOf(subject: Subject): Promise<boolean[]> {
  await start({ backend: "cpu" });
  return (await check(subject, { seed: 1, rounds: 2 })).map(({ passed }) => passed);
}

Deno.test("values, gradients, shapes, NaN and exceptions that differ are found", async () => {
  assertEquals(await verdictsOf(doubled), [true, true]);
  assertEquals(await verdictsOf(altered({ reference: (x) => x!.map((v) => 2.0001 * v) })), [
    false,
    false,
  ]);
  assertEquals(await verdictsOf(altered({ gradients: (w) => [w.map((v) => 2.0001 * v)] })), [
    true,
    false,
  ]);
  assertEquals(await verdictsOf(altered({ run: (x) => tf.mul(tf.reshape(x!, [6]), NaN) })), [
    false,
    false,
  ]);
  assertEquals(await verdictsOf(altered({ run: (x) => tf.slice(x!, 0, 2) })), [false, false]);
  const fails = (): never => {
    throw new Error("no such thing");
  };
  await start({ backend: "cpu" });
  const [failed] = await check(altered({ run: fails, gradients: "none" }), { seed: 1, rounds: 1 });
  assertEquals([failed!.passed, failed!.error, failed!.worst], [false, "no such thing", Infinity]);
});

Deno.test("infinities and NaN must be where they are expected", async () => {
  const odd = { shape: [3], values: Float32Array.of(NaN, Infinity, 1) };
  const same = altered({ inputs: [odd], gradients: "none" });
  assertEquals(await verdictsOf(same), [true]);
  const masked = altered({
    inputs: [odd],
    gradients: "none",
    run: (x) => tf.minimum(tf.mul(x!, 2), 9),
  });
  assertEquals(await verdictsOf(masked), [false]);
});

Deno.test("a seed draws the same trials each time, another seed others", () => {
  for (const { draw } of subjects.slice(0, 20)) {
    const shapes = (seed: number): unknown =>
      draw(drawFrom(key(seed))).inputs.map(({ shape, values }) => [shape, values[0]]);
    assertEquals(shapes(3), shapes(3));
    assert(JSON.stringify(shapes(3)) !== JSON.stringify(shapes(4)));
  }
});

Deno.test("differences of a reference are its gradient", () => {
  const trial: Trial = {
    inputs: [{ shape: [2], values: Float32Array.of(3, 4) }],
    run: (x) => x!,
    reference: (x) => Float64Array.of(x![0]! ** 2 * x![1]!),
    gradients: "differences",
  };
  const [slopes] = differences(trial)(Float64Array.of(2), Float64Array.of(3, 4));
  [48, 18].forEach((wanted, i) => assert(Math.abs(slopes![i]! - wanted) < 1e-6));
});

Deno.test("names of subjects are unique, and there are gradients among them", () => {
  const names = subjects.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  assertGreater(
    subjects.filter(({ draw }) => draw(drawFrom(key(0))).gradients !== "none").length,
    50,
  );
});
