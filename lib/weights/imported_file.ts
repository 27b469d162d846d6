// Files of other programs among those of weights: they have their model with them.
import type { ImportedFile, ImportOptions } from "../imported/file.ts";
import type { Layer, Network } from "../layers/layer.ts";
import type { Shape } from "../tensor/tensor.ts";

/** A format whose files have their model with them. */
type Format = {
  /** What a file of it is called. */
  readonly name: string;
  /** The program whose format it is. */
  readonly origin: string;
  readonly endings: readonly string[];
  read(path: string, options?: ImportOptions): Promise<ImportedFile>;
};

/** What reads them is imported when there is one: it is a tenth of the toolkit. */
const FORMATS: readonly Format[] = [
  {
    name: "an ONNX file",
    origin: "ONNX",
    endings: [".onnx"],
    read: async (...file) => (await import("../onnx/mod.ts")).readOnnx(...file),
  },
  {
    name: "a Keras file",
    origin: "Keras",
    endings: [".keras", ".h5", ".hdf5"],
    read: async (...file) => (await import("../keras/mod.ts")).readKeras(...file),
  },
  {
    name: "a TensorFlow.js model",
    origin: "TensorFlow.js",
    endings: [".json"],
    read: async (...file) => (await import("../tfjs/mod.ts")).readTfjs(...file),
  },
];

/** What an imported file tells of its network. */
type ImportedNetworkFile = {
  readonly file: string;
  readonly name: string;
  readonly model: Layer;
  readonly inputShape: Shape;
  readonly numClasses: number;
  readonly origin: string;
  readonly metadata: Readonly<Record<string, string>>;
  load(inputShape?: Shape): Promise<Network & { readonly inputShape: Shape }>;
};

/** The model of an imported file, as entries of the registry are. */
type ImportedModel = {
  readonly name: string;
  readonly about: string;
  readonly inputShape: Shape;
  build(options?: { readonly numClasses?: number }): Layer;
};

function formatOf(path: string): Format | undefined {
  return FORMATS.find(({ endings }) => endings.some((end) => path.toLowerCase().endsWith(end)));
}

/** The ending of a path or an URL of a file that has its model with it; `undefined` of others. */
export function importedEnding(path: string): string | undefined {
  return formatOf(path)?.endings.find((end) => path.toLowerCase().endsWith(end));
}

/** Whether a path or an URL is one of a file that has its model with it, by its ending. */
export function isImported(path: string): boolean {
  return formatOf(path) !== undefined;
}

/** What a file of a network is called, if its format has its model but not its preprocessing. */
export function importedName(origin: string): string | undefined {
  return FORMATS.find((format) => format.origin === origin)?.name;
}

/**
 * Refuses a file whose model cannot be read.
 *
 * @param name what it will be called, whose ending says its format
 */
export async function requireImported(path: string, name: string): Promise<void> {
  await formatOf(name)!.read(path);
}

/**
 * The network in an imported file.
 *
 * @param wanted the model that is asked for
 * @param wantedShape shape of one input, for what the file leaves open
 * @throws {TypeError} if a model is given: the file has its own
 */
export async function openImported(
  path: string,
  wanted: unknown,
  wantedShape: Shape | undefined,
): Promise<ImportedNetworkFile> {
  const { name, origin, read } = formatOf(path)!;
  if (wanted !== undefined) {
    throw new TypeError(
      `Cannot open ${path}: ${name} has its model, so that none may be given, got ${
        typeof wanted === "string" ? wanted : "a layer"
      }`,
    );
  }
  const file = await read(path, { inputShape: wantedShape });
  const { model, inputShape, outputShape } = file.build();
  return {
    file: path,
    name: path,
    model,
    inputShape,
    numClasses: outputShape.at(-1)!,
    origin,
    metadata: file.metadata,
    load: (shape = inputShape) => Promise.resolve(file.build(shape).load()),
  };
}

/**
 * The model of an imported file without its weights, for a checkpoint of it with other classes.
 *
 * @param path the file
 */
export async function importedModel(path: string): Promise<ImportedModel> {
  const { name, read } = formatOf(path)!;
  const { build, withClasses, inputShape } = await read(path);
  return {
    name: path,
    about: `the network of ${name}`,
    inputShape,
    build: ({ numClasses } = {}) =>
      numClasses === undefined ? build().model : withClasses(numClasses),
  };
}
