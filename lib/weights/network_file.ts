// A file of weights: which network it is of, known before anything is on the device.
import { type Layer, type Network, slotEntries } from "../layers/layer.ts";
import { parsePreprocessing } from "../image/parse_preprocessing.ts";
import type { Preprocessing } from "../image/preprocessing.ts";
import { findModel, type ModelEntry } from "../models/registry.ts";
import type { Shape, ShapeTree } from "../tensor/tensor.ts";
import { type Checkpoint, isCheckpoint, readSections, runIn, sectionsOf } from "./checkpoint.ts";
import type { Json } from "./json.ts";
import type { KnownWeights } from "./known_weights.ts";
import { importedModel, isImported, openImported } from "./imported_file.ts";
import { pretrained, type PretrainedFile, type PretrainedOptions } from "./pretrained.ts";
import { recognize, recognizeAs } from "./recognize.ts";
import { type NetworkShapes, requireNetworkShapes, restoreNetwork } from "./restore_network.ts";
import { openTensors } from "./tensor_file.ts";
import type { TensorFile } from "./tensor_source.ts";
import { fromTorch } from "./torch.ts";
import { describeValue } from "../text/value.ts";

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
  /** The user's own model, if it is one. */
  readonly given?: GivenModel;
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

/**
 * A model of one's own, with what is known of it: like an entry of {@linkcode models}, of a file that
 * the user named.
 */
