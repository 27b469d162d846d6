// A plan in words.
import type { Plan } from "./plan.ts";
import { type Step, type Storage, storagesOf } from "./recording.ts";

/** What a plan does, a line a step. */
export function describePlan(form: string, plan: Plan): string {
  const { arena, parts: { name, program, results } } = plan;
  const names = new Map<Storage, string>();
  const buffer = (storage: Storage): string => {
    const place = program.place(storage);
    const { origin } = place;
    const slot = arena.slots.get(place);
    const known = names.get(place) ??
      (slot !== undefined
        ? `arena ${slot}`
        : origin.kind === "input"
        ? `argument ${origin.leaf}`
        : `${origin.kind} ${names.size}`);
    names.set(place, known);
    return known;
  };
  const lines = program.steps.map((step) => describeStep(step, buffer));
  const ends = results.flatMap(({ storage, shape }) => {
    if (!storage) return [];
    const place = program.place(storage);
    const landing = program.landings.get(place);
    const inPlace = place.origin.kind === "input";
    const where = landing ? buffer(landing) : "a new buffer";
    return [
      inPlace
        ? `answer  [${shape}] in ${buffer(place)}`
        : `copy    [${shape}] ${buffer(place)} → ${where}`,
    ];
  });
  const bytes = arena.sizes.reduce((sum, size) => sum + size, 0);
  return [
    `${name} of ${form}`,
    ...[...uploads(plan)].map((line) => `  ${line}`),
    ...lines.map((line) => `  ${line}`),
    ...ends.map((line) => `  ${line}`),
    `  arena: ${arena.sizes.length} buffers of ${bytes} bytes, ${arena.bytesWithoutReuse} without reuse`,
  ].join("\n");
}

function describeStep(step: Step, buffer: (storage: Storage) => string): string {
  if (step.kind === "exchange") {
    const sent = step.from.map((one) => `[${one.shape}] ${buffer(one)}`).join(", ");
    return `exchange ${sent} → ${step.to.map(buffer).join(", ")}`;
  }
  if (step.kind === "copy") {
    return `copy    [${step.from.shape}] ${buffer(step.from)} → ${buffer(step.to)}`;
  }
  const list = (...kinds: string[]): string =>
    step.uses.filter(({ access }) => kinds.includes(access)).map(({ storage, shape, texels }) =>
      `[${shape}]${storage.half ? " float16" : ""} ${buffer(storage)}${
        texels ? ` as ${texels}` : ""
      }`
    ).join(", ");
  const groups = step.workgroups.join("×");
  return `run     ${step.operation} ${list("read")} → ${
    list("write", "update")
  } (${groups} workgroups)`;
}

/** The arguments that steps need, and keys: what is uploaded where it is on the host. */
function* uploads({ parts: { program } }: Plan): Iterable<string> {
  const seen = new Set<Storage>();
  let keys = 0;
  for (const step of program.steps) {
    if (step.kind === "run" && step.key) keys++;
    for (const place of storagesOf(step).map(program.place)) {
      if (place.origin.kind !== "input" || seen.has(place)) continue;
      seen.add(place);
      yield `upload  ${place.dtype} [${place.shape}] argument ${place.origin.leaf}, where it is on the host`;
    }
  }
  if (keys > 0) yield `upload  keys of ${keys} dispatches`;
}
