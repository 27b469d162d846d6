// Steps of optimisers on the GPU: many parameters share a dispatch, each number is read and written once.
import { tf } from "../../tensor/tf.ts";
import {
  inputNames,
  type RateRule,
  type UpdateAttributes,
  type UpdateRule,
} from "../../tensor/update_trees.ts";
import type { GuardedBackend } from "../backend.ts";
import { rangesOf } from "../command.ts";
import { type Program, runProgram } from "./program.ts";

/** Invocations of a workgroup. */
const WORKGROUP = 64;

/**
 * Numbers, or vectors, that an invocation steps through. A software adapter runs the code of every
 * parameter of a dispatch in each workgroup, with all lanes off for those of others: the longer the
 * workgroup's own work, the less that counts.
 */
const ROUNDS = 16;

/** The bindings that are not a parameter's: the count, the next count, the rate. */
const SHARED_BINDINGS = 3;

/** One parameter on the device: what is read, and the copies that are written over. */
type Parameter = {
  readonly updated: readonly tf.TensorInfo[];
  readonly gradient: tf.TensorInfo;
  readonly size: number;
};

/** The kernel function of updates, the same for any adapter. */
export function updateTrees(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) => {
    const gpu = backend as GuardedBackend;
    const attributes = attrs as unknown as UpdateAttributes;
    const parameters = parametersOf(gpu, inputs as tf.NamedTensorInfoMap, attributes);
    const tensors = Object.fromEntries(
      ["count", "rate"].flatMap((name) => inputs[name] ? [[name, inputs[name]]] : []),
    );
    const count = runAll(gpu, attributes, parameters.filter(({ size }) => size > 0), tensors);
    const each = momentsOf(attributes.rule) + 1;
    const columns = Array.from({ length: each }, (_, i) => parameters.map((p) => p.updated[i]!));
    return [...columns.flat(), ...count];
  };
}

function momentsOf({ kind }: UpdateRule): number {
  return kind === "adam" ? 2 : kind === "sgd" ? 0 : 1;
}

/** Copies what is to be written over. */
function parametersOf(
  backend: GuardedBackend,
  inputs: tf.NamedTensorInfoMap,
  { rule, count }: UpdateAttributes,
): Parameter[] {
  const copy = (info: tf.TensorInfo, size: number): tf.TensorInfo =>
    size > 0
      ? backend.copyTensor(info)
      : backend.makeTensorInfo([...info.shape], "float32", new Float32Array(0));
  return Array.from({ length: count }, (_, i) => {
    const [p, g, ...moments] = inputNames(i, momentsOf(rule)).map((name) => inputs[name]!);
    const size = tf.util.sizeFromShape(p!.shape);
    return { updated: [p!, ...moments].map((each) => copy(each, size)), gradient: g!, size };
  });
}

/** Runs as many dispatches as the bindings ask for; the last one answers the next count, if there is one. */
function runAll(
  backend: GuardedBackend,
  attributes: UpdateAttributes,
  parameters: readonly Parameter[],
  tensors: Readonly<Record<string, tf.TensorInfo>>,
): tf.TensorInfo[] {
  const [first = [], ...rest] = shareBindings(backend, attributes.rule, parameters);
  for (const part of rest) runProgram(backend, programOf(attributes, part, tensors, {}));
  const results: Record<string, readonly number[]> = tensors.count ? { nextCount: [] } : {};
  if (first.length === 0 && !tensors.count) return [];
  return runProgram(backend, programOf(attributes, first, tensors, results));
}

/** Parameters that share a dispatch; one beyond the largest binding takes several bindings a tensor. */
function shareBindings(
  { device, bindingLimit }: GuardedBackend,
  rule: UpdateRule,
  parameters: readonly Parameter[],
): Parameter[][] {
  const most = device.limits.maxStorageBuffersPerShaderStage - SHARED_BINDINGS;
  const parts: Parameter[][] = [];
  let left = 0;
  for (const parameter of parameters) {
    const ranges = rangesOf(4 * parameter.size, bindingLimit).length;
    const bindings = ranges * (momentsOf(rule) + 2);
    if (bindings > left || parts.length === 0) {
      parts.push([]);
      left = most;
    }
    parts.at(-1)!.push(parameter);
    left -= bindings;
  }
  return parts;
}

