// Safetensors files and checkpoints, with a second reading of their format.
import {
  adam,
  dense,
  disposeTree,
  flatten,
  init,
  key,
  open,
  restoreTraining,
  sequential,
  start,
  tanh,
} from "../../../mod.ts";
import { beginTraining } from "../../../lib/train/training.ts";
import { snapshot } from "../../../lib/train/snapshot.ts";
import { parseCheckpoint, serializeCheckpoint } from "../../../lib/weights/checkpoint.ts";
import { hostTensor, parseSafetensors } from "../../../lib/weights/safetensors.ts";
import type { SafetensorsDtype } from "../../../lib/weights/safetensors_dtype.ts";
import { openSafetensors } from "../../../lib/weights/safetensors_file.ts";
import { type Format, format, isSame } from "./format.ts";
import { FOLDER } from "./temporary.ts";

/** A file by its header and data, after https://github.com/huggingface/safetensors, "Format". */
function fileOf(header: unknown, data: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}

const WIDTHS: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
};

/** A file with a tensor of each type. */
function ofEachType(): Uint8Array {
  let at = 0;
  const tensors = Object.entries(WIDTHS).map(([dtype, width], i) => {
    const shape = [[3], [2, 2], [], [0, 3]][i % 4]!;
    const begin = at;
    at += width * shape.reduce((product, size) => product * size, 1);
    return [`t${i}/${dtype}`, { dtype, shape, data_offsets: [begin, at] }] as const;
  });
  const data = Uint8Array.from({ length: at }, (_, i) => (i * 37) % 2);
  return fileOf({ __metadata__: { made: "by hand" }, ...Object.fromEntries(tensors) }, data);
}

const one = fileOf(
  { bias: { dtype: "F32", shape: [2], data_offsets: [0, 8] } },
  new Uint8Array(new Float32Array([0.5, -0]).buffer),
);
const none = fileOf({}, new Uint8Array(0));

type Found = {
  readonly metadata: unknown;
  readonly tensors: readonly (readonly [
    name: string,
    dtype: string,
    shape: readonly number[],
    bytes: Uint8Array,
  ])[];
};

/** What a file has, by a reading that trusts nothing but the format's rules. */
function readAgain(file: Uint8Array): Found {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  if (length > file.length - 8) throw new Error("length");
  const text = new TextDecoder("utf-8", { fatal: true }).decode(file.subarray(8, 8 + length));
  const { __metadata__: metadata = {}, ...rest } = JSON.parse(text);
  const data = file.subarray(8 + length);
  const covered = new Uint8Array(data.length);
  const tensors = Object.entries(rest).map(([name, value]) => {
    const { dtype, shape, data_offsets: [begin, end] } = value as {
      dtype: string;
      shape: number[];
      data_offsets: [number, number];
    };
    for (let i = begin; i < end; i++) covered[i]!++;
    return { name, dtype, shape, begin, end };
  });
  if (!covered.every((count) => count === 1)) throw new Error("holes or overlaps");
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  return {
    metadata,
    tensors: tensors.map((
      { name, dtype, shape, begin, end },
    ) => [name, dtype, shape, data.subarray(begin, end)]),
  };
}

/** The numbers of a tensor, one by one. */
function numbersOf(dtype: string, bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const width = WIDTHS[dtype]!;
  return Array.from({ length: bytes.length / width }, (_, i) => {
    const at = i * width;
    switch (dtype as SafetensorsDtype) {
      case "F64":
        return Math.fround(view.getFloat64(at, true));
      case "F32":
        return view.getFloat32(at, true);
      case "F16":
        return view.getFloat16(at, true);
      case "BF16": {
        const word = new DataView(new ArrayBuffer(4));
        word.setUint16(2, view.getUint16(at, true), true);
        return word.getFloat32(0, true);
      }
      case "I64":
        return Number(view.getBigInt64(at, true));
      case "U64":
        return Number(view.getBigUint64(at, true));
      case "I32":
        return view.getInt32(at, true);
      case "U32":
        return view.getUint32(at, true);
      case "I16":
        return view.getInt16(at, true);
      case "U16":
        return view.getUint16(at, true);
      case "I8":
        return view.getInt8(at);
      default:
        return view.getUint8(at);
    }
  });
}

type Read = {
  readonly metadata: unknown;
  readonly tensors: readonly (readonly [
    string,
    { readonly shape: readonly number[]; readonly values: ArrayLike<number> } | Error,
  ])[];
};

/** Every tensor, or why it has no counterpart here: that is refused when it is read. */
function tensorsOf(
  names: Iterable<string>,
  read: (name: string) => Read["tensors"][number][1],
): Read["tensors"] {
  return [...names].map((name) => {
    try {
      return [name, read(name)];
    } catch (error) {
      if (error instanceof SyntaxError) return [name, error];
      throw error;
    }
  });
}

function readTensors(file: Uint8Array): Read {
  const contents = parseSafetensors(file, "a.safetensors");
  const { metadata, tensors } = contents;
  return { metadata, tensors: tensorsOf(tensors.keys(), (name) => hostTensor(contents, name)) };
}

function checkTensors({ metadata, tensors }: Read, file: Uint8Array): string | undefined {
  const again = readAgain(file);
  if (!isSame(metadata, again.metadata)) return "its metadata is not that of a second reading";
  if (tensors.length !== again.tensors.length) {
    return "it has other tensors than by a second reading";
  }
  for (const [i, [name, tensor]] of tensors.entries()) {
    const [wanted, dtype, shape, bytes] = again.tensors[i]!;
    if (name !== wanted) return `tensor ${i} is ${name}, by a second reading ${wanted}`;
    if (tensor instanceof Error) continue;
    const numbers = numbersOf(dtype, bytes);
    const isAlike = isSame([...tensor.shape], shape) && tensor.values.length === numbers.length &&
      numbers.every((value, at) => Object.is(value, tensor.values[at]));
    if (!isAlike) return `tensor ${name} has other numbers than by a second reading`;
  }
  return undefined;
}

