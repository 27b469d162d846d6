// A tensor on the host: plain numbers with a shape, what goes into files and comes out of them.

/** The element types that a host tensor has; they are tfjs's names. */
export type HostDtype = "float32" | "int32" | "bool";

/** The elements of a host tensor: `Float32Array`, `Int32Array`, or `Uint8Array` of 0 and 1. */
export type HostValues = Float32Array | Int32Array | Uint8Array;

/**
 * A tensor on the host. `values` holds the product of `shape` elements in
 * row-major order, as a `Float32Array` for `"float32"`, an `Int32Array` for
 * `"int32"` and a `Uint8Array` of 0 and 1 for `"bool"`.
 */
export type HostTensor = {
  readonly dtype: HostDtype;
  readonly shape: readonly number[];
  readonly values: HostValues;
};

const CLASSES = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/**
 * Refuses a host tensor whose shape, element type and values disagree.
 *
 * @throws {TypeError} if the shape is not of whole numbers from 0, the values are of
 * another class than the dtype's, or their count is not the product of the shape
 * @throws {RangeError} if a bool is neither 0 nor 1
 */
export function checkHostTensor(name: string, tensor: HostTensor): void {
  const { dtype, shape, values } = tensor;
  if (!Object.hasOwn(CLASSES, dtype)) {
    throw refusal(name, `its dtype must be one of ${Object.keys(CLASSES).join(", ")}`, dtype);
  }
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw refusal(name, "its shape must be of whole numbers from 0", `[${shape.join(", ")}]`);
  }
  if (!(values instanceof CLASSES[dtype])) {
    const found = (values as object | undefined)?.constructor?.name ?? String(values);
    throw refusal(name, `${dtype} values must be of class ${CLASSES[dtype].name}`, found);
  }
  const count = shape.reduce((product, size) => product * size, 1);
  if (values.length !== count) {
    const rule = `shape [${shape.join(", ")}] must hold ${count} values`;
    throw refusal(name, rule, String(values.length));
  }
  if (dtype === "bool") checkBools(name, values);
}

function checkBools(name: string, values: HostValues): void {
  const at = values.findIndex((value) => value > 1);
  if (at === -1) return;
  throw new RangeError(
    `Cannot use tensor "${name}": bools must be 0 or 1, got ${values[at]} at ${at}`,
  );
}

function refusal(name: string, rule: string, found: string): TypeError {
  return new TypeError(`Cannot use tensor "${name}": ${rule}, got ${found}`);
}
