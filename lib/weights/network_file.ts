// A file of weights: which network it is of, known before anything is on the device.
import { type Layer, type Network, slotEntries } from "../layers/layer.ts";
import { parsePreprocessing } from "../image/parse_preprocessing.ts";
import type { Preprocessing } from "../image/preprocessing.ts";
import { findModel } from "../models/registry.ts";
import type { Shape } from "../tensor/tensor.ts";
import { type Checkpoint, isCheckpoint, readSections, runIn, sectionsOf } from "./checkpoint.ts";
import type { Json } from "./json.ts";
import type { KnownWeights } from "./known_weights.ts";
import { pretrained, type PretrainedFile, type PretrainedOptions } from "./pretrained.ts";
import { recognize } from "./recognize.ts";
import { type NetworkShapes, requireNetworkShapes, restoreNetwork } from "./restore_network.ts";
import { openTensors } from "./tensor_file.ts";
import type { TensorFile } from "./tensor_source.ts";
import { fromTorch } from "./torch.ts";

/** Which network a file of weights is of. */
export type NetworkFile = {
  /** The file, for messages. */
  readonly file: string;
  /** The model's name, in {@linkcode models} or as the checkpoint says it. */
  readonly name: string;
  readonly model: Layer;
  /** Shape of one input that it was trained on or made for, without the batch. */
  readonly inputShape: Shape;
  readonly numClasses: number;
  /** Who wrote it: `"deno task train"`, or whose names PyTorch's keys are. */
  readonly origin: string;
  /** What the file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What a checkpoint says. Absent for other files. */
  readonly checkpoint?: CheckpointAbout;
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

/** What a checkpoint says of its network besides the model. */
type CheckpointAbout = {
  readonly classNames?: readonly string[];
  readonly preprocessing?: Preprocessing;
  /** The name of the data set that it was trained on. */
  readonly dataset?: string;
};

/** Options of {@linkcode open}. */
export type OpenOptions = PretrainedOptions & {
  /**
   * The model that the file must be of: its name in {@linkcode models}; of a checkpoint also the
   * model itself. Default: found out from the file.
   */
  readonly model?: string | Layer;
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

/**
 * Finds out which network a file of weights is of. Nothing is put on the device.
 *
 * @param what a checkpoint, or a safetensors or PyTorch file with PyTorch's names: its path, its URL, or
 * a name in {@linkcode knownWeights}; or a checkpoint in memory
 * @param options the model it must be of; cache, hash and progress of a download
 * @throws {SyntaxError} if the file is neither safetensors nor PyTorch's, is cut, or does not say what it is of
 * @throws {TypeError} if it is another model's: with the keys that do not fit
 * @throws {RangeError} if there is no such model or known name
 */
export async function openNetworkFile(
  what: string | URL | Checkpoint,
  options: Omit<OpenOptions, "preprocessing" | "classNames"> = {},
): Promise<NetworkFile> {
  const { model } = options;
  if (typeof what !== "string" && !(what instanceof URL)) {
    const checkpoint = what;
    const described = describe("the checkpoint", checkpoint.run, checkpoint.sections, model);
    return {
      ...described,
      metadata: {},
      trust: "local",
      load: loader(described, () => checkpoint),
    };
  }
  const found = await fileOf(`${what}`, options);
  const { path, trust, known, sha256 } = found;
  await using opened = await openTensors(path);
  const about = {
    file: path,
    trust,
    ...(known ? { known } : {}),
    ...(sha256 === undefined ? {} : { sha256 }),
  };
  if (!isCheckpoint(opened)) return { ...torchFile(opened, model, known), ...about };
  const described = describe(path, runIn(opened), sectionsOf(opened), model);
  const load = loader(described, () => readSections(path, ["params", "state"]));
  const { run: _, ...metadata } = opened.metadata;
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
  wanted: string | Layer | undefined,
  known: KnownWeights | undefined,
): Omit<NetworkFile, "trust"> {
  const { file, metadata } = opened;
  if (typeof wanted === "object") {
    throw new TypeError(
      `Cannot open ${file}: of a file with PyTorch's names the model must be named, got a layer. fromTorch reads it by a layout of your own`,
    );
  }
  const { name, model, inputShape, numClasses, layout } = recognize(opened, wanted ?? known?.model);
  return {
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

type Description = Omit<NetworkFile, "metadata" | "trust" | "load">;

function loader(
  { model, inputShape, file }: Description,
  read: () => Pick<Checkpoint, "sections"> | Promise<Pick<Checkpoint, "sections">>,
): NetworkFile["load"] {
  return async (shape = inputShape) => restoreNetwork(model, shape, await read(), file);
}

/** The network of a checkpoint. */
function describe(
  file: string,
  run: Json,
  sections: NetworkShapes,
  wanted: string | Layer | undefined,
): Description {
  const { name, origin, dataset } = namedIn(run);
  const about = aboutIn(run, file);
  if (typeof wanted === "string" && name !== undefined && wanted !== name) {
    throw new TypeError(`Cannot open ${file}: its model must be ${wanted}, got ${name}`);
  }
  const registered = typeof wanted === "object" ? undefined : wanted ?? name;
  if (typeof wanted !== "object" && registered === undefined) {
    throw new SyntaxError(
      `Cannot open ${file}: it must name its model, got none. Name it in options.model, or when the checkpoint is made: snapshot(network, { model: "lenet5" })`,
    );
  }
  const entry = registered === undefined ? undefined : findModel(registered);
  const inputShape = about.inputShape ?? entry?.inputShape;
  if (inputShape === undefined) {
    throw new SyntaxError(`Cannot open ${file}: it must say its input shape, got none`);
  }
  const model = typeof wanted === "object"
    ? wanted
    : buildFor(entry!, inputShape, about.classNames?.length, sections.params);
  requireNetworkShapes(model, inputShape, sections, file);
  const numClasses = model.declare(inputShape).shape.at(-1)!;
  const { classNames, preprocessing } = about;
  if (classNames && classNames.length !== numClasses) {
    throw new SyntaxError(
      `Cannot open ${file}: it must have a name for each of its ${numClasses} classes, got ${classNames.length}`,
    );
  }
  return {
    file,
    name: name ?? registered ?? model.op,
    model,
    inputShape,
    numClasses,
    origin,
    checkpoint: {
      ...(classNames ? { classNames } : {}),
      ...(preprocessing ? { preprocessing } : {}),
      ...(dataset === undefined ? {} : { dataset }),
    },
  };
}

/** The names that a checkpoint's account of its run has: those of its model and its data set. */
function namedIn(run: Json): { name?: string; dataset?: string; origin: string } {
  type Named = { readonly model?: unknown; readonly dataset?: unknown } | undefined;
  const { settings, transfer, model } = (run ?? {}) as Readonly<Record<string, unknown>>;
  const name = [(transfer as Named)?.model, (settings as Named)?.model, model]
    .find((each) => typeof each === "string") as string | undefined;
  const dataset = (settings as Named)?.dataset;
  return {
    ...(name === undefined ? {} : { name }),
    ...(typeof dataset === "string" ? { dataset } : {}),
    origin: transfer ? "deno task transfer" : settings ? "deno task train" : "a snapshot",
  };
}

/** What else is in the account that a network is used by. */
function aboutIn(
  run: Json,
  file: string,
): { inputShape?: Shape; classNames?: readonly string[]; preprocessing?: Preprocessing } {
  const { inputShape, classNames, preprocessing } = (run ?? {}) as Readonly<Record<string, Json>>;
  const isShape = Array.isArray(inputShape) &&
    inputShape.every((size) => Number.isInteger(size) && size as number > 0);
  const areNames = Array.isArray(classNames) &&
    classNames.every((name) => typeof name === "string");
  if ((inputShape !== undefined && !isShape) || (classNames !== undefined && !areNames)) {
    throw new SyntaxError(
      `Cannot open ${file}: its input shape must be of whole numbers and its class names of strings, got ${
        JSON.stringify({ inputShape, classNames })
      }`,
    );
  }
  return {
    ...(isShape ? { inputShape: inputShape as Shape } : {}),
    ...(areNames ? { classNames: classNames as readonly string[] } : {}),
    ...(preprocessing
      ? { preprocessing: parsePreprocessing(JSON.stringify(preprocessing), file) }
      : {}),
  };
}

/** A registered model with as many classes as the checkpoint has. */
function buildFor(
  { build }: ReturnType<typeof findModel>,
  inputShape: Shape,
  named: number | undefined,
  params: NetworkShapes["params"],
): Layer {
  if (named !== undefined) return build({ numClasses: named });
  const usual = build();
  const [head] = slotEntries(usual.declare(inputShape).params)
    .findLast(([path]) => /(^|\/)kernel$/.test(path)) ?? [""];
  const numClasses = params.get(head)?.shape.at(-1);
  return numClasses === undefined ? usual : build({ numClasses });
}
