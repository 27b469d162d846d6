// TensorFlow.js files: `model.json` of a layers model or a graph model, with its shards.
import { attempting } from "../files/file_error.ts";
import type { ImportedFile, ImportOptions } from "../imported/file.ts";
import { isRecord, kerasFile, namedWeights, parseModel } from "../keras/mod.ts";
import { graphFile } from "./graph.ts";
import { readWeights } from "./weights.ts";

/**
 * Reads a TensorFlow.js model: a layers model as Keras's, of which TensorFlow.js's formulas count, or
 * a graph model. All layers and operators are known, and all shapes go together, before anything is
 * on the device.
 *
 * Needs `--allow-read` for `path` and its folder.
 *
 * @param path the file, `model.json`
 * @param options whether a softmax at the end stays
 * @returns what builds the network
 * @throws {SyntaxError} if it is no model, its shards are too short or too long, or its parts form a
 * circle
 * @throws {TypeError} if layers or operators are missing: with all their names
 * @throws {RangeError} if a shard is outside the file's folder, or a link
 * @throws {Error} of Deno's class for it (`NotFound`, …) if the system refuses
 */
export async function readTfjs(path: string, options: ImportOptions = {}): Promise<ImportedFile> {
  const text = await attempting(`Cannot read ${path}`, Deno.readTextFile(path));
  const model = jsonOf(text, path);
  const { modelTopology: topology, weightsManifest: manifest } = model;
  if (!isRecord(topology)) {
    throw new SyntaxError(
      `Cannot read ${path}: it must be a model.json of TensorFlow.js, got no modelTopology`,
    );
  }
  const metadata = { ...saidIn(model), ...await labelsBeside(path) };
  if (Array.isArray(topology.node)) {
    return graphFile({ file: path, model, topology, metadata, manifest }, options);
  }
  const config = isRecord(topology.model_config) ? topology.model_config : topology;
  const parsed = parseModel(config, path);
  const weights = namedWeights(await readWeights(manifest, path));
  const dialect = { major: 2, isTfjs: true } as const;
  return kerasFile({ file: path, model: parsed, weights, dialect, metadata }, options);
}

type Fields = { readonly [name: string]: unknown };

function jsonOf(text: string, path: string): Fields {
  let value: unknown;
  let reason = "no record";
  try {
    value = JSON.parse(text);
  } catch (error) {
    reason = (error as Error).message;
  }
  if (isRecord(value)) return value;
  throw new SyntaxError(`Cannot read ${path}: it must be JSON of TensorFlow.js, got ${reason}`);
}

/** Texts that the file says of itself; names of classes as JSON. */
function saidIn(model: Fields): Record<string, string> {
  const said: Record<string, string> = {};
  const own = isRecord(model.userDefinedMetadata) ? model.userDefinedMetadata : {};
  for (const [key, value] of Object.entries({ ...own, ...model })) {
    if (typeof value === "string" && value !== "") said[key] = value;
  }
  const labels = own.classes ?? own.labels ?? own.classNames;
  if (isTexts(labels)) said.classes = JSON.stringify(labels);
  return said;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 &&
    value.every((one) => typeof one === "string");
}

/**
 * What Teachable Machine writes beside a model of pictures: names of classes, and the size of
 * pictures, whose pixels are from −1 to 1.
 */
async function labelsBeside(path: string): Promise<Record<string, string>> {
  let beside: unknown;
  try {
    beside = JSON.parse(
      await Deno.readTextFile(`${path.replace(/[^/\\]*$/, "")}metadata.json`),
    );
  } catch {
    return {}; // There is none, or it is another program's.
  }
  if (!isRecord(beside) || !isTexts(beside.labels)) return {};
  const classes = JSON.stringify(beside.labels);
  const { imageSize: size } = beside;
  if (typeof size !== "number" || !Number.isInteger(size) || size < 1) return { classes };
  const all = (number: number): number[] => [number, number, number];
  const preprocessing = {
    resize: size,
    crop: [size, size],
    range: 255,
    mean: all(127.5),
    std: all(127.5),
  };
  return { classes, preprocessing: JSON.stringify(preprocessing) };
}
