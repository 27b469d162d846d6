// What a value is, in the words of an error.

/**
 * What was given instead of what is wanted, with the mend if it is a usual slip.
 *
 * @returns such as `"224"` (a text), `a list`, `a tensor [2,3]`, `a promise, which must be awaited`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { describeValue } from "./value.ts";
 *
 * assertEquals(describeValue(Promise.resolve(1)), "a promise, which must be awaited");
 * assertEquals(describeValue("224"), '"224"');
 * ```
 */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function, which must be called";
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return "a list";
  if (value instanceof Promise) return "a promise, which must be awaited";
  const { dataId, shape } = value as { readonly dataId?: unknown; readonly shape?: unknown };
  if (dataId !== undefined) return `a tensor [${shape}]`;
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`;
  const names = Object.keys(value);
  return names.length === 0 ? "{}" : `{ ${names.join(", ")} }`;
}
