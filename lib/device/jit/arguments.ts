// Arguments and results of recorded functions: what is a tensor in them, and what is not.
import type { Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import { isTraced } from "../../tensor/traced_key.ts";

/** Arguments taken apart. */
export type Flat = {
  /** Names all that a recording depends on: form, shapes, types, and what is neither tensor, number nor key. */
  readonly signature: string;
  /** Tensors and numbers in the order they are met. */
  readonly leaves: readonly (Tensor | number)[];
  /** The argument that each leaf is part of. */
  readonly argumentOf: readonly number[];
  readonly keys: readonly Key[];
};

/** Whether a value is a key: a pair of whole numbers of 32 bits. */
function isKey(value: readonly unknown[]): value is Key {
  if (isTraced(value as unknown as Key)) return true;
  return value.length === 2 &&
    value.every((word) =>
      typeof word === "number" && word >= 0 && word <= 0xffffffff && Number.isInteger(word)
    );
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Names of functions and symbols in signatures. */
const names = new WeakMap<WeakKey, number>();
let named = 0;

function nameOf(value: WeakKey): number {
  const name = names.get(value) ?? named++;
  names.set(value, name);
  return name;
}

/**
 * Takes arguments apart.
 *
 * @throws {TypeError} if a tensor is disposed, or a value cannot be followed
 */
export function flatten(what: string, values: readonly unknown[]): Flat {
  const leaves: (Tensor | number)[] = [];
  const argumentOf: number[] = [];
  const keys: Key[] = [];
  let argument = 0;
  const visit = (value: unknown): string => {
    if (typeof value === "number") {
      leaves.push(value);
      argumentOf.push(argument);
      return "float32[]";
    }
    if (typeof value !== "object" || value === null) return staticName(value);
    if (value instanceof tf.Tensor) {
      requireAlive(what, value);
      leaves.push(value);
      argumentOf.push(argument);
      return `${value.dtype}[${value.shape}]`;
    }
    if (Array.isArray(value)) {
      if (isKey(value)) return `key${keys.push(value) && ""}`;
      return `[${value.map(visit)}]`;
    }
    if (ArrayBuffer.isView(value)) return "view";
    if (!isPlain(value)) throw refuse(what, value);
    let text = "{";
    for (const name in value) text += `${name}:${visit((value as Record<string, unknown>)[name])},`;
    return `${text}}`;
  };
  let signature = "";
  for (; argument < values.length; argument++) signature += `${visit(values[argument])};`;
  return { signature, leaves, argumentOf, keys };
}

function staticName(value: unknown): string {
  if (typeof value === "function") return `function ${nameOf(value)}`;
  if (typeof value === "symbol") throw refuse("a function under jit", value);
  return typeof value === "string" ? JSON.stringify(value) : `${typeof value} ${value}`;
}

function requireAlive(what: string, tensor: Tensor): void {
  if (!tensor.isDisposed) return;
  throw new TypeError(
    `Cannot run ${what}: its tensors must be alive, got a disposed tensor [${tensor.shape}]. What is donated is used up, and what fit reports once its loop goes on: keep await snapshot(network)`,
  );
}

function refuse(what: string, value: unknown): TypeError {
  const kind = typeof value === "object" ? value!.constructor?.name ?? "an object" : typeof value;
  return new TypeError(
    `Cannot run ${what}: its arguments must be tensors, numbers, keys, strings, booleans, functions and records or arrays of these, got ${kind}`,
  );
}

/**
 * Arguments of the same form with others in the places of tensors, numbers and keys.
 *
 * @param leaf given the number of a leaf and what it was
 * @param key given the number of a key; without, keys and arrays of the host are handed on
 */
export function rebuild(
  values: readonly unknown[],
  leaf: (index: number, value: Tensor | number) => Tensor,
  key?: (index: number) => Key,
): unknown[] {
  let leafCount = 0;
  let keyCount = 0;
  const visit = (value: unknown): unknown => {
    if (typeof value === "number" || value instanceof tf.Tensor) return leaf(leafCount++, value);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return isKey(value) ? key?.(keyCount++) ?? value : value.map(visit);
    if (ArrayBuffer.isView(value)) return key ? sealed(value) : value;
    const made: Record<string, unknown> = {};
    for (const name in value) made[name] = visit((value as Record<string, unknown>)[name]);
    return made;
  };
  return values.map(visit);
}

/** An array of the host, which is not followed: to be handed on, but not to be looked at. */
function sealed(value: ArrayBufferView): unknown {
  const refuse = (): never => {
    throw new TypeError(
      `Cannot record a function: it must not look at arrays of the host that it is given, got a ${value.constructor.name}. Hand in a tensor`,
    );
  };
  return new Proxy({}, { get: refuse, has: refuse, ownKeys: refuse, getPrototypeOf: refuse });
}

/** Makes a result of a function out of its tensors and keys. */
export type Assemble = (tensors: readonly Tensor[], keys: readonly Key[]) => unknown;

/**
 * Takes a result apart.
 *
 * @param tensor gives a tensor a number
 * @param key gives a traced key a number; `undefined` for another key
 * @throws {TypeError} if there is something in it that is not the same at each call
 */
export function takeApart(
  what: string,
  result: unknown,
  tensor: (tensor: Tensor) => number,
  key: (key: Key) => number | undefined,
): Assemble {
  const visit = (value: unknown): Assemble => {
    if (typeof value !== "object" || value === null) return () => value;
    if (value instanceof tf.Tensor) {
      const index = tensor(value);
      return (tensors) => tensors[index];
    }
    if (Array.isArray(value)) {
      const index = key(value as unknown as Key);
      if (index !== undefined) return (_, keys) => keys[index];
      const items = value.map(visit);
      return (...parts) => items.map((item) => item(...parts));
    }
    if (!isPlain(value)) throw refuseResult(what, value);
    const items = Object.entries(value).map(([name, item]) => [name, visit(item)] as const);
    return (...parts) => {
      const made: Record<string, unknown> = {};
      for (const [name, item] of items) made[name] = item(...parts);
      return made;
    };
  };
  return visit(result);
}

function refuseResult(what: string, value: object): TypeError {
  const isPromise = value instanceof Promise;
  return new TypeError(
    `Cannot record ${what}: it must return tensors, and records or arrays of them, got ${
      isPromise
        ? "a promise. Await nothing in it: return tensors and read them outside"
        : value.constructor?.name ?? "an object"
    }`,
  );
}
