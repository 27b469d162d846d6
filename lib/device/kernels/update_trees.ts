// Steps of optimizers on the GPU: many parameters share a dispatch, each number is read and written once.
import { tf } from "../../tensor/tf.ts";
import { inputNames, type UpdateAttributes, type UpdateRule } from "../../tensor/update_trees.ts";
import type { GuardedBackend } from "../backend.ts";
import { rangesOf } from "../command.ts";
import { type Program, runProgram } from "./program.ts";
import { isWide, treeUniforms, WORKGROUP } from "./tree_text.ts";
import { momentsOf, uniformsOf, type UpdatePart, updateText, variantOf } from "./update_text.ts";

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

/**
 * The kernel function of updates.
 *
 * @param software whether the adapter computes on the CPU
 */
export function updateTrees(software: boolean): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) => {
    const gpu = backend as GuardedBackend;
    const attributes = attrs as unknown as UpdateAttributes;
    const parameters = parametersOf(gpu, inputs as tf.NamedTensorInfoMap, attributes);
    // In mixed precision a step with an overflow changes nothing.
    const shared = { count: inputs.count, rate: inputs.rate, overflow: gpu.halves?.flag };
    const tensors = Object.fromEntries(
      Object.entries(shared).flatMap(([name, info]) => info ? [[name, info]] : []),
    );
    const filled = parameters.filter(({ size }) => size > 0);
    const count = runAll(gpu, software, attributes, filled, tensors);
    const each = momentsOf(attributes.rule) + 1;
    const columns = Array.from({ length: each }, (_, i) => parameters.map((p) => p.updated[i]!));
    const next = [...columns.flat(), ...count];
    for (const { dataId } of next) gpu.halves?.spared.add(dataId);
    return next;
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
  software: boolean,
  attributes: UpdateAttributes,
  parameters: readonly Parameter[],
  tensors: Readonly<Record<string, tf.TensorInfo>>,
): tf.TensorInfo[] {
  const [first = [], ...rest] = shareBindings(backend, attributes.rule, parameters);
  for (const part of rest) {
    runProgram(backend, programOf(backend, software, attributes, part, tensors, {}));
  }
  const results: Record<string, readonly number[]> = tensors.count ? { nextCount: [] } : {};
  if (first.length === 0 && !tensors.count) return [];
  return runProgram(backend, programOf(backend, software, attributes, first, tensors, results));
}

/** Parameters that share a dispatch; one beyond the largest binding takes several bindings a tensor. */
function shareBindings(
  { device, bindingLimit, halves }: GuardedBackend,
  rule: UpdateRule,
  parameters: readonly Parameter[],
): Parameter[][] {
  const shared = SHARED_BINDINGS + Number(halves !== undefined);
  const most = device.limits.maxStorageBuffersPerShaderStage - shared;
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
  { bindingLimit }: GuardedBackend,
  software: boolean,
  attributes: UpdateAttributes,
  parameters: readonly Parameter[],
  inputs: Readonly<Record<string, tf.TensorInfo>>,
  results: Readonly<Record<string, readonly number[]>>,
): Program {
  const { rule, decay } = attributes;
  const names = ["p", "m", "v", "b"].slice(0, momentsOf(rule) + 1);
  const parts = parameters.flatMap((parameter, tensor) =>
    partsOf(software, parameter, tensor, bindingLimit)
  );
  const { uniforms, invocations } = treeUniforms(software, parts);
  const named = parameters.map(({ updated, gradient }, i) => ({
    updated: updated.map((info, j) => [`${names[j]}${i}`, info] as const),
    gradient: [`g${i}`, gradient] as const,
  }));
  const scalars = Object.keys(inputs);
  const program = {
    rule,
    decay,
    parts,
    names,
    scalars,
    counts: "nextCount" in results,
    software,
  };
  return {
    operation: `Update (${rule.kind})`,
    variant: [
      variantOf(rule, decay),
      parameters.map(({ decays }) => Number(decays)).join(""),
      software,
    ].join("/"),
    results,
    updated: Object.fromEntries(named.flatMap(({ updated }) => updated)),
    inputs: { ...Object.fromEntries(named.map(({ gradient }) => gradient)), ...inputs },
    vectors: parameters.flatMap((item, i) =>
      isWide(software, item) ? [...names, "g"].map((name) => name + i) : []
    ),
    uniforms: { ...uniforms, ...uniformsOf(attributes) },
    code: updateText(program),
    // The count is written by the first invocation, also where there is nothing else to do.
    invocations: Math.max(WORKGROUP, invocations),
    workgroup: WORKGROUP,
  };
}

/** A parameter, or its ranges: to look which one a number is in takes as long again as reading it. */
function partsOf(
  software: boolean,
  { size, decays }: Parameter,
  tensor: number,
  bindingLimit: number,
): UpdatePart[] {
  const ranges = isWide(software, { size }) ? rangesOf(4 * size, bindingLimit) : [undefined];
  return ranges.map((range, i) =>
    range ? { size: range.size / 4, decays, tensor, range: i } : { size, decays, tensor }
  );
}
