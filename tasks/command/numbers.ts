// Numbers with commas between, as flags take several.
import { UsageError } from "../command.ts";

/**
 * The numbers that a flag lists.
 *
 * @param flag its name, for messages
 * @param value what was given, such as `3,17`
 * @param count how many there are to choose from
 * @throws {UsageError} where one is no whole number from 0 to `count` − 1
 */
export function numbersIn(flag: string, value: string, count: number): number[] {
  return value.split(",").map((part) => {
    const word = part.trim();
    if (/^\d+$/.test(word) && Number(word) < count) return Number(word);
    throw new UsageError(
      `${flag} must be whole numbers from 0 to ${count - 1}, with commas between: got ${value}`,
    );
  });
}
