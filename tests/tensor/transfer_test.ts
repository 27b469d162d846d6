// Numbers travel to the device and back as they are, and the host does not keep them.
import { assert, assertEquals } from "@std/assert";
import { start, tf } from "../../mod.ts";
import { download, upload } from "../../lib/tensor/transfer.ts";
import { onEachBackend } from "../backends.ts";
import { gpuTest } from "../device/adapter.ts";

function counted(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => i);
}

onEachBackend("numbers come back as they went, few or many, also when they were used", async () => {
  for (const size of [0, 1, 5, 300_000]) {
    const tensor = upload(counted(size), [size]);
    assertEquals(await download(tensor), counted(size));
    const twice = tf.mul(tensor, 2);
    const expected = counted(size).map((x) => 2 * x);
    assertEquals(await download(twice), expected);
    assertEquals(await download(twice), expected);
    tf.dispose([tensor, twice]);
  }
});

gpuTest("the host keeps none of a large tensor's numbers", async () => {
  await start({ backend: "webgpu" });
  type Held = { readonly values: unknown; readonly resource: unknown };
  const { tensorMap } = tf.backend() as unknown as { tensorMap: { get(id: object): Held } };
  const tensor = upload(counted(300_000), [300_000]);
  const held = tensorMap.get(tensor.dataId);
  assert(held.resource && !held.values);
  await download(tensor);
  assert(held.resource && !held.values);
  tensor.dispose();
});
