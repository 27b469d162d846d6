// Parses augmentations as the command line has them.
import { requireRange } from "../text/require.ts";
import { unknownName } from "../text/nearest.ts";
import type { Augmentation } from "./augmentation.ts";
import { compose } from "./compose.ts";
import { augmentations } from "./registry.ts";

/**
 * Parses augmentations: names of {@linkcode augmentations} with commas between them, each perhaps
 * with a colon and its number, such as `crop:4,flip,rotate:10`.
 *
 * @param text the names
 * @returns their composition
 * @throws {RangeError} if a name is missing or unknown, or a number is wrong, out of its range, or
 * not expected
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseAugmentations } from "@neocog/neocog/augment";
 *
 * assertEquals(parseAugmentations("crop:4, flip, cutmix").name, "crop 4, flip 0.5, cutmix 1");
 * ```
 */
export function parseAugmentations(text: string): Augmentation {
  return compose(...text.split(",").map((part) => parsePart(part.trim())));
}

const WHAT = "read augmentations";

function parsePart(text: string): Augmentation {
  const [name, ...numbers] = text.split(":").map((word) => word.trim()) as [string, ...string[]];
  const known = Object.keys(augmentations);
  requireRange(
    WHAT,
    "there must be a name before each comma and at the end",
    name !== "",
    `"${text}"`,
  );
  const entry = Object.hasOwn(augmentations, name) ? augmentations[name]! : undefined;
  if (!entry) throw new RangeError(`Cannot ${WHAT}: ${unknownName("augmentation", name, known)}`);
  if (!entry.number) {
    requireRange(WHAT, `"${name}" takes no number`, numbers.length === 0, `"${text}"`);
    return entry.build(0);
  }
  const { means, default: standard } = entry.number;
  const rule = `"${name}" takes a colon and one number at most (${means}), as ${name}:${standard}`;
  const isNumber = numbers.every((number) => number !== "" && Number.isFinite(Number(number)));
  requireRange(WHAT, rule, numbers.length <= 1 && isNumber, `"${text}"`);
  return entry.build(numbers.length === 0 ? standard : Number(numbers[0]));
}
