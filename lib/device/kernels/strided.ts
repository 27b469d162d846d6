// Programs that read tensors at places that are sums of steps along the axes: numbers moved, and functions of
// tensors that broadcast.
import { stridesOf } from "../../tensor/permuted.ts";
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runProgram } from "./program.ts";
import { QUOTIENT } from "./quotient.ts";

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
  /** WGSL that sets `y`, a number or a vector, from variables of the operands' names. */
  readonly text: string;
  /** Of each axis, from where on and how long operands are read; around that are zeros. Default: all. */
  readonly spans?: readonly Span[];
  /** Names, `y` among them, of what may be float16 in mixed precision. */
  readonly half: readonly string[];
};

/** A part of an axis. */
type Span = { readonly before: number; readonly own: number };

/**
 * Steps of a tensor that broadcasts to a shape.
 *
 * @param shape the tensor's
 * @param to the result's
 */
export function broadcastSteps(shape: readonly number[], to: readonly number[]): number[] {
  const own = [...new Array(to.length - shape.length).fill(1), ...shape];
  return stridesOf(own).map((step, axis) => own[axis] === 1 ? 0 : step);
}

/** Runs a function of numbers of tensors, one dispatch. */
export function runStrided(backend: GuardedBackend, program: Strided): tf.TensorInfo {
  const { operation, text } = program;
  const names = Object.keys(program.operands);
  const axes = mergedAxes(program);
  const operands = Object.values(program.operands);
  const framed = axes.map((axis) => !isWhole(axis));
  const last = axes.length - 1;
  const wide = last >= 0 && axes[last]!.size % 4 === 0;
  const width = wide ? 4 : 1;
  const type = wide ? "vec4<f32>" : "f32";
  const count = tf.util.sizeFromShape([...program.shape]) / width;
  // What is framed in fours is inside or outside as a whole.
  const inFours = wide && [axes[last]!.before, axes[last]!.own].every((count) => count % 4 === 0);
  const fours = names.filter((_, i) => inFours && comesInFours(axes, operands[i]!, i));
  const same = names.filter((_, i) => inFours && axes[last]!.steps[i] === 0);
  const places = wide && fours.length + same.length < names.length ? [0, 1, 2, 3] : [0];
  const inside = (j: number): string =>
    axes.flatMap((_, axis) =>
      framed[axis]
        ? [
          `(c${axis}${
            axis === last && j > 0 ? ` + ${j}u` : ""
          } - uniforms.before${axis} < uniforms.own${axis})`,
        ]
        : []
    ).join(" & ");
  const isFramed = framed.includes(true);
  const read = (name: string): string => {
    const steps = axes.map((_, axis) => `c${axis} * uniforms.${name}${axis}`);
    const place = [`uniforms.${name}Offset`, ...steps].join(" + ");
    const of = (j: number, reader: string): string => {
      const at = j > 0 ? `${place} + ${j}u * uniforms.${name}${last}` : place;
      const from = (at: string): string =>
        `${name}_${reader}(${reader === "quad" ? `(${at}) / 4u` : at})`;
      const zero = reader === "quad" ? "vec4<f32>()" : "0.0";
      return isFramed
        ? `select(${zero}, ${from(`select(0u, ${at}, inside${j})`)}, inside${j})`
        : from(at);
    };
    const value = fours.includes(name)
      ? of(0, "quad")
      : wide
      ? `vec4<f32>(${(same.includes(name) ? [0] : places).map((j) => of(j, "at")).join(", ")})`
      : of(0, "at");
    return `let ${name} = ${value};`;
  };
  return runProgram(backend, {
    operation,
    variant: ["strided", framed, wide, same, fours].join("/"),
    results: { y: program.shape },
    inputs: Object.fromEntries(names.map((name, i) => [name, operands[i]!.info])),
    vectors: wide ? ["y", ...fours] : [],
    mayBeQuads: fours,
    half: { names: program.half },
    uniforms: {
      count,
      ...Object.fromEntries(axes.flatMap(({ size, before, own, steps }, axis) => [
        [`size${axis}`, size],
        [`before${axis}`, before],
        [`own${axis}`, own],
        ...names.map((name, i) => [`${name}${axis}`, steps[i]!] as const),
      ])),
      ...Object.fromEntries(names.map((name, i) => [`${name}Offset`, operands[i]!.offset])),
    },
    code: `${QUOTIENT}
fn main(index: u32, local: u32) {
  if (index >= uniforms.count) { return; }
  let rest${axes.length} = index * ${width}u;
  ${
      axes.map((_, axis) => axis).toReversed().map((axis) =>
        axis === 0
          ? "let c0 = rest1;"
          : `let rest${axis} = quotient(rest${axis + 1}, uniforms.size${axis});
  let c${axis} = rest${axis + 1} - rest${axis} * uniforms.size${axis};`
      ).join("\n  ")
    }
  ${isFramed ? places.map((j) => `let inside${j} = ${inside(j)};`).join("\n  ") : ""}
  ${names.map(read).join("\n  ")}
  var y: ${type};
  ${text}
  y_put(index, y);
}`,
    leads: true,
    invocations: count,
    workgroup: 256,
  })[0]!;
}

/** An axis of the result, or several as one: its length, the part that is read, and each operand's step along it. */
type Axis = Span & { readonly size: number; readonly steps: readonly number[] };

function isWhole({ size, before, own }: Axis): boolean {
  return before === 0 && size === own;
}

/** The axes, those that lie in memory as one would made one: finding a place takes a quotient each. */
function mergedAxes({ shape, operands, spans }: Strided): Axis[] {
  const all = Object.values(operands);
  const merged: Axis[] = [];
  for (const [axis, size] of shape.entries()) {
    const { before, own } = spans?.[axis] ?? { before: 0, own: size };
    const steps = all.map((operand) => operand.steps[axis]!);
    const last = merged.at(-1);
    const inner: Axis = { size, before, own, steps };
    if (!last) merged.push(inner);
    else if (size === 1 && isWhole(inner)) continue;
    else if (last.size === 1 && isWhole(last)) merged.splice(-1, 1, inner);
    else if (isWhole(inner) && steps.every((step, i) => last.steps[i] === step * size)) {
      const [outer, first, length] = [last.size, last.before, last.own].map((count) =>
        count * size
      );
      merged.splice(-1, 1, { size: outer!, before: first!, own: length!, steps });
    } else merged.push(inner);
  }
  return merged;
}

/** Whether four neighbors of the result are four neighbors of a tensor that begin at a multiple of four. */
function comesInFours(axes: readonly Axis[], { info, offset }: Operand, operand: number): boolean {
  const steps = axes.map((axis) => axis.steps[operand]!);
  return steps.pop() === 1 && tf.util.sizeFromShape(info.shape) % 4 === 0 &&
    [offset, ...steps].every((step) => step % 4 === 0);
}
