// A transfer as a checkpoint, and back.
import type { Examples } from "../data/examples.ts";
import type { ImageSource } from "../data/image_source.ts";
import { type Layer, slotEntries } from "../layers/layer.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import type { Json } from "../weights/json.ts";
import { requireOptions } from "../text/require.ts";
import { restoreTraining, snapshot } from "../train/snapshot.ts";
import { stepsOf, TRANSFER_OPTIONS, type TransferOptions, type TransferPoint } from "./options.ts";
import { transferPhases } from "./phases.ts";

/**
 * A transfer as a checkpoint for {@linkcode writeCheckpoint}. It has the whole network, so that
 * {@linkcode open} opens it if `about` names its model.
 *
 * @param point phase and network, as {@linkcode transfer} reports them
 * @param classNames the names of the new classes
 * @param about what else the checkpoint says, as JSON
 * @returns the checkpoint
 * @throws {DeviceError} if the device failed
 */
export async function snapshotTransfer(
  { phase, network }: TransferPoint,
  classNames: readonly string[],
  about: { readonly [name: string]: Json } = {},
): Promise<Checkpoint> {
  return await snapshot(network, { ...about, classNames: [...classNames], phase });
}

/**
 * The transfer in a checkpoint, for the `from` of {@linkcode transfer}.
 *
 * @param model the network with the new classes
 * @param examples the training examples
 * @param checkpoint the checkpoint, of {@linkcode snapshotTransfer}
 * @param file its name, for messages
 * @param options the transfer's options, the same as before
 * @returns the transfer; the caller owns its tensors
 * @throws {TypeError} if it was taken before the head was replaced, is of other classes, another
 * model's or another optimizer's
 * @throws {RangeError} if it trained other parameters
 * @throws {SyntaxError} if it does not say how far it was
 */
export function restoreTransfer<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  examples: Examples | ImageSource,
  checkpoint: Checkpoint,
  file: string,
  options: TransferOptions = {},
): TransferPoint {
  requireOptions("resume a transfer", options, TRANSFER_OPTIONS);
  const whole = model as unknown as Layer;
  const { imageShape } = examples;
  requireReplaced(whole, examples, checkpoint, file);
  const name = (checkpoint.run as { phase?: unknown }).phase;
  const phases = transferPhases(whole, imageShape, stepsOf(examples, options), options);
  const phase = phases.find((each) => each.name === name);
  if (!phase) {
    throw new RangeError(
      `Cannot resume ${file}: its phase must be one of ${
        phases.map((each) => each.name).join(", ")
      }, got ${name}`,
    );
  }
  const { optimizer, trainable } = phase;
  const network = restoreTraining(whole, optimizer, imageShape, checkpoint, file, { trainable });
  return { phase: phase.name, network };
}

/** Refuses the checkpoint of a network that still has its old head, or another one. */
function requireReplaced(
  model: Layer,
  { imageShape, classNames }: Examples | ImageSource,
  { run, sections }: Checkpoint,
  file: string,
): void {
  const { phase, classNames: held } = (run ?? {}) as { phase?: unknown; classNames?: unknown };
  const misshapen = slotEntries(model.declare(imageShape).params)
    .filter(([path, { shape }]) => {
      const found = sections.params.get(path);
      return found !== undefined && `${found.shape}` !== `${shape}`;
    })
    .map(([path, { shape }]) =>
      `${path} of [${sections.params.get(path)!.shape}] instead of [${shape}]`
    );
  const isSame = typeof phase === "string" && misshapen.length === 0 &&
    JSON.stringify(held) === JSON.stringify(classNames);
  if (isSame) return;
  const what = typeof phase === "string"
    ? "a transfer to other classes"
    : "one from before the head was replaced";
  const names = Array.isArray(held) ? `, ${named(held)}` : "";
  const shapes = misshapen.length === 0 ? "" : `, ${misshapen.slice(0, 4).join(", ")}`;
  throw new TypeError(
    `Cannot resume ${file}: it must be a checkpoint of the transfer to ${
      named(classNames)
    }, got ${what}${names}${shapes}. A new transfer begins from its weights`,
  );
}

function named(classes: readonly unknown[]): string {
  const more = classes.length > 5 ? ", ..." : "";
  return `${classes.length} classes (${classes.slice(0, 5).join(", ")}${more})`;
}
