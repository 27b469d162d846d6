// The picture in a request's body: a file, a form with a file, or JSON.
import { decodeImage } from "../image/codecs/decode.ts";
import { pictureSize } from "../image/codecs/picture_size.ts";
import type { Image } from "../image/image.ts";
import { Refusal } from "./refusal.ts";

/** How JSON is to look, for messages. */
const JSON_FORM =
  '{ "image": base64 of a PNG or JPEG file } or { "pixels": [H][W] or [H][W][C] of numbers from 0 to 1 }';

/**
 * The picture that a body holds.
 *
 * @param bytes the body
 * @param type the header `content-type`
 * @param maxPixels how many pixels a picture may have; more are not decoded
 * @throws {Refusal} 400 if it is none, 413 if it has too many pixels, 415 if it is of another type
 */
export async function pictureIn(
  bytes: Uint8Array<ArrayBuffer>,
  type: string,
  maxPixels: number,
): Promise<Image> {
  if (bytes.length === 0) {
    throw new Refusal(400, "Cannot classify: the body must be a picture or JSON, got nothing");
  }
  const kind = type.split(";")[0]!.trim().toLowerCase();
  if (kind === "application/json") return await ofJson(bytes, maxPixels);
  if (kind === "multipart/form-data") {
    return await ofFile(await fileOfForm(bytes, type), maxPixels);
  }
  const isAny = kind === "" || kind === "application/octet-stream" ||
    // What curl says of --data-binary.
    kind === "application/x-www-form-urlencoded";
  if (isAny || kind.startsWith("image/")) return await ofFile(bytes, maxPixels);
  throw new Refusal(
    415,
    `Cannot classify: the content type must be image/png, image/jpeg, application/json or multipart/form-data, got ${kind}`,
  );
}

/** Decodes a file, if it is not too large. */
async function ofFile(bytes: Uint8Array, maxPixels: number): Promise<Image> {
  try {
    const size = pictureSize(bytes, "of the request");
    if (size) requireFew(size, maxPixels);
    return await decodeImage(bytes, "of the request");
  } catch (error) {
    if (error instanceof SyntaxError) throw new Refusal(400, error.message);
    if (error instanceof RangeError) throw new Refusal(413, error.message);
    throw error;
  }
}

function requireFew(
  { width, height }: { readonly width: number; readonly height: number },
  maxPixels: number,
): void {
  if (width * height <= maxPixels) return;
  throw new Refusal(
    413,
    `Cannot classify: the picture must have at most ${maxPixels} pixels, got ${width}×${height}`,
  );
}

/** The first file of a form. */
async function fileOfForm(bytes: Uint8Array<ArrayBuffer>, type: string): Promise<Uint8Array> {
  let form: FormData;
  try {
    form = await new Response(bytes, { headers: { "content-type": type } }).formData();
  } catch (error) {
    throw new Refusal(400, `Cannot read the form: ${(error as Error).message}`);
  }
  for (const [, value] of form) {
    if (value instanceof File) return new Uint8Array(await value.arrayBuffer());
  }
  throw new Refusal(400, "Cannot classify: the form must have a file, got none");
}

async function ofJson(bytes: Uint8Array, maxPixels: number): Promise<Image> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new Refusal(400, `Cannot read the JSON: ${(error as Error).message}`);
  }
  const { image, pixels } = (json ?? {}) as { readonly image?: unknown; readonly pixels?: unknown };
  if (typeof image === "string" && pixels === undefined) {
    return await ofFile(ofBase64(image), maxPixels);
  }
  if (Array.isArray(pixels) && image === undefined) return ofPixels(pixels, maxPixels);
  const isRecord = typeof json === "object" && json !== null && !Array.isArray(json);
  const found = isRecord ? `{ ${Object.keys(json as object).join(", ")} }` : `another value`;
  throw new Refusal(400, `Cannot classify: the JSON must be ${JSON_FORM}, got ${found}`);
}

/** The bytes in base64, also as a data URL. */
function ofBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(
      atob(text.replace(/^data:[^,]*,/, "")),
      (character) => character.charCodeAt(0),
    );
  } catch {
    throw new Refusal(400, 'Cannot classify: "image" must be base64');
  }
}

/** Nested lists of pixels. */
function ofPixels(rows: readonly unknown[], maxPixels: number): Image {
  const refuse = (found: string): Refusal =>
    new Refusal(
      400,
      `Cannot classify: "pixels" must be [H][W], or [H][W][C] of 1, 3 or 4 channels, of numbers from 0 to 1, got ${found}`,
    );
  const height = rows.length;
  const first: readonly unknown[] = Array.isArray(rows[0]) ? rows[0] : [];
  const width = first.length;
  if (width === 0) throw refuse(`${height} rows of nothing`);
  requireFew({ width, height }, maxPixels);
  const channels = Array.isArray(first[0]) ? first[0].length : 1;
  if (![1, 3, 4].includes(channels)) throw refuse(`${channels} channels`);
  const pixels = new Float32Array(height * width * channels);
  let at = 0;
  for (const [y, row] of rows.entries()) {
    if (!Array.isArray(row) || row.length !== width) {
      throw refuse(`a row ${y} of another length than row 0`);
    }
    for (const [x, pixel] of row.entries()) {
      const values: readonly unknown[] = Array.isArray(pixel) ? pixel : [pixel];
      if (values.length !== channels) throw refuse(`${values.length} channels at ${y}, ${x}`);
      for (const value of values) {
        const holds = typeof value === "number" && value >= 0 && value <= 1;
        if (!holds) throw refuse(`${JSON.stringify(value)} at ${y}, ${x}`);
        pixels[at++] = value;
      }
    }
  }
  return { height, width, channels: channels as 1 | 3 | 4, pixels };
}
