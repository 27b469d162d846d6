// A GPU of its own for each of the processes that mpirun starts on a machine. WebGPU offers a process one
// adapter and no list: what it is asked for is chosen below it, by Mesa's layer of the Vulkan loader, whose
// settings have to be made before the first use of WebGPU.
import { DEVICE_VARIABLES, LAUNCH_VARIABLES, launchOf } from "../world/launcher.ts";

/** A device of Vulkan's. */
export type VulkanDevice = {
  readonly name: string;
  /** As of VkPhysicalDeviceType: 1 integrated, 2 discrete, 3 virtual, 4 CPU. */
  readonly type: number;
  /** Vendor and model: `10de:2335`. */
  readonly model: string;
  /** Of one of several of a model where it is plugged in, `pci-0000_65_00_0`, if it is. */
  readonly slot: string | undefined;
};

/** Kinds of devices, the fastest first. */
const TYPES = [2, 1, 3, 4, 0];

/**
 * Has WebGPU offer the device of this process's number on its machine, if mpirun started several and
 * there are several of the fastest kind. It never prompts: without `--allow-ffi` and the variables that
 * it reads and sets, or if one of {@linkcode DEVICE_VARIABLES} is set already, it does nothing.
 */
export function chooseOwnDevice(): void {
  const isGranted = (one: Deno.PermissionDescriptor): boolean =>
    Deno.permissions.querySync(one).state === "granted";
  const may = (variable: string): boolean => isGranted({ name: "env", variable });
  if (Deno.build.os !== "linux" || !isGranted({ name: "ffi" })) return;
  if (!DEVICE_VARIABLES.every(may) || DEVICE_VARIABLES.some((variable) => Deno.env.get(variable))) {
    return;
  }
  if (!LAUNCH_VARIABLES.every(may)) return;
  const launch = launchOf((variable) => Deno.env.get(variable));
  if (!launch || launch.size === 1) return;
  const choice = choiceOf(vulkanDevices(), launch.localRank);
  if (choice) Deno.env.set(...choice);
}

/**
 * How the layer is told which device a process takes.
 *
 * @param localRank the process's number on its machine
 * @returns variable and value; `undefined` where there is no choice
 */
export function choiceOf(
  devices: readonly VulkanDevice[],
  localRank: number,
): readonly [variable: typeof DEVICE_VARIABLES[number], value: string] | undefined {
  const fastest = TYPES.find((type) => devices.some((device) => device.type === type));
  const alike = devices.filter(({ type }) => type === fastest)
    .toSorted((a, b) => place(a) < place(b) ? -1 : 1);
  if (alike.length < 2) return undefined;
  const { model, slot } = alike[localRank % alike.length]!;
  if (alike.filter((other) => other.model === model).length === 1) {
    return ["MESA_VK_DEVICE_SELECT", `${model}!`]; // No other is shown.
  }
  return slot === undefined ? undefined : ["DRI_PRIME", slot];
}

/** Where a device is, the same for all processes. */
function place({ slot, model }: VulkanDevice): string {
  return `${slot ?? ""} ${model}`;
}

const FUNCTIONS = {
  vkCreateInstance: { parameters: ["buffer", "pointer", "buffer"], result: "i32" },
  vkEnumeratePhysicalDevices: { parameters: ["usize", "buffer", "buffer"], result: "i32" },
  vkGetPhysicalDeviceProperties2: { parameters: ["usize", "buffer"], result: "void" },
  vkDestroyInstance: { parameters: ["usize", "pointer"], result: "void" },
} as const;

/** Numbers of structures: VkStructureType. */
const APPLICATION_INFO = 0;
const INSTANCE_CREATE_INFO = 1;
const PROPERTIES_2 = 1_000_059_001;
const PCI_BUS_INFO = 1_000_212_000;

/** Vulkan 1.1, which has properties that are chained. */
const VERSION = (1 << 22) | (1 << 12);

/** Where VkPhysicalDeviceProperties begins in VkPhysicalDeviceProperties2, and more bytes than it has. */
const PROPERTIES = 16;
const PROPERTIES_BYTES = 2048;

/** The devices of the Vulkan loader; none where there is no loader. */
export function vulkanDevices(): readonly VulkanDevice[] {
  let library: Deno.DynamicLibrary<typeof FUNCTIONS>;
  try {
    library = Deno.dlopen("libvulkan.so.1", FUNCTIONS);
  } catch {
    return [];
  }
  try {
    return devicesOf(library.symbols);
  } finally {
    library.close();
  }
}

function devicesOf(
  vulkan: Deno.DynamicLibrary<typeof FUNCTIONS>["symbols"],
): readonly VulkanDevice[] {
  const application = structure(48, APPLICATION_INFO);
  application.setUint32(44, VERSION, true);
  const info = structure(64, INSTANCE_CREATE_INFO);
  info.setBigUint64(24, addressOf(application), true);
  const instance = new BigUint64Array(1);
  if (vulkan.vkCreateInstance(info, null, instance) !== 0) return [];
  try {
    const count = new Uint32Array(1);
    vulkan.vkEnumeratePhysicalDevices(instance[0]!, count, null);
    const handles = new BigUint64Array(count[0]!);
    if (vulkan.vkEnumeratePhysicalDevices(instance[0]!, count, handles) !== 0) return [];
    const described = (handle: bigint, pci?: DataView<ArrayBuffer>): VulkanDevice => {
      const properties = structure(PROPERTIES_BYTES, PROPERTIES_2);
      if (pci) properties.setBigUint64(8, addressOf(pci), true);
      vulkan.vkGetPhysicalDeviceProperties2(handle, properties);
      return deviceIn(properties, pci);
    };
    const devices = Array.from(handles, (handle) => described(handle));
    return devices.map((device, i) => {
      if (devices.filter(({ model }) => model === device.model).length === 1) return device;
      // Software drivers, which have no slot, complain about the question.
      const pci = structure(32, PCI_BUS_INFO);
      pci.setUint32(16, NONE, true); // A driver without bus information leaves it.
      return described(handles[i]!, pci);
    });
  } finally {
    vulkan.vkDestroyInstance(instance[0]!, null);
  }
}

/** No number of a PCI domain. */
const NONE = 0xffff_ffff;

function deviceIn(properties: DataView, pci: DataView | undefined): VulkanDevice {
  const number = (at: number): number => properties.getUint32(PROPERTIES + at, true);
  const hex = (value: number, digits = 1): string => value.toString(16).padStart(digits, "0");
  const name = new Uint8Array(properties.buffer, PROPERTIES + 20, 256);
  const [domain = NONE, bus, device, part] = pci
    ? [16, 20, 24, 28].map((at) => pci.getUint32(at, true))
    : [];
  return {
    name: new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
    type: number(16),
    model: `${hex(number(8))}:${hex(number(12))}`,
    slot: domain === NONE
      ? undefined
      : `pci-${hex(domain!, 4)}_${hex(bus!, 2)}_${hex(device!, 2)}_${part}`,
  };
}

function structure(bytes: number, type: number): DataView<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(bytes));
  view.setUint32(0, type, true);
  return view;
}

function addressOf(view: DataView<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(view));
}
