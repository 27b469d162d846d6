// What callbacks remember, as a checkpoint stores it: states as JSON, kept tensors beside them.
import type { Checkpoint, Tensors } from "../../weights/checkpoint.ts";
import type { HostTensor } from "../../weights/host_tensor.ts";
import type { Json } from "../../weights/json.ts";
import type { Memories, Memory } from "../training.ts";

/** The states of callbacks, by their names. */
export type States = { readonly [name: string]: Json };

/** The path prefix of a callback's tensors: its name, without slashes. */
function placeOf(name: string): string {
  return `${encodeURIComponent(name)}/`;
}

/** Memories as a checkpoint stores them. */
export function writtenMemories(
  memories: Memories,
): { readonly states: States; readonly kept: Tensors } {
  const all = Object.entries(memories);
  const kept = new Map(
    all.flatMap(([name, memory]) =>
      [...memory.kept ?? []].map(([path, tensor]): [string, HostTensor] => [
        placeOf(name) + path,
        tensor,
      ])
    ),
  );
  return { states: Object.fromEntries(all.map(([name, { state }]) => [name, state])), kept };
}

/** The memories in a checkpoint. */
export function readMemories(states: States, { sections }: Checkpoint): Memories {
  return Object.fromEntries(
    Object.entries(states).map(([name, state]): [string, Memory] => {
      const place = placeOf(name);
      const kept = new Map(
        [...sections.kept ?? []].filter(([path]) => path.startsWith(place))
          .map(([path, tensor]) => [path.slice(place.length), tensor]),
      );
      return [name, { state, ...(kept.size > 0 ? { kept } : {}) }];
    }),
  );
}
