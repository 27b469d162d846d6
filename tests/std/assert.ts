// `@std/assert` where JSR cannot be reached: the same names and signatures over node:assert.
// One line of deno.json ("jsr:@std/assert@1") puts the real package in its place.
import assertModule from "node:assert/strict";

/** Fails with this error. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

function fail(fallback: string, message?: string): never {
  throw new AssertionError(message === undefined ? fallback : `${fallback}: ${message}`);
}

/** Asserts that `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg || "Expected a truthy value");
}

/** Asserts deep equality. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  try {
    assertModule.deepStrictEqual(actual, expected);
  } catch (error) {
    fail((error as Error).message, msg);
  }
}

/** Asserts that two values are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  try {
    assertModule.notDeepStrictEqual(actual, expected);
  } catch (error) {
    fail((error as Error).message, msg);
  }
}

/** Asserts identity (`Object.is`). */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (!Object.is(actual, expected)) {
    fail(`Expected ${String(actual)} to be ${String(expected)}`, msg);
  }
}

/** Asserts that two numbers differ by no more than `tolerance` (default: 1e-7 of `expected`). */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ?? (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  if (!(Math.abs(expected - actual) <= allowed)) {
    fail(`Expected ${actual} to be within ${allowed} of ${expected}`, msg);
  }
}

/** Asserts that `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) fail(`Expected "${actual}" to contain "${expected}"`, msg);
}

/** Asserts that `actual` matches `expected`. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) fail(`Expected "${actual}" to match ${expected}`, msg);
}

/** Asserts that `actual` ≥ `expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual >= expected)) fail(`Expected ${actual} >= ${expected}`, msg);
}

/** Asserts that `actual` > `expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) fail(`Expected ${actual} > ${expected}`, msg);
}

/** Asserts that `actual` < `expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) fail(`Expected ${actual} < ${expected}`, msg);
}

/** Asserts that `actual` ≤ `expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) fail(`Expected ${actual} <= ${expected}`, msg);
}

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

function checkError<E extends Error>(
  error: unknown,
  errorClass: ErrorClass<E> | undefined,
  includes: string | undefined,
  msg: string | undefined,
): E {
  if (!(error instanceof Error)) fail("A non-Error object was thrown or rejected", msg);
  if (errorClass && !(error instanceof errorClass)) {
    fail(`Expected ${errorClass.name}, got ${error.name}: ${error.message}`, msg);
  }
  if (includes !== undefined && !error.message.includes(includes)) {
    fail(`Expected the message "${error.message}" to contain "${includes}"`, msg);
  }
  return error as E;
}

/** Asserts that `fn` throws, and returns what it throws. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass?: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E {
  try {
    fn();
  } catch (error) {
    return checkError(error, errorClass, msgIncludes, msg);
  }
  return fail("Expected function to throw", msg);
}

/** Asserts that the promise of `fn` rejects, and resolves to what it rejects with. */
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass?: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E> {
  try {
    await fn();
  } catch (error) {
    return checkError(error, errorClass, msgIncludes, msg);
  }
  return fail("Expected function to reject", msg);
}
