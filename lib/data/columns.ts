// Inputs and targets in arrays, example after example, and their batches.
import { type BatchPart, partOf, rowsOf, type Share } from "../tensor/batch_part.ts";
import { type Key, permutation } from "../tensor/random.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { requireWhole } from "../text/require.ts";
import { type Normalization, pixelTable, requireMoments } from "./normalization.ts";
import { prefetch } from "./prefetch.ts";
import { streamOf } from "./stream.ts";
import { describeValue } from "../text/value.ts";

/** Numbers of examples, one example after the other. */
export type ColumnValues = Uint8Array | Uint16Array | Int32Array | Float32Array;

/** One input or one target of all examples. */
export type Column = {
  /**
   * The numbers, example after example, or a function that returns those of the examples at some
   * indices. It may be called again before its last promise has settled.
   */
  readonly values: ColumnValues | ((indices: Uint32Array) => Promise<ColumnValues>);
  /** Shape of one example; `[]` if it is a single number. */
  readonly shape: Shape;
  /**
   * How the numbers become those of the tensor. `"unit"`, for bytes: x / 255. A mean and a standard
   * deviation for each channel (the last axis): (x − mean) / std, of bytes (x / 255 − mean) / std.
   * `"none"`: as they are, int32 for whole numbers. Default: `"unit"` for bytes that are no single
   * numbers, `"none"` for `Int32Array` and `Uint16Array`; for other columns it must be said.
   */
  readonly normalize?: Normalization | "none";
  /**
   * The number of classes, if the numbers are those of classes: the tensor is one-hot,
   * float32 `[N, …shape, classes]`.
   */
  readonly classes?: number;
};

/** A column of an {@linkcode ImageSource}, which may read features: floats that stay as they are. */
export type SourceColumn = Column & { readonly floats?: "as they are" };

/** Columns by name, or a single one. */
export type Columns = Column | { readonly [name: string]: Columns };

/**
 * Examples of any inputs and targets, in arrays: what {@linkcode fit} and {@linkcode evaluate} take
 * for any network. A network with one input has one column, one with several a record of them by
 * the inputs' names; so have the targets.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { adam, type ArrayExamples, dense, fit, meanSquaredError, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * // Lines: y = 2x + 1.
 * const examples: ArrayExamples = {
 *   name: "a line",
 *   inputs: { values: new Float32Array([0, 1, 2, 3]), shape: [1], normalize: "none" },
 *   targets: { values: new Float32Array([1, 3, 5, 7]), shape: [1], normalize: "none" },
 * };
 * const options = { epochs: 300, optimizer: adam({ learningRate: 0.1 }), loss: meanSquaredError };
 * let loss = Infinity;
 * for await (const report of fit(dense({ features: 1 }), examples, options)) loss = report.loss;
 * assert(loss < 1e-3);
 * ```
 */
export type ArrayExamples = {
  /** What messages call them. */
  readonly name: string;
  readonly inputs: Columns;
  readonly targets: Columns;
  /** How many examples there are; needed only if all columns are functions. */
  readonly count?: number;
  /**
   * What columns that are functions return: a text that differs for other numbers. A run is not
   * resumed on examples with another text.
   */
  readonly contents?: string;
};

/** A batch of any inputs and targets. Its tensors belong to the receiver. */
export type TreeBatch = {
  /** A tensor `[B, …]`, or a record of them by the names of the network's inputs. */
  readonly inputs: Tree;
  /** What the outputs should be, a tensor `[B, …]` or a record of them. */
  readonly targets: Tree;
};

/** Whether columns are a single one. */
export function isColumn(columns: Columns): columns is Column {
  const { values } = columns as Partial<Column>;
  return ArrayBuffer.isView(values) || Array.isArray(values) || typeof values === "function";
}

