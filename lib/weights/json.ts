// JSON values, and their text if it means the same as the value.

/** A value that JSON can hold. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

/**
 * The JSON text of a value. `JSON.stringify` writes NaN and infinities as `null` and −0 as 0, and
 * leaves out what it does not know; this keeps −0 and refuses the rest, so that what is read
 * back is what was written.
 *
 * @throws {RangeError} if a number is NaN or infinite
 * @throws {TypeError} if a part is no JSON, such as `undefined` or a `Map`
 */
export function jsonText(value: Json, name: string): string {
  if (typeof value === "number") return numberText(value, name);
  if (value === null || typeof value === "boolean" || typeof value === "string") {
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    // Array.from, as map would pass over holes.
    return `[${Array.from(value, (child, i) => jsonText(child, `${name}.${i}`)).join(",")}]`;
  }
  checkPlain(value, name);
  const fields = Object.entries(value).map(([key, child]) =>
    `${JSON.stringify(key)}:${jsonText(child, `${name}.${key}`)}`
  );
  return `{${fields.join(",")}}`;
}

function numberText(value: number, name: string): string {
  if (!Number.isFinite(value)) {
    throw new RangeError(
      `Cannot write ${name}: JSON numbers must be finite, got ${value}`,
    );
  }
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Refuses all but the objects of literals and of JSON.parse: others have more than their keys. */
function checkPlain(value: unknown, name: string): void {
  if (typeof value === "object" && value !== null) {
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return;
  }
  const found = (value as object | undefined)?.constructor?.name ?? String(value);
  throw new TypeError(
    `Cannot write ${name}: it must be plain JSON, got ${found}`,
  );
}
