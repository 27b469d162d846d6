// tfjs's programs on whole numbers: their text takes all through float32, which holds 24 bits.
import type { tf } from "../tensor/tf.ts";
import { mendedText, POWER } from "./mended_programs.ts";

/** tfjs's programs that move, compare, add or multiply numbers: those that do not compute places by floats. */
const PROGRAMS = new Set([
  "AddNPacked",
  "ArgMinMax",
  "BinaryOp",
  "Bincount",
  "BroadcastArgs",
  "Clip",
  "ClipVec4",
  "Concat",
  "DepthToSpace",
  "Diag",
  "Fill",
  "Gather",
  "GatherND",
  "MatMulPacked",
  "MatMulReduce",
  "MatMulSmallOutputSize",
  "MatMulSplitK",
  "Merge",
  "MirrorPad",
  "OneHot",
  "Pad",
  "Reduce",
  "Reverse",
  "Scatter",
  "SearchSorted",
  "Select",
  "Slice",
  "SpaceToBatchND",
  "SparseSegmentMean",
  "SparseSegmentSum",
  "StridedSlice",
  "Swap",
  "Tile",
  "Transpose",
  "TransposeShared",
  "UnaryOp",
  "UnsortedSegmentSum",
]);

/** Compiles programs of whole numbers as such. */
export type WholePrograms = {
  /**
   * Calls what may compile one program of tfjs's.
   *
   * @param operation the program's name
   * @param inputs what the program reads
   * @param output the type of its result
   * @param f compiles and runs it
   */
  during<T>(
    operation: string,
    inputs: readonly tf.TensorInfo[],
    output: tf.DataType,
    f: () => T,
  ): T;
  /** Whether a pipeline is of whole numbers throughout, its uniforms too. */
  has(pipeline: GPUComputePipeline): boolean;
};

/** Takes over a device's compilation. */
export function wholePrograms(device: GPUDevice): WholePrograms {
  const compiled = new WeakSet<GPUShaderModule | GPUComputePipeline>();
  const makeModule = device.createShaderModule.bind(device);
  const makePipeline = device.createComputePipeline.bind(device);
  let running: string | undefined;
  let output: tf.DataType | undefined;
  device.createShaderModule = (descriptor): GPUShaderModule => {
    if (!running) return makeModule(descriptor);
    const mended = mendedText(running, descriptor.code);
    const whole = output && wholeText(mended, output);
    const module = makeModule({ ...descriptor, code: whole ?? mended });
    if (whole) compiled.add(module);
    return module;
  };
  device.createComputePipeline = (descriptor): GPUComputePipeline => {
    const pipeline = makePipeline(descriptor);
    if (compiled.has(descriptor.compute.module)) compiled.add(pipeline);
    return pipeline;
  };
  return {
    during(operation, inputs, dtype, f) {
      const all = [...inputs.map((info) => info.dtype), dtype];
      running = operation;
      output = PROGRAMS.has(operation) && all.every(isWhole) ? dtype : undefined;
      try {
        return f();
      } finally {
        running = output = undefined;
      }
    },
    has: (pipeline) => compiled.has(pipeline),
  };
}

/** Whether a type is of whole numbers, which the GPU holds as `i32`. */
export function isWhole(dtype: tf.DataType): boolean {
  return dtype === "int32" || dtype === "bool";
}

/** What WGSL has for floats alone. */
const FLOAT_ONLY =
  /\b(a?(sin|cos|tan)h?|atan2|exp2?|log2?|pow|sqrt|inverseSqrt|fract|mix|smoothstep|fma)\(/;

/** Powers as products; of an exponent below zero what is left of them without a fraction. */
const WHOLE_POWER = `
fn wholePower(base: f32, exponent: f32) -> f32 {
  if (exponent < 0.0) { return select(0.0, 1.0, base == 1.0); }
  var power = 1.0;
  var factor = base;
  for (var left = exponent; left > 0.0; left = floor(left / 2.0)) {
    if (left % 2.0 == 1.0) { power = power * factor; }
    factor = factor * factor;
  }
  return power;
}
fn wholePowers(base: vec4<f32>, exponents: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(${
  [..."xyzw"].map((part) => `wholePower(base.${part}, exponents.${part})`).join(", ")
});
}
fn binaryOperation(`;

/** tfjs's power of floats as one of whole numbers; other text as it is. */
function withWholePowers(code: string): string {
  if (!code.includes(POWER)) return code;
  const powers = code.includes("isModRound1") ? "wholePowers" : "wholePower";
  return code.replaceAll(POWER, `${powers}(abs(a), b)`)
    .replace("fn binaryOperation(", WHOLE_POWER);
}

/**
 * The text of a program of tfjs's whose inputs and outputs are whole numbers, with `i32` in the place
 * of `f32`. Numbers among its uniforms are whole numbers then too.
 *
 * @param code the text
 * @param output the result's type: of bool, what is not zero is 1
 * @returns the other text; `undefined` if it has functions of floats
 */
export function wholeText(code: string, output: tf.DataType): string | undefined {
  const exact = withWholePowers(code);
  if (FLOAT_ONLY.test(exact)) return undefined;
  const whole = exact
    // No whole number is NaN or infinite.
    .replace(/(fn isnan\(.*?\{)[^}]*\}/, "$1 return false; }")
    .replace(/(fn isnanVec4\(.*?\{)[^}]*\}/, "$1 return vec4<bool>(); }")
    .replace(/(fn isinf\(.*?\{)[^}]*\}/, "$1 return false; }")
    .replace(/\bf32\b/g, "i32")
    .replace(/\b(round|floor|ceil|trunc)\(/g, "(")
    .replace(/(?<![\w.])(\d+)\.0*(?![\w.])/g, "$1");
  if (output !== "bool") return whole;
  return whole
    .replaceAll("= i32(value);", "= select(0, 1, value != 0);")
    .replaceAll(
      "= vec4<i32>(value);",
      "= select(vec4<i32>(0), vec4<i32>(1), value != vec4<i32>(0));",
    );
}

/**
 * A number as a whole one: of those beyond, the nearest that there is.
 *
 * @param value any number
 */
export function nearestWhole(value: number): number {
  return Math.min(2 ** 31 - 1, Math.max(-(2 ** 31), Math.trunc(value) || 0));
}
