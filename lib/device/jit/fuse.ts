// Steps that compute each number of what another step has just made are computed in its pass, and
// what is laid beside other tensors is written there at once.
import { type Run, type Step, type Storage, touched, type Use } from "./recording.ts";

/**
 * Fuses steps: a normalization, a sum with a shortcut, an activation or its gradient that follows a
 * product, a convolution or another of them is computed before that one's numbers are written, if
 * nobody else looks at these; and what a concatenation only lays beside other tensors is written in
 * its place of that. The numbers are the same.
 *
 * @param results storages that are looked at in the end
 * @param mostBuffers how many a dispatch may bind
 */
export function fuse(
  steps: readonly Step[],
  results: readonly Storage[],
  mostBuffers: number,
): Step[] {
  const fused: (Step | undefined)[] = [...steps];
  const kept = new Set(results);
  const { readers, writers } = usesOf(steps);
  const producer = new Map<Storage, number>();
  for (const [i, step] of steps.entries()) {
    const made = step.kind === "run" ? step.uses[0] : undefined;
    if (step.kind === "run" && made) producer.set(made.storage, i);
    if (step.kind !== "run" || !isFirstWrite(made, writers)) continue;
    const makers = makersOfParts(step, fused, { kept, readers, writers });
    if (makers) {
      for (const [at, maker] of makers) fused[at] = maker;
      fused[i] = undefined;
      producer.delete(made!.storage);
      writers.set(made!.storage, [...makers.keys()]);
      continue;
    }
    for (const [at, operand] of hostsOf(step, producer)) {
      const host = fused[at] as Run;
      const { storage } = step.uses[operand]!;
      const others = step.uses.slice(1).filter((_, use) => use + 1 !== operand);
      const isOurs = isFirstWrite(host.uses[0], writers) && !kept.has(storage) &&
        readers.get(storage) === 1 && storage.bytes === made!.storage.bytes;
      // They must be there, and not yet be changed, where the host runs.
      const are = others.every((use) =>
        (writers.get(use.storage) ?? []).every((writer) => writer < at || writer > i)
      );
      const both = isOurs && are ? joined(host, step, operand, others, mostBuffers) : undefined;
      if (!both) continue;
      fused[at] = both;
      fused[i] = undefined;
      producer.set(made!.storage, at);
      writers.set(made!.storage, [at]);
      break;
    }
  }
  return fused.filter((step) => step !== undefined);
}

/** The steps that made a step's operands, with the operands' numbers, the latest first. */
function hostsOf(step: Run, producer: ReadonlyMap<Storage, number>): [number, number][] {
  return (step.fusion?.elements ?? []).flatMap((operand): [number, number][] => {
    const at = producer.get(step.uses[operand]!.storage);
    return at === undefined ? [] : [[at, operand]];
  }).sort(([a], [b]) => b - a);
}

/** Whether a use writes a tensor of float32 whole, which no other step writes. */
function isFirstWrite(use: Use | undefined, writers: ReadonlyMap<Storage, number[]>): boolean {
  return use?.access === "write" && use.storage.origin.kind === "made" &&
    use.storage.dtype === "float32" && writers.get(use.storage)!.length === 1;
}

/** Who uses which storage. */
type Users = {
  /** Those that are looked at in the end. */
  readonly kept: ReadonlySet<Storage>;
  readonly readers: ReadonlyMap<Storage, number>;
  readonly writers: ReadonlyMap<Storage, readonly number[]>;
};

/**
 * The steps that made what a step lays beside each other, each writing to its place of that, if all
 * can, and nobody else looks at what they made.
 */
function makersOfParts(
  { fusion, uses: [whole, ...uses] }: Run,
  steps: readonly (Step | undefined)[],
  { kept, readers, writers }: Users,
): ReadonlyMap<number, Run> | undefined {
  if (!fusion?.parts || uses.length !== fusion.parts.length) return undefined;
  const makers = new Map<number, Run>();
  for (const [k, { storage }] of uses.entries()) {
    const at = writers.get(storage) ?? [];
    if (kept.has(storage) || readers.get(storage) !== 1 || at.length === 0) return undefined;
    for (const place of at) {
      const maker = steps[place];
      if (maker?.kind !== "run") return undefined;
      const [made, ...others] = maker.uses as [Use, ...Use[]];
      const isAlone = made.storage === storage && made.access === "write" &&
        storage.origin.kind === "made" && storage.dtype === "float32";
      const isWhole = !maker.key && maker.uses.every(({ range }) => !range) && !whole!.range;
      // Only parts are written by several.
      const mayBePart = maker.fusion?.leads && (at.length === 1 || maker.fusion.part);
      if (!isAlone || !isWhole || !mayBePart) return undefined;
      const within = maker.fusion!.within(fusion.parts[k]!, whole!.shape);
      if (!within) return undefined;
      makers.set(place, { ...maker, ...within, uses: [whole!, ...others] });
    }
  }
  return makers;
}

/** A step with another in its pass, if there can be one. */
function joined(
  host: Run,
  step: Run,
  operand: number,
  others: readonly Use[],
  mostBuffers: number,
): Run | undefined {
  const uses = [step.uses[0]!, ...host.uses.slice(1), ...others];
  const isWhole = [...host.uses, ...step.uses].every(({ range }) => !range);
  const buffers = uses.filter(({ texels }) => !texels).length;
  if (!host.fusion?.leads || host.key || step.key || !isWhole || buffers > mostBuffers) {
    return undefined;
  }
  const both = host.fusion.join(step.fusion!, operand);
  return both && { ...host, ...both, uses };
}

/** How often each storage is read, and by which steps it is written. */
function usesOf(steps: readonly Step[]): {
  readonly readers: ReadonlyMap<Storage, number>;
  readonly writers: Map<Storage, number[]>;
} {
  const readers = new Map<Storage, number>();
  const writers = new Map<Storage, number[]>();
  for (const [i, step] of steps.entries()) {
    const { writes, reads } = touched(step);
    for (const storage of reads) readers.set(storage, (readers.get(storage) ?? 0) + 1);
    for (const storage of writes) writers.set(storage, [...writers.get(storage) ?? [], i]);
  }
  return { readers, writers };
}
