// Writes the folder of a TensorFlow.js model: model.json, and its weights in shards.
import { bytesOf, isLarge } from "../exported/mod.ts";
import { writeFileAtomically } from "../files/atomic_file.ts";
import type { JsonRecord } from "../keras/written_model.ts";
import type { Weight } from "../layers/operation.ts";
import { sizeOf } from "../tensor/tensor.ts";

/** A weight with its name, of floats or whole numbers. */
export type TfjsWeight =
  | { readonly name: string; readonly weight: Weight }
  | { readonly name: string; readonly shape: readonly number[]; readonly whole: readonly number[] };

/** A model before it is written. */
export type TfjsModel = {
  readonly format: "layers-model" | "graph-model";
  readonly modelTopology: JsonRecord;
  readonly weights: readonly TfjsWeight[];
  /** What besides is in `model.json`. */
  readonly more?: JsonRecord;
};

/** Bytes of a shard: that of the converter of TensorFlow, which browsers cache well. */
const SHARD_BYTES = 4 * 1024 * 1024;

/**
 * Writes a model's folder. Its files are there before `model.json` names them, and those of a model
 * that was there before are removed after it does not any more.
 *
 * @param folder the folder, which is made if need be
 * @param half whether kernels are kept in 16 bits
 * @param metadata what the model says of itself
 * @throws {RangeError} if a number is beyond those of 16 bits
 */
export async function writeModelFolder(
  folder: string,
  { format, modelTopology, weights, more = {} }: TfjsModel,
  half: boolean,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const path = `${folder}/model.json`;
  const before = await shardsNamedIn(path);
  const total = weights.reduce((sum, one) => sum + byteLength(one, half), 0);
  const count = Math.max(1, Math.ceil(total / SHARD_BYTES));
  const unique = before.length === 0 ? "" : `-${crypto.randomUUID().slice(0, 8)}`;
  const paths = Array.from(
    { length: count },
    (_, i) => `group1${unique}-shard${i + 1}of${count}.bin`,
  );
  const written: string[] = [];
  try {
    let i = 0;
    for await (const shard of shardsOf(weights, half)) {
      written.push(`${folder}/${paths[i]!}`);
      await writeFileAtomically(`${folder}/${paths[i++]!}`, shard);
    }
    const json = {
      format,
      generatedBy: "neocog",
      convertedBy: null,
      modelTopology,
      ...more,
      weightsManifest: [{ paths, weights: weights.map((one) => weightJson(one, half)) }],
      ...(Object.keys(metadata).length > 0 ? { userDefinedMetadata: metadata } : {}),
    };
    await writeFileAtomically(path, JSON.stringify(json));
  } catch (error) {
    for (const file of written) await Deno.remove(file).catch(() => {});
    throw error;
  }
  for (const file of before) await Deno.remove(`${folder}/${file}`).catch(() => {});
}

/** The shards of a model of ours that is there already. */
async function shardsNamedIn(path: string): Promise<string[]> {
  try {
    const { weightsManifest } = JSON.parse(await Deno.readTextFile(path));
    const named: unknown[] = weightsManifest.flatMap(({ paths }: { paths: unknown[] }) => paths);
    return named.filter((name): name is string =>
      typeof name === "string" && /^group\d+[\w-]*\.bin$/.test(name)
    );
  } catch {
    return [];
  }
}

function byteLength(one: TfjsWeight, half: boolean): number {
  if ("whole" in one) return 4 * one.whole.length;
  return (half && isLarge(one.weight) ? 2 : 4) * sizeOf(one.weight.shape);
}

/** All weights one after the other, cut into shards. */
async function* shardsOf(
  weights: readonly TfjsWeight[],
  half: boolean,
): AsyncGenerator<Uint8Array> {
  let [parts, length]: [Uint8Array[], number] = [[], 0];
  const whole = (): Uint8Array => {
    const shard = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      shard.set(part, at);
      at += part.length;
    }
    [parts, length] = [[], 0];
    return shard;
  };
  let isFirst = true;
  for (const one of weights) {
    let rest = "whole" in one
      ? new Uint8Array(Int32Array.from(one.whole).buffer)
      : await bytesOf(one.weight, half && isLarge(one.weight), one.name);
    while (length + rest.length >= SHARD_BYTES) {
      const taken = SHARD_BYTES - length;
      parts.push(rest.subarray(0, taken));
      length += taken;
      yield whole();
      isFirst = false;
      rest = rest.subarray(taken);
    }
    parts.push(rest);
    length += rest.length;
  }
  if (length > 0 || isFirst) yield whole();
}

function weightJson(one: TfjsWeight, half: boolean): JsonRecord {
  const { name } = one;
  if ("whole" in one) return { name, shape: one.shape, dtype: "int32" };
  const { weight } = one;
  const quantization: JsonRecord = half && isLarge(weight)
    ? { quantization: { dtype: "float16", original_dtype: "float32" } }
    : {};
  return { name, shape: weight.shape, dtype: "float32", ...quantization };
}
