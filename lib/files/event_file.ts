// TensorBoard's event files: records with checksums, each an event as a protocol buffer.
// Source: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/lib/io/record_writer.h,
// https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/event.proto and summary.proto
import { attempting, fileError } from "./file_error.ts";
import { loadProtobuf, type ProtobufWriter } from "./protobuf.ts";

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

/** The checksum CRC-32C of bytes (Castagnoli; RFC 3720, B.4). */
export function crc32c(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 255]! ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** A checksum as records have it: one over bytes that hold checksums would be weak. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** A record: the length of its bytes and the checksum of that, the bytes and their checksum. */
export function eventRecord(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(bytes.length + 16);
  const view = new DataView(record.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint32(8, masked(crc32c(record.subarray(0, 8))), true);
  record.set(bytes, 12);
  view.setUint32(12 + bytes.length, masked(crc32c(bytes)), true);
  return record;
}

/** Numbers in bins, as TensorBoard has them. */
export type EventHistogram = {
  readonly min: number;
  readonly max: number;
  /** How many numbers there are, their sum, and the sum of their squares. */
  readonly count: number;
  readonly sum: number;
  readonly squares: number;
  /** The upper ends of the bins, rising, and how many numbers are in each. */
  readonly limits: readonly number[];
  readonly counts: readonly number[];
};

/** What a picture shows, and in which form. */
export type EventImage = {
  readonly height: number;
  readonly width: number;
  /** 1 for gray, 3 for color. */
  readonly channels: number;
  readonly png: Uint8Array;
};

/** A value of a step. */
export type EventValue =
  | { readonly tag: string; readonly scalar: number }
  | { readonly tag: string; readonly histogram: EventHistogram }
  | { readonly tag: string; readonly image: EventImage };

/** A file that grows by events. */
export type EventFile = {
  readonly path: string;
  /** Adds an event with the values of a step, at once. */
  add(step: number, values: readonly EventValue[]): void;
};

// A field's number, shifted by three bits, and its kind: 0 whole number, 1 double, 2 bytes, 5 float.
const tag = (field: number, kind: 0 | 1 | 2 | 5): number => (field << 3) | kind;

function writeHistogram(writer: ProtobufWriter, histogram: EventHistogram): void {
  const { min, max, count, sum, squares, limits, counts } = histogram;
  [min, max, count, sum, squares].forEach((value, i) => writer.uint32(tag(i + 1, 1)).double(value));
  [limits, counts].forEach((values, i) => {
    writer.uint32(tag(6 + i, 2)).fork();
    values.forEach((value) => writer.double(value));
    writer.ldelim();
  });
}

function writeImage(writer: ProtobufWriter, { height, width, channels, png }: EventImage): void {
  [height, width, channels].forEach((value, i) => writer.uint32(tag(i + 1, 0)).int32(value));
  writer.uint32(tag(4, 2)).bytes(png);
}

function writeValue(writer: ProtobufWriter, value: EventValue): void {
  writer.uint32(tag(1, 2)).fork().uint32(tag(1, 2)).string(value.tag);
  if ("scalar" in value) writer.uint32(tag(2, 5)).float(value.scalar);
  else if ("histogram" in value) {
    writeHistogram(writer.uint32(tag(5, 2)).fork(), value.histogram);
    writer.ldelim();
  } else {
    writeImage(writer.uint32(tag(4, 2)).fork(), value.image);
    writer.ldelim();
  }
  writer.ldelim();
}

/** What an event says: the format's version in the first one, values of a step in the others. */
type EventContents =
  | { readonly version: string }
  | { readonly step: number; readonly values: readonly EventValue[] };

/**
 * An event as a record.
 *
 * @param writer an empty one
 * @param at the time in seconds
 */
export function encodeEvent(
  writer: ProtobufWriter,
  at: number,
  event: EventContents,
): Uint8Array<ArrayBuffer> {
  writer.uint32(tag(1, 1)).double(at);
  if ("version" in event) writer.uint32(tag(3, 2)).string(event.version);
  else {
    writer.uint32(tag(2, 0)).int64(event.step).uint32(tag(5, 2)).fork();
    event.values.forEach((value) => writeValue(writer, value));
    writer.ldelim();
  }
  return eventRecord(writer.finish());
}

/**
 * Begins an event file in a directory, which is made if it is missing. A run that is resumed begins
 * another one beside it: TensorBoard reads all.
 *
 * @throws {Error} of Deno's class for it, if it cannot be written; so does adding to it
 */
export async function openEventFile(dir: string): Promise<EventFile> {
  const { default: { Writer } } = await loadProtobuf();
  const seconds = `${Math.floor(Date.now() / 1000)}`.padStart(10, "0");
  const path = `${dir}/events.out.tfevents.${seconds}.neocog.${crypto.randomUUID().slice(0, 8)}`;
  const attempt = `Cannot write ${path}`;
  const append = (event: EventContents): void => {
    const record = encodeEvent(Writer.create(), Date.now() / 1000, event);
    try {
      Deno.writeFileSync(path, record, { append: true });
    } catch (error) {
      throw fileError(attempt, error);
    }
  };
  await attempting(attempt, Deno.mkdir(dir, { recursive: true }));
  append({ version: "brain.Event:2" });
  return { path, add: (step, values) => append({ step, values }) };
}
