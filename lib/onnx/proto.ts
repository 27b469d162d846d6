// The messages of an ONNX file that are used, read by protobufjs.
// Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto

import { loadProtobuf, type ProtobufReader as Reader } from "../files/protobuf.ts";

/** A tensor as the file has it. */
export type ProtoTensor = {
  name: string;
  dims: number[];
  /** The number of its data type. */
  type: number;
  raw?: Uint8Array;
  /** Numbers that are not raw bytes. */
  numbers: number[];
  strings: number;
  external: Map<string, string> | undefined;
};

/** An attribute's value; `null` of a graph or another kind that nothing here takes. */
export type Attribute =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | ProtoTensor
  | null;

/** An operation. */
export type ProtoNode = {
  name: string;
  op: string;
  domain: string;
  inputs: string[];
  outputs: string[];
  attributes: Map<string, Attribute>;
};

/** An input or output: its data type, and its sizes, of which names say that they vary. */
export type ProtoValue = {
  name: string;
  type: number | undefined;
  dims: (number | string)[] | undefined;
};

/** What a file has. */
export type ProtoModel = {
  readonly file: string;
  opset: number | undefined;
  readonly metadata: Map<string, string>;
  producer: string;
  graphs: number;
  readonly nodes: ProtoNode[];
  readonly tensors: ProtoTensor[];
  readonly inputs: ProtoValue[];
  readonly outputs: ProtoValue[];
  sparse: number;
};

/**
 * Reads the messages of an ONNX file. Tensors are views of its bytes.
 *
 * @param bytes the file's contents
 * @param file its name, for messages
 * @throws {SyntaxError} if it is cut or no ONNX file, with the place
 */
export async function parseModel(bytes: Uint8Array, file: string): Promise<ProtoModel> {
  const { default: { Reader } } = await loadProtobuf();
  const reader = new Reader(bytes);
  const bad = (reason: string, cause?: unknown): SyntaxError =>
    new SyntaxError(`Cannot read ${file}: it must be a whole ONNX file, got ${reason}`, { cause });
  let model: ProtoModel;
  try {
    model = modelOf(reader, bytes.length, file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw bad(`at byte ${reader.pos} of ${bytes.length}: ${reason}`, error);
  }
  if (model.graphs !== 1) throw bad(`${model.graphs === 0 ? "no" : model.graphs} graph`);
  if (model.opset === undefined) throw bad("no version of the standard operators");
  return model;
}

/** Protobuf's kinds of fields. */
const [VARINT, FIXED64, BYTES, FIXED32] = [0, 1, 2, 5];

type Fields = { readonly [field: number]: readonly [wire: number, read: (end: number) => void] };

/** Reads fields up to `end`; those that are not known are passed over. */
function readFields(reader: Reader, end: number, fields: Fields): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    const [field, wire] = [tag >>> 3, tag & 7];
    const known = fields[field];
    if (!known) reader.skipType(wire);
    else if (known[0] === wire) known[1](end);
    // Repeated numbers may be packed.
    else if (wire === BYTES) {
      within(reader, end, (last) => {
        while (reader.pos < last) known[1](last);
      });
    } else throw new RangeError(`field ${field} of kind ${wire} instead of ${known[0]}`);
    if (reader.pos > end) throw new RangeError(`field ${field} that is longer than its message`);
  }
}

function within(reader: Reader, end: number, read: (end: number) => void): void {
  const last = reader.uint32() + reader.pos;
  if (last > end) {
    throw new RangeError(`${last - reader.pos} bytes where ${end - reader.pos} are left`);
  }
  read(last);
}

function message(reader: Reader, end: number, fields: Fields): void {
  within(reader, end, (last) => readFields(reader, last, fields));
}

/** A whole number of 64 bits, of which the package makes an object of its own. */
function whole(value: unknown): number {
  return typeof value === "number" ? value : (value as { toNumber(): number }).toNumber();
}

function modelOf(reader: Reader, length: number, file: string): ProtoModel {
  const model: ProtoModel = {
    file,
    opset: undefined,
    metadata: new Map(),
    producer: "",
    graphs: 0,
    nodes: [],
    tensors: [],
    inputs: [],
    outputs: [],
    sparse: 0,
  };
  readFields(reader, length, {
    2: [BYTES, () => model.producer = reader.string()],
    7: [BYTES, (end) => {
      model.graphs++;
      message(reader, end, {
        1: [BYTES, (end) => model.nodes.push(nodeOf(reader, end))],
        5: [BYTES, (end) => model.tensors.push(tensorOf(reader, end))],
        11: [BYTES, (end) => model.inputs.push(valueOf(reader, end))],
        12: [BYTES, (end) => model.outputs.push(valueOf(reader, end))],
        15: [BYTES, () => {
          model.sparse++;
          reader.skipType(BYTES!);
        }],
      });
    }],
    8: [BYTES, (end) => {
      let [domain, version] = ["", 0];
      message(reader, end, {
        1: [BYTES, () => domain = reader.string()],
        2: [VARINT, () => version = whole(reader.int64())],
      });
      if (isStandard(domain)) model.opset = version;
    }],
    14: [BYTES, (end) => void model.metadata.set(...pairOf(reader, end))],
  });
  return model;
}

