// Counts the bytes of buffers and typed arrays that a piece of code makes: what it takes at most.

let total = 0;

/** The bytes that a constructor's first argument asks for. */
function bytesOf(first: unknown, width: number): number {
  if (typeof first === "number") return first > 0 ? first * width : 0; // Of NaN it is none.
  if (first instanceof ArrayBuffer || first instanceof SharedArrayBuffer) return 0; // A view.
  const { length } = (first ?? {}) as { readonly length?: number };
  return typeof length === "number" ? length * width : 0;
}

function counting<C extends new (...args: never[]) => object>(own: C, width: number): C {
  return new Proxy(own, {
    construct(target, args, newTarget): object {
      total += bytesOf(args[0], width);
      return Reflect.construct(target, args, newTarget);
    },
  });
}

const CONSTRUCTORS = [
  "ArrayBuffer",
  "Uint8Array",
  "Uint8ClampedArray",
  "Uint16Array",
  "Int16Array",
  "Uint32Array",
  "Int32Array",
  "Float32Array",
  "Float64Array",
] as const;

let isCounting = false;

/** Puts constructors that count in the place of the globals; once, as modules keep what they find. */
function watch(): void {
  if (isCounting) return;
  isCounting = true;
  for (const name of CONSTRUCTORS) {
    const own = globalThis[name] as unknown as { new (): object; BYTES_PER_ELEMENT?: number };
    Object.assign(globalThis, { [name]: counting(own, own.BYTES_PER_ELEMENT ?? 1) });
  }
}

/**
 * Begins to count.
 *
 * @returns the bytes that were asked for since
 */
export function countAllocations(): () => number {
  watch();
  const start = total;
  return () => total - start;
}
