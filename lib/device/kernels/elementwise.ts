// Programs that make each element of their results from the same element of their inputs.
import type { Key } from "../../tensor/random.ts";
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import type { Pointwise } from "./follow.ts";
import { runProgram } from "./program.ts";

/**
 * A function of elements. In its text, `V` is the type of what an invocation
 * holds, `f32` or, where all sizes are multiples of four, `vec4<f32>`; each input
 * and updated tensor is a `V` of its own name, each result and updated tensor a
 * variable `V` to be set. `V(0.0)`, `select`, comparisons and arithmetic read
 * the same for either.
 */
export type Elementwise = {
  /** The operation's name, for errors and profiles. */
  readonly operation: string;
  /** What tells this text from others of the same operation. */
  readonly variant: string;
  /** The results' names. */
  readonly results?: readonly string[];
  /** Tensors to be written over where they lie. */
  readonly updated?: Readonly<Record<string, tf.TensorInfo>>;
  /** Tensors of one size. */
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  /** Tensors of one element: of its own name an `f32` in the text. */
  readonly scalars?: Readonly<Record<string, tf.TensorInfo>>;
  /** Numbers of the text, each a `u32` of the struct `uniforms`. */
  readonly uniforms?: Readonly<Record<string, number>>;
  readonly key?: Key;
  /** WGSL functions the text calls, given whether `V` is a vector. */
  readonly functions?: (wide: boolean) => string;
  /** WGSL statements that set each result; `index` is the element's number, of a `vec4` the first's. */
  readonly text: string;
  /**
   * Whether the results may be float16 in mixed precision, where the inputs are: not of functions
   * that make much larger or smaller numbers of theirs.
   */
  readonly half?: boolean;
  /** Shape of the results. */
  readonly shape: readonly number[];
};

/**
 * Invocations of a workgroup: a workgroup costs a software adapter as much as 50 numbers, and where its
 * cores take turns at less than 2 KiB of a tensor, those larger than its caches take twice as long.
 */
const WORKGROUP = 256;

/**
 * Runs a function of elements.
 *
 * @returns the results, of `operation.shape`
 */
export function runElementwise(backend: GuardedBackend, operation: Elementwise): tf.TensorInfo[] {
  const { results = [], updated = {}, inputs, scalars = {}, uniforms = {}, shape } = operation;
  const size = tf.util.sizeFromShape([...shape]);
  const wide = size % 4 === 0;
  const written = [...results, ...Object.keys(updated)];
  const read = [...Object.keys(updated), ...Object.keys(inputs)];
  const count = wide ? size / 4 : size;
  return runProgram(backend, {
    operation: operation.operation,
    variant: `${operation.variant}/${wide ? "vectors" : "numbers"}`,
    results: Object.fromEntries(results.map((name) => [`${name}_`, shape])),
    updated: prefixed(updated),
    inputs: { ...prefixed(inputs), ...prefixed(scalars) },
    vectors: wide ? prefixedNames([...new Set([...written, ...read])]) : [],
    mayBeQuads: wide ? prefixedNames(Object.keys(inputs)) : [],
    half: { names: prefixedNames([...Object.keys(inputs), ...(operation.half ? results : [])]) },
    uniforms: { count, ...uniforms },
    ...(operation.key ? { key: operation.key } : {}),
    code: `
alias V = ${wide ? "vec4<f32>" : "f32"};
${operation.functions?.(wide) ?? ""}
fn main(i: u32, local: u32) {
  if (i >= uniforms.count) { return; }
  let index = i * ${wide ? 4 : 1}u;
  ${results.map((name) => `var ${name}: V;`).join("\n")}
  ${
      read.map((name) =>
        `${name in updated ? "var" : "let"} ${name} = ${name}_${wide ? "_quad" : "_at"}(i);`
      ).join("\n")
    }
  ${Object.keys(scalars).map((name) => `let ${name} = ${name}__at(0u);`).join("\n")}
  ${operation.text}
  ${written.map((name) => `${name}__put(i, ${name});`).join("\n")}
}`,
    leads: written.length === 1 && results.length === 1,
    pointwise: pointwiseOf(operation),
    invocations: count,
    workgroup: WORKGROUP,
  });
}

/** How the one result follows from the inputs at its place, if it depends on nothing else. */
function pointwiseOf(operation: Elementwise): Pointwise | undefined {
  const { results = [], updated = {}, inputs, scalars = {}, functions, key, text } = operation;
  const others = { ...updated, ...scalars };
  const isAlone = results.length === 1 && Object.keys(others).length === 0 && !key;
  if (!isAlone || /\bindex\b/.test(text)) return undefined;
  const elements = Object.fromEntries(Object.keys(inputs).map((name) => [name, `${name}_`]));
  return { elements, features: [], once: {}, functions, result: results[0]!, text };
}

/** Names of tensors, apart from those of the elements held. */
function prefixed(tensors: Readonly<Record<string, tf.TensorInfo>>): Record<string, tf.TensorInfo> {
  return Object.fromEntries(Object.entries(tensors).map(([name, info]) => [`${name}_`, info]));
}

function prefixedNames(names: readonly string[]): string[] {
  return names.map((name) => `${name}_`);
}
