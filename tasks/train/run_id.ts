// A run's id, which all its files name.
import { crc32 } from "node:zlib";

/** A file's contents with its run's id: in tables a column, in pictures a comment. */
export function withId(
  name: string,
  contents: string | Uint8Array,
  id: string,
): string | Uint8Array {
  if (typeof contents !== "string") return withPngText(contents, `Comment\0run ${id}`);
  if (name.endsWith(".svg")) return contents.replace(/(?=<\/svg>\s*$)/, `<!-- run ${id} -->`);
  if (!name.endsWith(".csv")) return contents;
  const lines = contents.trimEnd().split("\r\n");
  return lines.map((line, i) => `${line},${i === 0 ? "run" : id}\r\n`).join("");
}

/** A PNG file with a chunk of text after its header. */
function withPngText(png: Uint8Array, text: string): Uint8Array {
  const chunk = new TextEncoder().encode(`....tEXt${text}....`);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, text.length);
  view.setUint32(chunk.length - 4, crc32(chunk.subarray(4, -4)));
  const headerEnd = 8 + 25; // The signature, and the header's chunk.
  return Uint8Array.from([...png.subarray(0, headerEnd), ...chunk, ...png.subarray(headerEnd)]);
}
