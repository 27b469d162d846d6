// Whether this machine has a GPU adapter: tests that need one say so where there is none.
import { prepareVulkan } from "../../lib/device/vulkan.ts";

prepareVulkan();

/** Whether WebGPU offers an adapter. */
export const hasAdapter = await navigator.gpu?.requestAdapter() != null;

/**
 * Declares a test that needs a GPU adapter, and is visibly ignored without one.
 *
 * @param name the test's name
 * @param fn the test
 */
export function gpuTest(name: string, fn: () => void | Promise<void>): void {
  // A device outlives the test that opened it: tfjs has one engine.
  Deno.test({
    name: hasAdapter ? name : `${name} (ignored: no GPU adapter)`,
    ignore: !hasAdapter,
    sanitizeResources: false,
    sanitizeOps: false,
    fn,
  });
}
