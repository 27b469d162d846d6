// The contract of every layer, block and model, and how a network is made of one.
import type { Activation } from "../tensor/activation.ts";
import { fold, type Key } from "../tensor/random.ts";
import { type Shape, type ShapesOf, sizeOf, type Tensor } from "../tensor/tensor.ts";
import type { BatchPart } from "../tensor/batch_part.ts";
import type { StatisticsChannel } from "../tensor/batch_norm.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import type { Cost } from "./cost.ts";
import type { Initializer } from "./initializers.ts";
import type { JoinCall, OperationCall, Value } from "./operation.ts";
import { describeValue } from "../text/value.ts";

/** What the call of a layer depends on besides parameters, state and input. */
export type Context = {
  /** Whether to behave as in training: drop units, normalize by the batch. Default: `false`. */
  readonly training?: boolean;
  /** The source of randomness; needed in training by layers that drop units. */
  readonly key?: Key;
  /** The layer's path in the model; absent or `""` at the root. */
  readonly path?: Path;
  /** Called around every named layer. */
  readonly intercept?: Intercept;
  /** Where in a batch these examples are, if other ranks have the rest. Default: they are all. */
  readonly part?: BatchPart;
  /** Through which batch normalization takes the statistics of all ranks. Default: of this one. */
  readonly statistics?: StatisticsChannel;
  /** Which parameters of the model are not trained, by path, `norm1/scale`. Default: none. */
  readonly frozen?: (path: Path) => boolean;
};

/**
 * Wraps the call of every named layer of a model: it may read or change the layer's input and
 * output, or not call the layer at all. Taps, backward rules and ablation are written as
 * intercepts; no layer knows of them.
 *
 * @param site the layer's path and operation
 * @param x its input
 * @param next calls the layer
 * @returns what the model takes for the layer's output
 */
export type Intercept = (site: Site, x: Tensor, next: (x: Tensor) => Tensor) => Tensor;

/** A named layer's place in a model. */
export type Site = {
  /** Names joined by slashes, `mixed3a/branch1/conv`. */
  readonly path: Path;
  /** What kind of layer it is, `"conv"`. */
  readonly op: string;
  /** Whether it is a rectifier besides ReLU, as {@linkcode Layer.rectifies} says. */
  readonly rectifies?: boolean;
};

/** A parameter or state that is declared but not yet made. */
export type Slot = { readonly shape: Shape; readonly initializer: Initializer };

/** A tree of the form of `T` with slots instead of tensors. */
export type Slots<T> = T extends Tensor ? Slot : { readonly [Name in keyof T]: Slots<T[Name]> };

/** A named layer within another, with its input shape and declaration. */
export type Child = {
  readonly name: string;
  readonly layer: Layer;
  /** Shape of its input, without the batch. */
  readonly inputShape: Shape;
  readonly declaration: Declaration;
  /** In a graph: the names of the layers and inputs that it takes; several are joined. */
  readonly from?: readonly string[];
  /** How several are joined, and the operations of that for one example, if they are known. */
  readonly join?: Joined & { readonly flops?: number };
  /** In a graph: the child that is the same layer, and has the parameters of both. */
  readonly shares?: string;
};

/** How several outputs become one: its name, and what it consists of in other formats, if it is known. */
export type Joined = {
  readonly name: string;
  operations?(call: JoinCall): Value;
};

/**
 * How a layer's children are connected. `"chain"`: each takes the output of the one before it.
 * `"branches"`: all take the layer's input, and their outputs are joined. `"aside"`: they take the
 * layer's input in training alone, and the layer's output is its input. `"graph"`: each says what it
 * takes, {@linkcode Child.from}.
 */
export type Arrangement = "chain" | "branches" | "aside" | "graph";

/** What a layer is for inputs of some shape. Nothing is allocated for it. */
export type Declaration<P extends Tree = Tree, S extends Tree = Tree, Y extends Tree = Tensor> = {
  /** Shape of the output, without the batch; of several outputs a record of them. */
  readonly shape: ShapesOf<Y>;
  /** What is learned. */
  readonly params: Slots<P>;
  /** What is kept from call to call without being learned. */
  readonly state: Slots<S>;
  /** The layers it is made of, in the order they run. */
  readonly children?: readonly Child[];
  /** How its children are connected. Default: `"chain"`. */
  readonly arrangement?: Arrangement;
  /** How its branches are joined. */
  readonly join?: Joined;
  /** In a graph: the names of the children whose outputs are its outputs. */
  readonly ends?: readonly string[];
  /** Whether it is computed again in the backward pass, and keeps its input and output alone. */
  readonly recomputed?: boolean;
  /** Whether its output for the same input changes from step to step of training, as dropout's does. */
  readonly random?: boolean;
  /** What a call costs besides its children. If absent, it is unknown, unless there are children. */
  readonly cost?: Cost;
};

