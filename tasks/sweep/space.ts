// The trials of a sweep: all combinations of given values, or some drawn at random.
import { fold, key } from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { refuse } from "../command.ts";

/** The flags of a trial that differ from those of others, with their values. */
export type Trial = Readonly<Record<string, string>>;

/** The flags as words of a command line. */
export function wordsOf(trial: Trial): string[] {
  return Object.entries(trial).map(([name, value]) => `--${name}=${value}`);
}

/** Values to choose from, or a range of numbers. */
type Choice = readonly string[] | { readonly least: number; readonly most: number };

type Space = readonly (readonly [flag: string, choice: Choice])[];

/**
 * Reads what is tried: `learning-rate=1e-4..1e-1;optimizer=adam,sgd`.
 *
 * @param flag what it is the value of, for errors
 * @param ranges whether ranges may be given: of a grid no
 * @throws {UsageError} where it cannot be read
 */
export function parseSpace(flag: string, text: string, ranges: boolean): Space {
  const space = text.split(";").map((part) => part.trim()).filter((part) => part !== "")
    .map((part) => {
      const [, name, values] = /^(?:--)?([a-z][a-z-]*)=(.+)$/.exec(part) ??
        refuse(flag, "flags with values, learning-rate=0.001,0.01;batch-size=32,64", part);
      return [name!, choiceOf(flag, values!, ranges)] as const;
    });
  const names = space.map(([name]) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) refuse(flag, "each flag once", twice);
  if (space.length === 0) refuse(flag, "at least one flag", text);
  return space;
}

function choiceOf(flag: string, values: string, ranges: boolean): Choice {
  const range = /^([^,]+)\.\.([^,]+)$/.exec(values);
  if (!range) return values.split(",").map((value) => value.trim());
  const [least, most] = range.slice(1).map(Number) as [number, number];
  if (!ranges) refuse(flag, "values separated by commas, not a range (see --random)", values);
  if (!(least > 0 && most > least && most < Infinity)) {
    refuse(flag, "ranges of numbers above 0, the least first", values);
  }
  return { least, most };
}

/** All combinations, the last flag's values changing first. */
export function gridTrials(space: Space): readonly Trial[] {
  return space.reduce<readonly Trial[]>(
    (trials, [name, choice]) =>
      trials.flatMap((trial) =>
        (choice as readonly string[]).map((value) => ({ ...trial, [name]: value }))
      ),
    [{}],
  );
}

/** Trials drawn at random: of a range evenly by logarithm, to three digits; the same for a seed. */
export function randomTrials(space: Space, count: number, seed: number): readonly Trial[] {
  return Array.from({ length: count }, (_, i) => {
    const drawn = uniformArray(fold(key(seed), i), space.length);
    return Object.fromEntries(
      space.map(([name, choice], j) => [name, valueAt(choice, drawn[j]!)]),
    );
  });
}

function valueAt(choice: Choice, uniform: number): string {
  if ("least" in choice) {
    const { least, most } = choice;
    const value = least * (most / least) ** uniform;
    const isWhole = Number.isInteger(least) && Number.isInteger(most);
    return `${isWhole ? Math.round(value) : Number(value.toPrecision(3))}`;
  }
  return choice[Math.min(choice.length - 1, Math.floor(uniform * choice.length))]!;
}
