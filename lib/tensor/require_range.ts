// Numbers that break a rule are refused by name.

/**
 * Refuses a number that breaks a rule.
 *
 * @param what cannot be done otherwise
 * @param rule the rule
 * @param holds whether it is kept
 * @param value the number
 * @throws {RangeError} where it is not kept
 */
export function requireRange(what: string, rule: string, holds: boolean, value: unknown): void {
  if (holds) return;
  throw new RangeError(`Cannot ${what}: ${rule}, got ${value}`);
}
