// Checkpoint files: all that a training run needs to continue, as one safetensors file.
import type { HostTensor } from "./host_tensor.ts";
import { type Json, jsonText } from "./json.ts";
import { firstNames, hostTensor, parseSafetensors, type Safetensors } from "./safetensors.ts";
import { openSafetensors, type TensorInfo } from "./safetensors_file.ts";
import type { TensorFile } from "./tensor_source.ts";
import { serializeSafetensors, writeSafetensors } from "./safetensors_write.ts";
import { describeValue } from "../text/value.ts";

/** Host tensors by slash-joined path, such as `conv1/kernel`. */
export type Tensors = ReadonlyMap<string, HostTensor>;

/** All that a training run needs to continue. */
export type Checkpoint = {
  readonly sections: {
    /** The parameters. */
    readonly params: Tensors;
    /** What layers keep, such as batch-norm statistics. */
    readonly state: Tensors;
    /** What the optimizer keeps. */
    readonly optimizer: Tensors;
    /** What else the run keeps, such as its best weights so far; absent if there is nothing. */
    readonly kept?: Tensors;
  };
  /** Model, dataset, epoch, step, key, configuration and history, as the run has them. */
  readonly run: Json;
};

const FORMAT = "neocog-checkpoint";
const VERSION = 1;
const SECTIONS = ["params", "state", "optimizer", "kept"] as const;

/**
 * The bytes of a checkpoint file: safetensors with keys such as `params/conv1/kernel`, and
 * metadata `format`, `version` and `run`. Every bit of every tensor is kept.
 *
 * @param checkpoint the checkpoint
 * @returns the file's bytes, the same for the same checkpoint
 * @throws {TypeError} if a tensor's shape, dtype and values disagree, or `run` is not JSON
 * @throws {RangeError} if `run` has a number that JSON has not (NaN, ±Infinity)
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseCheckpoint } from "@neocog/neocog/weights";
 * import { serializeCheckpoint } from "@neocog/neocog/weights";
 *
 * const scale = { dtype: "float32", shape: [], values: new Float32Array([0.1]) } as const;
 * const sections = { params: new Map([["bn1/scale", scale]]), state: new Map(), optimizer: new Map() };
 * const checkpoint = { sections, run: { epoch: 3 } };
 * assertEquals(parseCheckpoint(serializeCheckpoint(checkpoint), "a.safetensors"), checkpoint);
 * ```
 */
export function serializeCheckpoint(checkpoint: Checkpoint): Uint8Array<ArrayBuffer> {
  const { tensors, metadata } = contentsOf(checkpoint);
  return serializeSafetensors(tensors, metadata);
}

function contentsOf(
  checkpoint: Checkpoint,
): { tensors: Map<string, HostTensor>; metadata: Record<string, string> } {
  if (typeof checkpoint?.sections !== "object") {
    throw new TypeError(
      `Cannot write a checkpoint: it must be what await snapshot(network) returns, got ${
        describeValue(checkpoint)
      }`,
    );
  }
  const tensors = new Map<string, HostTensor>();
  for (const section of SECTIONS) {
    for (const [path, tensor] of checkpoint.sections[section] ?? []) {
      tensors.set(`${section}/${path}`, tensor);
    }
  }
  const run = jsonText(checkpoint.run, "run");
  return { tensors, metadata: { format: FORMAT, version: String(VERSION), run } };
}

/**
 * The checkpoint in the bytes of a file.
 *
 * @param bytes the whole file
 * @param file its name, for messages
 * @returns the checkpoint
 * @throws {SyntaxError} if the file is cut or corrupt, is a safetensors file of another
 * kind, or is a checkpoint of a newer version
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { parseCheckpoint } from "@neocog/neocog/weights";
 * import { serializeSafetensors } from "@neocog/neocog/weights";
 *
 * const foreign = serializeSafetensors(new Map(), { format: "pt" });
 * assertThrows(() => parseCheckpoint(foreign, "resnet.safetensors"), SyntaxError, '"pt"');
 * ```
 */
export function parseCheckpoint(bytes: Uint8Array, file: string): Checkpoint {
  const contents = parseSafetensors(bytes, file);
  checkFormat(contents);
  const sections = emptySections();
  for (const name of contents.tensors.keys()) {
    const [section, path] = placeOf(name, file);
    sections[section].set(path, hostTensor(contents, name));
  }
  return { sections: filled(sections), run: parseRun(contents) };
}

type Section = typeof SECTIONS[number];

