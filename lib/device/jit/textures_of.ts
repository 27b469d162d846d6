// Which textures hold what when: a plan's copies of tensors into textures.
import {
  type HeldTexture,
  KEPT_BYTES,
  LASTING_BYTES,
  type Texels,
  type TexturePool,
} from "../textures.ts";
import type { Program } from "./lower.ts";
import { type Run, type Storage, storagesOf, touched } from "./recording.ts";

/** A copy of a storage's numbers into a texture. */
export type Fill = {
  readonly from: Storage;
  readonly texture: HeldTexture;
  /** Whether the texture is the plan's, so that it need not be filled again with the same numbers. */
  readonly lasts: boolean;
};

/** What a dispatch needs of textures. */
export type Held = {
  /** Copies to be made before it. */
  readonly fills: readonly Fill[];
  /** The textures bound, by the number of the use. */
  readonly bound: ReadonlyMap<number, HeldTexture>;
};

/** A texture to be, from one step to another. */
type Wanted = {
  readonly from: Storage;
  readonly texels: Texels;
  readonly firstRun: Run;
  until: number;
  texture?: HeldTexture;
};

/**
 * Chooses textures for a program. They are the pool's again at once: between replays, and while an
 * exchange is waited for, nothing has to stay in them, and commands run in their order; but for
 * those of what is the same at each replay, such as a network's weights.
 *
 * @param pool where textures come from
 * @param isSame whether a storage that no step writes has the same numbers at each replay
 */
export function planTextures(
  program: Program,
  pool: TexturePool,
  isSame: (storage: Storage) => boolean,
): ReadonlyMap<Run, Held> {
  const lasts = (storage: Storage): boolean =>
    storage.origin.kind !== "made" && storage.bytes <= LASTING_BYTES && isSame(storage);
  const wanted = wantedTextures(program, lasts);
  const plan = new Map<Run, Held>();
  const taken = new Set<Wanted>();
  for (const [i, step] of program.steps.entries()) {
    if (step.kind !== "run") continue;
    const uses = [...wanted.get(step)!];
    const fills: Fill[] = [];
    for (const [, one] of uses) {
      if (one.texture) continue;
      const stays = lasts(one.from);
      one.texture = pool.take(one.from.bytes, one.texels, stays);
      if (!stays) taken.add(one);
      fills.push({ from: one.from, texture: one.texture, lasts: stays });
    }
    plan.set(step, { fills, bound: new Map(uses.map(([use, one]) => [use, one.texture!])) });
    for (const one of taken) {
      if (one.until > i) continue;
      pool.release(one.texture!);
      taken.delete(one);
    }
  }
  return plan;
}

/** The textures that each dispatch wants by the numbers of its uses. */
function wantedTextures(
  { steps, place }: Program,
  lasts: (storage: Storage) => boolean,
): Map<Run, Map<number, Wanted>> {
  const filled = new Map<string, Map<Storage, Wanted>>();
  const wanted = new Map<Run, Map<number, Wanted>>();
  const arriving = new Set(
    steps.flatMap((step) => step.kind === "exchange" ? step.to.map(place) : []),
  );
  for (const [i, step] of steps.entries()) {
    // Where an exchange may be waited for, others may fill the pool's textures.
    if (storagesOf(step).some((storage) => arriving.has(place(storage)))) {
      for (const same of filled.values()) {
        for (const from of same.keys()) if (!lasts(from)) same.delete(from);
      }
    }
    if (step.kind === "run") {
      const uses = new Map<number, Wanted>();
      for (const [use, { storage, texels }] of step.uses.entries()) {
        if (!texels) continue;
        const from = place(storage);
        const same = filled.get(texels) ?? new Map<Storage, Wanted>();
        filled.set(texels, same);
        const old = same.get(from);
        const isKept = from.bytes <= KEPT_BYTES || old?.firstRun === step || lasts(from);
        const kept = isKept ? old : undefined;
        const one = kept ?? { from, texels, firstRun: step, until: i };
        one.until = i;
        same.set(from, one);
        uses.set(use, one);
      }
      wanted.set(step, uses);
    }
    for (const storage of touched(step).writes) {
      for (const same of filled.values()) same.delete(place(storage));
    }
  }
  return wanted;
}
