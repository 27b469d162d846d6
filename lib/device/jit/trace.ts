// What a function does with tfjs, operation by operation, to be compared with what it does another time.
import { tf } from "../../tensor/tf.ts";
import type { Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { isTraced, whileDeriving } from "../../tensor/traced_key.ts";
import { whileReplaced } from "./replaced.ts";

/** The numbers of a tensor made on the host, or their digest where they are many. */
export type HostNumbers = ArrayLike<unknown> | { readonly digest: string };

/** Something that a function did. Tensors are numbered in the order in which they are met. */
export type Event =
  | {
    readonly kind: "kernel";
    readonly name: string;
    readonly attributes: unknown;
    readonly reads: readonly number[];
    readonly makes: readonly number[];
  }
  | {
    readonly kind: "constant";
    readonly shape: readonly number[];
    readonly dtype: string;
    readonly numbers: HostNumbers;
    readonly makes: readonly number[];
  }
  | { readonly kind: "key"; readonly block: readonly number[] };

/** A tensor that a function uses without being given it. */
export type Captured = {
  readonly tensor: Tensor;
  /** The data behind it when it was used: an assignment to a variable replaces it. */
  readonly dataId: object;
};

/** What a function returned: tensors by their numbers, else the values themselves. */
export type Returned = {
  readonly path: string;
  readonly tensor?: number;
  readonly value?: unknown;
};

/** What a function did. */
export type Trace = {
  readonly events: readonly Event[];
  readonly captured: readonly Captured[];
  readonly returned: readonly Returned[];
};

type Engine = {
  readonly constructor: { readonly nextTensorId: number };
  runKernel(name: string, inputs: Record<string, unknown>, attributes?: object): Tensor | Tensor[];
  makeTensor(
    values: ArrayLike<unknown>,
    shape: number[],
    dtype?: string,
    backend?: unknown,
  ): Tensor;
};

/**
 * Calls a function and takes down what it does.
 *
 * @param leaves the tensors that it is given, each another object
 */
export function traced(
  leaves: readonly Tensor[],
  f: () => unknown,
): { readonly result: unknown; readonly trace: Trace } {
  const engine = tf.engine() as unknown as Engine;
  const { runKernel, makeTensor } = engine;
  const firstId = engine.constructor.nextTensorId;
  const events: Event[] = [];
  const captured: Captured[] = [];
  const numbers = new WeakMap<object, number>();
  let count = 0;
  let depth = 0;
  /** Numbers a new tensor; its data too, for whoever makes another tensor of that. */
  const number = (tensor: Tensor): number => {
    numbers.set(tensor, count);
    numbers.set(tensor.dataId, count);
    return count++;
  };
  const numberOf = (tensor: Tensor): number => {
    const known = numbers.get(tensor) ?? numbers.get(tensor.dataId);
    if (known !== undefined) return known;
    // Tensors have rising numbers; one made within by none of tfjs's operations comes from a kernel.
    if (tensor.id < firstId) captured.push({ tensor, dataId: tensor.dataId });
    return number(tensor);
  };
  leaves.forEach(number);
  const tracedKernel: Engine["runKernel"] = (name, inputs, attributes) => {
    if (depth > 0) return runKernel.call(engine, name, inputs, attributes);
    const reads = tensorsIn(inputs).map(numberOf);
    depth++;
    try {
      const made = runKernel.call(engine, name, inputs, attributes);
      const makes = [made].flat().map(number);
      events.push({ kind: "kernel", name, attributes: snapshot(attributes), reads, makes });
      return made;
    } finally {
      depth--;
    }
  };
  const tracedTensor: Engine["makeTensor"] = (values, shape, dtype = "float32", backend) => {
    const made = makeTensor.call(engine, values, shape, dtype, backend);
    if (depth > 0) return made;
    const held = hostNumbers(values);
    events.push({
      kind: "constant",
      shape: made.shape,
      dtype,
      numbers: held,
      makes: [number(made)],
    });
    return made;
  };
  const replacements = [
    { owner: engine, name: "runKernel", value: tracedKernel },
    { owner: engine, name: "makeTensor", value: tracedTensor },
  ];
  const derive = (block: readonly number[]): void => void events.push({ kind: "key", block });
  const result = whileDeriving(derive, () => whileReplaced(replacements, f));
  return { result, trace: { events, captured, returned: [...returnedBy(result, "", numberOf)] } };
}

/** The tensors among a kernel's inputs, which may be lists. */
function tensorsIn(inputs: Record<string, unknown>): Tensor[] {
  return Object.values(inputs).flat().filter((value) => value instanceof tf.Tensor);
}

/** Most numbers kept for a comparison. */
const KEPT = 1 << 14;

function hostNumbers(values: ArrayLike<unknown>): HostNumbers {
  if (values.length <= KEPT || typeof values[0] !== "number") return Array.from(values);
  const bits = new Uint32Array(Float64Array.from(values as ArrayLike<number>).buffer);
  let [low, high] = [0x811c9dc5, 0x9747b28c];
  for (const word of bits) {
    low = Math.imul(low ^ word, 0x01000193);
    high = Math.imul((high << 5 | high >>> 27) ^ word, 0x85ebca6b);
  }
  return { digest: `${low >>> 0} ${high >>> 0}` };
}

/** A copy of attributes: their owner may change them. Keys, which change, are left out. */
function snapshot(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snapshot);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  if (typeof value !== "object" || value === null || value instanceof tf.Tensor) {
    return typeof value === "function" ? undefined : value;
  }
  const entries = Object.entries(value).filter(([name]) => name !== "key");
  return Object.fromEntries(entries.map(([name, item]) => [name, snapshot(item)]));
}

/** Whether a value may be a key, which may be another at each call. */
function looksLikeKey(value: readonly unknown[]): boolean {
  return isTraced(value as unknown as Key) ||
    (value.length === 2 && value.every((word) => typeof word === "number"));
}

/** The parts of a result. */
function* returnedBy(
  value: unknown,
  path: string,
  numberOf: (tensor: Tensor) => number,
): Iterable<Returned> {
  if (value instanceof tf.Tensor) return yield { path, tensor: numberOf(value) };
  if (typeof value === "function" || value instanceof Promise) return;
  if (typeof value !== "object" || value === null) return yield { path, value };
  if (Array.isArray(value) && looksLikeKey(value)) return;
  for (const [name, item] of Object.entries(value)) {
    yield* returnedBy(item, path === "" ? name : `${path}.${name}`, numberOf);
  }
}
