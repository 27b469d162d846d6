// Refuses the tensors of another model.
import type { HostTensor } from "./host_tensor.ts";

/** How many names of each kind a message lists. */
const LISTED = 10;

/**
 * Refuses tensors that are not those of a model: the same paths, each with its shape.
 *
 * @param expected the model's shapes by path
 * @param found the tensors by path, as a checkpoint's section has them
 * @param file where the tensors come from, for the message
 * @param owner what the tensors must be of
 * @throws {TypeError} which lists what is missing, what is unexpected and what has another
 * shape, up to ten of each and then their number
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { requireShapes } from "./require_shapes.ts";
 *
 * const expected = new Map([["conv1/kernel", [5, 5, 1, 6]]]);
 * assertThrows(() => requireShapes(expected, new Map(), "a.safetensors"), TypeError, "1 missing");
 * ```
 */
export function requireShapes(
  expected: ReadonlyMap<string, readonly number[]>,
  found: ReadonlyMap<string, Pick<HostTensor, "shape">>,
  file: string,
  owner = "the model",
): void {
  const { missing, unexpected, misshapen } = compareShapes(expected, found);
  const faults = [
    ...listed("missing", missing),
    ...listed("unexpected", unexpected),
    ...listed("of another shape", misshapen),
  ];
  if (faults.length === 0) return;
  throw new TypeError(
    `Cannot load ${file}: its tensors must be those of ${owner}, ` +
      `got ${found.size} tensors with ${faults.join("; ")}`,
  );
}

/** What differs between two sets of tensors, name by name. */
export type ShapeFaults = {
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  /** Of another shape. */
  readonly misshapen: readonly string[];
};

/**
 * Compares tensors with those of a model.
 *
 * @param expected the model's shapes by name
 * @returns names with shapes
 */
export function compareShapes(
  expected: ReadonlyMap<string, readonly number[]>,
  found: ReadonlyMap<string, Pick<HostTensor, "shape">>,
): ShapeFaults {
  const missing: string[] = [];
  const misshapen: string[] = [];
  for (const [path, shape] of expected) {
    const tensor = found.get(path);
    if (!tensor) missing.push(`${path} ${text(shape)}`);
    else if (text(tensor.shape) !== text(shape)) {
      misshapen.push(`${path} is ${text(tensor.shape)} instead of ${text(shape)}`);
    }
  }
  const unexpected = [...found].filter(([path]) => !expected.has(path))
    .map(([path, { shape }]) => `${path} ${text(shape)}`);
  return { missing, unexpected, misshapen };
}

function text(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}

function listed(kind: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > LISTED ? `, ... and ${names.length - LISTED} more` : "";
  return [`${names.length} ${kind} (${names.slice(0, LISTED).join(", ")}${more})`];
}
