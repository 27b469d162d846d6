// Opens a trained network: the way in.
import type { Network } from "../layers/layer.ts";
import { inputShapeOf } from "../image/preprocess.ts";
import type { Preprocessing } from "../image/preprocessing.ts";
import type { Shape } from "../tensor/tensor.ts";
import { requireOptions } from "../text/require.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { openNetworkFile, type OpenOptions } from "./network_file.ts";
import { PRETRAINED_OPTIONS } from "./pretrained.ts";
import { askedShape, findClassNames, findPreprocessing } from "./sidecars.ts";

/** A trained network, and what is to be known to use it. */
export type OpenedNetwork = Network & {
  /** The model's name, `"resnet18"`. */
  readonly name: string;
  /** Shape of one input, without the batch. */
  readonly inputShape: Shape;
  readonly classNames: readonly string[];
  /** How pictures are prepared for it. */
  readonly preprocessing: Preprocessing;
  /** Who wrote the weights: `"deno task train"`, or whose names PyTorch's keys are, `"timm"`. */
  readonly origin: string;
  /** What the file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
};

const OPTIONS: Readonly<Record<keyof OpenOptions, true>> = {
  model: true,
  inputShape: true,
  preprocessing: true,
  classNames: true,
  ...PRETRAINED_OPTIONS,
};

/**
 * Opens a trained network, with its class names and how pictures are prepared for it: what
 * {@linkcode classify}, {@linkcode evaluate} and everything that looks into a network take.
 *
 * An ONNX file (`.onnx`), a Keras file (`.keras`, or `.h5` with a whole model) and a TensorFlow.js model
 * (`model.json` with its shards) have their model, of which a softmax at the end is left out: networks
 * here return logits. How pictures are prepared for it must be said, by `preprocessing` or a file
 * `NAME.json` beside it (`model.preprocessing.json` beside a `model.json`), unless it says so itself.
 * A safetensors or PyTorch file (`.pth`, of which nothing is run) with the names of torchvision, timm
 * or akamaster is recognized by its keys and shapes. A known name (`resnet18`, `vgg16-bn`, … see {@linkcode knownWeights}) or a URL is fetched
 * once into a cache, as {@linkcode pretrained} does. A checkpoint is one of `deno task train` or
 * `transfer`, or of {@linkcode snapshot} if it says its model, `snapshot(network, { model:
 * "lenet5", classNames })`, or if `model` is given. Whatever can be refused is refused before
 * anything is put on the device, which must have been started.
 *
 * Needs `--allow-read` for a local file and those beside it; for what is fetched also `--allow-net`,
 * and `--allow-write` and `--allow-env` for its cache.
 *
 * @param what a path, a URL, a name in `knownWeights`, or a checkpoint in memory
 * @param options the model it must be of, preprocessing, class names; cache, hash and progress of a
 * download
 * @returns the network; the caller owns its tensors
 * @throws {RangeError} if there is no such name
 * @throws {Deno.errors.NotFound} if there is no such file
 * @throws {SyntaxError} if the file is cut or corrupt, or does not say its model
 * @throws {TypeError} if it is of another model: with the keys that do not fit; if an ONNX or
 * Keras file has operators or layers that are missing here: with all their names
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { beginTraining, key, lenet5, open, sgd, snapshot, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = beginTraining(lenet5({ numClasses: 2 }), sgd(), key(0), [28, 28, 1]);
 * const checkpoint = await snapshot(network, { model: "lenet5", classNames: ["even", "odd"] });
 * // Or of a file: open("runs/parity/checkpoint.safetensors").
 * const { name, inputShape, classNames } = await open(checkpoint);
 * assertEquals([name, inputShape, classNames], ["lenet5", [28, 28, 1], ["even", "odd"]]);
 * ```
 */
export async function open(
  what: string | URL | Checkpoint,
  options: OpenOptions = {},
): Promise<OpenedNetwork> {
  requireOptions("open a network", options, OPTIONS);
  const { preprocessing, classNames: names, ...finding } = options;
  const pictureShape = await askedShape(preprocessing);
  const file = await openNetworkFile(what, { ...finding, pictureShape });
  const classNames = await findClassNames(file, names);
  const { how } = await findPreprocessing(file, preprocessing);
  const { name, origin, metadata, checkpoint } = file;
  // A checkpoint's shape is that of its training; other weights were trained on what they expect.
  const network = await file.load(checkpoint ? file.inputShape : inputShapeOf(how));
  return {
    name,
    model: network.model,
    params: network.params,
    state: network.state,
    inputShape: network.inputShape,
    classNames,
    preprocessing: how,
    origin,
    metadata,
  };
}
