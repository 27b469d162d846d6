// The attacks by name, and their flags.
import {
  type AttackOptions,
  type AttackResult,
  autoAttack,
  autoPgd,
  bim,
  carliniWagner,
  deepFool,
  fgsm,
  logitAscent,
  type Norm,
  pgd,
  squareAttack,
} from "../../lib/generate/mod.ts";
import { key, type Network, type Tensor } from "../../mod.ts";
import { refuse, UsageError } from "../command.ts";

/** The attacks: the chapter's ascent first. */
export const METHODS = [
  "ascent",
  "fgsm",
  "bim",
  "pgd",
  "apgd",
  "apgd-dlr",
  "square",
  "autoattack",
  "deepfool",
  "carlini-wagner",
] as const;

/** An attack's name. */
export type Method = (typeof METHODS)[number];

/** Whether an attack finds the smallest change, and so has no ε. */
export const isMinimal = (method: Method): boolean =>
  method === "deepfool" || method === "carlini-wagner" || method === "ascent";

/** An attack as the flags describe it. */
export type Plan = {
  readonly method: Method;
  readonly norm: Norm;
  readonly steps: number | undefined;
  readonly target: number | undefined;
  readonly seed: number;
};

/** Refuses flags that a method does not have. */
export function checkPlan({ method, target, norm, steps }: Plan): void {
  if (method === "ascent" && target === undefined) {
    throw new UsageError(
      "Cannot run --method ascent without --target CLASS: it maximizes the class's logit",
    );
  }
  if (method === "deepfool" && target !== undefined) {
    throw new UsageError("Cannot use --target with --method deepfool: it finds the nearest class");
  }
  if (isMinimal(method) && norm === "linf") {
    throw new UsageError(`Cannot use --norm linf with --method ${method}: it minimizes l2`);
  }
  if (method === "autoattack" && target !== undefined) {
    throw new UsageError("Cannot use --target with --method autoattack: it aims at all classes");
  }
  if (method === "fgsm" && steps !== undefined) {
    throw new UsageError("Cannot use --steps with --method fgsm: it takes one step");
  }
}

/**
 * Attacks by a plan.
 *
 * @param x pixels `[N, H, W, C]`
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
    case "apgd":
      return autoPgd(network, x, labels, { ...within, key: key(seed) });
    case "apgd-dlr":
      return autoPgd(network, x, labels, { ...within, key: key(seed), loss: "dlr" });
    case "square":
      return squareAttack(network, x, labels, { ...within, key: key(seed) });
    case "autoattack":
      return autoAttack(network, x, labels, { ...more, epsilon, norm, key: key(seed) });
    case "deepfool":
      return deepFool(network, x, labels, more);
    case "carlini-wagner":
      return carliniWagner(network, x, labels, { ...more, ...targets });
    case "ascent":
      return logitAscent(network, x, labels, target!, more);
  }
}

/**
 * The values of `--epsilon`, for pixels from 0 to 1.
 *
 * @param flag numbers or fractions such as 8/255, separated by commas
 * @throws {UsageError} if one is not a number of at least 0
 */
export function parseEpsilons(flag: string): number[] {
  return flag.split(",").map((part) => {
    const [, above, below = "1"] = /^\s*([\d.]+)\s*(?:\/\s*([\d.]+))?\s*$/.exec(part) ?? [];
    const epsilon = Number(above) / Number(below);
    if (above !== undefined && Number.isFinite(epsilon)) return epsilon;
    return refuse("--epsilon", "numbers of at least 0, or fractions such as 8/255", part);
  });
}

/**
 * ε in words: for photos and L∞ in 255ths if that is a whole number. Digits are attacked by tenths
 * of white, so that 0.2 is not 51/255.
 */
export function epsilonText(epsilon: number, norm: Norm, channels: number): string {
  const inBytes = Math.round(255 * epsilon);
  const isWhole = norm === "linf" && channels === 3 && Math.abs(255 * epsilon - inBytes) < 1e-6;
  return isWhole && epsilon > 0 ? `${inBytes}/255` : `${Number(epsilon.toPrecision(4))}`;
}