/** Whether a domain is that of ONNX's own operators. */
export function isStandard(domain: string): boolean {
  return domain === "" || domain === "ai.onnx";
}

function pairOf(reader: Reader, end: number): [string, string] {
  const pair: [string, string] = ["", ""];
  message(reader, end, {
    1: [BYTES, () => pair[0] = reader.string()],
    2: [BYTES, () => pair[1] = reader.string()],
  });
  return pair;
}

function nodeOf(reader: Reader, end: number): ProtoNode {
  const node: ProtoNode = {
    name: "",
    op: "",
    domain: "",
    inputs: [],
    outputs: [],
    attributes: new Map(),
  };
  message(reader, end, {
    1: [BYTES, () => node.inputs.push(reader.string())],
    2: [BYTES, () => node.outputs.push(reader.string())],
    3: [BYTES, () => node.name = reader.string()],
    4: [BYTES, () => node.op = reader.string()],
    5: [BYTES, (end) => void node.attributes.set(...attributeOf(reader, end))],
    7: [BYTES, () => node.domain = reader.string()],
  });
  return node;
}

function attributeOf(reader: Reader, end: number): [string, Attribute] {
  let [name, type, seen] = ["", 0, 0];
  const values: Record<number, Attribute> = { 1: 0, 2: 0, 3: "", 4: null };
  const [floats, ints, strings]: [number[], number[], string[]] = [[], [], []];
  const found = (kind: number, value: Attribute): void => void (values[seen = kind] = value);
  message(reader, end, {
    1: [BYTES, () => name = reader.string()],
    2: [FIXED32, () => found(1, reader.float())],
    3: [VARINT, () => found(2, whole(reader.int64()))],
    4: [BYTES, () => found(3, reader.string())],
    5: [BYTES, (end) => found(4, tensorOf(reader, end))],
    7: [FIXED32, () => (found(6, floats), floats.push(reader.float()))],
    8: [VARINT, () => (found(7, ints), ints.push(whole(reader.int64())))],
    9: [BYTES, () => (found(8, strings), strings.push(reader.string()))],
    20: [VARINT, () => type = reader.int32()],
  });
  // A list that is empty is not written at all.
  const lists: Record<number, Attribute> = { 6: floats, 7: ints, 8: strings };
  return [name, values[type || seen] ?? lists[type || seen] ?? null];
}

function tensorOf(reader: Reader, end: number): ProtoTensor {
  const tensor: ProtoTensor = {
    name: "",
    dims: [],
    type: 0,
    numbers: [],
    strings: 0,
    external: undefined,
  };
  const { numbers } = tensor;
  const external = new Map<string, string>();
  let isExternal = false;
  message(reader, end, {
    1: [VARINT, () => tensor.dims.push(whole(reader.int64()))],
    2: [VARINT, () => tensor.type = reader.int32()],
    4: [FIXED32, () => numbers.push(reader.float())],
    5: [VARINT, () => numbers.push(reader.int32())],
    6: [BYTES, () => {
      tensor.strings++;
      reader.skipType(BYTES!);
    }],
    7: [VARINT, () => numbers.push(whole(reader.int64()))],
    8: [BYTES, () => tensor.name = reader.string()],
    9: [BYTES, () => tensor.raw = reader.bytes()],
    10: [FIXED64, () => numbers.push(reader.double())],
    11: [VARINT, () => numbers.push(whole(reader.uint64()))],
    13: [BYTES, (end) => void external.set(...pairOf(reader, end))],
    14: [VARINT, () => isExternal = reader.int32() === 1],
  });
  if (isExternal) tensor.external = external;
  return tensor;
}

function valueOf(reader: Reader, end: number): ProtoValue {
  const value: ProtoValue = { name: "", type: undefined, dims: undefined };
  message(reader, end, {
    1: [BYTES, () => value.name = reader.string()],
    2: [BYTES, (end) =>
      message(reader, end, {
        1: [BYTES, (end) =>
          message(reader, end, {
            1: [VARINT, () => value.type = reader.int32()],
            2: [BYTES, (end) => value.dims = sizesOf(reader, end)],
          })],
      })],
  });
  return value;
}

function sizesOf(reader: Reader, end: number): (number | string)[] {
  const sizes: (number | string)[] = [];
  message(reader, end, {
    1: [BYTES, (end) => {
      let size: number | string = "?";
      message(reader, end, {
        1: [VARINT, () => size = whole(reader.int64())],
        2: [BYTES, () => size = reader.string()],
      });
      sizes.push(size);
    }],
  });
  return sizes;
}
