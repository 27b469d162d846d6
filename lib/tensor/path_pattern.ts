// Patterns of paths, `conv?/kernel`.
import type { Path } from "./tree.ts";

/**
 * Whether paths are what a pattern says: `*` stands for any letters of one name, `?` for one,
 * `[2-8]` for one of those, `**` for any number of names. What is below a match is matched too.
 *
 * @throws {RangeError} if a name is empty or brackets hold no letters
 */
export function pathMatcher(pattern: string): (path: Path) => boolean {
  const names = pattern.split("/");
  try {
    if (names.includes("")) throw new SyntaxError("a name is empty");
    const text = names.map((name) => name === "**" ? "(?:[^/]+/)*" : `${nameText(name)}/`).join("");
    const expression = new RegExp(`^${text}`);
    return (path) => expression.test(`${path}/`);
  } catch (cause) {
    throw new RangeError(
      `Cannot match paths: a pattern must be names with slashes between, in which *, ? and [2-8] may stand, got "${pattern}"`,
      { cause },
    );
  }
}

/** One name as a regular expression; classes are those of regular expressions, without slashes. */
function nameText(name: string): string {
  return name.replace(
    /\[[^\]/]*\]|[\\^$.|?*+(){}[\]]/g,
    (found) =>
      found === "*" ? "[^/]*" : found === "?" ? "[^/]" : found.length > 1 ? found : `\\${found}`,
  );
}
