// Writes the messages of an ONNX file, tensor by tensor, so that none but one is in memory.
// Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
import { bytesOf } from "../exported/mod.ts";
import type { Weight } from "../layers/operation.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { loadProtobuf, type ProtobufWriter as Writer } from "../files/protobuf.ts";

/** An attribute that is written; whole numbers are ints. */
export type WrittenAttribute =
  | { readonly float: number }
  | number
  | string
  | readonly number[];

/** An operation. */
export type WrittenNode = {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, WrittenAttribute>>;
};

/** A tensor: a weight, in 16 bits or 32, or whole numbers. */
export type WrittenTensor =
  | { readonly name: string; readonly weight: Weight; readonly half: boolean }
  | { readonly name: string; readonly dims: readonly number[]; readonly whole: readonly number[] };

/** A network's input or output: its sizes without the batch. */
export type WrittenEnd = { readonly name: string; readonly dims: readonly number[] };

/** What is in a file. */
export type WrittenModel = {
  readonly opset: number;
  readonly nodes: readonly WrittenNode[];
  readonly tensors: readonly WrittenTensor[];
  readonly inputs: readonly WrittenEnd[];
  readonly outputs: readonly WrittenEnd[];
  readonly metadata: Readonly<Record<string, string>>;
};

/** The version of the format, which the runtimes of 2022 read. */
const IR_VERSION = 8;

/** Protobuf's largest message. */
const LARGEST = 2 ** 31 - 1;

const [FLOAT, INT64, FLOAT16] = [1, 7, 10];

/**
 * The bytes of an ONNX file, part by part.
 *
 * @throws {RangeError} if they are more than protobuf's 2 GB, or a number is beyond those of 16 bits
 */
export async function* modelParts(model: WrittenModel): AsyncGenerator<Uint8Array> {
  const { default: { Writer } } = await loadProtobuf();
  const bytes = (write: (to: Writer) => void): Uint8Array => {
    const to = Writer.create();
    write(to);
    return to.finish();
  };
  const { nodes, tensors, inputs, outputs, metadata, opset } = model;
  const before = bytes((to) => {
    nodes.forEach((node) => writeNode(to.uint32(field(1, 2)).fork(), node).ldelim());
    to.uint32(field(2, 2)).string("neocog");
  });
  const heads = tensors.map((tensor) => {
    const own = bytes((to) => tensorHead(to, tensor));
    const data = dataLength(tensor);
    const whole = own.length + data;
    return { tensor, head: bytes((to) => to.uint32(field(5, 2)).uint32(whole)), own, data };
  });
  const after = bytes((to) => {
    inputs.forEach((end) => writeEnd(to.uint32(field(11, 2)).fork(), end).ldelim());
    outputs.forEach((end) => writeEnd(to.uint32(field(12, 2)).fork(), end).ldelim());
  });
  const graph = heads.reduce(
    (sum, { head, own, data }) => sum + head.length + own.length + data,
    before.length + after.length,
  );
  if (graph > LARGEST - 2 ** 16) {
    throw new RangeError(
      `Cannot write an ONNX file: it must be smaller than 2 GB, got ${graph} bytes`,
    );
  }
  yield bytes((to) => {
    to.uint32(field(1, 0)).int64(IR_VERSION).uint32(field(2, 2)).string("neocog");
    to.uint32(field(7, 2)).uint32(graph);
  });
  yield before;
  for (const { tensor, head, own } of heads) {
    yield head;
    yield own;
    yield "weight" in tensor
      ? await bytesOf(tensor.weight, tensor.half, tensor.weight.path ?? tensor.name)
      : new Uint8Array(BigInt64Array.from(tensor.whole, BigInt).buffer);
  }
  yield after;
  yield bytes((to) => {
    to.uint32(field(8, 2)).fork().uint32(field(2, 0)).int64(opset).ldelim();
    for (const [key, value] of Object.entries(metadata)) {
      to.uint32(field(14, 2)).fork();
      to.uint32(field(1, 2)).string(key).uint32(field(2, 2)).string(value).ldelim();
    }
  });
}

/** The tag of a field of a kind: 0 a number, 2 bytes, 5 four bytes. */
const field = (number: number, kind: 0 | 2 | 5): number => number << 3 | kind;

function writeNode(to: Writer, { name, op, inputs, output, attributes }: WrittenNode): Writer {
  inputs.forEach((input) => to.uint32(field(1, 2)).string(input));
  to.uint32(field(2, 2)).string(output);
  to.uint32(field(3, 2)).string(name).uint32(field(4, 2)).string(op);
  for (const [key, value] of Object.entries(attributes)) {
    writeAttribute(to.uint32(field(5, 2)).fork(), key, value).ldelim();
  }
  return to;
}

function writeAttribute(to: Writer, key: string, value: WrittenAttribute): Writer {
  to.uint32(field(1, 2)).string(key);
  const type = (number: number): Writer => to.uint32(field(20, 0)).int32(number);
  if (typeof value === "number") return to.uint32(field(3, 0)).int64(value), type(2);
  if (typeof value === "string") return to.uint32(field(4, 2)).string(value), type(3);
  if ("float" in value) return to.uint32(field(2, 5)).float(value.float), type(1);
  value.forEach((one) => to.uint32(field(8, 0)).int64(one));
  return type(7);
}

function dataLength(tensor: WrittenTensor): number {
  if ("whole" in tensor) return 8 * tensor.whole.length;
  return (tensor.half ? 2 : 4) * sizeOf(tensor.weight.shape);
}

/** All of a tensor but its numbers, which come last. */
function tensorHead(to: Writer, tensor: WrittenTensor): void {
  const dims = "whole" in tensor ? tensor.dims : tensor.weight.shape;
  const type = "whole" in tensor ? INT64! : tensor.half ? FLOAT16! : FLOAT!;
  dims.forEach((size) => to.uint32(field(1, 0)).int64(size));
  to.uint32(field(2, 0)).int32(type).uint32(field(8, 2)).string(tensor.name);
  to.uint32(field(9, 2)).uint32(dataLength(tensor));
}

function writeEnd(to: Writer, { name, dims }: WrittenEnd): Writer {
  to.uint32(field(1, 2)).string(name);
  to.uint32(field(2, 2)).fork().uint32(field(1, 2)).fork();
  to.uint32(field(1, 0)).int32(FLOAT!).uint32(field(2, 2)).fork();
  to.uint32(field(1, 2)).fork().uint32(field(2, 2)).string("batch").ldelim();
  dims.forEach((size) => to.uint32(field(1, 2)).fork().uint32(field(1, 0)).int64(size).ldelim());
  return to.ldelim().ldelim().ldelim();
}
