// Says what was attempted when the system refused a file.

/** What the system said, in words where it has a number and names the path again. */
function reasonOf(cause: Error): string {
  // In a browser it says what the server answered.
  const isSystems = !cause.message.startsWith("Cannot ");
  if (cause instanceof Deno.errors.NotFound && isSystems) return "there is no such file or folder";
  if (cause instanceof Deno.errors.IsADirectory) return "it is a folder: name a file in it";
  return cause.message;
}

/**
 * An error of the system with what was attempted before its message. The class stays the same, so
 * that `instanceof Deno.errors.NotFound` still works.
 *
 * @param attempt such as `Cannot write /tmp/a`
 * @param cause what was thrown
 */
export function fileError(attempt: string, cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  const ErrorClass = cause.constructor as ErrorConstructor;
  return new ErrorClass(`${attempt}: ${reasonOf(cause)}`, { cause });
}

/**
 * Awaits the work on a file, and adds what was attempted to its errors.
 *
 * @param attempt such as `Cannot write /tmp/a`
 */
export async function attempting<T>(attempt: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw fileError(attempt, error);
  }
}
