// What a file seems to be by its first bytes, whatever its name.

// A transfer as text takes the eighth bit or changes the line ends, which PNG's signature shows.
const DAMAGED_PNG = "damaged PNG (was it transferred as text?)";

/** The first bytes of formats that are used for pictures or downloaded in their place. */
const SIGNATURES: readonly (readonly [kind: string, at: number, bytes: string])[] = [
  ["PNG", 0, "\x89PNG\r\n\x1a\n"],
  ["JPEG", 0, "\xff\xd8\xff"],
  ["GIF", 0, "GIF8"],
  ["WebP", 8, "WEBP"],
  ["BMP", 0, "BM"],
  ["TIFF", 0, "II*\0"],
  ["TIFF", 0, "MM\0*"],
  ["AVIF", 4, "ftypavi"],
  ["HEIC", 4, "ftyphei"],
  ["HEIC", 4, "ftypmif1"],
  ["PDF", 0, "%PDF"],
  ["zip", 0, "PK\x03\x04"],
  ["gzip", 0, "\x1f\x8b"],
  [DAMAGED_PNG, 1, "PNG"],
];

/** Kinds that are surely pictures: two letters, as of BMP, may begin a text too. */
const PICTURES = ["PNG", "JPEG", "GIF", "WebP", "TIFF", "AVIF", "HEIC", DAMAGED_PNG];

/** Whether a file is a picture by its first bytes. */
export function isPicture(bytes: Uint8Array): boolean {
  return PICTURES.includes(fileKind(bytes));
}

/**
 * What a file seems to be.
 *
 * @returns such as `"PNG"`, `"JPEG"`, `"HTML"`, `"text"`, `"empty"`, or `"unknown"`
 */
export function fileKind(bytes: Uint8Array): string {
  if (bytes.length === 0) return "empty";
  const latin1 = String.fromCharCode(...bytes.subarray(0, 16));
  const known = SIGNATURES.find(([, at, signature]) => latin1.startsWith(signature, at));
  if (known) return known[0];
  const text = asText(bytes.subarray(0, 1024));
  if (text === undefined) return "unknown";
  if (/^\s*<(!doctype html|html)/i.test(text)) return "HTML";
  if (/^\s*(<\?xml[^]*|<!doctype svg[^]*)?<svg/i.test(text)) return "SVG";
  return "text";
}

/** The text of bytes, if they are UTF-8 without control characters. */
function asText(bytes: Uint8Array): string | undefined {
  try {
    // As a stream, since a kilobyte may end within a character.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    // deno-lint-ignore no-control-regex
    return /[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