/** A column with its place among others, `left/pixels`; `""` if it is the only one. */
export function columnEntries(columns: Columns, path = ""): [string, Column][] {
  if (typeof columns !== "object" || columns === null) {
    throw new TypeError(
      `Cannot use columns: each must be { values, shape }, or a record of such, got ${columns}${
        path === "" ? "" : ` at ${path}`
      }`,
    );
  }
  if (columns instanceof tf.Tensor) {
    throw new TypeError(
      `Cannot use columns: each must be { values, shape }, values being a typed array, got a tensor at ${path}. Its numbers are await tensor.data(); tensors are for streams`,
    );
  }
  if (ArrayBuffer.isView(columns) || Array.isArray(columns)) {
    throw new TypeError(
      `Cannot use columns: each must be { values, shape }, such as { values: new Float32Array(numbers), shape: [1], normalize: "none" }, got ${
        describeValue(columns)
      } at ${path}`,
    );
  }
  if (isColumn(columns)) return [[path, columns]];
  return Object.entries(columns).flatMap(([name, child]) =>
    columnEntries(child, path === "" ? name : `${path}/${name}`)
  );
}

/** A tree of the form of columns. */
export function mapColumns<T>(columns: Columns, make: (column: Column) => T): Mapped<T> {
  if (isColumn(columns)) return make(columns);
  return Object.fromEntries(
    Object.entries(columns).map(([name, child]) => [name, mapColumns(child, make)]),
  );
}

type Mapped<T> = T | { readonly [name: string]: Mapped<T> };

/**
 * How many examples there are.
 *
 * @throws {TypeError | RangeError} if columns have other numbers of examples, or a column is unsound
 */
export function countExamples({ name, inputs, targets, count }: ArrayExamples): number {
  const all = [...columnEntries(inputs, "inputs"), ...columnEntries(targets, "targets")];
  const action = `use the examples ${name}`;
  let known = count;
  for (const [path, column] of all) {
    requireColumn(`${action}: ${path}`, column);
    const { values, shape } = column;
    if (typeof values === "function") continue;
    const own = values.length / sizeOf(shape);
    known ??= own;
    if (own !== known || !Number.isInteger(own)) {
      throw new TypeError(
        `Cannot ${action}: ${path} must have an example of shape [${shape}] for each of ${
          Math.floor(known)
        } examples, got ${values.length} numbers`,
      );
    }
  }
  if (all.length < 2 || known === undefined) {
    throw new TypeError(
      `Cannot ${action}: there must be inputs and targets, and a count if all are functions, got ${
        all.map(([path]) => path).join(", ") || "none"
      }`,
    );
  }
  return requireWhole(action, "their count", known);
}

/** Refuses a column whose numbers would become others in silence. */
function requireColumn(place: string, { values, shape, normalize, classes }: Column): void {
  const refuse = (rule: string, value: unknown): never => {
    throw new TypeError(`Cannot ${place}: ${rule}, got ${value}`);
  };
  const isShape = Array.isArray(shape) && shape.every((size) => Number.isInteger(size) && size > 0);
  if (!isShape) refuse("its shape must be of whole numbers of at least 1", `[${shape}]`);
  if (typeof values !== "function") requireKind(place, values);
  if (classes !== undefined) {
    requireWhole(place, "its classes", classes);
    if (normalize !== undefined) refuse("classes are not normalized", "both");
    if (typeof values !== "function") requireClasses(place, values, classes);
    return;
  }
  if (normalize === undefined && values instanceof Uint8Array && shape.length === 0) {
    refuse(
      'of single bytes classes or normalize must be given: { classes: 10 }, normalize: "unit" or "none"',
      "neither",
    );
  }
  if (normalize === undefined && values instanceof Uint8Array && areFlags(values)) {
    refuse(
      'bytes are divided by 255, so of bytes that are all 0 or 1 normalize must be given: "none" as numbers (int32), "unit" as nearly black pixels; or use a Float32Array',
      "none",
    );
  }
  if (typeof values !== "function") ruleOf(place, values, { shape, normalize });
}

