// The body of an upload, which is read only up to a limit.

/** The most bytes of an upload. */
export const MOST_BYTES = 32 * 2 ** 20;

/** An upload that is refused, with the status of the answer. */
export class UploadError extends Error {
  override name = "UploadError";

  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/**
 * Reads the body of a request.
 *
 * @param most the most bytes; a longer body is refused before it is read, or where it exceeds them
 * @throws {UploadError} if it is longer, or empty
 */
export async function readUpload(
  request: Request,
  most = MOST_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  const refuseLength = (length: string): never => {
    const rule = `it must have at most ${most / 2 ** 20} MiB`;
    throw new UploadError(413, `Cannot take the file: ${rule}, got ${length}`);
  };
  const claimed = Number(request.headers.get("content-length") ?? 0);
  if (!(claimed <= most)) refuseLength(`${claimed} bytes`);
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of request.body ?? []) {
    length += part.length;
    if (length > most) refuseLength("more");
    parts.push(part);
  }
  if (length === 0) {
    throw new UploadError(400, "Cannot take the file: it must have a content, got 0 bytes");
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