function programOf(
  { rule, rate }: UpdateAttributes,
  parameters: readonly Parameter[],
  inputs: Readonly<Record<string, tf.TensorInfo>>,
  results: Readonly<Record<string, readonly number[]>>,
): Program {
  const names = ["p", "m", "v"].slice(0, momentsOf(rule) + 1);
  const wide = parameters.map(({ size }) => size % 4 === 0);
  const lengths = parameters.map(({ size }, i) => wide[i] ? size / 4 : size);
  const groups = lengths.map((length) => Math.ceil(length / (WORKGROUP * ROUNDS)));
  const named = parameters.map(({ updated, gradient }, i) => ({
    updated: updated.map((info, j) => [`${names[j]}${i}`, info] as const),
    gradient: [`g${i}`, gradient] as const,
  }));
  const total = groups.reduce((sum, count) => sum + count, 0);
  return {
    operation: `Update (${rule.kind})`,
    variant: `${rule.kind}/${parameters.length}`,
    results,
    updated: Object.fromEntries(named.flatMap(({ updated }) => updated)),
    inputs: { ...Object.fromEntries(named.map(({ gradient }) => gradient)), ...inputs },
    vectors: wide.flatMap((isWide, i) => isWide ? [...names, "g"].map((name) => name + i) : []),
    uniforms: {
      ...Object.fromEntries(lengths.map((length, i) => [`length${i}`, length])),
      ...Object.fromEntries(groups.map((count, i) => [`groups${i}`, count])),
      ...bitsOf({ ...numbersOf(rule), ...ratesOf(rate) }),
    },
    code: codeOf(rule, wide, names, Object.keys(inputs), "nextCount" in results),
    // The count is written by the first invocation, also where there is nothing else to do.
    invocations: Math.max(1, total) * WORKGROUP,
    workgroup: WORKGROUP,
  };
}

/** A rule's numbers by their WGSL names. */
function numbersOf(rule: UpdateRule): Record<string, number> {
  if (rule.kind === "sgd") return {};
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

/** 1 − βᵗ, where the difference itself would lose half its digits. */
const CORRECTION = `
fn correction(log: f32, count: f32) -> f32 {
  let x = log * count;
  if (x < -0.5) { return 1.0 - exp(x); }
  var sum = 1.0;
  for (var n = 10.0; n > 1.0; n -= 1.0) { sum = 1.0 + x / n * sum; }
  return -x * sum;
}`;

/** How each rule moves a number, or a vector, `p` against `g`. */
function textOf({ kind }: UpdateRule): string {
  if (kind === "sgd") return "p -= g * eta;";
  if (kind === "momentum") return `m = m * ${number("momentum")} + g; p -= m * eta;`;
  if (kind === "nesterov") {
    return `m = m * ${number("momentum")} + g; p -= (m * ${number("momentum")} + g) * eta;`;
  }
  return `
      m = m * ${number("beta1")} + g * ${number("fresh1")};
      v = v * ${number("beta2")} + g * g * ${number("fresh2")};
      p += m * pace / (sqrt(v / correction2) + ${number("epsilon")});`;
}

/** The learning rate: given, constant, or along half a cosine. */
function etaText(scalars: readonly string[]): string {
  if (scalars.includes("rate")) return "rate[0]";
  if (!scalars.includes("count")) return number("learningRate");
  const turned = `cos(min(count[0], ${number("steps")}) * ${number("turn")})`;
  return `((${turned} + 1.0) * ${number("half")} + ${number("end")}) * ${number("learningRate")}`;
}

function codeOf(
  rule: UpdateRule,
  wide: readonly boolean[],
  names: readonly string[],
  scalars: readonly string[],
  counts: boolean,
): string {
  return `
${rule.kind === "adam" ? CORRECTION : ""}
fn main(index: u32, local: u32) {
  ${counts ? "if (index == 0u) { nextCount[0] = count[0] + 1.0; }" : ""}
  let eta = ${etaText(scalars)};
  ${
    rule.kind === "adam"
      ? `let correction2 = correction(${number("log2")}, count[0] + 1.0);
  let pace = -eta / correction(${number("log1")}, count[0] + 1.0);`
      : ""
  }
  var group = index / ${WORKGROUP}u;
  ${
    wide.map((isWide, i) => parameterText(i, isWide ? "quad" : "at", names, textOf(rule))).join(
      "\n",
    )
  }
}`;
}

/** A workgroup's part of one parameter: nothing where it belongs to another. */
function parameterText(
  i: number,
  reader: "at" | "quad",
  names: readonly string[],
  text: string,
): string {
  const part = WORKGROUP * ROUNDS;
  return `
  {
    let begin = group * ${part}u;
    let end = select(0u, min(begin + ${part}u, uniforms.length${i}), group < uniforms.groups${i});
    for (var at = begin + local; at < end; at += ${WORKGROUP}u) {
      ${names.map((name) => `var ${name} = ${name}${i}_${reader}(at);`).join(" ")}
      let g = g${i}_${reader}(at);
      ${text}
      ${names.map((name) => `${name}${i}_put(at, ${name});`).join(" ")}
    }
    // Of the groups before this parameter's there are none left: they wrap around, beyond all others.
    group -= uniforms.groups${i};
  }`;
}
