// The model that --model names: one of the registry, or the user's own in a file of TypeScript.
import { preprocessingNamed } from "../lib/image/preprocessing.ts";
import type { Preprocessing } from "../lib/image/mod.ts";
import { shapeText } from "../lib/sizing/quantity.ts";
import { sha256OfFile } from "../lib/files/sha256.ts";
import { unknownName } from "../lib/text/nearest.ts";
import { importedModel, isImported } from "../lib/weights/imported_file.ts";
import type { GivenModel } from "../lib/weights/checkpoint_network.ts";
import { findModel, type Layer, type ModelEntry, models, type Shape } from "../mod.ts";
import type { ShapeTree } from "../lib/tensor/tensor.ts";
import { type Flag, type FlagOptions, text, toggle, UsageError } from "./command.ts";

/** A model that a flag named. */
export type NamedModel = Omit<ModelEntry, "inputShape"> & {
  /** Its name in the registry, or its file's path as it was given. */
  readonly name: string;
  /** Shape of one input that it was made for; absent if the file does not export it. */
  readonly inputShape?: Shape;
  /** What else is known of the user's own model; absent of one of the registry. */
  readonly own?: OwnModel;
};

/** What is known of a model in a file. */
type OwnModel = {
  /** The name of the export that makes it. */
  readonly exportName: string;
  readonly sha256: string;
  /** Shapes of several inputs by their names, if the file exports such an `inputShape`. */
  readonly inputs?: ShapeTree;
  readonly classNames?: readonly string[];
  readonly preprocessing?: Preprocessing;
};

/** Whether a model's name is the path of a file of code. */
export function isModelFile(name: string): boolean {
  return !isImported(name) && (/[/\\]/.test(name) || /\.(ts|tsx|js|mjs)$/.test(name));
}

/**
 * `--model`: a name of the registry, or the path of a file.
 *
 * @param options help and default
 */
export function modelFlag(options: FlagOptions<string>): Flag<string | undefined> {
  const known = Object.keys(models);
  const plain = text(options) as Flag<string | undefined>;
  return {
    ...plain,
    placeholder: "NAME",
    range: `one of ${known.length}, which deno task summary lists`,
    help: `${options.help}; or your own, in a file: ./model.ts, model.onnx or model.keras`,
    parse(value, label) {
      if (isModelFile(value) || isImported(value) || Object.hasOwn(models, value)) return value;
      throw new UsageError(
        `${unknownName(label.replace(/^--/, ""), value, known)}, or the path of a file, ./model.ts`,
      );
    },
  };
}

/** A model's name for titles and folders: of a file its name without folder and ending. */
export function labelOf(name: string): string {
  return isModelFile(name) || isImported(name)
    ? name.replace(/^.*[/\\]/, "").replace(/\.\w+$/, "")
    : name;
}

/**
 * The model of a run: that of the flags, or of the run that is resumed. Code is run only of a file
 * that the flags name.
 *
 * @param kept what the checkpoint says of its model
 * @throws {UsageError} if the model is a file that is not named, or that changed
 */
export async function modelOfRun(
  flags: ModelFlags,
  kept: KeptModel | undefined,
  standard: string,
): Promise<NamedModel> {
  const name = flags.model ?? kept?.model ?? standard;
  if (!isModelFile(name)) {
    await givenModel(flags); // Refuses flags of a file.
    return await namedModel(name);
  }
  if (flags.model === undefined) {
    throw new UsageError(
      `Cannot resume without --model: the run's model is the code in ${name}, which is run only if you name it, --model ${name}`,
    );
  }
  const found = requireOneInput(
    await namedModel(name, flags.export ?? kept?.modelExport ?? undefined),
  );
  const before = kept?.modelSha256;
  if (!flags["changed-model"] && before && before !== found.own!.sha256) {
    throw new UsageError(
      `Cannot resume with ${name}: it must be as it was (SHA-256 ${before.slice(0, 12)}…), got ${
        found.own!.sha256.slice(0, 12)
      }…. Use it as it is now with --changed-model`,
    );
  }
  return found;
}

