// Numbers that one dispatch reads from a texture are read from it by others too, to which they lie open.
import type { Run, Step, Storage, Use } from "./recording.ts";
import { KEPT_BYTES } from "../textures.ts";

/** The texels of textures that hold four numbers each. */
const FOURS = "rgba32float";

/**
 * Lets dispatches that read each number once, in fours, read from the textures of those that read it
 * more often, and have it copied: a software adapter takes half as long to read a texture as a buffer.
 * Larger ones than are kept from one dispatch to the next would be copied for each.
 *
 * @param mostTextures how many a dispatch may bind
 */
export function shareTextures(steps: readonly Step[], mostTextures: number): Step[] {
  const filled = new Set<Storage>(
    steps.flatMap((step) => step.kind === "run" ? step.uses : [])
      .flatMap(({ storage, texels }) => texels === FOURS ? [storage] : []),
  );
  return steps.map((step) => step.kind === "run" ? shared(step, filled, mostTextures) : step);
}

function shared(run: Run, filled: ReadonlySet<Storage>, mostTextures: number): Run {
  const { uses, textured } = run;
  if (!textured) return run;
  let left = mostTextures - uses.filter(({ texels }) => texels).length;
  const held = uses.map(({ storage }, i) =>
    textured.may[i]! && filled.has(storage) && storage.bytes <= KEPT_BYTES && left-- > 0
  );
  if (!held.includes(true)) return run;
  return {
    ...run,
    ...textured.within(held),
    uses: uses.map((use, i): Use => held[i] ? { ...use, texels: FOURS } : use),
  };
}
