// Work that is done again on another device if its own is lost.
import { assertEquals, assertRejects } from "@std/assert";
import { recover } from "../../lib/device/mod.ts";
import { DeviceError, start, tf } from "../../mod.ts";
import { gpuTest } from "./adapter.ts";
import { onCpu } from "../backends.ts";

const lost = (): DeviceError => new DeviceError("lost", "Cannot run Add: the device was lost");

onCpu("work is done again as often as is allowed, and no more", async () => {
  const seen: number[] = [];
  let calls = 0;
  const failing = (failures: number) => (): Promise<string> =>
    ++calls <= failures ? Promise.reject(lost()) : Promise.resolve("done");
  const options = {
    backend: "cpu",
    times: 2,
    onLost: (_: DeviceError, count: number) => void seen.push(count),
  } as const;
  assertEquals(await recover(failing(0), options), "done");
  assertEquals([calls, seen], [1, []]);
  calls = 0;
  assertEquals(await recover(failing(2), options), "done");
  assertEquals([calls, seen], [3, [1, 2]]);
  calls = 0;
  await assertRejects(() => recover(failing(3), options), DeviceError, "the device was lost");
  assertEquals([calls, seen], [3, [1, 2, 1, 2]]);
});

onCpu("other errors are passed on at once", async () => {
  let calls = 0;
  const work = (error: Error) => (): Promise<void> => {
    calls++;
    return Promise.reject(error);
  };
  const memory = new DeviceError("out-of-memory", "Cannot run Add: the GPU ran out of memory");
  for (const error of [new RangeError("Cannot add"), memory]) {
    assertEquals(await assertRejects(() => recover(work(error), { backend: "cpu" })), error);
  }
  assertEquals(calls, 2);
});

onCpu("the number of times must be a whole number from 1", async () => {
  for (const times of [0, -1, 1.5, NaN]) {
    await assertRejects(() => recover(() => Promise.resolve(), { times }), RangeError, "times");
  }
});

gpuTest("a lost device is replaced by another one", async () => {
  await start();
  let calls = 0;
  const value = await recover(async () => {
    const x = tf.add(tf.ones([2000]), 1);
    const { device } = tf.backend() as unknown as { device: GPUDevice };
    if (++calls < 3) device.destroy();
    return (await x.data())[0];
  });
  assertEquals([value, calls], [2, 3]);
});
