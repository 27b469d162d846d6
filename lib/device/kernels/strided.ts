// Programs that read tensors at places that are sums of steps along the axes: numbers moved, and functions of
// tensors that broadcast.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runProgram } from "./program.ts";

/** Where a tensor is read: from `offset`, `steps` further for each further place along an axis of the result. */
export type Operand = {
  readonly info: tf.TensorInfo;
  readonly offset: number;
  readonly steps: readonly number[];
};

/** A function of numbers of tensors. */
export type Strided = {
  /** The operation's name, for errors and profiles. */
  readonly operation: string;
  readonly shape: readonly number[];
  /** The tensors by their WGSL names. */
  readonly operands: Readonly<Record<string, Operand>>;
  /** WGSL that sets `y`, a number or a vector, from variables of the operands' names; may read `c0`, `c1`, …, the place. */
  readonly text: string;
  /** What else tells this text from others of the same operation. */
  readonly variant?: string;
  /** Numbers of the text, each a `u32`. */
  readonly uniforms?: Readonly<Record<string, number>>;
  /** WGSL: whether an operand is read at a place, or a zero taken. Default: it is. */
  readonly inside?: string;
  /** Whether vectors may be made: what the text and `inside` do is the same for four neighbors. */
  readonly mayBeWide?: boolean;
  /** Names, `y` among them, of what may be float16 in mixed precision. */
  readonly half: readonly string[];
};

/** Steps along the axes of a shape as it lies in memory. */
export function stepsOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => tf.util.sizeFromShape(shape.slice(axis + 1)));
}

/**
 * Steps of a tensor that broadcasts to a shape.
 *
 * @param shape the tensor's
 * @param to the result's
 */
export function broadcastSteps(shape: readonly number[], to: readonly number[]): number[] {
  const own = [...new Array(to.length - shape.length).fill(1), ...shape];
  return stepsOf(own).map((step, axis) => own[axis] === 1 ? 0 : step);
}

/** Runs a function of numbers of tensors, one dispatch. */
export function runStrided(backend: GuardedBackend, program: Strided): tf.TensorInfo {
  const { operation, shape, text, variant, inside } = program;
  const operands = Object.entries(program.operands);
  const wide = (program.mayBeWide ?? true) && shape.length > 0 &&
    operands.every(([, operand]) => comesInFours(shape, operand));
  const width = wide ? 4 : 1;
  const type = wide ? "vec4<f32>" : "f32";
  const axes = shape.map((_, axis) => axis);
  const count = tf.util.sizeFromShape([...shape]) / width;
  const fours = operands.flatMap(([name, { steps }]) => wide && steps.at(-1) === 1 ? [name] : []);
  const read = ([name]: typeof operands[number]): string => {
    const place = [
      `uniforms.${name}Offset`,
      ...axes.map((axis) => `c${axis} * uniforms.${name}${axis}`),
    ]
      .join(" + ");
    const safe = inside ? `select(0u, ${place}, inside)` : place;
    const value = fours.includes(name)
      ? `${name}_quad((${safe}) / 4u)`
      : wide
      ? `vec4<f32>(${name}_at(${safe}))`
      : `${name}_at(${safe})`;
    return `let ${name} = ${inside ? `select(${type}(), ${value}, inside)` : value};`;
  };
  return runProgram(backend, {
    operation,
    variant: ["strided", variant, shape.length, wide, fours].join("/"),
    results: { y: shape },
    inputs: Object.fromEntries(operands.map(([name, { info }]) => [name, info])),
    vectors: wide ? ["y", ...fours] : [],
    half: { names: program.half },
    uniforms: {
      count,
      ...Object.fromEntries(axes.map((axis) => [`size${axis}`, shape[axis]!])),
      ...Object.fromEntries(operands.flatMap(([name, { offset, steps }]) => [
        [`${name}Offset`, offset],
        ...axes.map((axis) => [`${name}${axis}`, steps[axis]!] as const),
      ])),
      ...program.uniforms,
    },
    code: `
fn main(index: u32, local: u32) {
  if (index >= uniforms.count) { return; }
  var rest = index * ${width}u;
  ${
      axes.toReversed().map((axis) =>
        `let c${axis} = rest % uniforms.size${axis}; rest = rest / uniforms.size${axis};`
      ).join("\n  ")
    }
  ${inside ? `let inside = ${inside};` : ""}
  ${operands.map(read).join("\n  ")}
  var y: ${type};
  ${text}
  y_put(index, y);
}`,
    invocations: count,
    workgroup: 64,
  })[0]!;
}

/** Whether four neighbors of the result are four neighbors of a tensor that begin at a multiple of four, or one number. */
function comesInFours(shape: readonly number[], { info, offset, steps }: Operand): boolean {
  const others = steps.slice(0, -1);
  if (shape.at(-1)! % 4 !== 0) return false;
  if (steps.at(-1) === 0) return true;
  return steps.at(-1) === 1 && tf.util.sizeFromShape(info.shape) % 4 === 0 &&
    [offset, ...others].every((step) => step % 4 === 0);
}
