// A trained network's weights in the same network with other classes.
import { fillSlots, init, type Layer, type Network, slotEntries } from "../layers/layer.ts";
import { type Key, key as keyOf } from "../tensor/random.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { disposeTree, entries, type Path, type Tree } from "../tensor/tree.ts";
import { matchPaths } from "./paths.ts";
import { requireOptions } from "../text/require.ts";

/** Options of {@linkcode transferWeights}. */
export type TransferWeightsOptions = {
  /**
   * What is initialized anew even if it would fit, by patterns as for {@linkcode matchPaths}.
   * Default: the last layer with parameters, see {@linkcode headOf}; `[]` transfers all that fits.
   */
  readonly head?: string | readonly string[];
  /** The source of the new numbers. Default: `key(0)`. */
  readonly key?: Key;
};

/** What {@linkcode transferWeights} returns: the network, and where its tensors are from, by path. */
export type TransferredNetwork<P extends Tree = Tree, S extends Tree = Tree> = Network<P, S> & {
  /** Shape of one input, without the batch. */
  readonly inputShape: Shape;
  /** Parameters and state from the source. */
  readonly transferred: readonly Path[];
  /** New ones: the head, and what the source lacks or has in another shape. */
  readonly initialized: readonly Path[];
  /** Those of the source that are not used. */
  readonly unused: readonly Path[];
};

/**
 * The name of a model's head: the last layer of its chain that has parameters.
 *
 * @param model the model
 * @param inputShape shape of one input, without the batch
 * @returns the name, `"logits"`; `undefined` if the model is no chain or graph of named layers
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lenet5, squeezenet } from "@neocog/neocog";
 * import { headOf } from "./weights.ts";
 *
 * assertEquals(headOf(lenet5(), [28, 28, 1]), "logits");
 * assertEquals(headOf(squeezenet(), [224, 224, 3]), "conv10");
 * ```
 */
export function headOf<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  inputShape: Shape,
): string | undefined {
  if (model.op !== "sequential" && model.op !== "graph") return undefined;
  return model.declare(inputShape).children?.findLast(({ declaration }) =>
    slotEntries(declaration.params).length > 0 && declaration.arrangement !== "aside"
  )?.name;
}

/**
 * Begins a network from another's weights (§12.8): each parameter and statistic is copied if the
 * source has one of that path and shape; the head, and what does not fit, is initialized anew.
 *
 * @param model the network with the new classes
 * @param inputShape shape of one input, without the batch
 * @param network the trained network, which stays the caller's
 * @param options what the head is, and the key of the new numbers
 * @returns the network, whose tensors the caller owns, and the paths of what was transferred, initialized anew and not used
 * @throws {TypeError} if nothing fits: it is another network
 * @throws {RangeError} if the model has no such head
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { init, key, lenet5, start, transferWeights } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const digits = init(lenet5(), key(0), [28, 28, 1]);
 * const { transferred, initialized, unused } = transferWeights(lenet5({ numClasses: 3 }), [28, 28, 1], digits);
 * assertEquals(transferred.length, 8);
 * assertEquals(initialized, ["logits/kernel", "logits/bias"]);
 * assertEquals(unused, initialized);
 * ```
 */
export function transferWeights<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  inputShape: Shape,
  network: Network,
  options: TransferWeightsOptions = {},
): TransferredNetwork<P, S> {
  requireOptions("transfer weights", options, { head: true, key: true });
  const declaration = model.declare(inputShape);
  const slots = [...slotEntries(declaration.params), ...slotEntries(declaration.state)];
  const held = new Map([...entries(network.params), ...entries(network.state)]);
  const head = new Set(headPaths(model, inputShape, slots.map(([path]) => path), options.head));
  const fits = ([path, { shape }]: typeof slots[number]): boolean =>
    !head.has(path) && `${held.get(path)?.shape}` === `${shape}`;
  const transferred = slots.filter(fits).map(([path]) => path);
  if (transferred.length === 0) throw fitsNone(slots.map(([path]) => path), [...held.keys()]);
  const kept = new Set(transferred);
  const fresh = init(model, options.key ?? keyOf(0), inputShape);
  const drawn = new Map([...entries(fresh.params), ...entries(fresh.state)]);
  const pick = (path: Path): Tensor => (kept.has(path) ? held : drawn).get(path)!.clone();
  const params = fillSlots<P>(declaration.params, (_, path) => pick(path));
  const state = fillSlots<S>(declaration.state, (_, path) => pick(path));
  disposeTree(fresh.params);
  disposeTree(fresh.state);
  return {
    model,
    inputShape,
    params,
    state,
    transferred,
    initialized: slots.map(([path]) => path).filter((path) => !kept.has(path)),
    unused: [...held.keys()].filter((path) => !kept.has(path)),
  };
}

/** The paths of what is initialized anew in any case. */
function headPaths<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  inputShape: Shape,
  paths: readonly Path[],
  head: string | readonly string[] | undefined,
): Path[] {
  const patterns = head ?? headOf(model, inputShape) ?? [];
  return matchPaths(typeof patterns === "string" ? [patterns] : patterns, paths);
}

function fitsNone(expected: readonly Path[], found: readonly Path[]): TypeError {
  const some = (paths: readonly Path[]): string =>
    paths.length === 0 ? "none" : `${paths.length} such as ${paths.slice(0, 3).join(", ")}`;
  return new TypeError(
    `Cannot transfer weights: at least one must be of a path and shape that the model has below its head (${
      some(expected)
    }), got ${some(found)}`,
  );
}
