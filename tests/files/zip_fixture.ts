// Makes and reads zip archives for tests, after PKWARE's APPNOTE and without zip.js.
import { crc32 } from "node:zlib";

/** A file in an archive. */
export type Entry = { readonly name: string; readonly data: Uint8Array };

/** The files of an archive that keeps them as they are, after PKWARE's APPNOTE, §4.3. */
export function entriesOf(zip: Uint8Array): Entry[] {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.length);
  const entries: Entry[] = [];
  let at = view.getUint32(zip.length - 22 + 16, true);
  while (view.getUint32(at, true) === 0x02014b50) {
    const [size, name, extra, comment] = [20, 28, 30, 32].map((place, i) =>
      i === 0 ? view.getUint32(at + place, true) : view.getUint16(at + place, true)
    ) as [number, number, number, number];
    const local = view.getUint32(at + 42, true);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    entries.push({
      name: new TextDecoder().decode(zip.subarray(at + 46, at + 46 + name)),
      data: zip.subarray(start, start + size),
    });
    at += 46 + name + extra + comment;
  }
  return entries;
}

/** An archive of files as they are. */
export function zipOf(entries: readonly Entry[]): Uint8Array {
  const parts: number[][] = [];
  const directory: number[][] = [];
  const le = (value: number, width: number): number[] =>
    Array.from({ length: width }, (_, i) => value >>> 8 * i & 255);
  let at = 0;
  for (const { name, data } of entries) {
    const letters = [...new TextEncoder().encode(name)];
    const common = [
      ...le(20, 2),
      ...le(0, 2),
      ...le(0, 2),
      ...le(0, 4),
      ...le(crc32(data), 4),
      ...le(data.length, 4),
      ...le(data.length, 4),
      ...le(letters.length, 2),
      ...le(0, 2),
    ];
    const local = [...le(0x04034b50, 4), ...common, ...letters, ...data];
    directory.push([
      ...le(0x02014b50, 4),
      ...le(20, 2),
      ...common,
      ...le(0, 2),
      ...le(0, 2),
      ...le(0, 2),
      ...le(0, 4),
      ...le(at, 4),
      ...letters,
    ]);
    parts.push(local);
    at += local.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = [
    ...le(0x06054b50, 4),
    ...le(0, 4),
    ...le(entries.length, 2),
    ...le(entries.length, 2),
    ...le(size, 4),
    ...le(at, 4),
    ...le(0, 2),
  ];
  return Uint8Array.from([...parts, ...directory, end].flat());
}
