// Messages with arrays of numbers, as tasks send them to their pages: JSON, then the bytes.

/** Numbers with a shape. */
export type SentArray = {
  readonly shape: readonly number[];
  readonly values: Uint8Array | Float32Array;
};

/** What JSON can say. */
export type Said = Readonly<Record<string, unknown>>;

/** A message: what JSON can say, and arrays by name. */
export type Message = {
  readonly said: Said;
  readonly arrays?: Readonly<Record<string, SentArray>>;
};

/** Arrays begin at multiples of it, so that float32 can be read in place. */
const ALIGNMENT = 4;

const aligned = (length: number): number => Math.ceil(length / ALIGNMENT) * ALIGNMENT;

/**
 * A message as bytes: the length of the JSON as a little-endian uint32; the JSON, filled up with
 * spaces, whose `arrays` says type, shape and place of each array; the arrays' bytes.
 */
export function encodeMessage({ said, arrays = {} }: Message): Uint8Array<ArrayBuffer> {
  let end = 0;
  const places: Record<string, unknown> = {};
  for (const [name, { shape, values }] of Object.entries(arrays)) {
    const type = values instanceof Float32Array ? "float32" : "uint8";
    places[name] = { type, shape, at: end, length: values.length };
    end = aligned(end + values.byteLength);
  }
  const json = new TextEncoder().encode(JSON.stringify({ ...said, arrays: places }));
  const begin = 4 + aligned(json.length);
  const bytes = new Uint8Array(begin + end).fill(0x20, 4, begin);
  new DataView(bytes.buffer).setUint32(0, begin - 4, true);
  bytes.set(json, 4);
  let at = begin;
  for (const { values } of Object.values(arrays)) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at = begin + aligned(at - begin + values.byteLength);
  }
  return bytes;
}