/** Whether bytes are a mask or answers of yes and no, rather than pixels. */
function areFlags(values: Uint8Array): boolean {
  return values.every((value) => value <= 1) && values.includes(1);
}

const KINDS = [Uint8Array, Uint16Array, Int32Array, Float32Array] as const;

function requireKind(place: string, values: unknown): void {
  if (KINDS.some((kind) => values instanceof kind)) return;
  const names = KINDS.map(({ name }) => name).join(", ");
  const found = (values as object | null | undefined)?.constructor?.name ?? String(values);
  throw new TypeError(`Cannot ${place}: its values must be one of ${names}, got ${found}`);
}

function requireClasses(place: string, values: ColumnValues, classes: number): void {
  const wrong = values.findIndex((x: number) => !(Number.isInteger(x) && x >= 0 && x < classes));
  if (wrong < 0) return;
  throw new RangeError(
    `Cannot ${place}: a class must be a whole number below ${classes}, got ${
      values[wrong]
    } at index ${wrong}`,
  );
}

/** The rule by which an array's numbers become a tensor's. */
function ruleOf(
  place: string,
  values: ColumnValues,
  { shape, normalize }: { readonly shape: Shape; readonly normalize: Column["normalize"] },
): Normalization | "none" {
  const isFloat = values instanceof Float32Array;
  const isByte = values instanceof Uint8Array;
  if (normalize === undefined && isFloat) {
    throw new TypeError(
      `Cannot ${place}: of a Float32Array it must be said how it is normalized, normalize: "none" (as it is) or { mean, std }, got none`,
    );
  }
  const rule = normalize ?? (isByte ? "unit" : "none");
  if (rule === "unit" && !isByte) {
    throw new TypeError(
      `Cannot ${place}: normalize "unit" divides bytes by 255, the values must be a Uint8Array, got ${values.constructor.name}`,
    );
  }
  if (typeof rule === "object") requireMoments(rule, shape.at(-1) ?? 1);
  return rule;
}

/** Options of {@linkcode columnBatches}, as of {@linkcode batches}. */
export type ColumnBatchOptions = {
  readonly batchSize: number;
  readonly key?: Key;
  readonly dropRemainder?: boolean;
  readonly skip?: number;
  /** Of each batch this rank's part alone. Default: the whole. */
  readonly share?: Share | undefined;
};

/** Batches that know how many they are. */
export type TreeBatches =
  & AsyncIterable<
    TreeBatch & {
      readonly indices: Uint32Array;
      /** Where in the batch they are, if they are a part of it. */
      readonly part?: BatchPart;
    }
  >
  & {
    readonly count: number;
    readonly batchCount: number;
  };

/**
 * Splits examples into batches of tensors: as {@linkcode batches}, of any inputs and targets.
 *
 * @throws {TypeError | RangeError} if the examples are unsound, or the batch size out of range
 */
export function columnBatches(
  examples: ArrayExamples,
  { batchSize, key, dropRemainder = false, skip = 0, share }: ColumnBatchOptions,
): TreeBatches {
  const total = countExamples(examples);
  const action = `make batches of the ${total} examples of ${examples.name}`;
  requireWhole(action, "the batch size", batchSize, 1, total);
  const whole = dropRemainder ? Math.floor(total / batchSize) : Math.ceil(total / batchSize);
  const batchCount = Math.max(0, whole - skip);
  const order = key === undefined
    ? Uint32Array.from({ length: total }, (_, i): number => i)
    : permutation(key, total);
  const parts = [examples.inputs, examples.targets].flatMap((part) => columnEntries(part));
  const readers = parts.map(([path, column]) => readerOf(`${examples.name} ${path}`, column));
  const prepared = streamOf(batchCount, async function* () {
    for (let at = skip; at < skip + batchCount; at++) {
      const all = order.subarray(at * batchSize, (at + 1) * batchSize);
      const part = share && partOf(share, all.length);
      const indices = part ? all.slice(...rowsOf(part)) : all.slice();
      yield { indices, part, parts: await Promise.all(readers.map((read) => read(indices))) };
    }
  });
  return {
    count: Math.max(0, Math.min(total, whole * batchSize) - skip * batchSize),
    batchCount,
    async *[Symbol.asyncIterator]() {
      for await (const { indices, part, parts } of prefetch(prepared)) {
        let next = 0;
        // In the order of columnEntries.
        const make = (): Tree => upload(parts[next++]!);
        const inputs = mapColumns(examples.inputs, make) as Tree;
        const targets = mapColumns(examples.targets, make) as Tree;
        yield { inputs, targets, indices, ...(part ? { part } : {}) };
      }
    },
  };
}

