// A trained network's weights in the same network with other classes: taken over where they fit.
import { fillSlots, init, type Layer, type Network, slotEntries } from "../layers/layer.ts";
import { type Key, key as keyOf } from "../tensor/random.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { disposeTree, entries, type Path, type Tree } from "../tensor/tree.ts";
import { matchPaths } from "./paths.ts";

/** Options of {@linkcode transferWeights}. */
export type TransferWeightsOptions = {
  /**
   * What is made anew even where it would fit, by patterns as for {@linkcode matchPaths}. Default:
   * the model's last layer with parameters, see {@linkcode headOf}; `[]` takes over all that fits.
   */
  readonly head?: string | readonly string[];
  /** What the new numbers are drawn from. Default: `key(0)`. */
  readonly key?: Key;
};

/** What {@linkcode transferWeights} returns: the network, and where its tensors are from, by path. */
export type TransferredNetwork<P extends Tree = Tree, S extends Tree = Tree> = Network<P, S> & {
  /** Shape of one input, without the batch. */
  readonly inputShape: Shape;
  /** Parameters and state that were taken over. */
  readonly taken: readonly Path[];
  /** Those that were made anew: the head, and what the source lacks or has in another shape. */
  readonly made: readonly Path[];
  /** Those of the source that were left. */
  readonly left: readonly Path[];
};

/**
 * The name of a model's head: the last layer of its chain that has parameters.
 *
 * @param model the model
 * @param inputShape shape of one input, without the batch
 * @returns the name, `"logits"`; `undefined` where the model is no chain of named layers
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { headOf, lenet5, squeezenet } from "@neocog/neocog";
 *
 * assertEquals(headOf(lenet5(), [28, 28, 1]), "logits");
 * assertEquals(headOf(squeezenet(), [224, 224, 3]), "conv10");
 * ```
 */
export function headOf<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  inputShape: Shape,
): string | undefined {
  if (model.op !== "sequential") return undefined;
  return model.declare(inputShape).children?.findLast(({ declaration }) =>
    slotEntries(declaration.params).length > 0 && declaration.arrangement !== "aside"
  )?.name;
}

/**
 * Begins a network from another's weights (§12.8): each parameter and statistic is taken over where
 * the source has one of that path and shape; the head, and what does not fit, is drawn anew.
 *
 * @param model the network with the new classes
 * @param inputShape shape of one input, without the batch
 * @param network the trained network, which stays the caller's
 * @param options what the head is, and the key of the new numbers
 * @returns the network, whose tensors the caller owns, and the paths of what was taken over, made anew and left
 * @throws {TypeError} where nothing fits, so that this is another network
 * @throws {RangeError} where the head's name is none of the model's
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { init, key, lenet5, start, transferWeights } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const digits = init(lenet5(), key(0), [28, 28, 1]);
 * const { taken, made, left } = transferWeights(lenet5({ numClasses: 3 }), [28, 28, 1], digits);
 * assertEquals(taken.length, 8);
 * assertEquals(made, ["logits/kernel", "logits/bias"]);
 * assertEquals(left, made);
 * ```
 */
export function transferWeights<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  inputShape: Shape,
  network: Network,
  options: TransferWeightsOptions = {},
): TransferredNetwork<P, S> {
  const declaration = model.declare(inputShape);
  const slots = [...slotEntries(declaration.params), ...slotEntries(declaration.state)];
  const held = new Map([...entries(network.params), ...entries(network.state)]);
  const head = new Set(headPaths(model, inputShape, slots.map(([path]) => path), options.head));
  const fits = ([path, { shape }]: typeof slots[number]): boolean =>
    !head.has(path) && `${held.get(path)?.shape}` === `${shape}`;
  const taken = slots.filter(fits).map(([path]) => path);
  if (taken.length === 0) throw fitsNone(slots.map(([path]) => path), [...held.keys()]);
  const kept = new Set(taken);
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
    taken,
    made: slots.map(([path]) => path).filter((path) => !kept.has(path)),
    left: [...held.keys()].filter((path) => !kept.has(path)),
  };
}

/** The paths of what is made anew in any case. */
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
