// Finds the nearest known name of a misspelt one.
// A remote module does not see our deno.json, so the package is named and pinned here.
// deno-lint-ignore no-import-prefix
import { distance } from "npm:fastest-levenshtein@1.0.16";

/** The edits that turn one name into another, ignoring case; few if one begins the other. */
function edits(name: string, known: string): number {
  const [a, b] = [name.toLowerCase(), known.toLowerCase()];
  // "chapter" means "chapter-mnist", however many letters are missing.
  const begins = a.length >= 3 && b.startsWith(a);
  // "dream" means "deep-dream".
  const isWord = a.length >= 3 && b.split("-").includes(a);
  return begins || isWord ? Math.min(1, b.length - a.length) : distance(a, b);
}

/**
 * Finds the known name that is nearest to a misspelt one by Levenshtein distance, with at most two
 * edits in five letters. Case is ignored, and the beginning of a known name is near it.
 *
 * @param name the given name
 * @param known the known names
 * @returns the nearest of `known` (the first of equals), or `undefined` if none is near
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nearest } from "./nearest.ts";
 *
 * assertEquals(nearest("lenet", ["alexnet", "lenet5"]), "lenet5");
 * assertEquals(nearest("perceptron", ["alexnet", "lenet5"]), undefined);
 * ```
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let fewest = Infinity;
  for (const candidate of known) {
    const count = edits(name, candidate);
    const allowed = Math.max(1, Math.floor(0.4 * Math.max(name.length, candidate.length)));
    if (count <= allowed && count < fewest) [best, fewest] = [candidate, count];
  }
  return best;
}

/** The most names that a sentence lists beside the nearest of them. */
const LISTED = 12;

/**
 * The sentence that refuses an unknown name: the given name, the nearest known name if there is one,
 * and all known names, unless they are many and one is near.
 *
 * @param kind what is named, such as "model"
 * @param name the given name
 * @param known the known names
 * @param near the one that is meant. Default: the nearest
 * @returns the sentence, without a full stop
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { unknownName } from "./nearest.ts";
 *
 * assertEquals(
 *   unknownName("model", "lenet", ["lenet5", "alexnet"]),
 *   'unknown model "lenet": did you mean "lenet5"? known: lenet5, alexnet',
 * );
 * ```
 */
export function unknownName(
  kind: string,
  name: string,
  known: readonly string[],
  near: string | undefined = nearest(name, known),
): string {
  const hint = near === undefined ? "" : ` did you mean "${near}"?`;
  const list = near !== undefined && known.length > LISTED ? "" : ` known: ${known.join(", ")}`;
  return `unknown ${kind} ${JSON.stringify(name)}:${hint}${list}`;
}
