// A function under `jit`, or called operation by operation, as an option says.
import { flatten } from "../device/jit/arguments.ts";
import { callPlainly } from "../device/jit/call.ts";
import { jit } from "../device/jit/jit.ts";

/** A function that may be under `jit`; disposing of it frees what that holds on the device. */
export type MaybeJitted<A extends readonly unknown[], R> = ((...values: A) => R) & Disposable;

/**
 * Puts a function under `jit` unless an option says no. Without it, the function behaves the same:
 * numbers reach it as scalars, donated arguments are disposed of, and nothing but the result is left.
 *
 * @param f the function, pure
 * @param options whether to use `jit` (default `true`), and the arguments that are used up
 * @returns the function, to be declared with `using`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { start, tf, type Scalar } from "@neocog/neocog";
 * import { jitIf } from "./jit_if.ts";
 *
 * await start({ backend: "cpu" });
 * using twice = jitIf((x: Scalar) => tf.mul(x, 2), { jit: false });
 * assertEquals(await twice(tf.scalar(4)).array(), 8);
 * ```
 */
export function jitIf<A extends readonly unknown[], R>(
  f: (...values: A) => R,
  options: { readonly jit?: boolean; readonly donate?: readonly number[] } = {},
): MaybeJitted<A, R> {
  const { jit: isJitted = true, donate = [] } = options;
  if (isJitted) {
    const jitted = jit(f, { donate });
    const call = jitted as unknown as (...values: A) => R;
    return Object.assign(call, { [Symbol.dispose]: () => jitted.dispose() });
  }
  const plain = f as unknown as (...values: unknown[]) => unknown;
  const call = (...values: unknown[]): unknown => {
    const flat = flatten("a step", values);
    const donated = flat.argumentOf.map((argument) => donate.includes(argument));
    return callPlainly("a step", plain, values, flat, donated);
  };
  return Object.assign(call as unknown as (...values: A) => R, { [Symbol.dispose]: () => {} });
}
