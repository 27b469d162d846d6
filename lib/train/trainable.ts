// Which parameters are trained, and which are frozen.
import {
  entries,
  merge,
  type PartialTree,
  partition,
  type Path,
  type Tree,
} from "../tensor/tree.ts";

/** Whether the parameter at a path, `conv1/kernel`, is trained; the others are frozen. */
export type Trainable = (path: Path) => boolean;

/** Parameters in two trees of their form. */
export type SplitParams = {
  /** Those that are trained. */
  readonly trained: Tree;
  /** Those that are not. */
  readonly frozen: Tree;
};

/**
 * Splits parameters into those that are trained and those that are not.
 *
 * @param trainable which are trained; all if `undefined`
 * @throws {RangeError} if there are parameters and none is trained
 */
export function splitParams(params: Tree, trainable: Trainable | undefined): SplitParams {
  const [trained, frozen] = partition(params, trainable ?? (() => true)) as unknown as Tree[];
  if (entries(trained!).length === 0 && entries(params).length > 0) {
    throw new RangeError(
      `Cannot train: at least one parameter must be trainable, got none of ${
        listed(entries(params).map(([path]) => path))
      }`,
    );
  }
  return { trained: trained!, frozen: frozen! };
}

/** The parameters that {@linkcode splitParams} split. */
export function joinParams<P extends Tree>({ trained, frozen }: SplitParams): P {
  return merge<P>(trained as PartialTree<P>, frozen as PartialTree<P>);
}

/**
 * The paths of the parameters that are trained.
 *
 * @returns their paths; `undefined` if all are trained
 */
export function trainablePaths(
  params: Tree,
  trainable: Trainable | undefined,
): readonly Path[] | undefined {
  const all = entries(params).map(([path]) => path);
  const chosen = trainable ? all.filter(trainable) : all;
  return chosen.length === all.length ? undefined : chosen;
}

/**
 * Refuses to resume a run that trained other parameters: its optimizer lacks statistics of them, or
 * has more.
 *
 * @param held the paths that it trained; all if `undefined`
 * @throws {RangeError} which lists the differences
 */
export function requireSameTrainable(
  params: Tree,
  held: readonly Path[] | undefined,
  trainable: Trainable | undefined,
): void {
  const all = entries(params).map(([path]) => path);
  const [before, now] = [new Set(held ?? all), new Set(trainable ? all.filter(trainable) : all)];
  const only = (one: ReadonlySet<Path>, other: ReadonlySet<Path>): string =>
    listed([...one].filter((path) => !other.has(path)));
  const [lost, gained] = [only(before, now), only(now, before)];
  if (lost === "" && gained === "") return;
  const faults = [lost && `${lost} no longer trainable`, gained && `${gained} newly trainable`];
  throw new RangeError(
    `Cannot resume a run: the same parameters must be trainable as before, got ${
      faults.filter((fault) => fault !== "").join("; ")
    }`,
  );
}

/** How many paths a message lists. */
const LISTED = 10;

function listed(paths: readonly Path[]): string {
  const more = paths.length > LISTED ? `, … and ${paths.length - LISTED} more` : "";
  return paths.slice(0, LISTED).join(", ") + more;
}
