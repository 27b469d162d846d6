// GPU memory that runs out: in the system itself, and at each buffer in turn.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { isSoftware } from "../../lib/device/adapter.ts";
import { DeviceError, start, tf } from "../../mod.ts";
import { injectBuffers } from "./inject.ts";
import { attempt, note, type Tally, tally } from "./report.ts";
import { type Work, works } from "./work.ts";

/** What work does while something fails: its numbers, or the error. */
export async function tried({ run }: Work): Promise<string | Error> {
  try {
    return await run();
  } catch (error) {
    return error as Error;
  }
}

/** Asserts that what came of disturbed work is an error of the device with an operation, or right. */
export function requireToldOrRight(outcome: string | Error, right: string, counts: Tally): void {
  if (typeof outcome === "string") {
    assert(outcome === right, "wrong numbers without an exception");
    return note(counts, "not touched by it");
  }
  assert(outcome instanceof DeviceError, `another error: ${outcome.stack}`);
  assertMatch(outcome.operation ?? "", /./, `without an operation: ${outcome.message}`);
  note(counts, `told of kind ${outcome.kind}`);
}

/**
 * Lets each buffer that work makes fail in turn.
 *
 * @param most how many buffers, evenly over all
 */
export async function failBuffers(work: Work, most: number): Promise<Tally> {
  const counts = tally(`no memory for a buffer: ${work.name}`);
  await start();
  const right = await work.run();
  // A device of its own has no buffers yet.
  const all = await onFreshDevice(async () => {
    const { calls, restore } = injectBuffers(0);
    await work.run().finally(restore);
    return calls();
  });
  for (let i = 0; i < Math.min(most, all); i++) {
    const at = 1 + Math.floor(i * all / Math.min(most, all));
    await attempt(counts, `${work.name}, buffer ${at} of ${all}`, async () => {
      await onFreshDevice(async () => {
        const { restore } = injectBuffers(at);
        const outcome = await tried(work).finally(restore);
        requireToldOrRight(outcome, right, counts);
        const again = await tried(work);
        if (typeof again !== "string") throw again;
        assert(again === right, "other numbers afterwards");
      });
    });
  }
  return counts;
}

async function onFreshDevice<T>(f: () => Promise<T>): Promise<T> {
  (tf.backend() as unknown as { device: GPUDevice }).device.destroy();
  await new Promise((done) => setTimeout(done, 5));
  await start();
  return await f();
}

/** Whether limiting a process's memory limits that of its device: a software adapter's, on Linux. */
export async function mayExhaust(): Promise<boolean> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (Deno.build.os !== "linux" || !adapter || !isSoftware(adapter.info)) return false;
  try {
    return (await new Deno.Command("prlimit", { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}

/** What a process prints whose memory is limited. */
type Shortage = {
  /** Tensors that were made before there was no more memory. */
  readonly made: number;
  readonly kind: string;
  readonly operation: string;
  readonly message: string;
  /** Whether the tensors made before still have their numbers, a small one is right, and a large one. */
  readonly kept: boolean;
  readonly small: number;
  readonly large: number;
};

/** Operations with a result of `size` numbers, all `value` + 1. */
const LARGE: Readonly<Record<string, string>> = {
  Add: "tf.add(tf.fill([size], value), 1)",
  Upload: "tf.add(tf.tensor1d(new Float32Array(size).fill(value)), 1)",
  MatMul: "tf.matMul(tf.fill([size / 64, 8], (value + 1) / 8), tf.ones([8, 64])).reshape([-1])",
  Jit: "plus(tf.fill([size], value))",
};

/**
 * Makes tensors in a process whose address space is limited, until the system has no more for them.
 *
 * @param megabytes of each tensor
 * @param room bytes beyond what the process has when the device is started
 * @returns what came of it; `undefined` if the process itself had no memory and was aborted
 */
export async function exhaust(
  name: keyof typeof LARGE,
  megabytes: number,
  room: number,
): Promise<Shortage | undefined> {
  const mod = new URL("../../mod.ts", import.meta.url).href;
  const code = `import { jit, start, tf } from ${JSON.stringify(mod)};
    await start();
    const plus = jit((x) => tf.add(x, 1));
    const size = ${megabytes} * 2 ** 18;
    const make = (value) => tf.tidy(() => ${LARGE[name]});
    const first = async (x) => {
      const part = tf.slice(x, 0, 2);
      const [value] = await part.data().finally(() => part.dispose());
      return value;
    };
    await first(make(0)).catch(() => {});
    const status = Deno.readTextFileSync("/proc/self/status");
    const limit = 1024 * Number(status.match(/VmSize:\\s+(\\d+)/)[1]) + ${room};
    await new Deno.Command("prlimit", { args: ["--pid", String(Deno.pid), "--as=" + limit] }).output();
    const held = [];
    let error;
    while (!error && held.length < 64) {
      const x = make(held.length);
      try {
        if (await first(x) !== held.length + 1) throw new Error("a wrong number");
        held.push(x);
      } catch (caught) {
        error = caught;
        x.dispose();
      }
    }
    let kept = true;
    for (const [i, x] of held.entries()) kept &&= await first(x) === i + 1;
    const small = (await tf.add(tf.fill([3000], 1), 1).data())[2999];
    held.forEach((x) => x.dispose());
    // What tfjs keeps of them for tensors of their size is freed when there is no more memory.
    let large;
    for (let i = 0; i < 2 && large === undefined; i++) {
      const x = make(5);
      large = await first(x).catch(() => undefined);
      x.dispose();
    }
    const { kind, operation, message } = error;
    console.log(JSON.stringify({ made: held.length, kind, operation, message, kept, small, large }));`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", code],
    env: { DENO_WEBGPU_BACKEND: "vulkan" },
  }).output();
  const text = new TextDecoder();
  // On a software adapter both have the same memory: Deno itself may be the one that has none.
  if (text.decode(stderr).includes("memory allocation of")) return undefined;
  const line = text.decode(stdout).trim().split("\n").at(-1)!;
  if (!line.startsWith("{")) throw new Error(`the process said ${line} ${text.decode(stderr)}`);
  return JSON.parse(line);
}

/** Lets the memory of processes run out. */
async function exhaustAll(trials: number): Promise<Tally> {
  const counts = tally("no memory in the system");
  if (!await mayExhaust()) {
    note(counts, "not possible here");
    return counts;
  }
  const names = Object.keys(LARGE);
  for (let i = 0; i < trials; i++) {
    const name = names[i % names.length]!;
    const megabytes = [16, 64, 33][i % 3]!;
    const room = (300 + 37 * i) * 1e6;
    await attempt(counts, `${name} of ${megabytes} MiB with ${room} bytes`, async () => {
      const shortage = await exhaust(name, megabytes, room);
      if (!shortage) return note(counts, "Deno itself was aborted");
      const { kind, operation, message, kept, small, large, made } = shortage;
      assertEquals(kind, "out-of-memory", message);
      assertMatch(operation, /./, message);
      assertEquals([kept, small, large], [true, 2, 6], message);
      note(counts, made === 0 ? "at once" : "after some tensors");
    });
  }
  return counts;
}

/** All that can be done to memory. */
export async function memoryTallies(count: number, match: string): Promise<Tally[]> {
  const chosen = works.filter(({ name }) => name.includes(match));
  const each = Math.ceil(count / Math.max(1, chosen.length));
  const tallies: Tally[] = [];
  for (const work of chosen) tallies.push(await failBuffers(work, each));
  return [...tallies, await exhaustAll(Math.ceil(count / 10))];
}
