// Patterns of parameters' paths, and what is frozen by them.
import { pathMatcher } from "../tensor/path_pattern.ts";
import { entries, type Path, type Tree } from "../tensor/tree.ts";
import { nearest } from "../text/nearest.ts";

/**
 * The paths that patterns match. In a pattern `*` matches any letters of one name, `?` one letter,
 * `[2-8]` for one of those, and `**` for any number of names. What is below a match is matched too:
 * `conv1` is all of conv1, `fire[2-4]` all of three modules, `**` followed by `/bias` each bias.
 *
 * @param patterns the patterns, names with slashes between
 * @param paths the paths there are, as `conv1/kernel`
 * @returns those that at least one pattern matches, in their order
 * @throws {RangeError} if a pattern is malformed or matches none: with the nearest name and those that exist
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { matchPaths } from "./paths.ts";
 *
 * const paths = ["conv1/kernel", "conv1/bias", "fire2/squeeze/kernel", "conv10/kernel"];
 * assertEquals(matchPaths(["conv1", "fire*"], paths), paths.slice(0, 3));
 * assertThrows(() => matchPaths(["fier2/**"], paths), RangeError, 'did you mean "fire2"?');
 * ```
 */
export function matchPaths(patterns: readonly string[], paths: readonly Path[]): Path[] {
  const matched = new Set<Path>();
  for (const pattern of patterns) {
    const found = paths.filter(pathMatcher(pattern));
    if (found.length === 0) throw matchesNone(pattern, paths);
    for (const path of found) matched.add(path);
  }
  return paths.filter((path) => matched.has(path));
}

/** How many names a message lists. */
const LISTED = 40;

function matchesNone(pattern: string, paths: readonly Path[]): RangeError {
  const nodes = new Set(paths.flatMap((path) => {
    const names = path.split("/");
    return names.map((_, i) => names.slice(0, i + 1).join("/"));
  }));
  const near = nearest(pattern.replace(/(\/\*+)+$/, ""), nodes);
  const hint = near === undefined ? "" : `, did you mean "${near}"?`;
  const heads = [...new Set(paths.map((path) => path.split("/")[0]!))];
  const more = heads.length > LISTED ? `, ... and ${heads.length - LISTED} more` : "";
  return new RangeError(
    `Cannot match paths: each pattern must match one, got "${pattern}"${hint} There are ${
      heads.slice(0, LISTED).join(", ")
    }${more}, with paths such as ${paths[0] ?? "none"}`,
  );
}

/**
 * Freezes parameters (§12.8): the `trainable` of {@linkcode fit} under which those that patterns
 * match stay as they are.
 *
 * @param patterns what is frozen, see {@linkcode matchPaths}; nothing if there are none
 * @param params the model's parameters, or their paths
 * @returns whether the parameter at a path is still trained
 * @throws {RangeError} if a pattern matches nothing, or nothing is left to train
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { entries, freeze, init, key, lenet5, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const { params } = init(lenet5(), key(0), [28, 28, 1]);
 * const trainable = freeze(["conv*", "dense1"], params);
 * const trained = entries(params).map(([path]) => path).filter(trainable);
 * assertEquals(trained, ["dense2/kernel", "dense2/bias", "logits/kernel", "logits/bias"]);
 * ```
 */
export function freeze(
  patterns: readonly string[],
  params: Tree | readonly Path[],
): (path: Path) => boolean {
  const paths = Array.isArray(params)
    ? params as readonly Path[]
    : entries(params as Tree).map(([path]) => path);
  const frozen = new Set(matchPaths(patterns, paths));
  if (frozen.size === paths.length) {
    throw new RangeError(
      `Cannot freeze parameters: some must be left to train, got all ${paths.length}, by ${
        patterns.map((pattern) => `"${pattern}"`).join(", ")
      }`,
    );
  }
  return (path) => !frozen.has(path);
}
