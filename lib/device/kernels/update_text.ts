// The text of the program that steps optimizers: each rule as WGSL, its numbers as uniforms.
import { type TreeItem, treeText } from "./tree_text.ts";
import type { RateRule, UpdateAttributes, UpdateRule } from "../../tensor/update_trees.ts";

/** How many statistics a rule keeps of each parameter. */
export function momentsOf(rule: UpdateRule): number {
  if (rule.kind === "rmsprop") return 1 + Number(rule.centered) + Number(rule.momentum > 0);
  return rule.kind === "adam" ? 2 : rule.kind === "sgd" ? 0 : 1;
}

/** What of a rule and its decay changes the program's text, but for the choice of parameters. */
export function variantOf(rule: UpdateRule, decay: UpdateAttributes["decay"]): string {
  const own = rule.kind === "rmsprop" ? `${rule.centered} ${rule.momentum > 0}` : "";
  return `${rule.kind} ${own} ${decay ? decay.decoupled : ""}`;
}

/** The program's uniforms that are floats. */
export function uniformsOf({ rule, rate, decay }: UpdateAttributes): Record<string, number> {
  return bitsOf({ ...numbersOf(rule), ...ratesOf(rate), ...(decay && { decay: decay.rate }) });
}

/** A rule's numbers by their WGSL names. */
function numbersOf(rule: UpdateRule): Record<string, number> {
  if (rule.kind === "sgd") return {};
  if (rule.kind === "rmsprop") {
    const { smoothing, epsilon, momentum } = rule;
    return { smoothing, fresh: 1 - smoothing, epsilon, momentum };
  }
  if (rule.kind !== "adam") return { momentum: rule.momentum };
  const { beta1, beta2, epsilon } = rule;
  return {
    beta1,
    fresh1: 1 - beta1,
    log1: logOf(beta1),
    beta2,
    fresh2: 1 - beta2,
    log2: logOf(beta2),
    epsilon,
  };
}

/** The logarithm of a decay; of zero a number whose exponential still is one of float32. */
function logOf(decay: number): number {
  return Math.max(Math.log(decay), -87);
}

/** The numbers of a learning rate that the device computes. */
function ratesOf(rate: RateRule | undefined): Record<string, number> {
  if (!rate) return {};
  const { learningRate, steps, end } = rate;
  return { learningRate, steps, end, turn: Math.PI / steps, half: (1 - end) / 2 };
}

const floats = new Float32Array(1);
const words = new Uint32Array(floats.buffer);

/** Floats as the words that uniforms are. */
function bitsOf(numbers: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(numbers).map(([name, value]) => {
      floats[0] = value;
      return [name, words[0]!];
    }),
  );
}

const number = (name: string): string => `bitcast<f32>(uniforms.${name})`;

/** 1 − βᵗ, if the difference itself would lose half its digits. */
const CORRECTION = `
fn correction(log: f32, count: f32) -> f32 {
  let x = log * count;
  if (x < -0.5) { return 1.0 - exp(x); }
  var sum = 1.0;
  for (var n = 10.0; n > 1.0; n -= 1.0) { sum = 1.0 + x / n * sum; }
  return -x * sum;
}`;

/** How each rule moves a number, or a vector, `p` against `g`. */
function ruleText(rule: UpdateRule): string {
  const { kind } = rule;
  if (kind === "sgd") return "p -= g * eta;";
  if (kind === "rmsprop") return rmspropText(rule);
  if (kind === "momentum") return `m = m * ${number("momentum")} + g; p -= m * eta;`;
  if (kind === "nesterov") {
    return `m = m * ${number("momentum")} + g; p -= (m * ${number("momentum")} + g) * eta;`;
  }
  return `
      m = m * ${number("beta1")} + g * ${number("fresh1")};
      v = v * ${number("beta2")} + g * g * ${number("fresh2")};
      p += m * pace / (sqrt(v / correction2) + ${number("epsilon")});`;
}

/** RMSProp: `m` is the mean square, the others are the mean and the velocity, as far as there are. */
function rmspropText({ centered, momentum }: UpdateRule & { kind: "rmsprop" }): string {
  const fresh = number("fresh");
  const lines = [`m = m * ${number("smoothing")} + g * g * ${fresh};`];
  if (centered) lines.push(`v = v * ${number("smoothing")} + g * ${fresh};`);
  // Rounding must not take the root of less than zero; m * 0 is a zero of m's type.
  const variance = centered ? "max(m - v * v, m * 0.0)" : "m";
  const scaled = `g / (sqrt(${variance}) + ${number("epsilon")})`;
  const velocity = centered ? "b" : "v";
  lines.push(
    momentum === 0
      ? `p -= ${scaled} * eta;`
      : `${velocity} = ${velocity} * ${number("momentum")} + ${scaled}; p -= ${velocity} * eta;`,
  );
  return lines.join("\n      ");
}

/** The learning rate: given, constant, or along half a cosine. */
function etaText(scalars: readonly string[]): string {
  if (scalars.includes("rate")) return "rate[0]";
  if (!scalars.includes("count")) return number("learningRate");
  const turned = `cos(min(count[0], ${number("steps")}) * ${number("turn")})`;
  return `((${turned} + 1.0) * ${number("half")} + ${number("end")}) * ${number("learningRate")}`;
}

/** A parameter, or a range of one: how many numbers it is, and whether it decays. */
export type UpdatePart = Pick<TreeItem, "size" | "tensor" | "range"> & { readonly decays: boolean };

/** What a program's text is made from. */
export type UpdateProgram = {
  readonly rule: UpdateRule;
  readonly decay: UpdateAttributes["decay"];
  /** Each parameter, or each of the ranges that it is bound in. */
  readonly parts: readonly UpdatePart[];
  /** Names of what is written over: the parameter and its statistics. */
  readonly names: readonly string[];
  /** Which are tensors of `count`, `rate` and `overflow`, which if not zero leaves all as it is. */
  readonly scalars: readonly string[];
  /** Whether the next count is returned. */
  readonly counts: boolean;
  /** Whether the adapter computes on the CPU. */
  readonly software: boolean;
};

/** The program of a dispatch. */
export function updateText(program: UpdateProgram): string {
  const { rule, parts, scalars, counts, software } = program;
  const isAdam = rule.kind === "adam";
  const corrections = `let correction2 = correction(${number("log2")}, count[0] + 1.0);
  let pace = -eta / correction(${number("log1")}, count[0] + 1.0);`;
  return `
${isAdam ? CORRECTION : ""}
fn main(index: u32, local: u32) {
  ${scalars.includes("overflow") ? skipText(counts) : ""}
  ${counts ? "if (index == 0u) { nextCount[0] = count[0] + 1.0; }" : ""}
  let eta = ${etaText(scalars)};
  ${isAdam ? corrections : ""}
  ${treeText(software, parts.map((part) => itemOf(program, part)))}
}`;
}

/** Parameters and statistics are copies: what is not written stays as it was. */
function skipText(counts: boolean): string {
  return `if (overflow[0] != 0.0) {
    ${counts ? "if (index == 0u) { nextCount[0] = count[0]; }" : ""}
    return;
  }`;
}

/** What is done with one parameter's numbers. */
function itemOf({ rule, decay, names }: UpdateProgram, { decays, ...part }: UpdatePart): TreeItem {
  const pull = decays ? decay : undefined;
  const pulled = pull?.decoupled
    ? `p -= p * (eta * ${number("decay")});`
    : pull
    ? `g += p * ${number("decay")};`
    : "";
  const text = `${pulled} ${ruleText(rule)}`;
  return { ...part, read: [...names, "g"], written: names, text };
}
