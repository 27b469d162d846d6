// A recording made lean: without steps nobody needs and copies of what nobody else looks at.
import { fuse } from "./fuse.ts";
import { holdHalves } from "./halves.ts";
import { shareTextures } from "./share_textures.ts";
import { type Recording, type Step, type Storage, touched } from "./recording.ts";

/** Steps and where the results lie after them. */
export type Program = {
  readonly steps: readonly Step[];
  /** The storage whose place a storage has: its own, or that of one it takes over. */
  readonly place: (storage: Storage) => Storage;
  /** The storages of the results, as recorded. */
  readonly results: readonly Storage[];
  /** Dead arguments' places, by the places of results that are copied there in the end. */
  readonly landings: ReadonlyMap<Storage, Storage>;
};

/**
 * Leaves out steps whose results nobody uses, and copies whose source dies there; fuses steps; holds
 * tensors as float16 where the recording asks for it.
 *
 * @param donated whether the leaf of a number is the plan's to write over
 * @param most how many buffers and textures a dispatch may bind
 */
export function lower(
  recording: Recording,
  results: readonly Storage[],
  donated: (leaf: number) => boolean,
  most: { readonly buffers: number; readonly textures: number },
): Program {
  const alive = withoutDead(earlyExchanges(recording.steps), results);
  const fused = shareTextures(fuse(alive, results, most.buffers), most.textures);
  const needed = recording.overflow ? holdHalves(fused, results, recording.overflow) : fused;
  const { last } = spans(needed, (storage) => storage);
  const kept = new Set(results);
  const taken = new Map<Storage, Storage>();
  const place = (storage: Storage): Storage => {
    const other = taken.get(storage);
    return other ? place(other) : storage;
  };
  const isOwn = ({ origin }: Storage): boolean =>
    origin.kind === "made" || (origin.kind === "input" && donated(origin.leaf));
  const steps = needed.filter((step, i) => {
    if (step.kind !== "copy") return true;
    if (kept.has(step.from) || last.get(step.from)! > i || !isOwn(place(step.from))) return true;
    taken.set(step.to, step.from);
    return false;
  });
  const landings = takeOverInputs(steps, place, results, donated, taken);
  return { steps, place, results, landings };
}

/**
 * Begins exchanges as soon as what they send is there, so that the steps between need not wait for
 * them. The places depend on data alone: they are the same on all ranks.
 */
function earlyExchanges(steps: readonly Step[]): Step[] {
  const moved: Step[] = [];
  for (const step of steps) {
    if (step.kind !== "exchange") {
      moved.push(step);
      continue;
    }
    const sent = new Set(step.from);
    const after = moved.findLastIndex((before) =>
      touched(before).writes.some((storage) => sent.has(storage))
    );
    // Exchanges with the same last step before them keep their order.
    let at = after + 1;
    while (moved[at]?.kind === "exchange") at++;
    moved.splice(at, 0, step);
  }
  return moved;
}

function withoutDead(steps: readonly Step[], results: readonly Storage[]): Step[] {
  const wanted = new Set(results);
  const alive: Step[] = [];
  for (const step of steps.toReversed()) {
    const { writes, reads } = touched(step);
    // Other ranks wait for an exchange, even if nothing is done with what comes back.
    if (step.kind !== "exchange" && !writes.some((storage) => wanted.has(storage))) continue;
    for (const storage of writes) wanted.delete(storage);
    for (const storage of reads) wanted.add(storage);
    alive.push(step);
  }
  return alive.reverse();
}

/**
 * Lets results take the places of donated arguments that are dead before the
 * results are made; other results are to be copied there in the end.
 */
function takeOverInputs(
  steps: readonly Step[],
  place: (storage: Storage) => Storage,
  results: readonly Storage[],
  donated: (leaf: number) => boolean,
  taken: Map<Storage, Storage>,
): Map<Storage, Storage> {
  const { first, last } = spans(steps, place);
  const used = new Set(results.map(place));
  const free = [...first.keys()].filter((storage) =>
    storage.origin.kind === "input" && donated(storage.origin.leaf) && !used.has(storage)
  );
  const claim = (fits: (input: Storage) => boolean): Storage | undefined => {
    const at = free.findIndex(fits);
    return at < 0 ? undefined : free.splice(at, 1)[0];
  };
  const made = [...used].filter(({ origin }) => origin.kind === "made");
  const landings = new Map<Storage, Storage>();
  const waiting = made.filter((result) => {
    const input = claim((one) => one.bytes === result.bytes && last.get(one)! < first.get(result)!);
    if (input) taken.set(result, input);
    return !input;
  });
  for (const result of waiting) {
    const input = claim(({ bytes }) => bytes === result.bytes);
    if (input) landings.set(result, input);
  }
  return landings;
}

/** The first and the last step that uses each place. */
function spans(
  steps: readonly Step[],
  place: (storage: Storage) => Storage,
): { first: Map<Storage, number>; last: Map<Storage, number> } {
  const first = new Map<Storage, number>();
  const last = new Map<Storage, number>();
  for (const [i, step] of steps.entries()) {
    const { writes, reads } = touched(step);
    for (const storage of [...writes, ...reads].map(place)) {
      if (!first.has(storage)) first.set(storage, i);
      last.set(storage, i);
    }
  }
  return { first, last };
}
