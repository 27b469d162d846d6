// Which tensors share a buffer: those that do not live at the same time.
import type { Program } from "./lower.ts";
import { type Storage, touched } from "./recording.ts";

/** Buffers and who lies in them. */
export type Arena = {
  /** Bytes of each buffer. */
  readonly sizes: readonly number[];
  /** The number of the buffer of a storage that steps make. */
  readonly slots: ReadonlyMap<Storage, number>;
  /** Bytes if each storage had a buffer of its own. */
  readonly bytesWithoutReuse: number;
};

/** From which step to which a storage is in use, both included. */
type Life = { readonly storage: Storage; readonly from: number; readonly until: number };

/**
 * Plans buffers: the largest storage first, each into the first buffer that is
 * free all its life ("greedy by size": Pisarchyk and Lee, "Efficient memory
 * management for deep neural net inference", 2020). A buffer is never shared
 * within one step, as WebGPU refuses to read and write one buffer in a dispatch.
 */
export function planArena(program: Program): Arena {
  const lives = lifetimes(program).sort((a, b) => b.storage.bytes - a.storage.bytes);
  const tenants: Life[][] = [];
  const slots = new Map<Storage, number>();
  for (const life of lives) {
    const free = tenants.findIndex((others) =>
      others.every((other) => other.until < life.from || life.until < other.from)
    );
    const slot = free >= 0 ? free : tenants.push([]) - 1;
    tenants[slot]!.push(life);
    slots.set(life.storage, slot);
  }
  return {
    sizes: tenants.map(([largest]) => largest!.storage.bytes),
    slots,
    bytesWithoutReuse: lives.reduce((sum, { storage }) => sum + storage.bytes, 0),
  };
}

/** The lives of storages that steps make, in places of their own. */
function lifetimes({ steps, place, results }: Program): Life[] {
  const spans = new Map<Storage, [from: number, until: number]>();
  const see = (storage: Storage, at: number): void => {
    const span = spans.get(storage);
    if (span) span[1] = at;
    else spans.set(storage, [at, at]);
  };
  for (const [i, step] of steps.entries()) {
    const { writes, reads } = touched(step);
    for (const storage of [...writes, ...reads]) see(place(storage), i);
  }
  for (const result of results) see(place(result), steps.length);
  return [...spans].filter(([{ origin }]) => origin.kind === "made")
    .map(([storage, [from, until]]) => ({ storage, from, until }));
}
