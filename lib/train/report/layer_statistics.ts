// How weights, gradients and activations of a network's layers are distributed, and which units are dead.
import { valueAndGrad } from "../../tensor/grad.ts";
import type { Scalar, Tensor } from "../../tensor/tensor.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import { disposeTree, entries, type Path, type Tree } from "../../tensor/tree.ts";
import { tf } from "../../tensor/tf.ts";
import type { Examples } from "../../data/examples.ts";
import type { ImageSource } from "../../data/image_source.ts";
import type { Normalization } from "../../data/normalization.ts";
import type { Layer, Network } from "../../layers/layer.ts";
import { type LayerInfo, layersOf } from "../../layers/layers_of.ts";
import type { Loss } from "../../losses/losses.ts";
import { requireOptions, requireWhole } from "../../text/require.ts";
import { openEvaluation } from "../evaluate.ts";
import { objectiveOf } from "../objective.ts";
import { START } from "../training.ts";
import { type Histogram, histogram } from "./histogram.ts";

/** Options of {@linkcode layerStatistics}. */
export type LayerStatisticsOptions = {
  /** How pixels become numbers, as in training. Default: as in {@linkcode batches}. */
  readonly normalize?: Normalization;
  /** The loss of the gradients. Default: {@linkcode softmaxCrossEntropy}. */
  readonly loss?: Loss;
  /**
   * The most examples that are looked at, the first ones. Default: 32, or as few as keep the
   * activations below 2²¹ numbers.
   */
  readonly examples?: number;
  /** Bins of the histograms. Default: 40. */
  readonly bins?: number;
};

/** The names of {@linkcode LayerStatisticsOptions}. */
export const LAYER_STATISTICS_OPTIONS: Readonly<Record<keyof LayerStatisticsOptions, true>> = {
  normalize: true,
  loss: true,
  examples: true,
  bins: true,
};

/** The numbers of a layer. */
export type LayerStatistics = {
  /** The layer's path; `""` is the model itself. */
  readonly path: Path;
  /** What kind of layer it is, `"conv"`. */
  readonly op: string;
  /** Its own parameters, by name: `kernel`, `bias`. */
  readonly weights: { readonly [name: string]: Histogram };
  /** Gradients of the loss by them, for the examples. */
  readonly gradients: { readonly [name: string]: Histogram };
  /** Its output for the examples. */
  readonly activations: Histogram;
  /** Of a rectifier: the share of channels that are 0 or less for all examples, 0 to 1. */
  readonly dead?: number;
};

/** Activations that are read at once, as numbers. */
const MOST_ACTIVATIONS = 2 ** 21;
const MOST_EXAMPLES = 32;

/** The layers that are not made of layers. */
function innermost(layers: ReadonlyMap<Path, LayerInfo>): [Path, LayerInfo][] {
  const paths = [...layers.keys()];
  const all = [...layers].filter(([path]) => !paths.some((other) => other.startsWith(`${path}/`)));
  return all.length > 1 ? all.filter(([path]) => path !== "") : all;
}

/**
 * Looks at a classifier's layers that are not made of layers: how their weights, gradients and
 * activations are distributed, and the share of dead units of rectifiers (§12.6: units that output 0
 * for every example learn nothing). The network is computed as in inference, without dropout and
 * with the running statistics of batch normalization; it is not changed.
 *
 * @param network the network
 * @param examples labeled images, of which the first are looked at
 * @param options how many, how they are normalized, the loss and the bins
 * @returns the layers in the order of the model
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { layerStatistics } from "@neocog/neocog/report";
 * import { init, key, lenet5, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const examples = {
 *   name: "noise",
 *   images: Uint8Array.from({ length: 2 * 784 }, (_, i) => (i * 7919) % 256),
 *   labels: new Uint8Array([3, 5]),
 *   imageShape: [28, 28, 1],
 *   classNames: [..."0123456789"],
 * } as const;
 * const layers = await layerStatistics(network, examples);
 * const { weights, gradients, activations } = layers.find(({ path }) => path === "conv1")!;
 * assertEquals(Object.keys(weights), ["kernel", "bias"]);
 * assert(gradients.kernel!.deviation > 0 && activations.deviation > 0);
 * ```
 */
