// Mixed precision's own passes: the flag of overflows, float16 copies, gradients, and the way back.
import type { ScaleAttributes } from "../../tensor/mixed_precision.ts";
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import type { Halves } from "../dispatch.ts";
import { floatBits } from "./float_bits.ts";
import { runProgram } from "./program.ts";
import { isWide, type TreeItem, treeText, treeUniforms, WORKGROUP } from "./tree_text.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/** The kernel function that begins mixed precision: a zero that is set by overflows from here on. */
export function overflow(): KernelFunction {
  return (call) => {
    const backend = call.backend as GuardedBackend;
    const { flag } = backend.halves ?? begin(backend);
    backend.incRef(flag.dataId);
    return { ...flag };
  };
}

function begin(backend: GuardedBackend): Halves {
  const [flag] = runProgram(backend, {
    operation: "Overflow",
    variant: "",
    results: { flag: [] },
    inputs: {},
    uniforms: {},
    code: "fn main(index: u32, local: u32) { if (index == 0u) { flag_put(0u, 0.0); } }",
    invocations: 1,
    workgroup: 1,
  });
  return backend.holdHalves(flag!);
}

/**
 * The kernel function of copies that are held as float16.
 *
 * @param software whether the adapter computes on the CPU
 */
export function narrow(software: boolean): KernelFunction {
  return ({ inputs, backend }) =>
    runTrees(backend as GuardedBackend, {
      software,
      operation: "Narrow",
      items: tensorsOf(inputs, "x").map((x) => ({ made: x, inputs: { x } })),
      made: "y",
      text: () => "y = x;",
      half: true,
    });
}

/**
 * The kernel function of dividing gradients, where they lie, which tells of those not finite.
 *
 * @param software whether the adapter computes on the CPU
 */
export function unscale(software: boolean): KernelFunction {
  return ({ inputs, backend }) => {
    const gpu = backend as GuardedBackend;
    const { flag } = gpu.halves!;
    return runTrees(gpu, {
      software,
      operation: "Unscale",
      items: tensorsOf(inputs, "x").map((x) => ({ updated: x, inputs: {} })),
      updated: "g",
      scalars: { scale: inputs.scale! },
      overflow: flag,
      text: (wide) => {
        const bits = wide ? "vec4<u32>" : "u32";
        // Infinity and NaN, told by their bits, as some drivers lose NaN in comparisons.
        return `
      if (any((bitcast<${bits}>(g) & ${bits}(0x7fffffffu)) >= ${bits}(0x7f800000u))) { note_overflow(); }
      g = g / scale_at(0u);`;
      },
    });
  };
}

/**
 * The kernel function of what stays as it was after an overflow.
 *
 * @param software whether the adapter computes on the CPU
 */
export function keep(software: boolean): KernelFunction {
  return ({ inputs, backend }) => {
    const gpu = backend as GuardedBackend;
    const { flag, spared } = gpu.halves!;
    const before = tensorsOf(inputs, "before");
    const after = tensorsOf(inputs, "after");
    const isChanged = after.map(({ dataId }) => !spared.has(dataId));
    const kept = runTrees(gpu, {
      software,
      operation: "Keep",
      // Written over where it lies: what a step begins with is donated.
      items: before.flatMap((updated, i) =>
        isChanged[i] ? [{ updated, inputs: { after: after[i]! } }] : []
      ),
      updated: "before",
      scalars: { flag },
      text: () => "if (flag_at(0u) == 0.0) { before = after; }",
    });
    let next = 0;
    return after.map((info, i) => {
      if (isChanged[i]) return kept[next++]!;
      gpu.incRef(info.dataId);
      return { ...info };
    });
  };
}

/** The kernel function of the next loss scale. */
export function nextScale(): KernelFunction {
  return ({ inputs, attrs, backend }) => {
    const gpu = backend as GuardedBackend;
    const { interval } = attrs as unknown as ScaleAttributes;
    const { scale, streak, skipped } = inputs as Record<string, tf.TensorInfo>;
    return runProgram(gpu, {
      operation: "LossScale",
      variant: interval === 0 ? "fixed" : "dynamic",
      results: { nextScale: [], nextStreak: [], nextSkipped: [] },
      inputs: { flag: gpu.halves!.flag, scale: scale!, streak: streak!, skipped: skipped! },
      uniforms: { interval: floatBits(interval) },
      code: `
fn main(index: u32, local: u32) {
  if (index > 0u) { return; }
  var scale = scale_at(0u);
  var streak = max(streak_at(0u), 0.0) + 1.0;
  let over = flag_at(0u) != 0.0;
  if (over) { streak = min(streak_at(0u), 0.0) - 1.0; }
  ${interval === 0 ? "" : DYNAMIC}
  nextScale_put(0u, scale);
  nextStreak_put(0u, streak);
  nextSkipped_put(0u, skipped_at(0u) + select(0.0, 1.0, over));
}`,
      invocations: 1,
      workgroup: 1,
    });
  };
}

