// Folders of pictures for tests: made in a temporary place, and gone after.
import { encodePng } from "../../lib/image/codecs/encode.ts";

/** A PNG file of one gray, or of one color, with alpha where there are four numbers. */
export function plainPng(color: readonly number[], width = 4, height = 4): Uint8Array {
  const channels = color.length as 1 | 3 | 4;
  const pixels = Float32Array.from(
    { length: width * height * channels },
    (_, i) => color[i % channels]! / 255,
  );
  return encodePng({ width, height, channels, pixels });
}

/**
 * Lends a temporary folder of files.
 *
 * @param files paths below the folder and contents; a path that ends in a slash is a folder
 * @param use what it is lent to
 */
export async function withFolder(
  files: Readonly<Record<string, Uint8Array | string>>,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "neocog_pictures_" });
  try {
    for (const [path, contents] of Object.entries(files)) {
      await Deno.mkdir(`${folder}/${path.slice(0, path.lastIndexOf("/") + 1)}`, {
        recursive: true,
      });
      if (path.endsWith("/")) continue;
      if (typeof contents === "string") await Deno.writeTextFile(`${folder}/${path}`, contents);
      else await Deno.writeFile(`${folder}/${path}`, contents);
    }
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Numbered plain pictures of a class, `from` on; the gray is the number. */
export function plainFiles(
  folder: string,
  from: number,
  count: number,
): Record<string, Uint8Array> {
  const numbers = Array.from({ length: count }, (_, i) => from + i);
  return Object.fromEntries(
    numbers.map((n) => [`${folder}/${String(n).padStart(4, "0")}.png`, plainPng([n])]),
  );
}
