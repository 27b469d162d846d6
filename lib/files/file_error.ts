// Says what was being done when the system refused a file.

/**
 * An error of the system with what was attempted put before its message. The class stays the
 * same, so that `instanceof Deno.errors.NotFound` still answers.
 *
 * @param attempt such as `Cannot write /tmp/a`
 * @param cause what was thrown
 * @returns the error to throw
 */
export function fileError(attempt: string, cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  const ErrorClass = cause.constructor as ErrorConstructor;
  return new ErrorClass(`${attempt}: ${cause.message}`, { cause });
}
