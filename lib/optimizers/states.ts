// Finds the part of an optimizer's state that is one transformation's, wherever in chains it is.
import type { Path, Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";

type States = { readonly [name: string]: Tree };

function isRecord(tree: Tree): tree is States {
  return tree !== null && !(tree instanceof tf.Tensor);
}

/** The names in the state of `ema`. */
export const AVERAGE_NAMES: readonly string[] = ["count", "movingAverage"];

/**
 * Refuses a moving average where what it saw would not be the parameters.
 *
 * @param state the state of what comes before others
 * @param what cannot be done, for the error
 * @throws {RangeError} where there is one in it
 */
export function requireNoAverage(state: Tree, what: string): void {
  const [path] = pathsOf(state, AVERAGE_NAMES, "");
  if (path === undefined) return;
  throw new RangeError(
    `Cannot ${what}: a moving average must come after all that moves parameters, got one before${
      path && `, at "${path}"`
    }. Write chain(…, ema())`,
  );
}

/** The paths of all records with just these names, outermost ones. */
function pathsOf(state: Tree, names: readonly string[], path: Path): Path[] {
  if (!isRecord(state)) return [];
  const keys = Object.keys(state);
  if (keys.length === names.length && names.every((name) => keys.includes(name))) return [path];
  return keys.flatMap((key) => pathsOf(state[key]!, names, path === "" ? key : `${path}/${key}`));
}

/** The place of the one record with just these names. */
function placeOf(state: Tree, names: readonly string[], what: string): string[] {
  const paths = pathsOf(state, names, "");
  if (paths.length === 1) return paths[0]!.split("/").filter((name) => name !== "");
  throw new RangeError(
    `Cannot find ${what}: the optimizer's state must hold one ${names.at(-1)}, got ${
      paths.length === 0 ? "none" : `${paths.length} (${paths.join(", ")})`
    }`,
  );
}

/**
 * The state of one transformation.
 *
 * @param state the state of the optimizer that it is part of
 * @param names the names in its state
 * @param what is looked for, for the error
 * @throws {RangeError} where there is none, or several
 */
export function findState(state: Tree, names: readonly string[], what: string): Tree {
  return placeOf(state, names, what).reduce<Tree>((tree, name) => (tree as States)[name]!, state);
}

/**
 * The optimizer's state with another one in the place of one transformation's.
 *
 * @param state the state of the optimizer that it is part of
 * @param names the names in its state
 * @param what is looked for, for the error
 * @param change makes the other one
 * @throws {RangeError} where there is none, or several
 */
export function changeState(
  state: Tree,
  names: readonly string[],
  what: string,
  change: (own: States) => Tree,
): Tree {
  const changeAt = (tree: States, [name, ...rest]: readonly string[]): Tree =>
    name === undefined ? change(tree) : { ...tree, [name]: changeAt(tree[name] as States, rest) };
  return changeAt(state as States, placeOf(state, names, what));
}
