// Inflates a gzipped file no further than its own header allows.

import { badFile } from "./bad_file.ts";

/** Bytes that are fed at once. Deflate grows data at most 1,032-fold, so this bounds the overshoot. */
const PIECE = 4096;

/** The largest file inflated: more would not fit into memory beside its copy. */
const LARGEST = 2 ** 31;

/** Whether a file begins with the magic bytes of gzip (RFC 1952, section 2.3.1). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Inflates a gzip file of one member, and stops as soon as it is larger than its content claims.
 *
 * @param claimedSize reads that size from the first inflated bytes; `undefined` while they are too few
 * @throws {SyntaxError} if the file is cut off, corrupt, or larger than claimed
 */
export async function gunzip(
  bytes: Uint8Array<ArrayBuffer>,
  file: string,
  claimedSize: (head: Uint8Array) => number | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let claimed: number | undefined;
  for await (const chunk of inflate(bytes, file)) {
    chunks.push(chunk);
    size += chunk.length;
    if (claimed === undefined) {
      claimed = claimedSize(join(chunks, size));
      if (claimed !== undefined) checkClaim(claimed, bytes.length, file);
    }
    if (claimed !== undefined && size > claimed) {
      throw badFile(inside(file), "nothing may follow its data", claimed, "the end", "more bytes");
    }
  }
  return join(chunks, size);
}

/** How messages name the content of a gzip file, as its offsets are not the file's own. */
export function inside(file: string): string {
  return `${file} (inflated)`;
}

/** Refuses a claim that so few compressed bytes cannot meet, before anything more is inflated. */
function checkClaim(claimed: number, compressed: number, file: string): void {
  const possible = Math.min(LARGEST, compressed * 1032);
  if (claimed > possible) {
    throw badFile(
      inside(file),
      "its header may claim no more than the file holds",
      0,
      `at most ${possible} bytes from ${compressed} compressed ones`,
      `a claim of ${claimed} bytes`,
    );
  }
}

/** The inflated chunks; a failure of the stream becomes an error that names file and offset. */
async function* inflate(
  bytes: Uint8Array<ArrayBuffer>,
  file: string,
): AsyncGenerator<Uint8Array> {
  let fed = 0;
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller): void {
      if (fed >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(fed, fed + PIECE));
      fed = Math.min(fed + PIECE, bytes.length);
    },
  }, { highWaterMark: 0 });
  const reader = source.pipeThrough(new DecompressionStream("gzip")).getReader();
  try {
    while (true) {
      const { done, value } = await reader.read().catch((error: Error): never => {
        // The stream reports a cut and a wrong checksum alike, and no offset: it broke
        // within the last piece fed.
        const rule = "it must be one whole and valid gzip stream";
        throw badFile(file, rule, fed, "gzip data with nothing after it", error.message);
      });
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch((): void => {});
  }
}

/** The chunks as one array. */
function join(chunks: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