function acceptsTensors(file: Uint8Array): boolean {
  try {
    readAgain(file);
    return true;
  } catch {
    return false;
  }
}

await start({ backend: "cpu" });
const model = sequential({
  flat: flatten(),
  hidden: dense({ features: 3 }),
  act: tanh(),
  out: dense({ features: 2 }),
});
const network = init(model, key(1), [2, 2, 1]);
const run = {
  model: "lenet5",
  epoch: 3,
  history: [1, 2.5],
  classNames: ["a", "b"],
  inputShape: [2, 2, 1],
};
const training = beginTraining(model, adam({}), key(2), [2, 2, 1], { network });
const written = serializeCheckpoint(await snapshot(training, { ...run, epoch: 4 }));

/** Reads what lies in a file. */
async function onDisk<T>(file: Uint8Array, read: (path: string) => Promise<T>): Promise<T> {
  await Deno.writeFile(PATH, file);
  return await read(PATH);
}

const PATH = `${FOLDER}/weights.safetensors`;

const safetensors: Omit<Format<Read>, "name" | "parse"> = {
  seeds: [ofEachType(), one, none, written],
  isText: true,
  errors: ["SyntaxError"],
  check: checkTensors,
  accepts: acceptsTensors,
};

/** A header by itself, before a file's own data. */
function withHeader(header: Uint8Array): Uint8Array {
  const { length } = header;
  const own = ofEachType();
  const data = own.subarray(8 + Number(new DataView(own.buffer).getBigUint64(0, true)));
  const file = new Uint8Array(8 + length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(header, 8);
  file.set(data, 8 + length);
  return file;
}

/** The header of a file. */
function headerOf(file: Uint8Array): Uint8Array {
  return file.subarray(
    8,
    8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true)),
  );
}

/** A checkpoint whose account of its run is a damaged text. */
function withRun(text: Uint8Array): Uint8Array {
  const { __metadata__: metadata, ...tensors } = JSON.parse(decode(headerOf(written)));
  const data = written.subarray(8 + headerOf(written).length);
  return fileOf({ __metadata__: { ...metadata, run: decode(text) }, ...tensors }, data);
}

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const writtenRun = new TextEncoder().encode(JSON.parse(decode(headerOf(written))).__metadata__.run);

/** All formats of weights. */
export const weightFormats: readonly Format[] = [
  format<Read>({
    name: "safetensors",
    ...safetensors,
    parse: readTensors,
  }),
  format<Read>({
    name: "safetensors with a right length",
    ...safetensors,
    seeds: [headerOf(ofEachType())],
    build: withHeader,
    parse: readTensors,
  }),
  format<Read>({
    name: "safetensors on disk",
    ...safetensors,
    parse: (file) =>
      onDisk(file, async (path) => {
        await using opened = await openSafetensors(path);
        const { metadata, tensors } = opened;
        const read: [string, Read["tensors"][number][1]][] = [];
        for (const name of tensors.keys()) {
          const tensor = await opened.read(name).catch((error) => {
            if (error instanceof SyntaxError) return error;
            throw error;
          });
          read.push([name, tensor]);
        }
        return { metadata, tensors: read };
      }),
  }),
  format<ReturnType<typeof parseCheckpoint>>({
    name: "checkpoint",
    seeds: [written],
    isText: true,
    parse: (file) => parseCheckpoint(file, "a.safetensors"),
    errors: ["SyntaxError"],
    check(found, file) {
      const again = readAgain(file);
      const { run } = again.metadata as { run: string };
      if (!isSame(found.run, JSON.parse(run))) return "its run is not that of a second reading";
      const { params, state, optimizer, kept = new Map() } = found.sections;
      const named = Object.entries({ params, state, optimizer, kept }).flatMap((
        [section, tensors],
      ) => [...tensors].map(([path, tensor]) => [`${section}/${path}`, tensor] as const));
      const order = new Map(again.tensors.map(([name], i) => [name, i]));
      named.sort(([a], [b]) => order.get(a)! - order.get(b)!);
      return checkTensors({ metadata: again.metadata, tensors: named }, file);
    },
  }),
  ...[undefined, withRun].flatMap((build) => {
    const of = build ? "the run of a checkpoint" : "checkpoint";
    const common = {
      seeds: [build ? writtenRun : written],
      isText: true,
      ...(build ? { build } : {}),
      errors: ["SyntaxError", "TypeError", "RangeError"],
      room: () => 2 ** 16,
    };
    return [
      format<number>({
        ...common,
        name: `${of}, as a network`,
        parse: (file) =>
          onDisk(file, async (path) => {
            const { model: opened, params, state, inputShape } = await open(path, { model });
            disposeTree(params);
            disposeTree(state);
            return opened.declare(inputShape).shape[0]!;
          }),
        check: (outputs) => outputs === 2 ? undefined : "its network has other outputs",
      }),
      format<number>({
        ...common,
        name: `${of}, as a training run`,
        parse(file) {
          const checkpoint = parseCheckpoint(file, "a.safetensors");
          const training = restoreTraining(model, adam({}), [2, 2, 1], checkpoint, "a.safetensors");
          [training.params, training.state, training.optimizer].forEach((tree) =>
            disposeTree(tree)
          );
          return training.progress.step;
        },
        check: (step) =>
          Number.isSafeInteger(step) && step >= 0 ? undefined : "its steps are no count",
      }),
    ];
  }),
];
