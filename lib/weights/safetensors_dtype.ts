// The element types of safetensors files, and how their bytes become the numbers of host tensors.
import type { HostTensor } from "./host_tensor.ts";

/** An element type of a safetensors file, by the format's own name. */
export type SafetensorsDtype =
  | ("BOOL" | "F4" | "F6_E2M3" | "F6_E3M2" | "U8" | "I8")
  | ("F8_E5M2" | "F8_E4M3" | "F8_E8M0" | "F8_E4M3FNUZ" | "F8_E5M2FNUZ")
  | ("I16" | "U16" | "F16" | "BF16")
  | ("I32" | "U32" | "F32")
  | ("C64" | "F64" | "I64" | "U64");

/** Bits per element of each type. */
const BITS: Readonly<Record<SafetensorsDtype, number>> = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
};

/** The names of all element types. */
export const SAFETENSORS_DTYPES = Object.keys(BITS) as readonly SafetensorsDtype[];

/**
 * Bits per element of a type.
 *
 * @returns 4, 6, 8, 16, 32 or 64
 */
export function dtypeBits(dtype: SafetensorsDtype): number {
  return BITS[dtype];
}

/** The type under which each host tensor is written, and `"int64"`, which only files have. */
export const WRITTEN_AS = { float32: "F32", int32: "I32", bool: "BOOL", int64: "I64" } as const;

type Numbers = Pick<HostTensor, "dtype" | "values">;

/**
 * The numbers of a tensor's bytes: a reader for each type that float32 or int32 can hold.
 * The buffers are little-endian, as the format is and as every machine that Deno runs on.
 */
const READERS: { readonly [D in SafetensorsDtype]?: (buffer: ArrayBuffer) => Numbers } = {
  F64: (buffer) => float32(Float32Array.from(narrowed(new Float64Array(buffer)))),
  F32: (buffer) => float32(new Float32Array(buffer)),
  F16: (buffer) => float32(fromHalf(new Uint16Array(buffer))),
  BF16: (buffer) => float32(fromBrainFloat(new Uint16Array(buffer))),
  I64: (buffer) => int32(wholeNumbers(new BigInt64Array(buffer))),
  U64: (buffer) => int32(wholeNumbers(new BigUint64Array(buffer))),
  I32: (buffer) => int32(new Int32Array(buffer)),
  U32: (buffer) => int32(wholeNumbers(new Uint32Array(buffer))),
  I16: (buffer) => int32(Int32Array.from(new Int16Array(buffer))),
  U16: (buffer) => int32(Int32Array.from(new Uint16Array(buffer))),
  I8: (buffer) => int32(Int32Array.from(new Int8Array(buffer))),
  U8: (buffer) => int32(Int32Array.from(new Uint8Array(buffer))),
  BOOL: (buffer) => ({ dtype: "bool", values: new Uint8Array(buffer) }),
};

/**
 * Converts the bytes of a tensor to host numbers.
 *
 * @returns float32 for the floats, int32 for the whole numbers, bool for `BOOL`
 * @throws {TypeError} if the type has no such counterpart (`C64`, floats of 8 bits and fewer)
 * @throws {RangeError} if a value is beyond what float32 or int32 holds
 */
export function decodeElements(dtype: SafetensorsDtype, bytes: Uint8Array): Numbers {
  // A copy of its own: a view into a file's bytes need not be aligned, and would keep them all.
  return takeElements(dtype, () => new Uint8Array(bytes).buffer);
}

/**
 * Converts the bytes of a tensor to host numbers, without a copy if they are host numbers
 * already.
 *
 * @throws as {@linkcode decodeElements}
 */
export function takeElements(dtype: SafetensorsDtype, buffer: () => ArrayBuffer): Numbers {
  const reader = READERS[dtype];
  if (!reader) {
    const known = Object.keys(READERS).join(", ");
    throw new TypeError(
      `Cannot convert elements: their type must be one of ${known}, got ${dtype}`,
    );
  }
  return reader(buffer());
}

function float32(values: Float32Array): Numbers {
  return { dtype: "float32", values };
}

function int32(values: Int32Array): Numbers {
  return { dtype: "int32", values };
}

/** Refuses finite numbers that float32 would make infinite; others are rounded to it. */
function narrowed(values: Float64Array): Float64Array {
  const wide = values.find((x) => Number.isFinite(x) && !Number.isFinite(Math.fround(x)));
  if (wide === undefined) return values;
  throw new RangeError(
    `Cannot convert F64 elements: float32 must hold them, got ${wide}`,
  );
}

function wholeNumbers(values: BigInt64Array | BigUint64Array | Uint32Array): Int32Array {
  const out = new Int32Array(values.length);
  for (let i = 0; i < out.length; i++) {
    const value = values[i]!;
    if (value < -0x80000000 || value > 0x7fffffff) {
      throw new RangeError(
        `Cannot convert whole numbers: int32 must hold them, got ${value}`,
      );
    }
    out[i] = Number(value);
  }
  return out;
}

/** IEEE 754 half precision, by its bits so that NaNs keep theirs. */
function fromHalf(halves: Uint16Array): Float32Array {
  const values = new Float32Array(halves.length);
  const words = new Uint32Array(values.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0) values[i] = (sign < 0 ? -1 : 1) * fraction * 2 ** -24; // subnormal
    else if (exponent === 0x1f) words[i] = sign | 0x7f800000 | (fraction << 13);
    else words[i] = sign | ((exponent + 112) << 23) | (fraction << 13); // 112 = 127 - 15
  }
  return values;
}

/** bfloat16 is the upper half of a float32. */
function fromBrainFloat(halves: Uint16Array): Float32Array {
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16;
  return new Float32Array(words.buffer);
}
