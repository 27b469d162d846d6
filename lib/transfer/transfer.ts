// Transfer learning (§12.8): a trained network learns other classes from few images.
import type { Examples } from "../data/examples.ts";
import type { ImageSource } from "../data/image_source.ts";
import type { Layer, Network } from "../layers/layer.ts";
import { fold, key as keyOf } from "../tensor/random.ts";
import { disposeTree, entries, type Tree } from "../tensor/tree.ts";
import { dataIdentity, requireSameData } from "../train/data_identity.ts";
import { beginTraining, disposeTraining, type Training } from "../train/training.ts";
import { stepsOf, TRANSFER_OPTIONS, type TransferOptions, type TransferReport } from "./options.ts";
import { type TransferPhase, transferPhases } from "./phases.ts";
import { runPhase } from "./run.ts";
import { transferWeights } from "./weights.ts";
import { requireOptions } from "../text/require.ts";

/**
 * Transfers a trained network to other classes (§12.8, Figures 12.23 and 12.24): takes over its
 * weights except for a new head, trains the head on features that are computed once, with the rest
 * frozen, and then, with `fineTune`, all layers from a given one on, at learning rates that rise from
 * it to the head. Frozen batch normalization keeps its statistics. The same key, examples and options
 * give the same numbers on the same adapter, also if the run is resumed with `from`.
 *
 * @param model the network with the new classes, `[N, H, W, C] → logits [N, classes]`
 * @param network the same network trained on other classes, which stays the caller's
 * @param examples the training examples
 * @param options what is frozen, epochs, fine-tuning, validation, the transfer to resume
 * @returns reports of the epochs of all phases. Their tensors are valid until the loop takes the next report; those of the last are the caller's
 * @throws {TypeError} if the network is of another architecture
 * @throws {RangeError} if a pattern matches nothing, something new is frozen, or an option is out of range
 * @throws {DeviceError} if the device failed
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dense, flatten, init, key, sequential, start, transfer } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = (classes: number) =>
 *   sequential({ flatten: flatten(), hidden: dense({ features: 4 }), logits: dense({ features: classes }) });
 * const pretrained = init(network(5), key(0), [1, 1, 1]);
 * const examples = {
 *   name: "two pixels",
 *   images: new Uint8Array([0, 255]),
 *   labels: new Uint8Array([0, 1]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["dark", "light"],
 * } as const;
 * const fineTune = { from: "hidden", epochs: 1 };
 * const phases = [];
 * for await (const { phase } of transfer(network(2), pretrained, examples, { epochs: 2, fineTune })) {
 *   phases.push(phase);
 * }
 * assertEquals(phases, ["head", "head", "fine-tune"]);
 * ```
 */
export async function* transfer<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  network: Network,
  examples: Examples | ImageSource,
  options: TransferOptions = {},
): AsyncGenerator<TransferReport, void, void> {
  requireOptions("transfer", options, TRANSFER_OPTIONS);
  const target = model as unknown as Layer;
  const phases = transferPhases(target, examples.imageShape, stepsOf(examples, options), options);
  const { from } = options;
  const data = dataIdentity(examples, options.normalize);
  if (from && !options.otherData) requireSameData(from.network.data, data);
  const rest = from ? phases.slice(phases.findIndex(({ name }) => name === from.phase)) : phases;
  let training: Training = from?.network ?? begin(target, network, examples, phases[0]!, options);
  for (const phase of rest) {
    if (phase !== rest[0]) training = advance(target, training, phase, examples, options);
    for await (const report of runPhase(target, phase, { ...training, data }, examples, options)) {
      training = report.network;
      yield { ...report, phase: phase.name };
      if (options.signal?.aborted) return;
    }
    if (options.signal?.aborted) return disposeTraining(training);
  }
}

/** The run before its first step, with the transferred weights. */
function begin(
  model: Layer,
  pretrained: Network,
  { imageShape }: Examples | ImageSource,
  { trainable, optimizer }: TransferPhase,
  options: TransferOptions,
): Training {
  const key = options.key ?? keyOf(0);
  const { params, state, transferred, initialized, unused } = transferWeights(
    model,
    imageShape,
    pretrained,
    {
      key: fold(key, "head"),
      ...(options.head === undefined ? {} : { head: options.head }),
    },
  );
  try {
    requireTrained(params, initialized, trainable);
    options.onTransfer?.({ transferred, initialized, unused });
    return beginTraining(model, optimizer, key, imageShape, {
      trainable,
      network: { params, state },
    });
  } catch (error) {
    [params, state].forEach((tree) => disposeTree(tree));
    throw error;
  }
}

/** New parameters have learned nothing: frozen, they would stay noise. */
function requireTrained(
  params: Tree,
  initialized: readonly string[],
  trainable: (path: string) => boolean,
): void {
  const all = new Set(entries(params).map(([path]) => path));
  const stuck = initialized.filter((path) => all.has(path) && !trainable(path));
  if (stuck.length === 0) return;
  throw new RangeError(
    `Cannot freeze new parameters: they must be trained, got ${stuck.slice(0, 10).join(", ")}${
      stuck.length > 10 ? `, ... and ${stuck.length - 10} more` : ""
    }`,
  );
}

/** The run of the next phase, with the parameters of the last one. */
function advance(
  model: Layer,
  { params, state, optimizer }: Training,
  phase: TransferPhase,
  { imageShape }: Examples | ImageSource,
  options: TransferOptions,
): Training {
  disposeTree(optimizer);
  const key = fold(options.key ?? keyOf(0), phase.name);
  const { trainable } = phase;
  return beginTraining(model, phase.optimizer, key, imageShape, {
    trainable,
    network: { params, state },
  });
}