/** The scale is halved by an overflow, and doubled after a streak, as long as float32 holds it. */
const DYNAMIC = `if (over) { scale *= 0.5; }
  if (!over && streak >= bitcast<f32>(uniforms.interval)) {
    scale = min(scale * 2.0, 1.0e38);
    streak = 0.0;
  }`;

/** Tensors of a name, by their numbers. */
function tensorsOf(inputs: tf.NamedTensorInfoMap | undefined, name: string): tf.TensorInfo[] {
  const found: tf.TensorInfo[] = [];
  for (let i = 0; inputs?.[`${name}${i}`]; i++) found.push(inputs[`${name}${i}`]!);
  return found;
}

/** One tensor of a pass: a result of the shape of `made`, or a copy of `updated`, and what else is read. */
type Item = {
  readonly made?: tf.TensorInfo;
  readonly updated?: tf.TensorInfo;
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
};

/** A pass over numbers of many tensors. */
type Trees = {
  /** Whether the adapter computes on the CPU. */
  readonly software: boolean;
  readonly operation: string;
  readonly items: readonly Item[];
  /** What the results are called in the text, of items that make or update them. */
  readonly made?: string;
  readonly updated?: string;
  readonly scalars?: Readonly<Record<string, tf.TensorInfo>>;
  readonly overflow?: tf.TensorInfo;
  /** WGSL for a number, or for a vector. */
  readonly text: (wide: boolean) => string;
  /** Whether the results are held as float16. */
  readonly half?: boolean;
};

/** Runs a pass in as many dispatches as the bindings ask for; a tensor without numbers takes none. */
function runTrees(backend: GuardedBackend, trees: Trees): tf.TensorInfo[] {
  const { items, scalars = {} } = trees;
  const each = 1 + Object.keys(items[0]?.inputs ?? {}).length;
  const most = backend.device.limits.maxStorageBuffersPerShaderStage -
    Object.keys(scalars).length - 1;
  const count = Math.max(1, Math.floor(most / each));
  const results: tf.TensorInfo[] = [];
  for (let i = 0; i < items.length; i += count) {
    results.push(...runPart(backend, trees, items.slice(i, i + count)));
  }
  return results;
}

function runPart(backend: GuardedBackend, trees: Trees, items: readonly Item[]): tf.TensorInfo[] {
  const { software, operation, made, updated, scalars = {}, overflow, text, half } = trees;
  const result = (made ?? updated)!;
  const copies = items.flatMap((item) => item.updated ? [backend.copyTensor(item.updated)] : []);
  const names = Object.keys(items[0]!.inputs);
  const programs = items.map((item): TreeItem => {
    const size = tf.util.sizeFromShape((item.made ?? item.updated)!.shape);
    const wide = isWide(software, { size });
    const read = updated ? [updated, ...names] : names;
    return { size, read, written: [result], text: text(wide) };
  });
  const { uniforms, invocations } = treeUniforms(software, programs);
  const inputs = items.flatMap((item, i) =>
    Object.entries(item.inputs).map(([name, info]) => [`${name}${i}`, info] as const)
  );
  const fresh = runProgram(backend, {
    operation,
    variant: `${software}`,
    results: Object.fromEntries(
      items.flatMap((item, i) => item.made ? [[`${result}${i}`, item.made.shape] as const] : []),
    ),
    updated: Object.fromEntries(copies.map((info, i) => [`${result}${i}`, info])),
    inputs: { ...Object.fromEntries(inputs), ...scalars },
    vectors: programs.flatMap((item, i) =>
      isWide(software, item) ? [result, ...names].map((name) => `${name}${i}`) : []
    ),
    half: { names: half ? items.map((_, i) => `${result}${i}`) : [], anyway: true },
    overflow,
    uniforms,
    code: `fn main(index: u32, local: u32) { ${treeText(software, programs)} }`,
    invocations,
    workgroup: WORKGROUP,
  });
  return made ? fresh : copies;
}
