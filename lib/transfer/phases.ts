// The phases of a transfer: the head on a frozen network, then fine-tuning.
import { type Layer, slotEntries } from "../layers/layer.ts";
import { adam } from "../optimizers/adam.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { oneCycle } from "../optimizers/one_cycle.ts";
import type { Shape } from "../tensor/tensor.ts";
import type { Path } from "../tensor/tree.ts";
import { perPath } from "../optimizers/per_path.ts";
import { requirePositive, requireWhole } from "../text/require.ts";
import type { Trainable } from "../train/trainable.ts";
import { freeze, matchPaths } from "./paths.ts";
import { headOf } from "./weights.ts";

/** The phases of a transfer, by name. */
export type TransferPhaseName = "head" | "fine-tune";

/** How a network is fine-tuned after its head was trained. */
export type FineTune = {
  /**
   * The layer from which on parameters are trained again, with all that run after it (Figure
   * 12.24): a path, `"fire8"` or `"stage4/block2"`, or a pattern; `"**"` is the whole network.
   */
  readonly from: string;
  /** Passes over the examples, from 1. */
  readonly epochs: number;
  /**
   * The highest learning rates of the lowest trained layer and of the last one; those between rise
   * evenly in proportion. Default: `[1e-5, 1e-4]`.
   */
  readonly rates?: readonly [lowest: number, last: number];
};

/** Options of the phases. */
export type PhaseOptions = {
  /**
   * What stays frozen while the head is trained, as for {@linkcode freeze}. Default: all but the
   * head, see {@linkcode headOf}.
   */
  readonly freeze?: readonly string[];
  /** Passes over the examples with these frozen, from 1. Default: 20. */
  readonly epochs?: number;
  /** The highest learning rate of the head. Default: 0.01. */
  readonly learningRate?: number;
  /** Fine-tuning afterwards. Default: none. */
  readonly fineTune?: FineTune;
};

/** A phase of a transfer. */
export type TransferPhase = {
  readonly name: TransferPhaseName;
  readonly epochs: number;
  readonly trainable: Trainable;
  readonly optimizer: Optimizer;
};

/**
 * The phases that options define.
 *
 * @param inputShape shape of one input, without the batch
 * @throws {RangeError} if an option is out of range, or a pattern matches nothing
 */
export function transferPhases(
  model: Layer,
  inputShape: Shape,
  stepsPerEpoch: number,
  options: PhaseOptions,
): TransferPhase[] {
  const paths = slotEntries(model.declare(inputShape).params).map(([path]) => path);
  const { epochs = 20, learningRate = 0.01, fineTune } = options;
  requireWhole("transfer", "the epochs", epochs);
  const cycle = (rate: number, epochs: number): Optimizer =>
    adam({ learningRate: oneCycle({ learningRate: rate, steps: epochs * stepsPerEpoch }) });
  const head: TransferPhase = {
    name: "head",
    epochs,
    trainable: freeze(options.freeze ?? allBut(headOf(model, inputShape), paths), paths),
    optimizer: cycle(requirePositive("transfer", "the learning rate", learningRate), epochs),
  };
  if (!fineTune) return [head];
  requireWhole("transfer", "the epochs of fine-tuning", fineTune.epochs);
  const trainable = trainableFrom(fineTune.from, paths);
  const rates = layerRates(paths.filter(trainable), fineTune.rates);
  // The lowest layer's rule comes last and also takes what is frozen: each parameter has a rule.
  const optimizer = perPath(
    [...rates].reverse().map(([layer, rate], i) =>
      [i === rates.size - 1 ? "**" : below(layer), cycle(rate, fineTune.epochs)] as const
    ),
  );
  return [head, { name: "fine-tune", epochs: fineTune.epochs, trainable, optimizer }];
}

/** Patterns of all but the head. */
function allBut(head: string | undefined, paths: readonly Path[]): Path[] {
  if (head !== undefined) return paths.filter((path) => !below(head)(path));
  throw new RangeError(
    "Cannot transfer to a model that is not a sequential: options.freeze must say what is frozen, got none",
  );
}

/** Whether a path is in a layer of the chain. */
function below(layer: string): (path: Path) => boolean {
  return (path) => path.startsWith(`${layer}/`);
}

/**
 * Trains a layer and all that run after it (Figure 12.24).
 *
 * @param from the layer's path, or a pattern, see {@linkcode matchPaths}
 * @param paths the paths of all parameters, in the order they run
 * @returns whether the parameter at a path is trained: the `trainable` of {@linkcode fit}
 * @throws {RangeError} if there is no such layer
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { trainableFrom } from "./phases.ts";
 *
 * const paths = ["conv1/kernel", "conv2/kernel", "logits/kernel", "logits/bias"];
 * assertEquals(paths.filter(trainableFrom("conv2", paths)), paths.slice(1));
 * ```
 */
export function trainableFrom(from: string, paths: readonly Path[]): Trainable {
  const first = paths.indexOf(matchPaths([from], paths)[0]!);
  const trained = new Set(paths.slice(first));
  return (path) => trained.has(path);
}

/**
 * Discriminative learning rates (Howard and Ruder, "Universal language model fine-tuning for text
 * classification", 2018): low for general layers, higher towards the head, each layer's the same
 * multiple of that of the layer below.
 *
 * @param paths the paths of what is trained, in the order they run
 * @param rates the learning rates of the first layer of the chain among them and of the last
 * @returns rates by layer of the chain
 * @throws {RangeError} if a rate is not a finite number above 0
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { layerRates } from "@neocog/neocog";
 *
 * const rates = layerRates(["a/kernel", "a/bias", "b/kernel", "c/kernel"], [1e-5, 1e-3]);
 * assertAlmostEquals(rates.get("b")!, 1e-4, 1e-9);
 * ```
 */
export function layerRates(
  paths: readonly Path[],
  rates: readonly [lowest: number, last: number] = [1e-5, 1e-4],
): Map<string, number> {
  const [lowest, last] = rates;
  rates.forEach((rate) => requirePositive("transfer", "learning rates", rate));
  const layers = [...new Set(paths.map((path) => path.split("/")[0]!))];
  const share = (i: number): number => layers.length === 1 ? 1 : i / (layers.length - 1);
  return new Map(layers.map((layer, i) => [layer, lowest * (last / lowest) ** share(i)]));
}
