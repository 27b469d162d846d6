// Compares a file's tensors with those of a model, by PyTorch's names.
import type { Shape } from "../tensor/tensor.ts";
import { compareShapes, requireShapes, type ShapeFaults } from "./require_shapes.ts";
import type { TensorSource } from "./tensor_source.ts";
import type { TorchSlot } from "./torch_slots.ts";

/** A source's tensors beside those of a model. */
export type TorchFit = {
  /** The shapes that the model needs, by PyTorch's key. */
  readonly expected: ReadonlyMap<string, Shape>;
  /** The source's shapes by PyTorch's key, a dense layer's weight seen as the model needs it. */
  readonly found: ReadonlyMap<string, { readonly shape: Shape }>;
  /** The source's own names by PyTorch's key. */
  readonly names: ReadonlyMap<string, string>;
  /** The source's names of tensors that the model does not need: those of auxiliary heads. */
  readonly ignored: readonly string[];
};

/** What `DataParallel`, Lightning and wrappers put before each key. */
const PREFIXES = ["module.", "model.", "backbone.", "net."];

/** The auxiliary heads of GoogLeNet and Inception v3, which a model may do without. */
const HEAD = /^(?:aux1|aux2|AuxLogits)\./;

/** A counter that PyTorch has kept since its version 0.4.1 and does not need. */
const COUNTER = /(?:^|\.)num_batches_tracked$/;

/**
 * Puts a source's tensors beside those of a model.
 *
 * @param ignoresExtra whether what the model has no place for is left
 */
export function fitTorch(
  slots: readonly TorchSlot[],
  source: TensorSource,
  ignoresExtra = false,
): TorchFit {
  const expected = new Map(slots.map(({ key, torchShape }) => [key, torchShape]));
  const byKey = new Map(slots.map((slot) => [slot.key, slot]));
  const heads = new Set([...expected.keys()].flatMap((key) => HEAD.exec(key) ?? []));
  const found = new Map<string, { shape: Shape }>();
  const names = new Map<string, string>();
  const ignored: string[] = [];
  for (const [key, name] of torchKeys(source, [...expected.keys()])) {
    const head = HEAD.exec(key)?.[0];
    const isExtra = ignoresExtra && !byKey.has(key) && !COUNTER.test(key);
    if (isExtra || (head !== undefined && !heads.has(head))) ignored.push(name);
    else if (!COUNTER.test(key)) {
      const { shape } = source.tensors.get(name)!;
      const slot = byKey.get(key);
      found.set(key, { shape: slot && isAlike(slot, shape) ? slot.torchShape : shape });
      names.set(key, name);
    }
  }
  return { expected, found, names, ignored };
}

/** Keys without a wrapper's prefixes, which all have, and the source's own names. */
function torchKeys(
  { tensors }: TensorSource,
  expected: readonly string[],
): [key: string, name: string][] {
  const names = [...tensors.keys()];
  let start = 0;
  const isPrefix = (prefix: string): boolean =>
    names.every((name) => name.startsWith(prefix, start)) &&
    // A layout may have such names itself.
    !expected.every((key) => key.startsWith(prefix));
  while (names.length > 0) {
    const found = PREFIXES.find(isPrefix);
    if (found === undefined) break;
    start += found.length;
  }
  return names.map((name) => [name.slice(start), name]);
}

/** Whether a dense layer's weight comes as a convolution's, or the reverse: the same numbers. */
function isAlike({ leaf, shape, sizes }: TorchSlot, found: Shape): boolean {
  if (leaf !== "kernel" || shape.length !== 2) return false;
  const [outputs, inputs, height, width] = sizes;
  return `${found}` === `${sizes}` || `${found}` === `${[outputs, inputs * height * width]}`;
}

/** What differs between a source and a model. */
export function torchFaults({ expected, found }: TorchFit): ShapeFaults {
  return compareShapes(expected, found);
}

/**
 * Refuses a source whose tensors are not those of the model.
 *
 * @param file where the tensors come from
 * @throws {TypeError} which lists PyTorch's keys that are missing, unexpected or of another shape
 */
export function requireFit({ expected, found }: TorchFit, file: string): void {
  requireShapes(expected, found, file);
}
