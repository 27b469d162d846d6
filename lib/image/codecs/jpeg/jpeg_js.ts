// JPEG by jpeg-js, which is loaded for the files that libjpeg-turbo's package refuses: print colors, and
// rare sampling factors. It repeats colors that are stored at a lower resolution, and truncates them,
// while libjpeg interpolates and rounds: about one level of 255 from Pillow, a third of one too dark.
import type { JpegHeader } from "./jpeg_header.ts";

// Not a literal inside `import()`: Deno fetches those when a program starts.
const JPEG_JS = "npm:jpeg-js@0.4.4";

type Package = { readonly default: typeof import("npm:jpeg-js@0.4.4") };

/**
 * Loads the package.
 *
 * @returns what decodes a file of three or four components, to `[height, width, 3]`; it throws if the
 * file's data is damaged, or ends too early
 */
export async function loadJpegJs(): Promise<
  (bytes: Uint8Array, header: JpegHeader) => Uint8Array<ArrayBuffer>
> {
  const { default: { decode } } = await import(JPEG_JS) as Package;
  return (bytes, { components, isRgb }) =>
    new Uint8Array(
      decode(bytes, {
        useTArray: true,
        formatAsRGBA: false,
        // In a scan of one component with restarts jpeg-js counts on to blocks outside the picture,
        // which this ignores. It tolerates nothing else: data that ends too early is refused.
        tolerantDecoding: true,
        ...(components === 3 ? { colorTransform: !isRgb } : {}),
        // The size has been checked, and its memory is in proportion.
        maxResolutionInMP: Infinity,
        maxMemoryUsageInMB: Infinity,
      }).data,
    );
}