/** What a run's settings say of its model. */
export type KeptModel = {
  readonly model: string;
  /** The export of its file that makes the model; `null` of one of the registry. */
  readonly modelExport: string | null;
  /** The hash of its file. */
  readonly modelSha256: string | null;
};

/** What a run's settings say of a model, to be compared with a run that is resumed. */
export function keptModel({ name, own }: NamedModel, kept?: KeptModel): KeptModel {
  // A file that was moved is the same.
  const isSame = own && kept && own.sha256 === kept.modelSha256;
  return {
    model: isSame ? kept.model : name,
    modelExport: own?.exportName ?? null,
    modelSha256: own?.sha256 ?? null,
  };
}

/** What goes with `--model`. */
export const ownModelFlags = {
  export: text({
    help: "the export of the file of --model that makes the model",
    defaultText: "its default export",
  }),
  "changed-model": toggle({
    help: "use the file of --model even if it changed since the checkpoint was written",
  }),
} as const;

/** The flags that name a model. */
export type ModelFlags = {
  readonly model: string | undefined;
  readonly export: string | undefined;
  readonly "changed-model": boolean;
};

/**
 * The model of a name. The code of a file is run, which is why its user must have named it.
 *
 * @param name a name of the registry, or a path
 * @param exportName the export that makes the model. Default: `default`
 * @throws {UsageError} if there is no such model, file or export
 */
export async function namedModel(name: string, exportName?: string): Promise<NamedModel> {
  if (isModelFile(name)) return await modelOfFile(name, exportName ?? "default");
  if (exportName !== undefined) {
    throw new UsageError(`Cannot use --export: it needs a file as --model, got ${name}`);
  }
  if (isImported(name)) return await importedModel(name);
  return { name, ...findModel(name) };
}

/**
 * What opens weights of the model that flags name.
 *
 * @returns `undefined` if none is named
 */
export async function givenModel(flags: ModelFlags): Promise<string | GivenModel | undefined> {
  const { model: name, export: exportName, "changed-model": changed } = flags;
  if (name === undefined || !isModelFile(name)) {
    if (exportName !== undefined || changed) {
      throw new UsageError(
        `Cannot use --${changed ? "changed-model" : "export"}: it needs a file as --model, got ${
          name ?? "none"
        }`,
      );
    }
    return name;
  }
  const { own, ...model } = requireOneInput(await namedModel(name, exportName));
  const { sha256, exportName: _, ...known } = own!;
  return { ...model, ...known, ...(changed ? {} : { sha256 }) };
}

async function modelOfFile(path: string, exportName: string): Promise<NamedModel> {
  const sha256 = await sha256OfFile(path);
  const exports = await importFile(path);
  const refuse = (rule: string, found: unknown): never => {
    throw new UsageError(`Cannot use --model ${path}: ${rule}, got ${shown(found)}`);
  };
  const made = exports[exportName];
  if (made === undefined) {
    const known = Object.keys(exports);
    const hint = exportName === "default"
      ? "it must have a default export, or --export must name another"
      : "it must have the export of --export";
    refuse(hint, known.length === 0 ? "no export" : `${exportName} of ${known.join(", ")}`);
  }
  // What a record of a model says goes before what the file does.
  const { model, inputShape, classNames, preprocessing }: Readonly<Record<string, unknown>> =
    isRecordOfModel(made) ? { ...exports, ...made } : { ...exports, model: made };
  const build: ModelEntry["build"] = (options = {}) => {
    const layer: unknown = typeof model === "function" ? model(options) : model;
    if (isLayer(layer)) return layer;
    return refuse(
      `${exportName} must be a layer, a function that returns one, or { model, inputShape, … }`,
      layer,
    );
  };
  if (inputShape !== undefined && !isShapeTree(inputShape)) {
    refuse(
      "inputShape must be [height, width, channels], or a record of shapes by the inputs' names",
      inputShape,
    );
  }
  const areNames = Array.isArray(classNames) &&
    classNames.every((name) => typeof name === "string");
  if (classNames !== undefined && !areNames) {
    refuse("classNames must be an array of strings", classNames);
  }
  return {
    name: path,
    about: `${exportName === "default" ? "the default export" : exportName} of ${path}`,
    build,
    ...(isShape(inputShape) ? { inputShape } : {}),
    own: {
      exportName,
      sha256,
      ...(inputShape === undefined || isShape(inputShape)
        ? {}
        : { inputs: inputShape as ShapeTree }),
      ...(areNames ? { classNames: classNames as readonly string[] } : {}),
      ...(preprocessing === undefined ? {} : { preprocessing: preprocessingNamed(preprocessing) }),
    },
  };
}

