// Mixed precision: which tensors of a recording are held as float16, and the programs for that.
import { tf } from "../../tensor/tf.ts";
import { HALF_TEXELS } from "../textures.ts";
import { type Run, type Step, type Storage, storagesOf, type Use } from "./recording.ts";

/**
 * Holds tensors as float16 where every program that has to do with them can: those read and write
 * them as float32, and set the flag where a number is too large. What comes from outside, is
 * returned, copied, written over or used by a program that cannot stays float32.
 *
 * @param steps what is done, in order
 * @param results what is returned
 * @param flag the flag of overflows, which a step has made before
 */
export function holdHalves(
  steps: readonly Step[],
  results: readonly Storage[],
  flag: Storage,
): Step[] {
  const halves = chooseHalves(steps, wideOf(steps, results));
  return steps.map((step) => step.kind === "run" ? withHalves(step, halves, flag) : step);
}

/** What must stay float32. */
function wideOf(steps: readonly Step[], results: readonly Storage[]): ReadonlySet<Storage> {
  const wide = new Set(results);
  for (const step of steps) {
    if (step.kind !== "run") {
      for (const storage of storagesOf(step)) wide.add(storage);
      continue;
    }
    for (const [i, { storage, access }] of step.uses.entries()) {
      const may = step.half?.may[i] && access !== "update" && storage.origin.kind === "made" &&
        storage.dtype === "float32";
      if (!may) wide.add(storage);
    }
  }
  return wide;
}

/** What is held as float16, by what it was to be. */
function chooseHalves(
  steps: readonly Step[],
  wide: ReadonlySet<Storage>,
): ReadonlyMap<Storage, Storage> {
  const halves = new Map<Storage, Storage>();
  for (const { half, uses } of steps.filter((step) => step.kind === "run")) {
    if (!half) continue;
    const able = uses.filter((_, i) => half.may[i]);
    const inputs = able.filter(({ access }) => access === "read");
    const follows = inputs.length > 0 && inputs.every(({ storage }) => halves.has(storage));
    if (!half.anyway && !follows) continue;
    for (const { storage, access } of able) {
      if (access === "write" && !wide.has(storage)) halves.set(storage, halfOf(storage));
    }
  }
  return halves;
}

function halfOf(storage: Storage): Storage {
  // Bindings and copies are of multiples of four bytes.
  const bytes = 4 * Math.ceil(tf.util.sizeFromShape([...storage.shape]) / 2);
  return { ...storage, bytes, half: true };
}

/** A dispatch on what is held as float16; one that writes such binds the flag as well. */
function withHalves(run: Run, halves: ReadonlyMap<Storage, Storage>, flag: Storage): Run {
  const held = run.uses.map(({ storage }) => halves.has(storage));
  if (!held.includes(true)) return run;
  const uses = run.uses.map((use): Use => {
    const storage = halves.get(use.storage);
    const texels = use.texels && HALF_TEXELS[use.texels as keyof typeof HALF_TEXELS];
    return storage ? { ...use, storage, texels } : use;
  });
  if (uses.some(({ storage, access }) => storage.half && access === "write")) {
    uses.push({ storage: flag, access: "update", shape: [], range: undefined, texels: undefined });
  }
  return { ...run, uses, pipeline: () => run.half!.pipeline(held) };
}
