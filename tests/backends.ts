// Runs a test on each backend: the CPU's always, WebGPU's where there is an adapter.
import { type BackendName, start } from "../mod.ts";
import { gpuTest } from "./device/adapter.ts";

/**
 * Declares a test twice, on the CPU backend and on WebGPU; the latter is visibly
 * ignored where no adapter is found.
 *
 * @param name the test's name
 * @param fn the test, which finds the backend started
 */
export function onEachBackend(
  name: string,
  fn: (backend: BackendName) => void | Promise<void>,
): void {
  const on = (backend: BackendName) => async (): Promise<void> => {
    await start({ backend });
    await fn(backend);
  };
  Deno.test(`${name} (cpu)`, on("cpu"));
  gpuTest(`${name} (webgpu)`, on("webgpu"));
}

/**
 * Declares a test on the CPU backend alone: of what is decided on the host.
 *
 * @param name the test's name
 * @param fn the test, which finds the backend started
 */
export function onCpu(name: string, fn: () => void | Promise<void>): void {
  Deno.test(name, async () => {
    await start({ backend: "cpu" });
    await fn();
  });
}