export async function layerStatistics<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  examples: Examples | ImageSource,
  options: LayerStatisticsOptions = {},
): Promise<LayerStatistics[]> {
  requireOptions("look at layers", options, LAYER_STATISTICS_OPTIONS);
  const { normalize, loss, bins } = options;
  const model = network.model as unknown as Layer;
  const layers = innermost(layersOf(model, examples.imageShape));
  const each = layers.reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0);
  const few = Math.max(1, Math.min(MOST_EXAMPLES, Math.floor(MOST_ACTIVATIONS / each)));
  const count = options.examples ?? few;
  requireWhole("look at layers", "examples", count, 1);
  const objective = objectiveOf("look at layers", true, { loss });
  const feed = await openEvaluation("look at layers", examples, {
    batchSize: Math.min(count, examples.labels.length),
    ...(normalize ? { normalize } : {}),
  });
  try {
    for await (const { inputs, targets } of feed.rest(START)) {
      const { grads, outputs } = computed(network, layers, objective.measure, inputs, targets);
      disposeTree({ inputs, targets });
      try {
        return await described(network.params, grads, outputs, layers, bins);
      } finally {
        disposeTree({ grads, outputs });
      }
    }
    return [];
  } finally {
    await feed.close();
  }
}

type Outputs = { readonly [path: Path]: Tensor };

/** Gradients and outputs for a batch; the caller owns them. */
function computed<P extends Tree, S extends Tree>(
  { model, params, state }: Network<P, S>,
  layers: readonly (readonly [Path, LayerInfo])[],
  measure: (outputs: Tree, targets: Tree) => { readonly loss: Scalar },
  inputs: Tree,
  targets: Tree,
): { readonly grads: Tree; readonly outputs: Outputs } {
  const wanted = new Set(layers.map(([path]) => path));
  const differentiate = valueAndGrad((params: P) => {
    const outputs: Record<Path, Tensor> = {};
    const y = model.apply(params, state, inputs as Tensor, {
      intercept(site, x, next) {
        const output = next(x);
        if (wanted.has(site.path)) outputs[site.path] = output;
        return output;
      },
    })[0];
    if (wanted.has("")) outputs[""] = y;
    return [measure(y, targets).loss, outputs as Tree];
  });
  return tf.tidy(() => {
    const { grads, aux } = differentiate(params);
    // Clones: a layer may return its very input.
    const outputs = Object.fromEntries(
      Object.entries(aux as Outputs).map(([path, output]) => [path, tf.clone(output)]),
    );
    // deno-lint-ignore no-explicit-any -- tidy's types know records of tensors, not trees
    return { grads, outputs } as any;
  });
}

/** Histograms of the tensors that are a layer's own, by name. */
async function ownOf(tree: Tree, path: Path, bins: number | undefined) {
  const prefix = path === "" ? "" : `${path}/`;
  const own = entries(tree).filter(([place]) =>
    place.startsWith(prefix) && !place.slice(prefix.length).includes("/")
  );
  // Read together, as all of a step's tensors are: each read takes 11 ms in Deno.
  const made = await Promise.all(own.map(async ([place, tensor]): Promise<[string, Histogram]> => [
    place.slice(prefix.length),
    histogram(await tensor.data(), bins),
  ]));
  return Object.fromEntries(made);
}

/** The share of channels, the last axis, that are at most 0 everywhere. */
function deadShare(values: ArrayLike<number>, channels: number): number {
  const alive = new Uint8Array(channels);
  for (let i = 0; i < values.length; i++) if (values[i]! > 0) alive[i % channels] = 1;
  return 1 - alive.reduce((sum, one) => sum + one, 0) / channels;
}

async function described(
  params: Tree,
  grads: Tree,
  outputs: Outputs,
  layers: readonly (readonly [Path, LayerInfo])[],
  bins: number | undefined,
): Promise<LayerStatistics[]> {
  const found = layers.map(async ([path, { op, rectifies }]) => {
    const output = outputs[path];
    if (!output) return [];
    const [values, weights, gradients] = await Promise.all([
      output.data(),
      ownOf(params, path, bins),
      ownOf(grads, path, bins),
    ]);
    const isRectifier = op === "relu" || rectifies === true;
    return [{
      path,
      op,
      weights,
      gradients,
      activations: histogram(values, bins),
      ...(isRectifier ? { dead: deadShare(values, output.shape.at(-1)!) } : {}),
    }];
  });
  return (await Promise.all(found)).flat();
}
