// The one class of error for what goes wrong on the device itself.

/** What happened to the device. */
export type DeviceErrorKind = "missing" | "validation" | "out-of-memory" | "lost" | "unsupported";

/**
 * A fault of the device: there is none, it refused an operation, it ran out of
 * memory, or it was lost. tfjs alone returns zeros or stale numbers in these
 * cases; neocog throws.
 */
export class DeviceError extends Error {
  /** `"DeviceError"`. */
  override readonly name = "DeviceError";
  /** What happened. */
  readonly kind: DeviceErrorKind;
  /** The operation that failed, if one is known. */
  readonly operation: string | undefined;

  /**
   * Makes the error.
   *
   * @param kind what happened
   * @param message the sentence for the reader
   * @param operation the operation that failed
   */
  constructor(kind: DeviceErrorKind, message: string, operation?: string) {
    super(message);
    this.kind = kind;
    this.operation = operation;
  }
}
