// Steps of optimizers on the GPU: many parameters share a dispatch, each number is read and written once.
import { tf } from "../../tensor/tf.ts";
import { inputNames, type UpdateAttributes, type UpdateRule } from "../../tensor/update_trees.ts";
import type { GuardedBackend } from "../backend.ts";
import { rangesOf } from "../command.ts";
import { type Program, runProgram } from "./program.ts";
import { momentsOf, uniformsOf, updateText, variantOf } from "./update_text.ts";

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
  /** Whether weight decay is meant for it. */
  readonly decays: boolean;
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

/** Copies what is to be written over. */
function parametersOf(
  backend: GuardedBackend,
  inputs: tf.NamedTensorInfoMap,
  { rule, count, decay }: UpdateAttributes,
): Parameter[] {
  const copy = (info: tf.TensorInfo, size: number): tf.TensorInfo =>
    size > 0
      ? backend.copyTensor(info)
      : backend.makeTensorInfo([...info.shape], "float32", new Float32Array(0));
  return Array.from({ length: count }, (_, i) => {
    const [p, g, ...moments] = inputNames(i, momentsOf(rule)).map((name) => inputs[name]!);
    const size = tf.util.sizeFromShape(p!.shape);
    return {
      updated: [p!, ...moments].map((each) => copy(each, size)),
      gradient: g!,
      size,
      decays: decay?.chosen[i] ?? false,
    };
  });
}

/** Runs as many dispatches as the bindings ask for; the last one returns the next count, if there is one. */
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
  attributes: UpdateAttributes,
  parameters: readonly Parameter[],
  inputs: Readonly<Record<string, tf.TensorInfo>>,
  results: Readonly<Record<string, readonly number[]>>,
): Program {
  const { rule, decay } = attributes;
  const names = ["p", "m", "v", "b"].slice(0, momentsOf(rule) + 1);
  const forms = parameters.map(({ size, decays }) => ({ wide: size % 4 === 0, decays }));
  const lengths = parameters.map(({ size }, i) => forms[i]!.wide ? size / 4 : size);
  const groups = lengths.map((length) => Math.ceil(length / (WORKGROUP * ROUNDS)));
  const named = parameters.map(({ updated, gradient }, i) => ({
    updated: updated.map((info, j) => [`${names[j]}${i}`, info] as const),
    gradient: [`g${i}`, gradient] as const,
  }));
  const total = groups.reduce((sum, count) => sum + count, 0);
  const scalars = Object.keys(inputs);
  const program = {
    rule,
    decay,
    parameters: forms,
    names,
    scalars,
    counts: "nextCount" in results,
  };
  return {
    operation: `Update (${rule.kind})`,
    variant: `${variantOf(rule, decay)}/${forms.map(({ decays }) => Number(decays)).join("")}`,
    results,
    updated: Object.fromEntries(named.flatMap(({ updated }) => updated)),
    inputs: { ...Object.fromEntries(named.map(({ gradient }) => gradient)), ...inputs },
    vectors: forms.flatMap(({ wide }, i) => wide ? [...names, "g"].map((name) => name + i) : []),
    uniforms: {
      ...Object.fromEntries(lengths.map((length, i) => [`length${i}`, length])),
      ...Object.fromEntries(groups.map((count, i) => [`groups${i}`, count])),
      ...uniformsOf(attributes),
    },
    code: updateText(program, WORKGROUP, WORKGROUP * ROUNDS),
    // The count is written by the first invocation, also where there is nothing else to do.
    invocations: Math.max(1, total) * WORKGROUP,
    workgroup: WORKGROUP,
  };
}