/**
 * A layer: a pair of pure functions. `declare` says what the layer is for an
 * input shape, so that sizes, summaries and costs are known before anything is
 * allocated; `apply` computes. Blocks and models are layers made of layers.
 *
 * A model checks each of its layers, your own too: before `apply`, that `declare` accepts the input
 * and that parameters and state are of the declared shapes; after it, that the output is.
 *
 * `X` and `Y` are input and output: tensors, unless a model has several inputs or outputs. Then they
 * are records of tensors, and their shapes records of shapes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { init, key, ones, sequential, start, tf, type Layer, type Tensor } from "@neocog/neocog";
 *
 * // Multiplies each channel by a learned number.
 * const channelScale: Layer<{ readonly scale: Tensor }> = {
 *   op: "channelScale",
 *   declare: (shape) => ({
 *     shape,
 *     params: { scale: { shape: shape.slice(-1), initializer: ones } },
 *     state: {},
 *   }),
 *   apply: (params, state, x) => [tf.mul(x, params.scale), state],
 * };
 *
 * await start({ backend: "cpu" });
 * const { model, params, state } = init(sequential({ scale: channelScale }), key(0), [2]);
 * const [y] = model.apply(params, state, tf.tensor2d([[3, 4]]), {});
 * assertEquals(await y.array(), [[3, 4]]);
 * ```
 */
export type Layer<
  P extends Tree = Tree,
  S extends Tree = Tree,
  X extends Tree = Tensor,
  Y extends Tree = Tensor,
> = {
  /** What kind of layer it is, `"conv"`. */
  readonly op: string;
  /**
   * @param shape shape of one input, without the batch: `[H, W, C]` or `[features]`
   * @throws {TypeError | RangeError} if the layer cannot take such inputs
   */
  declare(shape: ShapesOf<X>): Declaration<P, S, Y>;
  /**
   * @param params of the form that `declare` returned
   * @param state of the form that `declare` returned
   * @param x a batch of inputs, `[N, …shape]`
   * @param context training or not, key, path, intercept
   * @returns the outputs `[N, …shape]` and the next state
   */
  apply(params: P, state: S, x: X, context: Context): [y: Y, state: S];
  /**
   * Optional: whether the layer is an activation that the backward rules of guided
   * backpropagation and DeconvNet treat as they do ReLUs. Default: `false`; ReLU is by its `op`.
   */
  readonly rectifies?: boolean;
  /** Optional: how the layer computes in one pass with its neighbors in a {@linkcode sequential}. */
  readonly fusion?: Fusion;
  /** Optional: what it consists of in other formats; a layer without it can not be written to them. */
  readonly operations?: Operations;
};

/**
 * How a layer computes in one pass with a neighbor: the same numbers, with less work for the
 * device. It is about one `apply`, so that nothing is fused in a layer that is made of another with
 * its own: `{ ...conv(options), apply }`.
 */
export type Fusion = {
  /** The `apply` that this is about; of a layer with another `apply` it does not count. */
  readonly of: AnyLayer["apply"];
  /** The activation that the layer is, if it is that and nothing else. */
  readonly activation?: Activation;
  /** Makes the `apply` with an activation after it. */
  readonly withActivation?: (activation: Activation) => AnyLayer["apply"];
  /** The `apply` with a ReLU before it. */
  readonly afterRelu?: AnyLayer["apply"];
};

/**
 * What a layer consists of in other formats. It is about one `apply`, as {@linkcode Fusion} is: a
 * layer with another does not have it.
 */
export type Operations = {
  /** The `apply` that this is about. */
  readonly of: AnyLayer["apply"];
  /** Adds its operations and returns the last one's output; or it is nothing but its children. */
  readonly write: "children" | ((call: OperationCall) => Value);
};

/** A model of any inputs and outputs. */
// deno-lint-ignore no-explicit-any
export type AnyModel = Layer<any, any, any, any>;

/** A record without tensors: the parameters of a layer that learns nothing. */
export type Empty = Record<string, never>;

/** A layer of any parameters and state. */
// deno-lint-ignore no-explicit-any
export type AnyLayer = Layer<any, any>;

/** Layers by name, in the order they run. */
export type NamedLayers = { readonly [name: string]: AnyLayer };

/** The parameters of layers by name. */
export type ParamsOf<L extends NamedLayers> = {
  readonly [Name in keyof L]: L[Name] extends Layer<infer P, infer _> ? P : never;
};

/** The states of layers by name. */
export type StateOf<L extends NamedLayers> = {
  readonly [Name in keyof L]: L[Name] extends Layer<infer _, infer S> ? S : never;
};

/**
 * A model with its parameters and state: what {@linkcode init}, weights, checkpoints and training
 * return, and what everything that uses a trained network takes first.
 */
export type Network<
  P extends Tree = Tree,
  S extends Tree = Tree,
  X extends Tree = Tensor,
  Y extends Tree = Tensor,
