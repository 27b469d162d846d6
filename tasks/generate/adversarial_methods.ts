// The attacks by the names the command line knows them by, and what they are told by flags.
import {
  type AttackOptions,
  type AttackResult,
  bim,
  carliniWagner,
  deepFool,
  fgsm,
  logitAscent,
  type Norm,
  pgd,
} from "../../lib/generate/mod.ts";
import { key, type Network, type Tensor } from "../../mod.ts";
import { UsageError } from "../command.ts";

/** The attacks: the chapter's ascent first. */
export const METHODS = ["ascent", "fgsm", "bim", "pgd", "deepfool", "carlini-wagner"] as const;

/** An attack's name. */
export type Method = (typeof METHODS)[number];

/** Whether an attack seeks the smallest change, and so has no ε. */
export const isMinimal = (method: Method): boolean =>
  method === "deepfool" || method === "carlini-wagner" || method === "ascent";

/** What the flags say of an attack. */
export type Plan = {
  readonly method: Method;
  readonly norm: Norm;
  readonly steps: number | undefined;
  readonly target: number | undefined;
  readonly seed: number;
};

/** Refuses what a method has not. */
export function checkPlan({ method, target, norm, steps }: Plan): void {
  if (method === "ascent" && target === undefined) {
    throw new UsageError("Cannot run --method ascent without --target CLASS: it climbs its logit");
  }
  if (method === "deepfool" && target !== undefined) {
    throw new UsageError("Cannot use --target with --method deepfool: the method has none");
  }
  if (isMinimal(method) && norm === "linf") {
    throw new UsageError(`Cannot use --norm linf with --method ${method}: it is by l2`);
  }
  if (method === "fgsm" && steps !== undefined) {
    throw new UsageError("Cannot use --steps with --method fgsm: it takes one step");
  }
}

/**
 * Attacks by a plan.
 *
 * @param plan what the flags say
 * @param network the network
 * @param x pixels `[N, H, W, C]`
 * @param labels their classes
 * @param options ε, units, session, progress
 */
export function attackBy(
  { method, norm, steps, target, seed }: Plan,
  network: Network,
  x: Tensor,
  labels: ArrayLike<number>,
  options: AttackOptions & { readonly epsilon: number },
): Promise<AttackResult> {
  const targets = target === undefined ? {} : { targets: target };
  const { epsilon, ...others } = options;
  const more = { ...others, ...(steps === undefined ? {} : { steps }) };
  const within = { ...more, ...targets, epsilon, norm };
  switch (method) {
    case "fgsm":
      return fgsm(network, x, labels, within);
    case "bim":
      return bim(network, x, labels, within);
    case "pgd":
      return pgd(network, x, labels, { ...within, key: key(seed) });
    case "deepfool":
      return deepFool(network, x, labels, more);
    case "carlini-wagner":
      return carliniWagner(network, x, labels, { ...more, ...targets });
    case "ascent":
      return logitAscent(network, x, labels, target!, more);
  }
}

/**
 * The sizes that `--epsilon` names, in pixels of 0 to 1.
 *
 * @param flag numbers or fractions such as 8/255, with commas between
 * @throws {UsageError} where one is none, or below 0
 */
export function parseEpsilons(flag: string): number[] {
  return flag.split(",").map((part) => {
    const [, above, below = "1"] = /^\s*([\d.]+)\s*(?:\/\s*([\d.]+))?\s*$/.exec(part) ?? [];
    const epsilon = Number(above) / Number(below);
    if (above !== undefined && Number.isFinite(epsilon)) return epsilon;
    throw new UsageError(
      `Cannot use --epsilon: it must be numbers of at least 0, or fractions such as 8/255, got ${part}`,
    );
  });
}

/**
 * ε as tables have it: of photos by L∞ in 255ths where it is a whole number of them. Digits are
 * attacked by tenths of white, and 0.2 is no 51/255 among them.
 */
export function epsilonText(epsilon: number, norm: Norm, channels: number): string {
  const inBytes = Math.round(255 * epsilon);
  const isWhole = norm === "linf" && channels === 3 && Math.abs(255 * epsilon - inBytes) < 1e-6;
  return isWhole && epsilon > 0 ? `${inBytes}/255` : `${Number(epsilon.toPrecision(4))}`;
}
