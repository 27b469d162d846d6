// Starts a task's device, and says on stderr what it is if that matters.
import { type BackendName, type Device, DeviceError, start } from "../../mod.ts";
import { say } from "./say.ts";

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
