// A training run as a checkpoint, and back.
import type { Layer } from "../layers/layer.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import type { Key } from "../tensor/random.ts";
import type { Shape, ShapesOf, ShapeTree, Tensor } from "../tensor/tensor.ts";
import { disposeTree, entries, mapTree, type Path, type Tree } from "../tensor/tree.ts";
import type { Checkpoint, Tensors } from "../weights/checkpoint.ts";
import type { Json } from "../weights/json.ts";
import { requireShapes } from "../weights/require_shapes.ts";
import { restoreNetwork, toTensor } from "../weights/restore_network.ts";
import type { DataIdentity } from "./data_identity.ts";
import { readTree } from "./callbacks/kept_weights.ts";
import { readMemories, type States, writtenMemories } from "./callbacks/memories.ts";
import { isMixed } from "./mixed_precision.ts";
import { requireSameTrainable } from "./trainable.ts";
import { type BeginOptions, beginTraining, type Progress, type Training } from "./training.ts";
import { requireOptions } from "../text/require.ts";

/**
 * A training run as a checkpoint for {@linkcode writeCheckpoint}: its numbers are read from the
 * device.
 *
 * @param network the network and its run, as {@linkcode fit} reports them
 * @param about what else the checkpoint says, as JSON: model, class names, options
 * @returns the checkpoint; its `run` also says the input shape
 * @throws {TypeError} if it is a network without a run
 * @throws {DeviceError} if the device failed
 */
export async function snapshot(
  network: Omit<Training, "model" | "inputShape"> & { readonly inputShape: ShapeTree },
  about: { readonly [name: string]: Json } = {},
): Promise<Checkpoint> {
  if (!network.optimizer || !network.progress) {
    throw new TypeError(
      "Cannot take a snapshot: the network must have a run, as fit and beginTraining return it, got a network alone. beginTraining(model, optimizer, key, inputShape, { network }) begins one",
    );
  }
  const [params, state, optimizer] = await Promise.all(
    [network.params, network.state, network.optimizer].map(readTree),
  ) as [Tensors, Tensors, Tensors];
  const { inputShape, progress, key, trainable, callbacks, data } = network;
  const { states, kept } = writtenMemories(callbacks ?? {});
  return {
    sections: { params, state, optimizer, ...(kept.size > 0 ? { kept } : {}) },
    run: {
      inputShape: inputShape as Json,
      ...about,
      progress: progress as Json,
      key: [...key],
      ...(trainable ? { trainable: [...trainable] } : {}),
      ...(callbacks ? { callbacks: states } : {}),
      ...(data ? { data: data as Json } : {}),
    },
  };
}

/**
 * The training run in a checkpoint, as it was then.
 *
 * @param model the model it trains
 * @param optimizer the optimizer it uses; the loss scale of mixed precision is restored with it
 * @param shape shape of one input, without the batch
 * @param checkpoint the checkpoint
 * @param file its name, for messages
 * @param options which parameters are trained: the same as before. Default: all
 * @returns the run; the caller owns its tensors
 * @throws {TypeError} if it is of another model or optimizer
 * @throws {RangeError} if it trained other parameters: which are no longer trained, which newly
 * @throws {SyntaxError} if it does not say how far the run was
 */
export function restoreTraining<
  P extends Tree,
  S extends Tree,
  X extends Tree = Tensor,
  Y extends Tree = Tensor,
>(
  model: Layer<P, S, X, Y>,
  optimizer: Optimizer,
  shape: ShapesOf<X>,
  checkpoint: Checkpoint,
  file: string,
  options: Pick<BeginOptions, "trainable"> = {},
): Training<P, S, X, Y> {
  requireOptions("restore training", options, { trainable: true });
  const { progress, key, trainable: held, callbacks, data } = requireRun(checkpoint.run, file);
  const network = restoreNetwork(model, shape, checkpoint, file);
  try {
    requireSameTrainable(network.params, held, options.trainable);
    const precision = isMixed(checkpoint) ? "mixed" : "float32";
    const begun = beginTraining(model, optimizer, key, shape, { ...options, network, precision });
    return {
      ...begun,
      optimizer: refill(begun.optimizer, checkpoint, file),
      progress,
      ...(callbacks ? { callbacks: readMemories(callbacks, checkpoint) } : {}),
      ...(data ? { data } : {}),
    };
  } catch (error) {
    [network.params, network.state].forEach((tree) => disposeTree(tree));
    throw error;
  }
}

/** The optimizer's state in a checkpoint, in the form of its first state. */
function refill(fresh: Tree, { sections }: Checkpoint, file: string): Tree {
  const held = sections.optimizer;
  try {
    const expected = entries(fresh).map(([path, leaf]): [string, Shape] => [path, leaf.shape]);
    const owner =
      "the optimizer's state, so that a run resumes with the optimizer that it began with";
    requireShapes(new Map(expected), held, `${file} (optimizer)`, owner);
    return mapTree((_, path) => toTensor(held.get(path)!), fresh);
  } finally {
    disposeTree(fresh);
  }
}

/**
 * How far the training run in a checkpoint was, and what it was trained on.
 *
 * @throws {SyntaxError} if it does not say
 */
export function runOf(
  { run }: Checkpoint,
  file: string,
): { readonly progress: Progress; readonly data?: DataIdentity } {
  return requireRun(run, file);
}

/** What a checkpoint says of its run. */
type RunRecord = Pick<Training, "progress" | "key" | "trainable" | "data"> & {
  readonly callbacks?: States;
};

/** Checks what a checkpoint says of its run. */
function requireRun(run: Json, file: string): RunRecord {
  const { progress, key, trainable, callbacks, data } = (run ?? {}) as {
    progress?: Partial<Progress>;
    key?: unknown;
    trainable?: readonly Path[];
    callbacks?: States;
    data?: DataIdentity;
  };
  const whole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  const totals = progress?.totals;
  const sound =
    [progress?.epoch, progress?.stepInEpoch, progress?.step, totals?.count].every(whole) &&
    typeof totals?.loss === "number" && typeof totals.correct === "number" &&
    Array.isArray(key) && key.length === 2 && key.every(whole) &&
    (trainable === undefined || Array.isArray(trainable)) &&
    [callbacks, data].every((part) =>
      part === undefined || (typeof part === "object" && part !== null)
    );
  if (!sound) {
    throw new SyntaxError(
      `Cannot resume from ${file}: it must say how far its run was, got ${
        JSON.stringify({ progress, key })
      }`,
    );
  }
  return {
    progress: progress as Progress,
    key: key as unknown as Key,
    ...(trainable ? { trainable } : {}),
    ...(callbacks ? { callbacks } : {}),
    ...(data ? { data } : {}),
  };
}
