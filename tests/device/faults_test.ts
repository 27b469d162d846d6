// No zeros: whatever fails on the device becomes an exception that names the operation.
import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { DeviceError, start, stop, tf } from "../../mod.ts";
import type { GuardedBackend } from "../../lib/device/backend.ts";
import { runProgram } from "../../lib/device/kernels/program.ts";
import { injectBuffers } from "../faults/inject.ts";
import { gpuTest } from "./adapter.ts";

function backend(): GuardedBackend {
  return tf.backend() as unknown as GuardedBackend;
}

/** More elements than tfjs computes on the CPU instead. */
const LARGE = 2000;

/** Runs a program whose text is not WGSL; its result is a tensor like any other until it is read. */
function broken(
  x: tf.Tensor,
  text = "fn main(index: u32, local: u32) { this is no program }",
): tf.Tensor {
  const [info] = runProgram(backend(), {
    operation: "Broken",
    variant: text,
    inputs: { x },
    uniforms: { size: x.size },
    code: text,
    invocations: x.size,
    workgroup: 64,
    results: { result: x.shape },
  });
  return tf.engine().makeTensorFromTensorInfo(info!);
}

gpuTest("a shader that does not compile is an exception at the next read", async () => {
  await start();
  const error = await assertRejects(() => broken(tf.ones([3])).data(), DeviceError, "Broken([3])");
  assertEquals(error.kind, "validation");
});

gpuTest(
  "what shared a submit with a failed operation can not be read, nor what came of it",
  async () => {
    await start();
    const before = tf.add(tf.ones([LARGE]), 1);
    const bad = broken(tf.ones([LARGE]));
    const after = tf.mul(bad, 2);
    const later = tf.add(after, before);
    await assertRejects(() => later.data(), DeviceError, "Broken");
    // Still so when the fault is long known, and for whoever computes on.
    await assertRejects(() => after.data(), DeviceError, "Broken");
    await assertRejects(() => before.data(), DeviceError, "Broken");
    assertThrows(() => tf.square(after), DeviceError, "Broken");
  },
);

gpuTest("after a fault the device goes on", async () => {
  await start();
  const kept = tf.add(tf.tensor1d([1, 2]), 1);
  assertEquals([...await kept.data()], [2, 3]);
  await assertRejects(() => broken(tf.ones([5])).data(), DeviceError);
  assertEquals([...await tf.add(tf.tensor1d([1, 2]), 3).data()], [4, 5]);
  assertEquals([...await tf.add(kept, 1).data()], [3, 4]);
});

gpuTest("a fault nobody asked about is told at the next read of anything", async () => {
  await start();
  const healthy = tf.add(tf.ones([LARGE]), 1);
  const other = tf.add(healthy, 1);
  await healthy.data();
  broken(tf.ones([7]));
  await assertRejects(() => other.data(), DeviceError, "Broken");
  // Once told, what was computed before is there.
  assertEquals((await other.data())[0], 3);
});

gpuTest(
  "a binding over the limit in an operation of tfjs is refused, not answered with zeros",
  async () => {
    const { limits } = await start();
    const length = limits.maxStorageBufferBindingSize! / 4 + 1024;
    if (4 * length > 1 << 30) return; // A real GPU's limit: too large a tensor for a test.
    const x = tf.zeros([length]);
    const error = assertThrows(() => tf.reverse(x, 0), RangeError, `${length}]`);
    assertStringIncludes(error.message, "storage binding");
    x.dispose();
  },
);

gpuTest("a tensor over the largest buffer is refused before it is allocated", async () => {
  const { limits } = await start();
  const length = limits.maxBufferSize! / 4 + 1024;
  const program = {
    operation: "Huge",
    variant: "huge",
    inputs: {},
    uniforms: {},
    code: "fn main(index: u32, local: u32) {}",
    invocations: 1,
    workgroup: 1,
    results: { result: [length] },
  };
  assertThrows(() => runProgram(backend(), program), RangeError, `[${length}]`);
});

gpuTest("reading at once is refused with the way out", async () => {
  await start();
  const x = tf.add(tf.ones([LARGE]), 1);
  assertThrows(() => x.dataSync(), DeviceError, "await tensor.data()");
  assertEquals((await x.data())[0], 2);
});

gpuTest("an error outside any operation is told too", async () => {
  await start();
  backend().device.createBuffer({ size: 2 ** 40, usage: GPUBufferUsage.STORAGE });
  await assertRejects(() => backend().settle(), DeviceError, "an operation");
});

gpuTest("a lost device is an exception, and start() opens another", async () => {
  await start();
  const x = tf.add(tf.ones([LARGE]), 1);
  backend().device.destroy();
  const error = await assertRejects(() => x.data(), DeviceError, "lost");
  assertEquals(error.kind, "lost");
  assertThrows(() => tf.add(x, 1), DeviceError, "lost");
  await start();
  assertEquals((await tf.add(tf.ones([LARGE]), 1).data())[0], 2);
});

gpuTest("stop() frees the device; start() opens another", async () => {
  await start();
  stop();
  const { backend: name, adapter, limits } = await start();
  assertEquals(name, "webgpu");
  assertMatch(adapter, /\S/);
  assertEquals(typeof limits.maxStorageBufferBindingSize, "number");
  assertEquals(await tf.add(1, 2).array(), 3);
});

Deno.test("an unknown backend is refused by name", async () => {
  await assertRejects(() => start({ backend: "webgl" as "cpu" }), RangeError, '"webgl"');
});

