// What limits an operation: multiplications, bytes, numbers stored one by one, or dispatches.
import type { OpLine } from "./jobs/job.ts";

/** The kinds of operations that are timed to tell the limits. */
export const LIMITING = {
  copy: "copy in fours",
  single: "copy one by one",
  dispatch: "dispatch",
} as const;

/** Numbers of a copy that is next to nothing; fewer, which the host has, would be copied there. */
export const FEW = 1024;

/** What limits an operation most, and its least time. */
export type Limit = {
  readonly name: "multiplications" | "bytes" | "stores" | "dispatches";
  readonly milliseconds: number;
};

/** What each limit is in a run, in units a millisecond; absent what was not timed. */
export type Limits = Readonly<Partial<Record<Limit["name"], number>>>;

/** A timed operation: its line, and the least of its milliseconds, to which other work only adds. */
export type Timed = { readonly line: OpLine; readonly least: number };

/** The limits that operations of a run were timed for: the best of each kind. */
export function limitsOf(timed: readonly Timed[]): Limits {
  const best = (kind: string, amount: (line: OpLine) => number): number =>
    Math.max(
      0,
      ...timed.filter(({ line }) => line.kind.startsWith(kind))
        .map(({ line, least }) => amount(line) / least),
    );
  const rates = {
    multiplications: best("dense", ({ flops }) => flops),
    bytes: best(LIMITING.copy, ({ bytes }) => bytes),
    stores: best(LIMITING.single, ({ bytes }) => bytes / 8),
    dispatches: best(LIMITING.dispatch, ({ dispatches = 0 }) => dispatches),
  };
  return Object.fromEntries(Object.entries(rates).filter(([, rate]) => rate > 0));
}

/**
 * What of the limits of a run an operation cannot be faster than, if one is known: the longest on
 * GPUs, which compute while memory is on its way. A software adapter's cores multiply, move numbers
 * and launch one after the other, so that it is the sum there, but for what is stored one by one,
 * which are bytes as well.
 *
 * @param software whether the adapter computes on the CPU
 */
export function limitOf(
  line: Pick<OpLine, "flops" | "bytes" | "stores" | "dispatches">,
  limits: Limits,
  software: boolean,
): Limit | undefined {
  const amounts = {
    multiplications: line.flops,
    bytes: line.bytes,
    stores: line.stores ?? 0,
    dispatches: line.dispatches ?? 0,
  };
  const parts = (Object.keys(amounts) as Limit["name"][])
    .flatMap((name) => limits[name] ? [{ name, milliseconds: amounts[name] / limits[name] }] : [])
    .toSorted((a, b) => b.milliseconds - a.milliseconds);
  const [longest] = parts;
  if (!longest || !software) return longest;
  const moves = parts.filter(({ name }) => name === "bytes" || name === "stores");
  const added = parts.filter((part) => part !== moves[1]);
  const milliseconds = added.reduce((sum, part) => sum + part.milliseconds, 0);
  return { name: longest.name, milliseconds };
}
