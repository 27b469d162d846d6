// The records of CIFAR-10's binary version: a label, then the planes of red, green and blue.
import { badFile } from "./bad_file.ts";
import type { Examples } from "../examples.ts";

const SIDE = 32;
const CHANNELS = 3;
const PLANE = SIDE * SIDE;
const RECORD = 1 + CHANNELS * PLANE;

/** Images in a whole batch file; samples have fewer. */
const MOST_RECORDS = 10_000;

/** The size of a whole batch file. */
export const MOST_BYTES = MOST_RECORDS * RECORD;

/**
 * Refuses a file of records that is not whole, or has a label without a class.
 *
 * @throws {SyntaxError} naming the place
 */
export function checkRecords(bytes: Uint8Array, file: string): void {
  const size = bytes.length;
  if (size === 0) throw badFile(file, "it must hold an image", 0, `${RECORD} bytes`, "the end");
  if (size % RECORD !== 0) {
    const rule = `it must hold whole records of ${RECORD} bytes`;
    const last = size - size % RECORD;
    throw badFile(file, rule, last, `${RECORD} bytes`, `${size - last} to the end`);
  }
  if (size > MOST_BYTES) {
    const rule = `it must hold at most ${MOST_RECORDS} images`;
    throw badFile(file, rule, MOST_BYTES, "the end", `${size - MOST_BYTES} more bytes`);
  }
  for (let at = 0; at < size; at += RECORD) {
    if (bytes[at]! > 9) throw badFile(file, "a label must be a class", at, "0 to 9", bytes[at]!);
  }
}

/** Images and labels of all batches; planes become channels of each pixel. */
export function fromRecords(
  batches: readonly Uint8Array[],
): Pick<Examples, "images" | "labels" | "imageShape"> {
  const count = batches.reduce((sum, { length }) => sum + length / RECORD, 0);
  const images = new Uint8Array(count * CHANNELS * PLANE);
  const labels = new Uint8Array(count);
  let i = 0;
  for (const bytes of batches) {
    for (let at = 0; at < bytes.length; at += RECORD, i++) {
      labels[i] = bytes[at]!;
      const to = i * CHANNELS * PLANE;
      for (let c = 0; c < CHANNELS; c++) {
        const from = at + 1 + c * PLANE;
        for (let p = 0; p < PLANE; p++) images[to + p * CHANNELS + c] = bytes[from + p]!;
      }
    }
  }
  return { images, labels, imageShape: [SIDE, SIDE, CHANNELS] };
}
