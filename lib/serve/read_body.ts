// The body of a request, read within limits of size and time.
import { Refusal } from "./refusal.ts";

/** What a body may be. */
export type BodyLimits = {
  /** Bytes. */
  readonly maxBytes: number;
  /** Milliseconds until its last byte must be there. */
  readonly timeout: number;
};

/**
 * Reads a body whole. One that claims to be too large is refused before a byte is read, one that
 * is too large as soon as it is.
 *
 * @throws {Refusal} 413 if it is too large, 408 if it comes too slowly, 400 if it ends too early
 */
export async function readBody(
  request: Request,
  { maxBytes, timeout }: BodyLimits,
): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = (): Refusal =>
    new Refusal(413, `Cannot read the body: it must have at most ${maxBytes} bytes`, {
      // The rest of what is being sent is not read.
      connection: "close",
    });
  if (Number(request.headers.get("content-length")) > maxBytes) throw tooLarge();
  const reader = request.body?.getReader();
  if (!reader) return new Uint8Array();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    reader.cancel().catch(() => {});
  }, timeout);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (isLate) {
        const message = `Cannot read the body: it must be whole within ${timeout} ms`;
        throw new Refusal(408, message, { connection: "close" });
      }
      if (done) break;
      length += value.length;
      if (length > maxBytes) throw tooLarge();
      parts.push(value);
    }
  } catch (error) {
    if (error instanceof Refusal) {
      reader.cancel().catch(() => {});
      throw error;
    }
    throw new Refusal(400, `Cannot read the body: ${(error as Error).message}`);
  } finally {
    clearTimeout(timer);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
