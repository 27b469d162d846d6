// What limits an operation: multiplications, bytes, numbers stored one by one, or dispatches.
import type { OpLine } from "./jobs/job.ts";

/** The kinds of operations that are timed to tell the limits. */
export const LIMITING = {
  copy: "copy in fours",
  single: "copy one by one",
  dispatch: "dispatch",
} as const;

/** What limits an operation, and its least time by that. */
export type Limit = {
  readonly name: "multiplications" | "bytes" | "stores" | "dispatches";
  readonly milliseconds: number;
};

/** What each limit is in a run, in units a millisecond; absent what was not timed. */
export type Limits = Readonly<Partial<Record<Limit["name"], number>>>;

/** A timed operation: its line, and the median of its milliseconds. */
export type Timed = { readonly line: OpLine; readonly median: number };

/** The limits that operations of a run were timed for: the best of each kind. */
export function limitsOf(timed: readonly Timed[]): Limits {
  const best = (kind: string, amount: (line: OpLine) => number): number =>
    Math.max(
      0,
      ...timed.filter(({ line }) => line.kind.startsWith(kind))
        .map(({ line, median }) => amount(line) / median),
    );
  const rates = {
    multiplications: best("dense", ({ flops }) => flops),
    bytes: best(LIMITING.copy, ({ bytes }) => bytes),
    stores: best(LIMITING.single, ({ bytes }) => bytes / 8),
    dispatches: best(LIMITING.dispatch, () => 1),
  };
  return Object.fromEntries(Object.entries(rates).filter(([, rate]) => rate > 0));
}

/** Of the limits of a run the one that an operation cannot be faster than, if one is known. */
export function limitOf(line: OpLine, limits: Limits): Limit | undefined {
  const amounts = {
    multiplications: line.flops,
    bytes: line.bytes,
    stores: line.stores ?? 0,
    dispatches: line.dispatches ?? 0,
  };
  return (Object.keys(amounts) as Limit["name"][])
    .flatMap((name) => limits[name] ? [{ name, milliseconds: amounts[name] / limits[name] }] : [])
    .toSorted((a, b) => b.milliseconds - a.milliseconds)[0];
}