type Sections = Record<Section, Map<string, HostTensor>>;

function emptySections(): Sections {
  return { params: new Map(), state: new Map(), optimizer: new Map(), kept: new Map() };
}

/** The sections without that which most files have not. */
function filled({ kept, ...sections }: Sections): Checkpoint["sections"] {
  return kept.size > 0 ? { ...sections, kept } : sections;
}

/** The section of a file's tensor, and its path in it. */
function placeOf(name: string, file: string): [Section, string] {
  const section = SECTIONS.find((section) => name.startsWith(`${section}/`));
  if (section) return [section, name.slice(section.length + 1)];
  throw new SyntaxError(
    `Cannot read checkpoint ${file}: each key must begin with one of ` +
      `${SECTIONS.map((section) => `${section}/`).join(", ")}, got ${name}`,
  );
}

/** What a file says of itself, and its names. */
type About = Pick<Safetensors, "file" | "metadata"> & {
  readonly tensors: ReadonlyMap<string, unknown>;
};

function checkFormat({ file, metadata, tensors }: About): void {
  const { format, version } = metadata;
  if (format !== FORMAT) {
    throw new SyntaxError(
      `Cannot read checkpoint ${file}: the metadata "format" of this safetensors file must be ` +
        `"${FORMAT}", got ${JSON.stringify(format) ?? "missing"}; ` +
        `its keys are ${firstNames(tensors.keys(), tensors.size)}`,
    );
  }
  if (version === String(VERSION)) return;
  const newer = Number(version) > VERSION ? " (it was written by a newer neocog)" : "";
  throw new SyntaxError(
    `Cannot read checkpoint ${file}: its version must be ${VERSION}${newer}, ` +
      `got ${version ?? "missing"}`,
  );
}

function parseRun({ file, metadata }: About): Json {
  try {
    if (metadata.run === undefined) throw new SyntaxError("it is missing");
    return JSON.parse(metadata.run);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new SyntaxError(
      `Cannot read checkpoint ${file}: its metadata "run" must be JSON: ${reason}`,
      { cause },
    );
  }
}

/**
 * Writes a checkpoint file, completely or not at all.
 *
 * Needs `--allow-read` and `--allow-write` for the directory of `path`.
 *
 * @param path the file; its old contents stay if this throws
 * @param checkpoint the checkpoint
 * @throws {TypeError} if a tensor's shape, dtype and values disagree, or `run` is not JSON
 * @throws {RangeError} if `run` has a number that JSON has not, or `path` is no regular file
 * @throws {Error} of Deno's class for it if the system refuses
 */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const { tensors, metadata } = contentsOf(checkpoint);
  await writeSafetensors(path, tensors, metadata);
}

/**
 * Reads a checkpoint file.
 *
 * Needs `--allow-read` for `path`.
 *
 * @param path the file
 * @returns the checkpoint
 * @throws {SyntaxError} if the file is cut, corrupt, foreign or of a newer version
 * @throws {Error} of Deno's class for it (`NotFound`, …) if the system refuses
 */
export function readCheckpoint(path: string): Promise<Checkpoint> {
  return readSections(path, SECTIONS);
}

/** As {@linkcode readCheckpoint}, of some sections; the others are empty. */
export async function readSections(
  path: string,
  wanted: readonly Section[],
): Promise<Checkpoint> {
  await using contents = await openSafetensors(path);
  checkFormat(contents);
  const sections = emptySections();
  for (const name of contents.tensors.keys()) {
    const [section, place] = placeOf(name, path);
    if (wanted.includes(section)) sections[section].set(place, await contents.read(name));
  }
  return { sections: filled(sections), run: parseRun(contents) };
}

/** Whether a safetensors file is a checkpoint of neocog's, of whatever version. */
export function isCheckpoint({ metadata }: Pick<TensorFile, "metadata">): boolean {
  return metadata.format?.startsWith("neocog") ?? false;
}

/** A checkpoint's account of its run. */
export function runIn(file: TensorFile): Json {
  checkFormat(file);
  return parseRun(file);
}

/** What the header of a checkpoint says of its parameters and state. */
export function sectionsOf(
  { tensors, file }: TensorFile,
): Record<"params" | "state", ReadonlyMap<string, TensorInfo>> {
  const found = { params: new Map<string, TensorInfo>(), state: new Map<string, TensorInfo>() };
  for (const [name, info] of tensors) {
    const [section, path] = placeOf(name, file);
    if (section === "params" || section === "state") found[section].set(path, info);
  }
  return found;
}
