// A file of weights: which network it is of, known before anything is on the device.
import type { Layer, Network } from "../layers/layer.ts";
import type { Preprocessing } from "../image/preprocessing.ts";
import type { Shape } from "../tensor/tensor.ts";
import { type Checkpoint, isCheckpoint, readSections, runIn, sectionsOf } from "./checkpoint.ts";
import {
  checkpointNetwork,
  type GivenModel,
  isGiven,
  modelOf,
  type NetworkDescription,
  type WantedModel,
} from "./checkpoint_network.ts";
import type { KnownWeights } from "./known_weights.ts";
import { isImported, openImported } from "./imported_file.ts";
import { pretrained, type PretrainedFile, type PretrainedOptions } from "./pretrained.ts";
import { recognize, recognizeAs } from "./recognize.ts";
import { restoreNetwork } from "./restore_network.ts";
import { openTensors } from "./tensor_file.ts";
import type { TensorFile } from "./tensor_source.ts";
import { fromTorch } from "./torch.ts";
import { describeValue } from "../text/value.ts";

/** Which network a file of weights is of. */
export type NetworkFile = NetworkDescription & {
  /** What the file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What is known of a published file. */
  readonly known?: KnownWeights;
  /** How far the file is known, see {@linkcode PretrainedFile}. */
  readonly trust: PretrainedFile["trust"];
  readonly sha256?: string;
  /**
   * Puts its parameters on the device.
   *
   * @param inputShape shape of one input. Default: that of the file
   */
  load(inputShape?: Shape): Promise<Network & { readonly inputShape: Shape }>;
};

/** Options of {@linkcode open}. */
export type OpenOptions = PretrainedOptions & {
  /**
   * The model that the file must be of: its name in {@linkcode models}, a layer, or a
   * {@linkcode GivenModel}. Of the latter two a file of other weights must have the paths with dots as
   * names, as {@linkcode writeTorch} writes them. Default: found out from the file.
   */
  readonly model?: string | Layer | GivenModel;
  /**
   * Shape of one input, without the batch. Needed if `model` is a layer and the file does not say it, as
   * files of PyTorch's do not. Default: what the file or the model says.
   */
  readonly inputShape?: Shape;
  /**
   * How pictures are prepared: a preprocessing, its name in {@linkcode preprocessings}, or the path
   * of a JSON file. Default: what the weights say, or `NAME.json` or timm's `config.json` beside
   * them, or what is usual for the model.
   */
  readonly preprocessing?: string | Preprocessing;
  /**
   * The classes' names, or the path of a file with a name a line. Default: what the checkpoint says,
   * or `NAME.classes.txt` beside the weights, or ImageNet's or CIFAR-10's if there are as many.
   */
  readonly classNames?: string | readonly string[];
};

/** What says which network a file is of. */
type FileOptions = Omit<OpenOptions, "preprocessing" | "classNames"> & {
  /** Shape of pictures as they are prepared: of one input, if the file leaves its sizes open. */
  readonly pictureShape?: Shape | undefined;
};

/**
 * Finds out which network a file of weights is of. Nothing is put on the device.
 *
 * @param what a checkpoint, an ONNX, Keras or TensorFlow.js file, or a safetensors or PyTorch file with PyTorch's names: its
 * path, its URL, or a name in {@linkcode knownWeights}; or a checkpoint in memory
 * @param options the model it must be of; cache, hash and progress of a download
 * @throws {SyntaxError} if the file is neither safetensors nor PyTorch's, is cut, or does not say what it is of
 * @throws {TypeError} if it is another model's: with the keys that do not fit
 * @throws {RangeError} if there is no such model or known name
 */
export async function openNetworkFile(
  what: string | URL | Checkpoint,
  options: FileOptions = {},
): Promise<NetworkFile> {
  const { model, inputShape, pictureShape, ...fetching } = options;
  if (inputShape !== undefined && typeof model !== "object") {
    throw new TypeError(
      `Cannot open ${what}: the option inputShape is for a model that is a layer, got ${
        model ?? "no model"
      }`,
    );
  }
  if (typeof what !== "string" && !(what instanceof URL)) {
    const checkpoint = what;
    if (typeof checkpoint?.sections !== "object") {
      throw new TypeError(
        `Cannot open a network: it must be a path, a URL, a known name or a checkpoint, got ${
          describeValue(checkpoint)
        }`,
      );
    }
    const wanted = await modelOf(checkpoint.run, model);
    const described = checkpointNetwork(
      "the checkpoint",
      checkpoint.run,
      checkpoint.sections,
      wanted,
      inputShape,
    );
    return {
      ...described,
      metadata: {},
      trust: "local",
      load: loader(described, () => checkpoint),
    };
  }
  const found = await fileOf(`${what}`, fetching);
  const { path, trust, known, sha256 } = found;
  const about = {
    file: path,
    trust,
    ...(known ? { known } : {}),
    ...(sha256 === undefined ? {} : { sha256 }),
  };
  if (isImported(path)) {
    return { ...await openImported(path, model, pictureShape), ...about };
  }
  await using opened = await openTensors(path);
  if (!isCheckpoint(opened)) return { ...torchFile(opened, model, known, inputShape), ...about };
  const run = runIn(opened);
  const wanted = await modelOf(run, model);
  const described = checkpointNetwork(path, run, sectionsOf(opened), wanted, inputShape);
  const load = loader(described, () => readSections(path, ["params", "state"]));
  const { run: _run, ...metadata } = opened.metadata;
  return { ...described, metadata, ...about, load };
}

/** The file of weights: one that is here, or that is fetched by name or URL. */
async function fileOf(what: string, options: PretrainedOptions): Promise<PretrainedFile> {
  try {
    return await pretrained(what, options);
  } catch (error) {
    // A name that is neither known nor looks like a path may be that of a file here.
    const isHere = error instanceof RangeError && !what.includes("/") && await isThere(what);
    if (isHere) return { path: what, trust: "local" };
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}

/** A file with the names of PyTorch's networks. */
function torchFile(
  opened: TensorFile,
  wanted: WantedModel,
  known: KnownWeights | undefined,
  shape: Shape | undefined,
): Omit<NetworkFile, "trust"> {
  const { file, metadata } = opened;
  const given: GivenModel | undefined = isGiven(wanted)
    ? wanted
    : typeof wanted === "object"
    ? { name: wanted.op, build: () => wanted }
    : undefined;
  const { name, model, inputShape, numClasses, layout } = given
    ? recognizeAs(opened, given.name, {
      ...given,
      inputShape: requireShape(file, shape ?? given.inputShape),
    })
    : recognize(opened, wanted as string | undefined ?? known?.model);
  return {
    ...(given ? { given } : {}),
    file,
    name,
    model,
    inputShape,
    numClasses,
    origin: layout.name,
    metadata,
    async load(shape = inputShape) {
      await using again = await openTensors(file);
      return await fromTorch(model, shape, again, layout);
    },
  };
}

function requireShape(file: string, inputShape: Shape | undefined): Shape {
  if (inputShape !== undefined) return inputShape;
  throw new SyntaxError(
    `Cannot open ${file}: the shape of one input must be known, got none. Export inputShape beside the model (in a script: the option inputShape)`,
  );
}

function loader(
  { model, inputShape, file }: NetworkDescription,
  read: () => Pick<Checkpoint, "sections"> | Promise<Pick<Checkpoint, "sections">>,
): NetworkFile["load"] {
  return async (shape = inputShape) => restoreNetwork(model, shape, await read(), file);
}
