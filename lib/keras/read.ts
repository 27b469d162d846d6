// Keras files: `.h5` and `.hdf5` with a whole model, and `.keras`.
import { attempting } from "../files/file_error.ts";
import { openHdf5 } from "../files/hdf5.ts";
import { openZip, type ZipFile } from "../files/zip.ts";
import type { ImportedFile, ImportOptions } from "../imported/file.ts";
import { parseModel } from "./config.ts";
import { isRecord } from "./model.ts";
import { kerasFile } from "./network.ts";
import { legacyWeights, storedWeights } from "./weights.ts";

/**
 * Reads a Keras file: a whole model in HDF5 (`.h5`, `.hdf5`), or a `.keras` archive. All layers are
 * known, and all shapes go together, before anything is on the device. Nothing of the file is run.
 *
 * Needs `--allow-read` for `path`.
 *
 * @param path the file
 * @param options whether a softmax at the end stays
 * @returns what builds the network
 * @throws {SyntaxError} if it is cut or of another kind, has no model, or its layers form a circle
 * @throws {TypeError} if layers are missing: with all their names; or it has code in place of layers
 * @throws {Error} of Deno's class for it (`NotFound`, …) if the system refuses
 */
export async function readKeras(path: string, options: ImportOptions = {}): Promise<ImportedFile> {
  using file = await attempting(`Cannot read ${path}`, Deno.open(path));
  const start = new Uint8Array(2);
  await file.read(start);
  const isZip = start[0] === 0x50 && start[1] === 0x4b;
  return isZip ? await readArchive(path, options) : await readWhole(path, options);
}

async function readWhole(path: string, options: ImportOptions): Promise<ImportedFile> {
  using file = await openHdf5(await Deno.readFile(path), path);
  const config = file.attribute("", "model_config");
  if (typeof config !== "string") {
    throw new SyntaxError(
      `Cannot read ${path}: it must hold a whole model of Keras, got an HDF5 file without a model_config. Of a file of weights alone the model is not known: write it with model.save("model.keras")`,
    );
  }
  const said = (name: string): string =>
    `${file.attribute("model_weights", name) ?? file.attribute("", name) ?? ""}`;
  const version = said("keras_version");
  return kerasFile({
    file: path,
    model: parseModel(jsonIn(config, path, "model_config"), path),
    weights: legacyWeights(file),
    dialect: { major: version.startsWith("3") ? 3 : 2, isTfjs: false },
    metadata: metadataOf({
      keras_version: version,
      backend: said("backend"),
      classes: file.attribute("", "classes"),
      preprocessing: file.attribute("", "preprocessing"),
    }),
  }, options);
}

/** How many times larger than an archive its files may be. */
const MOST_INFLATION = 20;

async function readArchive(path: string, options: ImportOptions): Promise<ImportedFile> {
  await using zip = await openZip(path);
  const { size } = await Deno.stat(path);
  for (const entry of zip.entries.values()) {
    // Numbers that were trained are packed to nine tenths at the least.
    if (entry.size <= MOST_INFLATION * size) continue;
    throw new SyntaxError(
      `Cannot read ${path}: it must hold files of at most ${MOST_INFLATION} times its ${size} bytes, got ${entry.size} of ${entry.name}`,
    );
  }
  const text = async (name: string): Promise<string> =>
    new TextDecoder().decode(await entryOf(zip, path, name).read());
  const about = jsonIn(await text("metadata.json"), path, "metadata.json");
  const metadata = metadataOf(isRecord(about) ? about : {});
  const model = parseModel(jsonIn(await text("config.json"), path, "config.json"), path);
  const weights = entryOf(zip, path, "model.weights.h5");
  using file = await openHdf5(await weights.read(), `${path}/model.weights.h5`);
  const major = metadata.keras_version?.startsWith("2") ? 2 : 3;
  const dialect = { major, isTfjs: false } as const;
  return kerasFile({ file: path, model, weights: storedWeights(file), dialect, metadata }, options);
}

function entryOf(
  { entries }: ZipFile,
  path: string,
  name: string,
): NonNullable<ReturnType<ZipFile["entries"]["get"]>> {
  const entry = entries.get(name);
  if (entry) return entry;
  throw new SyntaxError(
    `Cannot read ${path}: it must hold a Keras model, got an archive without ${name}`,
  );
}

/** The texts in a record. */
function metadataOf(record: { readonly [name: string]: unknown }): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).filter((pair): pair is [string, string] =>
      typeof pair[1] === "string" && pair[1] !== ""
    ),
  );
}

function jsonIn(text: string, path: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(
      `Cannot read ${path}: its ${name} must be JSON, got ${(error as Error).message}`,
      { cause: error },
    );
  }
}
