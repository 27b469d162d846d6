// One start() opens one device, whoever asks, and as often as they ask.
import { assertEquals, assertRejects } from "@std/assert";
import { DeviceError, start, stop, tf } from "../../mod.ts";
import { gpuTest } from "./adapter.ts";

/** What was asked of WebGPU and of the page while `f` ran. */
async function asked(f: () => Promise<unknown>): Promise<Record<string, number>> {
  const counts = { adapters: 0, devices: 0, listeners: 0 };
  const { requestAdapter } = GPU.prototype;
  const { requestDevice } = GPUAdapter.prototype;
  const { addEventListener, removeEventListener } = globalThis;
  GPU.prototype.requestAdapter = function (...order): ReturnType<typeof requestAdapter> {
    counts.adapters++;
    return requestAdapter.apply(this, order);
  };
  GPUAdapter.prototype.requestDevice = function (...order): ReturnType<typeof requestDevice> {
    counts.devices++;
    return requestDevice.apply(this, order);
  };
  globalThis.addEventListener = (...order: unknown[]): void => {
    counts.listeners++;
    addEventListener.apply(globalThis, order as Parameters<typeof addEventListener>);
  };
  globalThis.removeEventListener = (...order: unknown[]): void => {
    counts.listeners--;
    removeEventListener.apply(globalThis, order as Parameters<typeof removeEventListener>);
  };
  try {
    await f();
    return counts;
  } finally {
    GPU.prototype.requestAdapter = requestAdapter;
    GPUAdapter.prototype.requestDevice = requestDevice;
    Object.assign(globalThis, { addEventListener, removeEventListener });
  }
}

gpuTest("start() opens one device, and later calls none", async () => {
  stop();
  assertEquals(await asked(() => start()), { adapters: 1, devices: 1, listeners: 1 });
  const none = { adapters: 0, devices: 0, listeners: 0 };
  assertEquals(await asked(() => start()), none);
  assertEquals(await asked(() => tf.ready()), none);
  assertEquals(
    await asked(async () => {
      await start({ backend: "cpu" });
      await start();
    }),
    none,
  );
});

gpuTest("calls at the same time share one device, also with tf.ready()", async () => {
  stop();
  const counts = await asked(() => Promise.all([start(), tf.ready(), start(), start()]));
  assertEquals(counts, { adapters: 1, devices: 1, listeners: 1 });
  assertEquals(await tf.add(1, 2).array(), 3);
});

gpuTest("stop() takes back its listener, so that starting again leaves one", async () => {
  stop();
  const counts = await asked(async () => {
    for (let i = 0; i < 3; i++) {
      await start();
      stop();
    }
    await start();
  });
  assertEquals(counts, { adapters: 4, devices: 4, listeners: 1 });
});

gpuTest("a start() that fails leaves nothing behind, and the next one works", async () => {
  stop();
  const { requestAdapter } = GPU.prototype;
  GPU.prototype.requestAdapter = () => Promise.resolve(null);
  try {
    await assertRejects(() => start(), DeviceError, "no GPU adapter");
  } finally {
    GPU.prototype.requestAdapter = requestAdapter;
  }
  assertEquals(await asked(() => start()), { adapters: 1, devices: 1, listeners: 1 });
});

gpuTest("with Vulkan, OpenGL is not loaded, whose end at exit may abort the process", async () => {
  if (Deno.build.os !== "linux" || Deno.env.get("DENO_WEBGPU_BACKEND") !== "vulkan") return;
  await start();
  assertEquals((await Deno.readTextFile("/proc/self/maps")).match(/libEGL\S*/g), null);
});

/** Ends as a process and as a worker may: each opens a device. */
const ENDS: Readonly<Record<string, string>> = {
  "at its end": "await start();",
  "with work on its way": "await start(); tf.matMul(tf.ones([512, 512]), tf.ones([512, 512]));",
  "by Deno.exit": "await start(); Deno.exit(0);",
  "after stop()": "await start(); stop();",
};

gpuTest("processes and workers with devices end without a crash", async () => {
  const mod = new URL("../../mod.ts", import.meta.url).href;
  for (const [how, text] of Object.entries(ENDS)) {
    const code = `import { start, stop, tf } from ${JSON.stringify(mod)};
      if (!globalThis.postMessage) {
        const url = "data:application/typescript," + encodeURIComponent(${
      JSON.stringify(
        `import { start } from ${JSON.stringify(mod)}; await start(); self.postMessage(0);`,
      )
    });
        const workers = [0, 1].map(() => new Worker(url, { type: "module" }));
        await Promise.all(workers.map((worker) => new Promise((done) => worker.onmessage = done)));
        for (const worker of workers) worker.terminate();
      }
      ${text}`;
    const { code: status, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", code],
    }).output();
    assertEquals(status, 0, `${how}: ${new TextDecoder().decode(stderr)}`);
  }
});
