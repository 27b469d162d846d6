// Whether tensors can be held as float16.
import { tf } from "../tensor/tf.ts";
import { GuardedBackend } from "./backend.ts";
import { DeviceError } from "./errors.ts";

/**
 * Refuses mixed precision where there is no float16.
 *
 * @param action what is to be done, `fit`
 * @throws {DeviceError} of kind `unsupported` on the CPU backend, and on adapters without `shader-f16`
 */
export function requireFloat16(action: string): void {
  const backend: unknown = tf.backend();
  const mend = 'Choose precision "float32"';
  if (!(backend instanceof GuardedBackend)) {
    throw new DeviceError(
      "unsupported",
      `Cannot ${action} in mixed precision: the backend must be "webgpu", got "${tf.getBackend()}". ${mend}, or start on WebGPU`,
    );
  }
  if (backend.device.features.has("shader-f16")) return;
  throw new DeviceError(
    "unsupported",
    `Cannot ${action} in mixed precision: the adapter must have shader-f16, got one without. ${mend}`,
  );
}
