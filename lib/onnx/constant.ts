// Numbers that a file has or that are computed from them while it is read.
import { sizeOf } from "../tensor/tensor.ts";
import { type Constant, constant } from "../imported/constant.ts";
import type { ProtoTensor } from "./proto.ts";

export { type Constant, constant };

/** A constant of one number many times. */
export function filled(dims: readonly number[], fill: number, isWhole: boolean): Constant {
  return { dims, isWhole, fill, values: () => new Float32Array(sizeOf(dims)).fill(fill) };
}

type Type = {
  readonly name: string;
  readonly bytes: number;
  readonly isWhole: boolean;
  at(view: DataView, byte: number): number;
  /** The number that an entry of the list of whole numbers stands for. Default: itself. */
  decode?(bits: number): number;
};

const bits = new DataView(new ArrayBuffer(4));

function halfOf(value: number): number {
  bits.setUint16(0, value);
  return bits.getFloat16(0);
}

function brainOf(value: number): number {
  bits.setUint32(0, value << 16);
  return bits.getFloat32(0);
}

const type = (
  name: string,
  bytes: number,
  isWhole: boolean,
  at: Type["at"],
  decode?: Type["decode"],
): Type => ({ name, bytes, isWhole, at, ...(decode ? { decode } : {}) });

/** The data types that are read, by their numbers. */
const TYPES: Readonly<Record<number, Type>> = {
  1: type("float", 4, false, (view, byte) => view.getFloat32(byte, true)),
  2: type("uint8", 1, true, (view, byte) => view.getUint8(byte)),
  3: type("int8", 1, true, (view, byte) => view.getInt8(byte)),
  4: type("uint16", 2, true, (view, byte) => view.getUint16(byte, true)),
  5: type("int16", 2, true, (view, byte) => view.getInt16(byte, true)),
  6: type("int32", 4, true, (view, byte) => view.getInt32(byte, true)),
  7: type("int64", 8, true, (view, byte) => Number(view.getBigInt64(byte, true))),
  9: type("bool", 1, true, (view, byte) => view.getUint8(byte)),
  10: type("float16", 2, false, (view, byte) => view.getFloat16(byte, true), halfOf),
  11: type("double", 8, false, (view, byte) => view.getFloat64(byte, true)),
  12: type("uint32", 4, true, (view, byte) => view.getUint32(byte, true)),
  13: type("uint64", 8, true, (view, byte) => Number(view.getBigUint64(byte, true))),
  16: type("bfloat16", 2, false, (view, byte) => brainOf(view.getUint16(byte, true)), brainOf),
};

/** Whether numbers of a type are floats, which networks compute with. */
export function isFloat(type: number | undefined): boolean {
  return type !== undefined && TYPES[type]?.isWhole === false;
}

/** Whether numbers of a type are known and whole. */
export function isWholeType(type: number): boolean {
  return TYPES[type]?.isWhole === true;
}

/** The data type of a number, for messages. */
export function typeName(type: number | undefined): string {
  return type === undefined ? "no type" : TYPES[type]?.name ?? `type ${type}`;
}

/**
 * The constant of a tensor in a file, whose length is checked and whose numbers are decoded later.
 *
 * @throws {TypeError} if its data type is not known
 * @throws {RangeError} if it has more or fewer numbers than its sizes say
 */
export function constantOf(tensor: ProtoTensor, file: string): Constant {
  const { dims, raw, numbers, name } = tensor;
  const type = TYPES[tensor.type];
  const place = `Cannot read ${file}: tensor "${name}" must`;
  if (!type || tensor.strings > 0) {
    throw new TypeError(`${place} be of a type of numbers, got ${typeName(tensor.type)}`);
  }
  const size = sizeOf(dims);
  const isShape = dims.every((length) => Number.isSafeInteger(length) && length >= 0);
  const count = raw ? raw.length / type.bytes : numbers.length;
  if (!isShape || count !== size) {
    throw new RangeError(`${place} have the numbers of [${dims}], got ${count}`);
  }
  const { isWhole } = type;
  const decoded = (at: (i: number) => number): ArrayLike<number> => {
    const own = isWhole ? new Float64Array(size) : new Float32Array(size);
    for (let i = 0; i < size; i++) own[i] = at(i);
    return own;
  };
  if (!raw) {
    const { decode = Number } = type;
    return constant(dims, decoded((i) => decode(numbers[i]!)), isWhole);
  }
  const values = (): ArrayLike<number> => {
    if (tensor.type === 1) return new Float32Array(raw.slice().buffer);
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    return decoded((i) => type.at(view, i * type.bytes));
  };
  return { dims, isWhole, values };
}
