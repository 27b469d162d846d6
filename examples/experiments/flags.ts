// The flags that all experiments take.
import { parseArgs } from "@std/cli/parse-args";

/** What a command line asks for. */
export type Flags = {
  readonly help: boolean;
  /** Tiny sizes, to see that it runs. */
  readonly quick: boolean;
  /** How many seeds each variant is run with, from 1. */
  readonly seeds: number;
  /** Where the files go. */
  readonly out: string;
};

const KNOWN = ["help", "quick", "seeds", "out"];

/** What `--help` says of the flags. */
export const FLAGS_HELP = `  --quick      tiny sizes: whether it runs, not what comes out
  --seeds N    runs of each variant, with seeds 0 to N − 1 (default 3, 1 with --quick)
  --out DIR    folder for the CSV and the picture (default runs/experiments)
  --help       this text`;

/** A fault of the command line, for which no stack is printed. */
export class FlagError extends Error {
  override readonly name = "FlagError";
}

/**
 * Reads the command line.
 *
 * @param args what stands behind the file's name
 * @throws {FlagError} where a flag is not known or its value is none
 */
export function parseFlags(args: readonly string[]): Flags {
  const flags = parseArgs([...args], {
    boolean: ["help", "quick"],
    string: ["seeds", "out"],
    unknown: refuse,
  });
  const { help, quick, seeds = quick ? "1" : "3", out = "runs/experiments" } = flags;
  if (!/^[1-9]\d{0,2}$/.test(seeds)) {
    throw new FlagError(
      `Cannot run the experiment: --seeds must be a whole number from 1 to 999, got ${seeds}`,
    );
  }
  return { help, quick, seeds: Number(seeds), out };
}

function refuse(arg: string, key?: string): never {
  if (key === undefined) {
    throw new FlagError(
      `Cannot run the experiment: it takes flags alone, got ${arg}`,
    );
  }
  throw new FlagError(
    `Cannot run the experiment: its flags are ${KNOWN.map((one) => `--${one}`).join(", ")}: ` +
      `got ${arg}`,
  );
}
