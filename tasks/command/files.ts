// The files of tasks: errors name the file and the reason.
import { attempting, fileError } from "../../lib/files/file_error.ts";
import { decodeRaster } from "../../lib/image/codecs/decode.ts";
import { type Image, imageOf, type Raster } from "../../lib/image/image.ts";
import { say } from "./say.ts";

/**
 * The picture in a file. If it has faults, they are said.
 *
 * @throws {Error} if it cannot be read, with its name and the reason
 * @throws {SyntaxError} if it cannot be decoded
 */
export async function readImage(file: string): Promise<Image> {
  return imageOf(await readRaster(file));
}

/** As {@linkcode readImage}, of pixels as the file has them. */
export async function readRaster(file: string): Promise<Raster> {
  const bytes = await attempting(`Cannot read ${file}`, Deno.readFile(file));
  const image = await decodeRaster(bytes, file);
  if (image.warning) say(`note: ${image.warning}`);
  return image;
}

/**
 * Makes a directory for a task's files, before any work.
 *
 * @throws {Error} naming the directory, if it cannot be made
 */
export async function makeOutputDir(dir: string): Promise<void> {
  try {
    await Deno.mkdir(dir, { recursive: true });
  } catch (error) {
    throw fileError(
      `Cannot use the output directory ${dir}: it must be one that can be made`,
      error,
    );
  }
}
