// Whether a function does what it did when it was recorded, and where it does not.
import { tf } from "../../tensor/tf.ts";
import type { Captured, Event, HostNumbers, Trace } from "./trace.ts";

/** The way out of most refusals. */
const WAY_OUT =
  "What changes from call to call must be an argument: numbers and tensors as they are, random numbers by a key";

/**
 * Throws where a tensor that a function uses without being given it is no longer what was recorded.
 *
 * @param what the function's name in errors
 */
export function requireSameCaptured(what: string, captured: readonly Captured[]): void {
  for (const { tensor, dataId } of captured) {
    const { shape, dtype } = tensor;
    const change = tensor.isDisposed
      ? "disposed of"
      : tensor.dataId !== dataId
      ? "assigned"
      : undefined;
    if (!change) continue;
    const name = tensor instanceof tf.Variable
      ? `the variable "${tensor.name}"`
      : `a ${dtype} tensor`;
    throw new TypeError(
      `Cannot run ${what}: a tensor from outside must stay as it was recorded, got ${name} [${shape}], ${change} since. Hand it in as an argument, or call dispose() of the function under jit, which then records anew`,
    );
  }
}

/**
 * Throws at the first difference between what a function did when it was recorded and what it does
 * now, if a result depends on it.
 *
 * @param what the function's name in errors
 */
export function requireSameTrace(what: string, recorded: Trace, now: Trace): void {
  const length = Math.max(recorded.events.length, now.events.length);
  for (let i = 0; i < length; i++) {
    const [before, after] = [recorded.events[i], now.events[i]];
    const difference = differenceOf(before, after);
    if (!difference) continue;
    const paths = dependents(recorded, i);
    // Other numbers in the same steps matter only as far as results depend on them.
    if (paths.length === 0 && before?.kind === "constant" && after?.kind === "constant") continue;
    const on = paths.length > 0 ? `, on which ${paths.slice(0, 3).join(", ")} depends` : "";
    throw refusal(what, `${difference}${on}`);
  }
  for (const [i, { tensor, dataId }] of recorded.captured.entries()) {
    if (now.captured[i]?.dataId === dataId) continue;
    throw refusal(
      what,
      `another tensor from outside in the place of ${tensor.dtype} [${tensor.shape}]`,
    );
  }
  requireSameReturned(what, recorded, now);
}

function requireSameReturned(what: string, recorded: Trace, now: Trace): void {
  for (const [i, before] of recorded.returned.entries()) {
    const after = now.returned[i];
    if (after && isSame(before, after)) continue;
    const where = nameOf(before.path);
    if (before.tensor !== undefined || after?.tensor !== undefined || after?.path !== before.path) {
      throw refusal(what, `another tensor as ${where}`);
    }
    throw refusal(what, `${after.value} as ${where} in the place of ${before.value}`);
  }
  if (now.returned.length > recorded.returned.length) throw refusal(what, "more results");
}

function refusal(what: string, got: string): TypeError {
  return new TypeError(
    `Cannot run ${what}: it must do at each call what was recorded at the first, got ${got}. ${WAY_OUT}`,
  );
}

/** What is other in an event, if anything. */
function differenceOf(before: Event | undefined, after: Event | undefined): string | undefined {
  if (!before || !after || before.kind !== after.kind) {
    return `${describe(after)} in the place of ${describe(before)}`;
  }
  if (before.kind === "constant" && after.kind === "constant") return constants(before, after);
  if (isSame(before, after)) return undefined;
  if (before.kind === "key") {
    return "a key derived by other numbers (fold with what is no argument)";
  }
  if (describe(before) !== describe(after)) {
    return `${describe(after)} in the place of ${describe(before)}`;
  }
  const same = before.kind === "kernel" && after.kind === "kernel" &&
    isSame(before.attributes, after.attributes);
  return same ? `${describe(after)} of other tensors` : `${describe(after)} with other attributes`;
}

type Constant = Extract<Event, { readonly kind: "constant" }>;

function constants(before: Constant, after: Constant): string | undefined {
  if (!isSame([before.shape, before.dtype], [after.shape, after.dtype])) {
    return `${describe(after)} in the place of ${describe(before)}`;
  }
  if (isSame(before.numbers, after.numbers)) return undefined;
  return `other numbers in ${describe(after)}${sizeOfChange(before.numbers, after.numbers)}`;
}

/** How much numbers differ by, where they are known. */
function sizeOfChange(before: HostNumbers, after: HostNumbers): string {
  if (!Array.isArray(before) || !Array.isArray(after)) return "";
  const at = before.findIndex((number, i) => !Object.is(number, after[i]));
  const change = before.reduce((most, number, i) => Math.max(most, Math.abs(after[i] - number)), 0);
  return `: ${after[at]} in the place of ${before[at]}, by up to ${Number(change.toPrecision(4))}`;
}

function describe(event: Event | undefined): string {
  if (!event) return "nothing";
  if (event.kind === "kernel") return `the operation ${event.name}`;
  return event.kind === "key"
    ? "a derived key"
    : `the constant ${event.dtype} [${event.shape}] made within`;
}

/** The paths of results that depend on what an event makes. */
function dependents({ events, returned }: Trace, from: number): string[] {
  const first = events[from];
  if (!first || first.kind === "key") return [];
  const touched = new Set(first.makes);
  for (const event of events.slice(from + 1)) {
    if (event.kind !== "kernel" || !event.reads.some((read) => touched.has(read))) continue;
    for (const made of event.makes) touched.add(made);
  }
  return returned.filter(({ tensor }) => tensor !== undefined && touched.has(tensor))
    .map(({ path }) => nameOf(path));
}

function nameOf(path: string): string {
  return path === "" ? "the result" : `the result's "${path}"`;
}

/** Whether plain values are the same throughout. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a instanceof tf.Tensor || b instanceof tf.Tensor) return a === b;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) =>
    isSame((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name])
  );
}