export type GivenModel = {
  /** What messages call it, such as the file's path. */
  readonly name: string;
  /** Builds it. */
  readonly build: ModelEntry["build"];
  /** Shape of one input, without the batch, unless a checkpoint says it. */
  readonly inputShape?: Shape;
  readonly classNames?: readonly string[];
  readonly preprocessing?: Preprocessing;
  /** The hash of its file: a checkpoint of another file is refused. Absent: it is not compared. */
  readonly sha256?: string;
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
  const { model, inputShape } = options;
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
    const described = describe(
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
  const found = await fileOf(`${what}`, options);
  const { path, trust, known, sha256 } = found;
  const about = {
    file: path,
    trust,
    ...(known ? { known } : {}),
    ...(sha256 === undefined ? {} : { sha256 }),
  };
  if (isImported(path)) {
    return { ...await openImported(path, model, options.pictureShape), ...about };
  }
  await using opened = await openTensors(path);
  if (!isCheckpoint(opened)) return { ...torchFile(opened, model, known, inputShape), ...about };
  const run = runIn(opened);
  const wanted = await modelOf(run, model);
  const described = describe(path, run, sectionsOf(opened), wanted, inputShape);
  const load = loader(described, () => readSections(path, ["params", "state"]));
  const { run: _run, ...metadata } = opened.metadata;
  return { ...described, metadata, ...about, load };
}

/** The model that a checkpoint must be of: what is asked for, or the file of another program that it names. */
async function modelOf(run: Json, wanted: OpenOptions["model"]): Promise<OpenOptions["model"]> {
  const name = wanted ?? namedIn(run).name;
  return typeof name === "string" && isImported(name) ? await importedModel(name) : wanted;
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
  wanted: OpenOptions["model"],
  known: KnownWeights | undefined,
  shape: Shape | undefined,
): Omit<NetworkFile, "trust"> {
  const { file, metadata } = opened;
  const given: GivenModel | undefined = typeof wanted !== "object"
    ? undefined
    : isGiven(wanted)
    ? wanted
    : { name: wanted.op, build: () => wanted };
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

function isGiven(model: Layer | GivenModel): model is GivenModel {
  return "build" in model;
}

function requireShape(file: string, inputShape: Shape | undefined): Shape {
  if (inputShape !== undefined) return inputShape;
  throw new SyntaxError(
    `Cannot open ${file}: the shape of one input must be known, got none. Export inputShape beside the model (in a script: the option inputShape)`,
  );
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
  wanted: OpenOptions["model"],
  shape?: Shape,
): Description {
  const { name, origin, dataset, sha256 } = namedIn(run);
  const about = aboutIn(run, file);
  const given = typeof wanted === "object" && isGiven(wanted) ? wanted : undefined;
  if (given) requireSameFile(file, given, sha256);
  if (typeof wanted === "string" && name !== undefined && wanted !== name) {
    throw new TypeError(`Cannot open ${file}: its model must be ${wanted}, got ${name}`);
  }
  if (wanted === undefined && sha256 !== undefined) {
    throw new TypeError(
      `Cannot open ${file}: its model is the code in ${name}, which is run only if you name it: --model ${name} (in a script: model)`,
    );
  }
  const registered = typeof wanted === "object" ? undefined : wanted ?? name;
  if (typeof wanted !== "object" && registered === undefined) {
    throw new SyntaxError(
      `Cannot open ${file}: it must name its model, got none. Name it in options.model, or when the checkpoint is made: snapshot(network, { model: "lenet5" })`,
    );
  }
  const entry = registered === undefined ? given : findModel(registered);
  const inputShape = shape ?? about.inputShape ?? entry?.inputShape;
  if (inputShape === undefined) {
    throw new SyntaxError(
      `Cannot open ${file}: it must say the shape of its one input, got none. Export inputShape beside the model (in a script: the option inputShape)`,
    );
  }
  const model = typeof wanted === "object" && !isGiven(wanted)
    ? wanted
    : buildFor(entry!, inputShape, about.classNames?.length, sections.params);
  requireNetworkShapes(model, inputShape, sections, file);
  const outputShape: ShapeTree = model.declare(inputShape).shape;
  if (!Array.isArray(outputShape)) {
    throw new TypeError(
      `Cannot open ${file}: the network must have one output, got ${
        Object.keys(outputShape).join(" and ")
      }. Name the one to look at: export const ${
        Object.keys(outputShape)[0]
      } = layers.readOut(model, "${
        Object.keys(outputShape)[0]
      }"), and take it by --export (in a script: model)`,
    );
  }
  const numClasses: number = outputShape.at(-1)!;
  const { classNames, preprocessing } = about;
  if (classNames && classNames.length !== numClasses) {
    throw new SyntaxError(
      `Cannot open ${file}: it must have a name for each of its ${numClasses} classes, got ${classNames.length}`,
    );
  }
  return {
    file,
    name: given?.name ?? name ?? registered ?? (wanted as Layer).op,
    model,
    inputShape,
    numClasses,
    origin,
    ...(given ? { given } : {}),
    checkpoint: {
      ...(classNames ? { classNames } : {}),
      ...(preprocessing ? { preprocessing } : {}),
      ...(dataset === undefined ? {} : { dataset }),
    },
  };
}

/** Refuses a checkpoint that a model of another file wrote. */
function requireSameFile(file: string, given: GivenModel, sha256: string | undefined): void {
  if (given.sha256 === undefined || sha256 === undefined || given.sha256 === sha256) return;
  throw new TypeError(
    `Cannot open ${file}: the model's file must be as it was when the checkpoint was written (SHA-256 ${
      short(sha256)
    }), got ${given.name} with ${
      short(given.sha256)
    }. Use it as it is now with --changed-model (in a script: without sha256)`,
  );
}

function short(sha256: string): string {
  return `${sha256.slice(0, 12)}…`;
}

/** The names that a checkpoint's account of its run has: those of its model and its data set. */
function namedIn(
  run: Json,
): { name?: string; dataset?: string; sha256?: string; origin: string } {
  type Named =
    | { readonly model?: unknown; readonly dataset?: unknown; readonly modelSha256?: unknown }
    | undefined;
  const { settings, transfer, model } = (run ?? {}) as Readonly<Record<string, unknown>>;
  const name = [(transfer as Named)?.model, (settings as Named)?.model, model]
    .find((each) => typeof each === "string") as string | undefined;
  const dataset = (settings as Named)?.dataset;
  const sha256 = [(transfer as Named)?.modelSha256, (settings as Named)?.modelSha256]
    .find((each) => typeof each === "string") as string | undefined;
  return {
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(name === undefined ? {} : { name }),
    ...(typeof dataset === "string" ? { dataset } : {}),
    origin: transfer ? "deno task transfer" : settings ? "deno task train" : "a snapshot",
  };
}

function isShapeOf(value: Json | undefined): boolean {
  return Array.isArray(value) && value.every((size) => Number.isInteger(size) && Number(size) > 0);
}

/** Whether shapes are of several inputs by name. */
function areShapes(value: Json | undefined): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every((shape) => isShapeOf(shape) || areShapes(shape));
}

/** What else is in the account that a network is used by. */
function aboutIn(
  run: Json,
  file: string,
): { inputShape?: Shape; classNames?: readonly string[]; preprocessing?: Preprocessing } {
  const { inputShape, classNames, preprocessing } = (run ?? {}) as Readonly<Record<string, Json>>;
  const isShape = isShapeOf(inputShape);
  const areNames = Array.isArray(classNames) &&
    classNames.every((name) => typeof name === "string");
  if (
    (inputShape !== undefined && !isShape && !areShapes(inputShape)) ||
    (classNames !== undefined && !areNames)
  ) {
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
  { build }: Pick<ModelEntry, "build">,
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
