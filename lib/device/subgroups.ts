// Subgroups: how a WGSL text may hand numbers from one invocation of a vector to the others.

/** Invocations of a vector of the software adapters whose subgroups are used. */
export const LANES = 8;

const SUBGROUPS = "subgroups" as GPUFeatureName;

/**
 * What the standard demands of a text. Its proof that all invocations of a subgroup come by is left out:
 * they do, as a workgroup is a subgroup and branches by its number.
 */
export const STANDARD_OPENING = "enable subgroups;diagnostic(off,subgroup_uniformity);";

/** What devices' texts must begin with to call functions of subgroups. */
export const openings: WeakMap<GPUDevice, string> = new WeakMap();

/**
 * Opens a device of a software adapter, with subgroups if those are vectors of eight. Deno 2.9.6 grants
 * them without naming them among the adapter's features, and its WGSL refuses the directive that the
 * standard demands: which of both a text needs is tried.
 *
 * @param describe the device without subgroups
 */
export async function openWithSubgroups(
  adapter: GPUAdapter,
  describe: GPUDeviceDescriptor,
): Promise<GPUDevice> {
  const { subgroupMinSize, subgroupMaxSize } = adapter.info;
  const isVector = subgroupMinSize === LANES && subgroupMaxSize === LANES;
  if (!isVector) return await adapter.requestDevice(describe);
  const requiredFeatures = [...describe.requiredFeatures ?? [], SUBGROUPS];
  const device = await adapter.requestDevice({ ...describe, requiredFeatures })
    .catch(() => undefined);
  if (!device) return await adapter.requestDevice(describe);
  for (const opening of [STANDARD_OPENING, ""]) {
    if (!await compiles(device, opening)) continue;
    openings.set(device, opening);
    break;
  }
  return device;
}

/** Whether a text that begins so may call functions of subgroups. */
async function compiles(device: GPUDevice, opening: string): Promise<boolean> {
  device.pushErrorScope("validation");
  device.createShaderModule({
    code: `${opening}
@group(0) @binding(0) var<storage, read_write> y: array<vec4<f32>>;
@compute @workgroup_size(${LANES})
fn main(@builtin(subgroup_invocation_id) lane: u32) {
  y[lane] = subgroupBroadcast(y[lane], 3u);
}`,
  });
  return await device.popErrorScope() === null;
}

/**
 * What a text must begin with to call functions of subgroups on a device, whose workgroups of
 * {@linkcode LANES} are a subgroup each; `undefined` if it can't.
 */
export function subgroupsOpening(device: GPUDevice): string | undefined {
  return openings.get(device);
}
