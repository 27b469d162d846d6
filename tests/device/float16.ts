// Whether this machine's adapter stores float16: tests of mixed precision say so where it does not.
import { hasAdapter } from "./adapter.ts";

const adapter = await navigator.gpu?.requestAdapter();
const hasFloat16 = adapter?.features.has("shader-f16") ?? false;

/**
 * Declares a test that needs an adapter with `shader-f16`, and is visibly ignored without one.
 *
 * @param name the test's name
 * @param fn the test
 */
export function float16Test(name: string, fn: () => void | Promise<void>): void {
  const reason = hasAdapter ? "no shader-f16" : "no GPU adapter";
  Deno.test({
    name: hasFloat16 ? name : `${name} (ignored: ${reason})`,
    ignore: !hasFloat16,
    sanitizeResources: false,
    sanitizeOps: false,
    fn,
  });
}
