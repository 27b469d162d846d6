// Starts tfjs on Deno's own WebGPU: adapter, full limits, guarded backend, our kernels.
import { tf } from "../tensor/tf.ts";
import "./alive.ts";
import {
  adapterName,
  findAdapter,
  isSoftware,
  openDevice,
  type PowerPreference,
} from "./adapter.ts";
import { requireOptions } from "../text/require.ts";
import { GuardedBackend } from "./backend.ts";
import { registerKernels } from "./register.ts";

/** The backends neocog runs on. */
export type BackendName = "webgpu" | "cpu";

/** What a started toolkit runs on. */
export type Device = {
  /** The backend in use. */
  readonly backend: BackendName;
  /** The adapter's own description, or `"cpu"`. */
  readonly adapter: string;
  /** Whether the adapter computes on the CPU. */
  readonly software: boolean;
  /** Whether it can store float16 (`shader-f16`), as mixed precision does. */
  readonly float16: boolean;
  /** The device's limits; empty on the CPU backend. */
  readonly limits: Readonly<Record<string, number>>;
};

/** Options of {@linkcode start}. */
export type StartOptions = {
  /** `"webgpu"` (default), or tfjs's plain JavaScript backend `"cpu"`. */
  readonly backend?: BackendName;
  /** Which adapter to prefer where there are several. Default: `"high-performance"`. */
  readonly powerPreference?: PowerPreference;
};

/** The names of {@linkcode StartOptions}. */
export const START_OPTIONS: Readonly<Record<keyof StartOptions, true>> = {
  backend: true,
  powerPreference: true,
};

/**
 * Starts neocog on a device. Call it once before any tensor is made; a second
 * call returns the same device, or a new one where the first was lost or
 * {@linkcode stop}ped. Tensors of a lost device are gone.
 *
 * tfjs's own initialization is not used: it asks for features in a form Deno
 * refuses, hears of no fault, and has the slower kernels.
 *
 * @param options backend and adapter preference
 * @returns what runs: backend, adapter, whether it is software, whether it stores float16, limits
 * @throws {DeviceError} of kind `missing` where there is no adapter, with what to install
 * @throws {RangeError} if the backend's name is unknown
 * @throws {TypeError} if an option is unknown
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { start, tf } from "@neocog/neocog";
 *
 * const device = await start({ backend: "cpu" });
 * assertEquals(device.backend, "cpu");
 * assertEquals(await tf.add(1, 2).array(), 3);
 * ```
 */
export async function start(options: StartOptions = {}): Promise<Device> {
  requireOptions("start", options, START_OPTIONS);
  const { backend = "webgpu", powerPreference = "high-performance" } = options;
  await settlePending();
  if (backend === "cpu") {
    // Else tfjs advises, in a banner, its native backend for Node.js, which Deno does not need.
    tf.env().set("IS_NODE", false);
    await tf.setBackend("cpu");
    return { backend, adapter: "cpu", software: true, float16: false, limits: {} };
  }
  if (backend !== "webgpu") {
    throw new RangeError(
      `Cannot start: the backend must be "webgpu" or "cpu", got "${backend}"`,
    );
  }
  if (running?.backend.isLost) stop();
  const { device } = await openOnce(powerPreference);
  await settlePending();
  await tf.setBackend("webgpu");
  return device;
}

/** Waits for an initialization of tfjs's, such as tf.ready(), which it drops if another overtakes it. */
async function settlePending(): Promise<void> {
  await (tf.engine() as unknown as { readonly pendingBackendInit: unknown }).pendingBackendInit;
}

/**
 * Stops the WebGPU device and frees all its memory. Its tensors are gone.
 *
 * @example
 * ```ts
 * import { stop } from "@neocog/neocog";
 *
 * stop(); // Nothing was started: nothing happens.
 * ```
 */
export function stop(): void {
  globalThis.removeEventListener?.("unload", stop);
  if (!running) return;
  running = undefined;
  offerBackend();
}

/** The one device of this process, as tfjs has one engine. */
let running: { readonly backend: GuardedBackend; readonly device: Device } | undefined;

/** A device on its way, so that calls at the same time get the same. */
let opening: Promise<NonNullable<typeof running>> | undefined;

/** Opens a device unless one runs or is on its way: a second one would be dropped, never destroyed. */
function openOnce(powerPreference: PowerPreference): Promise<NonNullable<typeof running>> {
  if (running) return Promise.resolve(running);
  return opening ??= open(powerPreference)
    .then((opened) => running = opened)
    .finally(() => opening = undefined);
}

/**
 * Puts a way to our backend in the place of the one tfjs registers, and frees
 * the one in use: also whoever forgets start() and awaits tf.ready() gets the
 * guarded backend, never tfjs's own, which returns zeros.
 */
function offerBackend(): void {
  if (tf.findBackendFactory("webgpu")) tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", async () => (await openOnce("high-performance")).backend, 5);
}

offerBackend();

/** Opens a device, makes a backend on it, and registers the kernels that suit it. */
async function open(powerPreference: PowerPreference): Promise<NonNullable<typeof running>> {
  const adapter = await findAdapter(powerPreference);
  const gpu = await openDevice(adapter);
  const software = isSoftware(adapter.info);
  const backend = new GuardedBackend(gpu, adapter.info);
  registerKernels(software);
  // A device that is dropped with its process or worker, not destroyed, has been seen to corrupt the
  // heap of Mesa's software driver on the way out. Node's global object has no events.
  globalThis.addEventListener?.("unload", stop);
  const device: Device = {
    backend: "webgpu",
    adapter: adapterName(adapter.info),
    software,
    float16: gpu.features.has("shader-f16"),
    limits: Object.fromEntries(limitEntries(gpu.limits)),
  };
  return { backend, device };
}

function* limitEntries(limits: GPUSupportedLimits): Iterable<[string, number]> {
  for (const name in limits) {
    const value = limits[name as keyof GPUSupportedLimits];
    if (typeof value === "number") yield [name, value];
  }
}
