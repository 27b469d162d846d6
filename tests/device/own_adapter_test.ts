// Ranks on one machine take a GPU each, where there are several.
import { assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { choiceOf, type VulkanDevice, vulkanDevices } from "../../lib/device/own_adapter.ts";
import { onEachMpi } from "../world/launchers.ts";
import { gpuTest } from "./adapter.ts";

const device = (type: number, model: string, slot?: string): VulkanDevice => ({
  name: model,
  type,
  model,
  slot,
});

Deno.test("ranks take the fastest devices in turn, in an order that is the same for all", () => {
  const [a, b] = [device(2, "10de:1", "pci-0000_65_00_0"), device(2, "10de:1", "pci-0000_17_00_0")];
  const other = device(2, "1002:7", undefined);
  const slow = [device(1, "8086:3"), device(4, "10005:0")];
  const choices = (devices: readonly VulkanDevice[]) =>
    [0, 1, 2, 3].map((i) => choiceOf(devices, i));
  for (const devices of [[...slow, a, b], [b, ...slow, a]]) {
    const [first, second] = [b, a].map(({ slot }) => ["DRI_PRIME", slot]);
    assertEquals(choices(devices), [first, second, first, second] as never);
  }
  assertEquals(choices([a, ...slow, other]), [
    ["MESA_VK_DEVICE_SELECT", "1002:7!"],
    ["MESA_VK_DEVICE_SELECT", "10de:1!"],
    ["MESA_VK_DEVICE_SELECT", "1002:7!"],
    ["MESA_VK_DEVICE_SELECT", "10de:1!"],
  ]);
  for (const devices of [[], slow, [a, ...slow]]) assertEquals(choiceOf(devices, 1), undefined);
  // Of what cannot be told apart none is chosen.
  assertEquals(choiceOf([device(2, "10de:1"), device(2, "10de:1")], 1), undefined);
});

gpuTest("the devices of this machine are found", () => {
  if (Deno.build.os !== "linux") return;
  const devices = vulkanDevices();
  assertEquals(devices.length > 0, true);
  for (const { name, model, type } of devices) {
    assertEquals([name !== "", /^[0-9a-f]+:[0-9a-f]+$/.test(model), type <= 4], [true, true, true]);
  }
});

/** Two drivers that compute on the CPU, and the layer that chooses one: Debian's mesa and chromium. */
const DRIVERS = [
  "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json",
  "/usr/lib/chromium/vk_swiftshader_icd.json",
];
const LAYER = "/usr/share/vulkan/implicit_layer.d/VkLayer_MESA_device_select.json";
const SCRIPT = `import { joinWorld, start } from "./mod.ts";
const { rank } = await joinWorld();
const { adapter } = await start();
console.log(JSON.stringify({ rank, adapter }));`;

if ([...DRIVERS, LAYER].every((file) => existsSync(file))) {
  onEachMpi(
    "of two adapters each of two ranks takes one, and a third the first",
    async (launch) => {
      const env = { VK_DRIVER_FILES: DRIVERS.join(":") };
      const { code, said, stderr } = await launch(3, "eval", withEnv(env, SCRIPT));
      assertEquals([code, said.length], [0, 3], stderr);
      const names = said.map(({ adapter }) => /llvmpipe|SwiftShader/.exec(adapter)?.[0]);
      assertEquals(new Set(names.slice(0, 2)), new Set(["llvmpipe", "SwiftShader"]));
      assertEquals(names[2], names[0]);
    },
  );
} else {Deno.test({
    name: "two adapters for ranks (ignored: not installed)",
    ignore: true,
    fn() {},
  });}

/** A script that begins with variables of its own: drivers are looked for at the first use. */
function withEnv(env: Readonly<Record<string, string>>, script: string): string {
  const lines = Object.entries(env).map((pair) => `Deno.env.set(...${JSON.stringify(pair)});`);
  return [...lines, script].join("\n");
}
