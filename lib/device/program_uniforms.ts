// The numbers that tfjs's own programs are given, laid out as their WGSL struct wants them.
import { tf } from "../tensor/tf.ts";
import type { WebGPUProgram } from "./webgpu_backend.ts";

/** A field of a uniform struct: a number, or a vector of up to six. */
export type Field = { type: string; data: number[] };

/**
 * The fields of a program's uniform struct, in order: NaN and infinity (which WGSL
 * cannot write), each tensor's shape and strides, the size, the program's own.
 *
 * @param program one of tfjs's programs
 * @param tensors its inputs, then its output
 * @param own the program's own fields; tfjs passes `null` if there are none
 */
export function programFields(
  program: WebGPUProgram,
  tensors: readonly tf.TensorInfo[],
  own?: readonly Field[] | null,
): Field[] {
  const integers = (data: number[]): Field => ({ type: "int32", data });
  const floats = (data: number[]): Field => ({ type: "float32", data });
  const shapes = tensors.flatMap(({ shape }) => [
    integers(shape),
    integers(tf.util.computeStrides(shape)),
  ]);
  const size = tf.util.sizeFromShape(program.outputShape) / (program.outputComponent || 1);
  return [
    floats([NaN]),
    floats([Infinity]),
    ...shapes,
    ...(program.size ? [integers([size])] : []),
    ...(own ?? []),
  ];
}

/**
 * Lays fields out by WGSL's rules (§14.4.1 of its specification, alignment and
 * size); vectors of five and six are structs of their own, aligned as four.
 *
 * @param fields the fields in order; an empty vector counts as one 1
 */
export function layOut(fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  const offsets: number[] = [];
  let end = 0;
  let widest = 4;
  let previous = 0;
  for (const { data } of fields) {
    const length = data.length || 1;
    if (length > 6) {
      throw new TypeError(
        `Cannot run a program: its vectors must have at most 6 numbers, got ${length}`,
      );
    }
    const alignment = length >= 3 || previous >= 5 ? 16 : 4 * length;
    widest = Math.max(widest, alignment);
    const offset = Math.ceil(end / alignment) * alignment;
    offsets.push(offset);
    end = offset + 4 * length;
    previous = length;
  }
  const buffer = new ArrayBuffer(Math.ceil(end / widest) * widest);
  for (const [i, { type, data }] of fields.entries()) {
    const numbers = data.length === 0 ? [1] : data;
    const View = type === "int32" ? Int32Array : type === "uint32" ? Uint32Array : Float32Array;
    new View(buffer, offsets[i], numbers.length).set(numbers);
  }
  return new Uint8Array(buffer);
}
