// Writes all of some bytes, as a single write may take a part of them only.

/**
 * Writes bytes at a file's position.
 *
 * @param file the open file
 * @param bytes what to write
 */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
}
