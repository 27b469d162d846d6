// An answer that is not 200: what was wrong, as the client reads it.

/** Seconds after which a refused client may try again. */
const RETRY_AFTER = 1;

/** A request that is refused, with the status that says why. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** A refusal after which the same request may succeed: 429 or 503. */
export function refuseForNow(status: 429 | 503, message: string): Refusal {
  return new Refusal(status, message, { "retry-after": `${RETRY_AFTER}` });
}