/** Runs a file, and returns what it exports. */
async function importFile(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const { href } = new URL(path.replaceAll("\\", "/"), `file://${Deno.cwd()}/`);
    return await import(href);
  } catch (cause) {
    throw new UsageError(`Cannot use --model ${path}: ${(cause as Error).message ?? cause}`, {
      cause,
    });
  }
}

/**
 * A classifier at its own size.
 *
 * @throws {UsageError} if its file does not export the size, or it takes or gives something else
 */
export async function sizedModel(
  name: string,
  exportName?: string,
): Promise<{ readonly model: Layer; readonly inputShape: Shape }> {
  const { build, inputShape } = requireOneInput(await namedModel(name, exportName));
  if (inputShape) return { model: requireScores(name, build(), inputShape), inputShape };
  throw new UsageError(`Cannot use ${name}: the file must export inputShape, got none`);
}

function isLayer(value: unknown): value is Layer {
  const { op, declare, apply } = (value ?? {}) as Partial<Layer>;
  return typeof op === "string" && typeof declare === "function" && typeof apply === "function";
}

function isRecordOfModel(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && "model" in value && !isLayer(value);
}

function isShape(value: unknown): value is Shape {
  return Array.isArray(value) && value.every((size) => Number.isInteger(size) && size >= 1);
}

function isShapeTree(value: unknown): value is ShapeTree {
  if (isShape(value)) return true;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const shapes = Object.values(value);
  return shapes.length > 0 && shapes.every(isShapeTree);
}

/** Where networks that are no classifiers of pictures are trained and measured. */
const IN_A_SCRIPT =
  "Train and measure it in a script, by fit, evaluate and predict (docs/own_network.md)";

/** Refuses a model of several inputs where a task has pictures alone. */
function requireOneInput(named: NamedModel): NamedModel {
  if (named.own?.inputs === undefined) return named;
  throw new UsageError(
    `Cannot use --model ${named.name} here: the task gives a network one picture, got the inputs ${
      shapeText(named.own.inputs)
    }. ${IN_A_SCRIPT}. A part of it with one input is looked at by --export, of { model, inputShape }`,
  );
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? String(value);
}

/**
 * Builds a model for a number of classes.
 *
 * @throws {UsageError} if it is made for others
 */
export function buildFor(
  { name, build }: NamedModel,
  inputShape: Shape,
  numClasses: number,
): Layer {
  return requireScores(name, build({ numClasses }), inputShape, numClasses);
}

/** Refuses a model that does not give a score for each class, of so many or of any number. */
function requireScores(
  name: string,
  model: Layer,
  inputShape: Shape,
  numClasses?: number,
): Layer {
  const { shape } = model.declare(inputShape) as { readonly shape: ShapeTree };
  const areScores = isShape(shape) && shape.length === 1;
  if (areScores && shape[0] === (numClasses ?? shape[0])) return model;
  const mend = areScores
    ? "Export a function of { numClasses } that returns the model"
    : `${IN_A_SCRIPT}; then layers.readOut, exported beside it and named by --export, makes the other tasks see one of its outputs`;
  throw new UsageError(
    `Cannot use --model ${name}: it must output [${
      numClasses ?? "classes"
    }], a score for each class, got ${isShape(shape) ? `[${shape}]` : shapeText(shape)}. ${mend}`,
  );
}
