// Starts a task's device, and says on stderr what it is if that matters, or that it was lost.
import { recover } from "../../lib/device/mod.ts";
import { type BackendName, type Device, DeviceError, start } from "../../mod.ts";
import { type Flag, toggle } from "./flags.ts";
import { say } from "./say.ts";

/** How many lost devices a run survives. */
const RECOVERIES = 3;

/** The flag of tasks that can go on after their device was lost. */
export const recoverFlag: Flag<boolean> = toggle({
  help:
    "if the GPU device is lost, start another one and continue from the last checkpoint, up to " +
    `${RECOVERIES} times`,
});

/**
 * Starts the device a task runs on. Without `--backend` and without a GPU adapter, it falls back
 * to the CPU backend with one warning.
 *
 * @param backend what `--backend` says; `undefined` if it is absent
 * @throws {DeviceError} if WebGPU was asked for and there is no adapter
 */
export async function startDevice(backend: BackendName | undefined): Promise<Device> {
  try {
    const device = await start({ backend: backend ?? "webgpu" });
    if (device.software && device.backend === "webgpu") {
      say(`note: ${device.adapter} is a software adapter: WebGPU runs on the CPU here`);
    }
    return device;
  } catch (error) {
    const missing = error instanceof DeviceError && error.kind === "missing";
    if (!missing || backend === "webgpu") throw error;
    say(
      "warning: no GPU adapter was found: this run uses tfjs's CPU backend, which is many times slower; deno task setup says what to install",
    );
    return await start({ backend: "cpu" });
  }
}

/**
 * Does the work of a task on the device. With `--recover`, work that ended because the device was
 * lost is done again on a new one.
 *
 * @param work what to do; `isAgain` says that it begins from what it has left in its files
 */
export async function recovering<T>(
  { recover: isWanted, backend }: {
    readonly recover: boolean;
    readonly backend: BackendName | undefined;
  },
  work: (isAgain: boolean) => Promise<T>,
): Promise<T> {
  if (!isWanted) return await work(false);
  return await recover((losses) => work(losses > 0), {
    times: RECOVERIES,
    ...(backend ? { backend } : {}),
    onLost: ({ message }, count) =>
      say(
        `${message}; recovery ${count} of ${RECOVERIES}: continuing from the last checkpoint`,
      ),
  });
}
