// What lies beside weights: how pictures are prepared for them, and what their classes are called.
import { cifar10Classes } from "../data/sources/cifar10.ts";
import { imagenetClasses } from "../data/sources/imagenet_classes.ts";
import { parsePreprocessing, preprocessingOf } from "../image/parse_preprocessing.ts";
import { checkPreprocessing, type Preprocessing, preprocessings } from "../image/preprocessing.ts";
import { inputShapeOf } from "../image/preprocess.ts";
import type { Shape } from "../tensor/tensor.ts";
import { unknownName } from "../text/nearest.ts";
import { importedEnding, importedName } from "./imported_file.ts";
import type { NetworkFile } from "./network_file.ts";

/** A preprocessing, and where it is from. */
export type FoundPreprocessing = { readonly how: Preprocessing; readonly source: string };

/** A file's text; `undefined` if there is no such file. */
async function textOf(file: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The weights' path without its ending, to which the endings of sidecars are appended. */
function stemOf(file: string): string {
  const ending = importedEnding(file) ?? (/\.safetensors$/i.test(file) ? ".safetensors" : "");
  return file.slice(0, file.length - ending.length);
}

/** The name of the file beside weights that holds their preprocessing. */
function sidecarOf(file: string): string {
  // Of a model.json it would be the model itself.
  return `${stemOf(file)}${/\.json$/i.test(file) ? ".preprocessing" : ""}.json`;
}

/** The sidecars of weights that may hold their preprocessing: ours, then timm's. */
function sidecarsOf(file: string): string[] {
  const folder = file.replace(/[^/\\]*$/, "");
  const isTimm = file.slice(folder.length) === "model.safetensors";
  return [sidecarOf(file), ...(isTimm ? [`${folder}config.json`] : [])];
}

/**
 * Shape of one input of the preprocessing that is asked for, if any.
 *
 * @throws {RangeError} if there is no such name
 * @throws {SyntaxError} if a file is no preprocessing
 */
export async function askedShape(
  asked: string | Preprocessing | undefined,
): Promise<Shape | undefined> {
  if (asked === undefined) return undefined;
  const how = typeof asked === "string" ? (await presetOrFile(asked)).how : asked;
  checkPreprocessing(how);
  return inputShapeOf(how);
}

/** A preset by its name, or the preprocessing in a JSON file. */
async function presetOrFile(name: string): Promise<FoundPreprocessing> {
  if (Object.hasOwn(preprocessings, name)) {
    return { how: preprocessings[name as keyof typeof preprocessings], source: name };
  }
  const text = await textOf(name);
  if (text === undefined) {
    throw new RangeError(
      `Cannot prepare pictures: the preprocessing must be a known name or a JSON file that exists: ${
        unknownName("preprocessing", name, Object.keys(preprocessings))
      }`,
    );
  }
  return { how: parsePreprocessing(text, name), source: name };
}

/**
 * Pixels from 0 to 1 of the size of a network's input: what networks are trained on here if nothing
 * else is said, also on the pictures of an image folder.
 *
 * @param inputShape `[H, W, C]`
 */
export function plainPreprocessing(inputShape: Shape): Preprocessing {
  const [height, width, channels] = inputShape as [number, number, number];
  return {
    resize: "cover",
    crop: [height, width],
    range: 1,
    mean: Array(channels).fill(0),
    std: Array(channels).fill(1),
  };
}

/** What published weights of a model usually expect. */
function usualOf({ name }: NetworkFile): FoundPreprocessing {
  const preset = /^(resnet|plain)(20|32|44|56|110)$/.test(name)
    ? "cifar"
    : name === "inception-v3"
    ? "inception"
    : name === "googlenet-torchvision"
    ? "googlenet"
    : "torchvision";
  return { how: preprocessings[preset], source: `${preset}, the usual one of ${name}` };
}

/**
 * How pictures are prepared for weights: as is asked for, or as a checkpoint says, or the file's
 * metadata, or a file beside it (`NAME.json`, or timm's `config.json`), or as is usual for the
 * model, in this order.
 *
 * @throws {RangeError} if there is no such name
 * @throws {SyntaxError} if a file is no preprocessing
 * @throws {TypeError} if nothing says it of a file of another program
 */
export async function findPreprocessing(
  network: NetworkFile,
  asked?: string | Preprocessing,
): Promise<FoundPreprocessing> {
  if (typeof asked === "string") return await presetOrFile(asked);
  if (asked) {
    checkPreprocessing(asked);
    return { how: asked, source: "the caller" };
  }
  const { known, checkpoint, inputShape, origin } = network;
  const { given } = network;
  if (checkpoint?.preprocessing) return { how: checkpoint.preprocessing, source: "the checkpoint" };
  if (given?.preprocessing) {
    return { how: given.preprocessing, source: `exported by ${given.name}` };
  }
  if (checkpoint) return { how: plainPreprocessing(inputShape), source: `that of ${origin}` };
  if (known) return { how: preprocessings[known.preprocessing], source: known.preprocessing };
  const how = preprocessingOf(network.metadata, network.file);
  if (how) return { how, source: "the weights' metadata" };
  for (const sidecar of sidecarsOf(network.file)) {
    const text = await textOf(sidecar);
    if (text !== undefined) return { how: parsePreprocessing(text, sidecar), source: sidecar };
  }
  if (given) return { how: plainPreprocessing(inputShape), source: "pixels / 255" };
  const kind = importedName(origin);
  if (kind !== undefined) {
    throw new TypeError(
      `Cannot prepare pictures for ${network.file}: ${kind} does not say how, got none. Name it with --preprocessing torchvision or another (in a script: preprocessing), or write ${
        sidecarOf(network.file)
      }, such as ${JSON.stringify(plainPreprocessing(inputShape))}`,
    );
  }
  return usualOf(network);
}

/** Names for classes of which nothing is known but their number. */
function numberedClasses({ numClasses, inputShape }: NetworkFile): readonly string[] {
  if (numClasses === imagenetClasses.length) return imagenetClasses;
  if (numClasses === 10 && inputShape[0] === 32) return cifar10Classes;
  return Array.from({ length: numClasses }, (_, i) => `class ${i}`);
}

/**
 * The names of a network's classes: those that are given, or those it was trained with, or those in
 * the file's metadata (`classes`, a list in JSON), or those in the file beside the weights (`NAME.classes.txt`, a name a line), or ImageNet's or CIFAR-10's if
 * it has as many; else numbers.
 *
 * @throws {SyntaxError} if there are more names or fewer than the network has classes
 */
export async function findClassNames(
  network: NetworkFile,
  given?: string | readonly string[],
): Promise<readonly string[]> {
  if (given === undefined && network.checkpoint?.classNames) return network.checkpoint.classNames;
  const exported = network.given?.classNames;
  if (given === undefined && exported) {
    return requireCount(exported, `what ${network.name} exports`, network);
  }
  if (typeof given === "object") return requireCount(given, "the class names", network);
  const said = given === undefined ? classesIn(network) : undefined;
  if (said) return requireCount(said, "the classes in its metadata", network);
  const sidecar = `${stemOf(network.file)}.classes.txt`;
  const text = given === undefined ? await textOf(sidecar) : await Deno.readTextFile(given);
  if (text === undefined) return numberedClasses(network);
  const lines = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
  return requireCount(lines, given ?? sidecar, network);
}

/** The names in a file's metadata: a list in JSON under `classes`. */
function classesIn({ metadata, file }: NetworkFile): readonly string[] | undefined {
  const { classes } = metadata;
  if (classes === undefined) return undefined;
  try {
    const names: unknown = JSON.parse(classes);
    if (Array.isArray(names) && names.every((name) => typeof name === "string")) return names;
  } catch {
    // Not JSON: said below.
  }
  throw new SyntaxError(
    `Cannot use the classes in the metadata of ${file}: they must be a list of names in JSON, got ${
      classes.slice(0, 80)
    }`,
  );
}

function requireCount(
  names: readonly string[],
  source: string,
  { numClasses, file }: NetworkFile,
): readonly string[] {
  if (names.length === numClasses) return names;
  throw new SyntaxError(
    `Cannot use ${source}: there must be a name for each of the ${numClasses} classes of ${file}, got ${names.length}`,
  );
}