> = {
  readonly model: Layer<P, S, X, Y>;
  readonly params: P;
  readonly state: S;
};

/** What {@linkcode init} returns. */
export type Initialized<
  P extends Tree,
  S extends Tree,
  X extends Tree = Tensor,
  Y extends Tree = Tensor,
> = Network<P, S, X, Y> & {
  /** Shape of one input, without the batch. */
  readonly inputShape: ShapesOf<X>;
  /** Shape of the model's output, without the batch. */
  readonly outputShape: ShapesOf<Y>;
};

/**
 * Makes a model's parameters and state. Each tensor's numbers come from the key
 * and its own path, so they do not change when other layers are added.
 *
 * @param model the model
 * @param key the source of randomness
 * @param shape shape of one input, without the batch, `[28, 28, 1]`; of several a record of them
 * @returns the network, with the shapes of its input and output; the caller owns the tensors
 * @throws {TypeError | RangeError} if the model cannot take such inputs
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dense, init, key, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const { params, outputShape } = init(dense({ features: 10 }), key(0), [784]);
 * assertEquals(params.kernel.shape, [784, 10]);
 * assertEquals(outputShape, [10]);
 * ```
 */
export function init<
  P extends Tree,
  S extends Tree,
  X extends Tree = Tensor,
  Y extends Tree = Tensor,
>(
  model: Layer<P, S, X, Y>,
  key: Key,
  shape: ShapesOf<X>,
): Initialized<P, S, X, Y> {
  if (typeof shape !== "object" || shape === null) {
    throw new TypeError(
      `Cannot make a network: the shape of one input must be given after the key, init(model, key(0), [28, 28, 1]), got ${
        describeValue(shape)
      }`,
    );
  }
  const declared = model.declare(shape);
  return {
    model,
    inputShape: shape,
    outputShape: declared.shape,
    params: fillSlots<P>(declared.params, draw(fold(key, "params"))),
    state: fillSlots<S>(declared.state, draw(fold(key, "state"))),
  };
}

/** Makes a slot's tensor by its initializer, from the key and the slot's place. */
function draw(key: Key): (slot: Slot, path: Path) => Tensor {
  return ({ initializer, shape }, path) =>
    tf.tensor(initializer(fold(key, path), shape), [...shape], "float32");
}

/** A declared tree before its slots are filled. */
export type SlotTree = Slot | { readonly [name: string]: SlotTree };

/** Whether a part of a declared tree is a slot. */
export function isSlot(tree: SlotTree): tree is Slot {
  return typeof tree.initializer === "function";
}

/** A tree of the form of a declared one. */
export function fillSlots<T extends Tree>(
  slots: Slots<T>,
  make: (slot: Slot, path: Path) => Tensor,
): T {
  return fillAt(slots as SlotTree, "", make) as T;
}

function fillAt(tree: SlotTree, path: Path, make: (slot: Slot, path: Path) => Tensor): Tree {
  if (isSlot(tree)) return make(tree, path);
  return Object.fromEntries(
    Object.entries(tree).map(([name, child]) => [
      name,
      fillAt(child, path === "" ? name : `${path}/${name}`, make),
    ]),
  );
}

/** The slots of a declared tree with their places. */
export function slotEntries(slots: Slots<Tree>): [Path, Slot][] {
  return slotsAt(slots as SlotTree, "");
}

function slotsAt(tree: SlotTree, path: Path): [Path, Slot][] {
  if (isSlot(tree)) return [[path, tree]];
  return Object.entries(tree).flatMap(([name, child]) =>
    slotsAt(child, path === "" ? name : `${path}/${name}`)
  );
}

/**
 * The declaration of a layer without parameters, state or children.
 *
 * @param shape the output's shape
 * @param cost what a call costs, if it is known
 */
export function stateless(shape: Shape, cost?: Cost): Declaration<Empty, Empty> {
  return { shape, params: {}, state: {}, ...(cost ? { cost } : {}) };
}

/**
 * The number of parameters in a tree: of tensors, or of what `declare` says they will be.
 *
 * @param tree parameters, `network.params`, or declared ones, `model.declare(shape).params`
 * @returns the count
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { conv, countParameters } from "@neocog/neocog";
 *
 * // §12.1: 20 filters of 5 × 5 × 3 and their biases.
 * assertEquals(countParameters(conv({ features: 20, size: 5 }).declare([32, 32, 3]).params), 1520);
 * ```
 */
export function countParameters(tree: Tree | Slots<Tree>): number {
  if (tree === null) return 0;
  if (tree instanceof tf.Tensor) return tree.size;
  if (isSlot(tree as SlotTree)) return sizeOf((tree as Slot).shape);
  return Object.values(tree as { readonly [name: string]: Tree })
    .reduce((sum, child) => sum + countParameters(child), 0);
}
