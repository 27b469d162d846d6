// What lies beside weights: how pictures are prepared for them, and what their classes are called.
import { cifar10Classes, imagenetClasses } from "../../lib/data/mod.ts";
import {
  inputShapeOf,
  parsePreprocessing,
  type Preprocessing,
  preprocessingOf,
  preprocessings,
} from "../../lib/image/mod.ts";
import { unknownName } from "../../lib/text/nearest.ts";
import { UsageError } from "../command.ts";
import type { Network } from "./network.ts";
import { readText } from "../command/files.ts";

/** A preprocessing, and where it was found. */
export type FoundPreprocessing = { readonly how: Preprocessing; readonly source: string };

/** A file's text; `undefined` where there is no such file. */
async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readText(file);
  } catch (error) {
    if ((error as Error).cause instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The weights' path without its ending, to which those of sidecars are appended. */
function stemOf(file: string): string {
  return file.replace(/\.safetensors$/, "");
}

/** The sidecars of weights that may hold their preprocessing: ours, then timm's. */
function sidecarsOf(file: string): string[] {
  const folder = file.replace(/[^/\\]*$/, "");
  const isTimm = file.slice(folder.length) === "model.safetensors";
  return [`${stemOf(file)}.json`, ...(isTimm ? [`${folder}config.json`] : [])];
}

/** A preset's name, or a file's path, as `--preprocessing` gives it. */
async function named(flag: string): Promise<FoundPreprocessing> {
  if (Object.hasOwn(preprocessings, flag)) {
    return { how: preprocessings[flag as keyof typeof preprocessings], source: flag };
  }
  const text = await textOf(flag);
  if (text === undefined) {
    const known = unknownName("preprocessing", flag, Object.keys(preprocessings));
    throw new UsageError(`--preprocessing must be a name or a JSON file that is there: ${known}`);
  }
  return { how: parsePreprocessing(text, flag), source: flag };
}

/** What the pictures were that a network was trained on here: as it says, or pixels from 0 to 1. */
function ofTraining({ inputShape, trained }: Network): FoundPreprocessing {
  if (trained?.preprocessing) return { how: trained.preprocessing, source: "the checkpoint" };
  const [height, width, channels] = inputShape as [number, number, number];
  const moments = { mean: Array(channels).fill(0), std: Array(channels).fill(1) };
  const resize = Math.max(height, width);
  const how = { resize, crop: [height, width] as const, range: 1 as const, ...moments };
  return { how, source: "that of deno task train" };
}

/** What the world's weights of a model usually expect. */
function usualOf({ name }: Network): FoundPreprocessing {
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
 * How pictures are prepared for weights: as the flag says, the file's metadata, a file beside
 * it (`NAME.json`, or timm's `config.json`), or as is usual for the model, in this order.
 *
 * @param network the network
 * @param flag what `--preprocessing` says
 */
export async function findPreprocessing(
  network: Network,
  flag: string | undefined,
): Promise<FoundPreprocessing> {
  if (flag !== undefined) return await named(flag);
  if (network.trained) return ofTraining(network);
  const { known } = network;
  if (known) return { how: preprocessings[known.preprocessing], source: known.preprocessing };
  const how = preprocessingOf(network.metadata, network.file);
  if (how) return { how, source: "the weights' metadata" };
  for (const sidecar of sidecarsOf(network.file)) {
    const text = await textOf(sidecar);
    if (text !== undefined) return { how: parsePreprocessing(text, sidecar), source: sidecar };
  }
  return usualOf(network);
}

/** The lines of a file of names. */
function linesOf(text: string): string[] {
  return text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
}

/** Names for classes of which nothing is known but their number. */
function numbered({ numClasses, inputShape }: Network): readonly string[] {
  if (numClasses === imagenetClasses.length) return imagenetClasses;
  if (numClasses === 10 && inputShape[0] === 32) return cifar10Classes;
  return Array.from({ length: numClasses }, (_, i) => `class ${i}`);
}

/**
 * The names of a network's classes: those of the file that the flag names, or of the one beside
 * the weights (`NAME.classes.txt`), a line each; those it was trained with; ImageNet's or
 * CIFAR-10's where it has as many; else numbers.
 *
 * @param network the network
 * @param flag what `--classes` says
 * @throws {SyntaxError} where a file has more names or less than the network has classes
 */
export async function findClassNames(
  network: Network,
  flag: string | undefined,
): Promise<readonly string[]> {
  if (network.trained && flag === undefined) return network.trained.classNames;
  const sidecar = `${stemOf(network.file)}.classes.txt`;
  const file = flag ?? sidecar;
  const text = flag === undefined ? await textOf(sidecar) : await readText(flag);
  if (text === undefined) return numbered(network);
  const names = linesOf(text);
  if (names.length !== network.numClasses) {
    throw new SyntaxError(
      `Cannot use ${file}: it must have a name a line for each of the ${network.numClasses} classes of ${network.file}, got ${names.length}`,
    );
  }
  return names;
}

/**
 * The moments of a preprocessing in the units of `evaluate`, for images that have the network's
 * size already.
 *
 * @param found the preprocessing
 * @param imageShape shape of the images
 * @throws {UsageError} where it is more than a shift and a scale
 */
export function momentsOf(
  { how, source }: FoundPreprocessing,
  imageShape: readonly number[],
): { readonly mean: readonly number[]; readonly std: readonly number[] } {
  if (`${inputShapeOf(how)}` !== `${imageShape}` || how.order === "bgr") {
    throw new UsageError(
      `--preprocessing (${source}) must be of red, green and blue images of [${imageShape}], as they are: got ${
        JSON.stringify(how)
      }`,
    );
  }
  return {
    mean: how.mean.map((mean) => mean / how.range),
    std: how.std.map((std) => std / how.range),
  };
}
