// Programs over positions and features, [rows, C], with some numbers a feature beside them.
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runProgram } from "./program.ts";
import { QUOTIENT } from "./quotient.ts";

/** A function of each number and of its feature's. */
export type FeatureProgram = {
  /** The operation's name, for errors and profiles. */
  readonly operation: string;
  /** Tensors of the result's shape: each a `V` of its own name in the text. */
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  /** Tensors of rows of one number a feature: arrays of `V`, to be read at `c`, or `c + uniforms.strips` …, by `once`. */
  readonly features: Readonly<Record<string, tf.TensorInfo>>;
  /** Numbers of the text, each a `u32` of the struct `uniforms`. */
  readonly uniforms: Readonly<Record<string, number>>;
  /** What depends on the feature alone, made of `features`: each a `V` of its own name in the text. */
  readonly once: Readonly<Record<string, string>>;
  /** WGSL statements that set `y`. */
  readonly text: string;
};

/** Features that an invocation takes, and how many invocations they make. */
export function stripsOf(features: number): {
  readonly wide: boolean;
  readonly strips: number;
  readonly type: string;
  /** What functions that read one are called by, after the tensor's name. */
  readonly reader: "quad" | "at";
} {
  const wide = features % 4 === 0;
  return {
    wide,
    strips: wide ? features / 4 : features,
    type: wide ? "vec4<f32>" : "f32",
    reader: wide ? "quad" : "at",
  };
}

/**
 * Rows that an invocation takes on software adapters: what it reads of a feature, each as long to read
 * as a number, it reads once for all of them.
 */
const ROWS = 8;

/**
 * Runs a function of each number and its feature, in one dispatch.
 *
 * @param software whether the adapter computes on the CPU
 * @returns the result, of the inputs' shape
 */
export function runFeatures(
  backend: GuardedBackend,
  software: boolean,
  program: FeatureProgram,
): tf.TensorInfo {
  const { operation, inputs, features, uniforms, once, text } = program;
  const shape = Object.values(inputs)[0]!.shape;
  const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const { wide, strips, type, reader } = stripsOf(shape.at(-1)!);
  const held = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [`${name}_`, x]));
  const each = software ? ROWS : 1;
  const invocations = Math.ceil(rows / each) * strips;
  return runProgram(backend, {
    operation,
    variant: `${type}/${each}`,
    results: { y_: shape },
    inputs: { ...held, ...features },
    vectors: wide ? ["y_", ...Object.keys(held), ...Object.keys(features)] : [],
    mayBeQuads: wide ? Object.keys(held) : [],
    half: { names: ["y_", ...Object.keys(held)] },
    uniforms: { invocations, rowCount: rows, strips, ...uniforms },
    code: `
alias V = ${type};${QUOTIENT}
fn main(index: u32, local: u32) {
  if (index >= uniforms.invocations) { return; }
  let part = quotient(index, uniforms.strips);
  let c = index - part * uniforms.strips;
  ${Object.entries(once).map(([name, made]) => `let ${name} = ${made};`).join(" ")}
  let end = min((part + 1u) * ${each}u, uniforms.rowCount);
  for (var row = part * ${each}u; row < end; row++) {
    let at = row * uniforms.strips + c;
    ${Object.keys(inputs).map((name) => `let ${name} = ${name}__${reader}(at);`).join(" ")}
    var y: V;
    ${text}
    y__put(at, y);
  }
}`,
    leads: true,
    pointwise: {
      elements: Object.fromEntries(Object.keys(inputs).map((name) => [name, `${name}_`])),
      features: Object.keys(features),
      once,
      result: "y",
      text,
    },
    invocations,
    workgroup: 64,
  })[0]!;
}
