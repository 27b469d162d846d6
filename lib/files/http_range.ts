// HTTP range requests and their responses (RFC 9110, §14).

/** A failure that may be gone at the next attempt. */
export class PassingError extends Error {}

/**
 * The headers that request the rest of a file.
 *
 * @param isChecked whether a part of another version would be detected
 */
export function rangeHeaders(
  held: number,
  version: string | undefined,
  isChecked: boolean,
): Headers {
  // Compressed bytes could not be counted.
  const headers = new Headers({ "accept-encoding": "identity" });
  if (held === 0 || (version === undefined && !isChecked)) return headers;
  headers.set("range", `bytes=${held}-`);
  // If the version has changed, the server must send all.
  if (version !== undefined) headers.set("if-range", version);
  return headers;
}

/**
 * Refuses a response that is not the file.
 *
 * @param bytes the file's size, if it is known
 * @throws {PassingError} if the server may respond otherwise later
 * @throws {Error} if it will not
 */
export function checkResponse(
  response: Response,
  url: string,
  bytes: number | undefined,
  held: number,
): void {
  const { status, statusText, headers } = response;
  const found = `${status} ${statusText}`.trim();
  if (status === 408 || status === 429 || status >= 500) {
    throw new PassingError(`the response ${found}`);
  }
  if (status !== 200 && status !== 206) {
    const message = `Cannot fetch ${url}: the server must have it, got ${found}`;
    throw status === 404 || status === 410 ? new Deno.errors.NotFound(message) : new Error(message);
  }
  const type = headers.get("content-type") ?? "";
  if (/^\s*(?:text\/html|application\/xhtml)/i.test(type)) {
    throw new SyntaxError(
      `Cannot fetch ${url}: it must be a file, not a web page, got ${type}`,
    );
  }
  const total = totalOf(response, held);
  if (bytes !== undefined && total !== undefined && total !== bytes) {
    throw new RangeError(
      `Cannot fetch ${url}: it must have ${bytes} bytes, got ${total}`,
    );
  }
}

/** `bytes 100-199/200`; the size may be `*`, and so may the range. */
const CONTENT_RANGE = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/;

/**
 * The place in the file where a response begins.
 *
 * @returns 0 or `held`; `undefined` if the response is another part of the file
 */
export function startOf({ status, headers }: Response, held: number): number | undefined {
  if (status !== 206) return 0;
  const first = CONTENT_RANGE.exec(headers.get("content-range") ?? "")?.[1];
  return first !== undefined && Number(first) === held && held > 0 ? held : undefined;
}

/**
 * The whole file's size by a response.
 *
 * @returns the size, or `undefined` if the response does not say
 */
export function totalOf({ status, headers }: Response, held: number): number | undefined {
  if (status === 206 || status === 416) {
    const size = CONTENT_RANGE.exec(headers.get("content-range") ?? "")?.[3];
    if (size !== undefined && size !== "*") return Number(size);
  }
  const length = headers.get("content-length");
  if (length === null || status === 416 || headers.has("content-encoding")) return undefined;
  return Number(length) + (status === 206 ? held : 0);
}
