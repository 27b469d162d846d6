/// <reference types="npm:@webgpu/types@0.1.74" />
// Finds the GPU adapter and opens a device on it with everything it offers.
import { DeviceError } from "./errors.ts";
import { adviceForThisSystem } from "./install_advice.ts";
import { chooseOwnDevice } from "./own_adapter.ts";
import { openWithSubgroups } from "./subgroups.ts";
import { prepareVulkan } from "./vulkan.ts";

/** Which adapter to prefer where a machine has several. */
export type PowerPreference = "high-performance" | "low-power";

/** Limits that kernels profit from; a device gets the least ones unless it asks. */
const WANTED_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupsPerDimension",
] as const;

/** Features that are used where there are: clocks for profiles, float16 for mixed precision. */
const WANTED_FEATURES: readonly GPUFeatureName[] = ["timestamp-query", "shader-f16"];

/**
 * The adapter that WebGPU offers first.
 *
 * @throws {DeviceError} of kind `missing` where there is none, saying what to install
 */
export async function findAdapter(powerPreference: PowerPreference): Promise<GPUAdapter> {
  prepareVulkan();
  chooseOwnDevice();
  // Node 20 has no `navigator`.
  const adapter = await globalThis.navigator?.gpu?.requestAdapter({ powerPreference });
  if (!adapter) {
    throw new DeviceError(
      "missing",
      `Cannot start WebGPU: no GPU adapter was found: ${adviceForThisSystem()}. Without one, start({ backend: "cpu" }) runs everything on the CPU, slowly`,
    );
  }
  return adapter;
}

/** Opens a device with the adapter's full limits and the features kernels use. */
export function openDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const requiredFeatures = WANTED_FEATURES.filter((name) => adapter.features.has(name));
  const requiredLimits = Object.fromEntries(
    WANTED_LIMITS.map((name) => [name, adapter.limits[name]]),
  );
  const described = { label: "neocog", requiredFeatures, requiredLimits };
  return isSoftware(adapter.info)
    ? openWithSubgroups(adapter, described)
    : adapter.requestDevice(described);
}

/** What an adapter is called: browsers leave out the description and say vendor and architecture. */
export function adapterName({ description, vendor, architecture }: GPUAdapterInfo): string {
  return description || [vendor, architecture].filter((part) => part).join(" ") ||
    "unknown adapter";
}

/**
 * Whether an adapter computes on the CPU. Drivers tell by `isFallbackAdapter`;
 * the names are for those that do not.
 *
 * @param info the adapter's own description
 */
export function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter ||
    /llvmpipe|lavapipe|swiftshader|software|basic render/i.test(adapterName(info));
}
