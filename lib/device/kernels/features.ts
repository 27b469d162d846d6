// Programs over positions and features, [rows, C], with some numbers a feature beside them.
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runProgram } from "./program.ts";

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
 * Runs a function of each number and its feature, in one dispatch.
 *
 * @returns the result, of the inputs' shape
 */
export function runFeatures(backend: GuardedBackend, program: FeatureProgram): tf.TensorInfo {
  const { operation, inputs, features, uniforms, once, text } = program;
  const shape = Object.values(inputs)[0]!.shape;
  const count = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const { wide, strips, type, reader } = stripsOf(shape.at(-1)!);
  const held = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [`${name}_`, x]));
  return runProgram(backend, {
    operation,
    variant: type,
    results: { y_: shape },
    inputs: { ...held, ...features },
    vectors: wide ? ["y_", ...Object.keys(held), ...Object.keys(features)] : [],
    half: { names: ["y_", ...Object.keys(held)] },
    uniforms: { count: count * strips, strips, ...uniforms },
    code: `
alias V = ${type};
fn main(index: u32, local: u32) {
  if (index >= uniforms.count) { return; }
  let c = index % uniforms.strips;
  ${Object.keys(inputs).map((name) => `let ${name} = ${name}__${reader}(index);`).join(" ")}
  ${Object.entries(once).map(([name, made]) => `let ${name} = ${made};`).join(" ")}
  var y: V;
  ${text}
  y__put(index, y);
}`,
    leads: true,
    pointwise: {
      elements: Object.fromEntries(Object.keys(inputs).map((name) => [name, `${name}_`])),
      features: Object.keys(features),
      once,
      result: "y",
      text,
    },
    invocations: count * strips,
    workgroup: 64,
  })[0]!;
}