Deno.test("without an adapter start() says what to install", async () => {
  const code = `import { start } from "${new URL("../../mod.ts", import.meta.url)}";
    try { await start(); } catch (error) { console.log(error.name, error.kind, error.message); }`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", code],
    env: { DENO_WEBGPU_BACKEND: "vulkan", VK_ICD_FILENAMES: "/none", VK_DRIVER_FILES: "/none" },
    stderr: "null",
  }).output();
  const said = new TextDecoder().decode(stdout);
  if (Deno.build.os !== "linux") return; // Elsewhere the variables do not hide the adapter.
  assertMatch(said, /^DeviceError missing Cannot start WebGPU: no GPU adapter was found/);
  assertStringIncludes(said, 'backend: "cpu"');
});

gpuTest(
  "reads of a failed tensor that overlap all fail, and none finds what another one left",
  async () => {
    await start();
    const bad = broken(tf.ones([64]));
    const reads: Promise<string>[] = [];
    for (let i = 0; i < 40; i++) {
      reads.push(bad.data().then(() => "answered", () => "refused"));
      await new Promise((done) => setTimeout(done, i % 3));
    }
    assertEquals(new Set(await Promise.all(reads)), new Set(["refused"]));
  },
);

gpuTest("whoever forgets start() and awaits tf.ready() gets the guarded backend", async () => {
  const code = `import { tf } from "${new URL("../../mod.ts", import.meta.url)}";
    await tf.ready();
    const x = tf.add(tf.zeros([6000, 6000]), 1);
    console.log(tf.getBackend(), tf.backend().constructor.name, (await x.data())[0]);`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: ["eval", code] })
    .output();
  const text = new TextDecoder();
  const said = text.decode(stdout) + text.decode(stderr);
  assertMatch(said, /webgpu GuardedBackend 1|largest storage binding/);
});

gpuTest("numbers that were uploaded with a failed operation are not another tensor's", async () => {
  await start();
  // Buffers of their size lie about, with other numbers.
  const sevens = [1, 2, 3, 4].map(() => tf.add(tf.fill([LARGE], 6), 1));
  for (const each of sevens) await each.data();
  tf.dispose(sevens);
  const x = tf.tensor1d(new Float32Array(LARGE).fill(1));
  const sum = tf.add(x, 1);
  await assertRejects(() => broken(sum).data(), DeviceError, "Broken");
  assertEquals((await tf.mul(x, 2).data())[0], 2);
  assertEquals((await x.data())[LARGE - 1], 1);
});

gpuTest("a tensor that a failed operation was to update is not to be trusted", async () => {
  await start();
  const x = tf.add(tf.ones([LARGE]), 1);
  await x.data();
  const text = "fn main(index: u32, local: u32) { nor is this }";
  runProgram(backend(), {
    operation: "BrokenUpdate",
    variant: text,
    inputs: {},
    updated: { x: backend().copyTensor(x) },
    uniforms: { size: LARGE },
    code: text,
    invocations: LARGE,
    workgroup: 64,
    results: {},
  });
  await assertRejects(() => tf.add(x, 1).data(), DeviceError, "BrokenUpdate");
  const copy = backend().copyTensor(x);
  runProgram(backend(), {
    operation: "BrokenUpdate",
    variant: text,
    inputs: {},
    updated: { x: copy },
    uniforms: { size: LARGE },
    code: text,
    invocations: LARGE,
    workgroup: 64,
    results: {},
  });
  await assertRejects(() => backend().settle(), DeviceError, "BrokenUpdate");
  const updated = tf.engine().makeTensorFromTensorInfo(copy);
  await assertRejects(() => updated.data(), DeviceError, "BrokenUpdate");
  assertEquals((await x.data())[0], 2);
});

gpuTest(
  "a read that shared a submit with a failed operation fails, whoever was told of it",
  async () => {
    await start();
    const x = tf.add(tf.ones([LARGE]), 1);
    await backend().settle();
    broken(tf.ones([9]));
    const failed = assertRejects(() => x.data(), DeviceError, "Broken([9])");
    await backend().settle().catch(() => {}); // It may be the one that is told.
    await failed;
    assertEquals((await x.data())[0], 2);
  },
);

gpuTest("a buffer for which there was no memory is told of, and not used again", async () => {
  await start();
  const make = async (): Promise<number | undefined> => {
    const [x, y] = tf.tidy(() => {
      const x = tf.fill([12_345], 2);
      return [x, tf.add(x, 1)];
    }) as [tf.Tensor, tf.Tensor];
    return (await y.data().finally(() => tf.dispose([x, y])))[12_344];
  };
  for (const at of [1, 2, 3, 4]) {
    // A size that no other test leaves buffers of.
    const { calls, restore } = injectBuffers(at);
    const made = await make().catch((error: unknown) => error as DeviceError).finally(restore);
    if (calls() < at) assertEquals(made, 3);
    else assertMatch((made as DeviceError).operation!, /Fill|BinaryOp|read a tensor/);
    for (let i = 0; i < 3; i++) assertEquals(await make(), 3);
  }
});

gpuTest("the error of a lost device names the operation that needed it", async () => {
  await start();
  const x = tf.add(tf.ones([LARGE]), 1);
  await x.data();
  backend().device.destroy();
  await backend().device.lost;
  await new Promise((done) => setTimeout(done, 1));
  const y = tf.zeros([LARGE]);
  const refused = assertThrows(() => tf.add(y, 1), DeviceError, "Cannot run BinaryOp([2000], [])");
  assertEquals(refused.operation, "BinaryOp([2000], [])");
  await start();
});
