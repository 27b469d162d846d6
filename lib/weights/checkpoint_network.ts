// The network of a checkpoint, by what it says of its run and by the model that is asked for.
import { type Layer, slotEntries } from "../layers/layer.ts";
import { parsePreprocessing } from "../image/parse_preprocessing.ts";
import type { Preprocessing } from "../image/preprocessing.ts";
import { findModel, type ModelEntry } from "../models/registry.ts";
import type { Shape, ShapeTree } from "../tensor/tensor.ts";
import { importedModel, isImported } from "./imported_file.ts";
import type { Json } from "./json.ts";
import { type NetworkShapes, requireNetworkShapes } from "./restore_network.ts";

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

/** Which network a file is of. */
export type NetworkDescription = {
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
  /** What a checkpoint says. Absent for other files. */
  readonly checkpoint?: CheckpointAbout;
  /** The user's own model, if it is one. */
  readonly given?: GivenModel;
};

/** The model that a file must be of, if one is asked for. */
export type WantedModel = string | Layer | GivenModel | undefined;

/** Whether a model is asked for with what is known of it. */
export function isGiven(model: WantedModel): model is GivenModel {
  return typeof model === "object" && "build" in model;
}

/** The model that a checkpoint must be of: what is asked for, or the file of another program that it names. */
export async function modelOf(run: Json, wanted: WantedModel): Promise<WantedModel> {
  const name = wanted ?? namedIn(run).name;
  return typeof name === "string" && isImported(name) ? await importedModel(name) : wanted;
}

/**
 * The network of a checkpoint.
 *
 * @param file the checkpoint's file, for messages
 * @param run what it says of its run
 * @param sections its tensors, or their shapes
 * @param wanted the model it must be of
 * @param shape shape of one input. Default: what the checkpoint or the model says
 * @throws {SyntaxError} if the checkpoint does not say what it is of
 * @throws {TypeError} if it is another model's
 */
export function checkpointNetwork(
  file: string,
  run: Json,
  sections: NetworkShapes,
  wanted: WantedModel,
  shape?: Shape,
): NetworkDescription {
  const { name, origin, dataset, sha256 } = namedIn(run);
  const about = aboutIn(run, file);
  const given = isGiven(wanted) ? wanted : undefined;
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
