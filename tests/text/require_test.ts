// The checks of numbers and choices: what each takes, and the words of what it refuses.
import { assertEquals, assertThrows } from "@std/assert";
import {
  requireOneOf,
  requirePositive,
  requireRange,
  requireShare,
  requireWhole,
} from "../../lib/text/require.ts";

Deno.test("whole numbers from a least to a most are taken, and returned", () => {
  assertEquals([requireWhole("a", "b", 1), requireWhole("a", "b", 7, 7, 7)], [1, 7]);
  for (const value of [0, -1, 1.5, NaN, Infinity, undefined]) {
    const said = `Cannot make it: its size must be a whole number of at least 1, got ${value}`;
    assertThrows(() => requireWhole("make it", "its size", value), RangeError, said);
  }
  assertThrows(() => requireWhole("a", "b", "3"), RangeError, 'got "3"');
  assertThrows(() => requireWhole("a", "b", 8, 0, 7), RangeError, "from 0 to 7, got 8");
});

Deno.test("numbers above 0, and shares, are taken", () => {
  assertEquals(requirePositive("a", "b", 1e-9), 1e-9);
  for (const value of [0, -1, NaN, Infinity]) {
    assertThrows(() => requirePositive("a", "b", value), RangeError, `above 0, got ${value}`);
  }
  for (const value of [0, 0.5, 1 - 1e-9]) requireShare("a", "b", value);
  for (const value of [-0.1, 1, NaN, Infinity]) {
    assertThrows(() => requireShare("a", "b", value), RangeError, `including 1, got ${value}`);
  }
  requireRange("a", "b", true, 3);
  assertThrows(
    () => requireRange("do", "it must be", false, 3),
    RangeError,
    "Cannot do: it must be, got 3",
  );
});

Deno.test("choices are listed as they are written", () => {
  requireOneOf("a", "b", ["x", false], false);
  const refuse = (choices: unknown[], value: unknown, said: string): void => {
    assertThrows(() => requireOneOf("do", "its b", choices, value), RangeError, said);
  };
  refuse(["x", "y", false], "z", 'Cannot do: its b must be "x", "y" or false, got "z"');
  refuse([1, 2], NaN, "must be 1 or 2, got NaN");
  refuse(["x"], undefined, 'must be "x", got undefined');
  refuse(["1"], 1, 'must be "1", got 1');
});
