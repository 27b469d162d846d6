// The module of a worker that decodes pictures: a file's bytes come in, pixels go out.
import { type PicturePixels, picturePixels, type PixelRule } from "./picture_pixels.ts";

/** A file to decode. */
export type DecodeTask = {
  readonly bytes: Uint8Array;
  readonly file: string;
  readonly rule: PixelRule;
};

/** A file's pixels, or why there are none. */
export type DecodeResult =
  | PicturePixels
  | { readonly error: { readonly name: string; readonly message: string } };

/** A worker's global scope, which the default types lack. */
type WorkerScope = {
  onmessage: (event: { readonly data: DecodeTask }) => void;
  postMessage(result: DecodeResult, transfer: ArrayBuffer[]): void;
};

const scope = self as unknown as WorkerScope;

scope.onmessage = async ({ data: { bytes, file, rule } }) => {
  try {
    const picture = await picturePixels(bytes, file, rule);
    scope.postMessage(picture, [picture.pixels.buffer]);
  } catch (error) {
    const { name, message } = error as Error;
    scope.postMessage({ error: { name, message } }, []);
  }
};