/** A part of a batch before it is a tensor. */
type HostPart = {
  readonly values: Float32Array | Int32Array;
  readonly shape: Shape;
};

function upload({ values, shape }: HostPart): tf.Tensor {
  return tf.tensor(values, [...shape], values instanceof Float32Array ? "float32" : "int32");
}

/** Reads the examples at some indices of a column. */
function readerOf(
  name: string,
  column: SourceColumn,
): (indices: Uint32Array) => HostPart | Promise<HostPart> {
  const { values, shape } = column;
  const size = sizeOf(shape);
  const all = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i);
  if (typeof values !== "function") return converter(name, values, column);
  return async (indices) => {
    const found = await values(indices);
    requireKind(`use what ${name} reads`, found);
    if (found.length !== indices.length * size) {
      throw new TypeError(
        `Cannot use what ${name} reads: ${indices.length} examples of shape [${shape}] must have ${
          indices.length * size
        } values, got ${found.length}`,
      );
    }
    if (column.classes !== undefined) requireClasses(`use ${name}`, found, column.classes);
    return converter(name, found, column)(all(indices.length));
  };
}

/** Collects the examples at some indices of an array, as the tensor has them. */
function converter(
  name: string,
  values: ColumnValues,
  { shape, normalize, classes, floats }: SourceColumn,
): (indices: Uint32Array) => HostPart {
  const size = sizeOf(shape);
  if (classes !== undefined) {
    return (indices) => {
      const rows = new Float32Array(indices.length * size * classes);
      picked(values, indices, size).forEach((x, at) => rows[at * classes + x] = 1);
      return { values: rows, shape: [indices.length, ...shape, classes] };
    };
  }
  const isFeature = floats === "as they are" && values instanceof Float32Array;
  const rule = isFeature ? "none" : ruleOf(`use ${name}`, values, { shape, normalize });
  const channels = shape.at(-1) ?? 1;
  const table = values instanceof Uint8Array && rule !== "none"
    ? pixelTable(rule, channels)
    : undefined;
  return (indices) => {
    const some = picked(values, indices, size);
    const whole = [indices.length, ...shape];
    if (rule === "none") {
      const isFloat = some instanceof Float32Array;
      return { values: isFloat ? some : Int32Array.from(some), shape: whole };
    }
    const made = new Float32Array(some.length);
    if (table) {
      for (let p = 0; p < some.length; p++) made[p] = table[(p % channels) * 256 + some[p]!]!;
    } else {
      const { mean, std } = rule as Exclude<Normalization, "unit">;
      for (let p = 0; p < some.length; p++) {
        made[p] = (some[p]! - mean[p % channels]!) / std[p % channels]!;
      }
    }
    return { values: made, shape: whole };
  };
}

/** The numbers of the examples at some indices, in the same kind of array. */
export function picked(values: ColumnValues, indices: Uint32Array, size: number): ColumnValues {
  const Kind = values.constructor as new (length: number) => ColumnValues;
  const made = new Kind(indices.length * size);
  indices.forEach((index, i) =>
    made.set(values.subarray(index * size, (index + 1) * size), i * size)
  );
  return made;
}
