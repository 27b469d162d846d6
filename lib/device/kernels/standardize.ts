// Sets of mean 0 and variance 1, and their gradient, in one pass: an invocation a set, or a workgroup.
import type { Sets, StandardizeAttributes } from "../../tensor/standardize.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { readsTexture } from "./chain_sums.ts";
import { floatBits } from "./float_bits.ts";
import { runProgram } from "./program.ts";
import { each } from "./tiles.ts";
import { treeText } from "./workgroup_sums.ts";

/** Strips that an invocation adds one after another: sums of sums keep the rounding error down. */
const LINK = 64;

/** Strips of a set that are left to one invocation: on GPUs, and on software where sets are few. */
const SHORT = { gpu: 16, software: 1024 } as const;

/** Sets that keep a software adapter busy. */
const BUSY = 32;

/** Invocations of a workgroup whose sets are their own: a software adapter's core takes a workgroup at a time. */
const WORKGROUP = { gpu: 64, software: 8 } as const;

/** How sets lie in strips of one number or four. */
type Layout = {
  readonly wide: boolean;
  /** Whether the four numbers of a strip are of four sets. */
  readonly apart: boolean;
  /** Neighboring strips of a set, and how many such rows it has. */
  readonly columns: number;
  readonly rows: number;
  /** Sets whose rows lie side by side; those of sets apart are counted in fours. */
  readonly beside: number;
};

/** @param fours whether what repeats along the numbers may be read by fours */
function layoutOf([, positions, groups, width]: Sets, fours: boolean): Layout {
  const whole = positions === 1 || groups === 1; // A set lies in one piece.
  const apart = fours && !whole && width === 1 && groups % 4 === 0;
  if (apart) return { wide: true, apart, columns: 1, rows: positions, beside: groups / 4 };
  const numbers = whole ? positions * width : width;
  const wide = fours && numbers % 4 === 0;
  const strips = wide ? numbers / 4 : numbers;
  return whole
    ? { wide, apart, columns: 1, rows: strips, beside: 1 }
    : { wide, apart, columns: strips, rows: positions, beside: groups };
}

/** Invocations that share a set: one, or a workgroup. */
function sharingOf(software: boolean, strips: number, sets: number): number {
  const alone = software ? strips <= SHORT.software || sets >= BUSY : strips <= SHORT.gpu;
  if (alone) return 1;
  return strips > 1024 ? 256 : 64;
}

/**
 * WGSL that runs a statement for each strip `k` of the set that is the invocation's, four at a time:
 * of a loop so short, half the time is the loop's.
 *
 * @param sums names of what it adds to
 */
function eachStrip(body: string, ...sums: readonly string[]): string {
  const at = (n: number): string => `{ let k = i + ${n}u * step; ${body} }`;
  return `
  for (var c = column; c < uniforms.columns; c += across) {
    let end = begin + c + uniforms.rows * pitch;
    for (var link = begin + c + row * pitch; link < end; link += ${LINK}u * step) {
      ${sums.map((sum) => `let ${sum}Before = ${sum}; ${sum} = V();`).join(" ")}
      let last = min(link + ${LINK}u * step, end);
      var i = link;
      for (; i + 3u * step < last; i += 4u * step) { ${each(4, at)} }
      for (; i < last; i += step) ${at(0)}
      ${sums.map((sum) => `${sum} += ${sum}Before;`).join(" ")}
    }
  }`;
}

/** WGSL of mean and factor of the set, from the numbers' distances to their mean. */
const STATISTICS = `
  var sum = V();
  ${eachStrip("sum += x_of(k);", "sum")}
  let mean = total(sum, local) / f32(uniforms.numbers);
  var square = V();
  ${eachStrip("let d = x_of(k) - mean; square += d * d;", "square")}
  let factor = inverseSqrt(total(square, local) / f32(uniforms.numbers) + bitcast<f32>(uniforms.epsilon));`;

/** WGSL of the sum over a set of what its invocations have, told to all of them. */
function totalText(sharing: number, { wide, apart }: Layout): string {
  const type = apart ? "V" : "f32";
  const own = wide && !apart ? "(x.x + x.y) + (x.z + x.w)" : "x";
  if (sharing === 1) return `fn total(x: V, local: u32) -> ${type} { return ${own}; }`;
  return `var<workgroup> parts: array<${type}, ${sharing}>;
fn total(x: V, local: u32) -> ${type} {
  let d = local;
  parts[local] = ${own};
  ${treeText({ across: 1, down: sharing }, (i, j) => `parts[${i}] += parts[${j}];`)}
  let all = parts[0];
  workgroupBarrier();
  return all;
}`;
}

/** A program over sets. */
type SetProgram = {
  readonly operation: string;
  /**
   * The names of the kernel's inputs, in order. The text reads strip `k` of one by `x_of(k)`, which is
   * `otherwise` if it is not given.
   */
  readonly inputs: readonly { readonly name: string; readonly otherwise: string }[];
  /** WGSL that puts strips of the result `y`, given `mean` and `factor`. */
  readonly text: string;
};

/** The kernel function of a program in the form for an adapter. */
function kernelOf(software: boolean, program: SetProgram): tf.KernelConfig["kernelFunc"] {
  return (call) => {
    // tfjs hands the list of inputs on as it is.
    const given = call.inputs as unknown as readonly tf.TensorInfo[];
    const backend = call.backend as GuardedBackend;
    const { epsilon } = call.attrs as unknown as StandardizeAttributes;
    const { shape } = given[0]!;
    const sizes = given.map((info) => sizeOf(info.shape));
    const size = sizes[0]!;
    const fours = sizes.every((each) => each % 4 === 0);
    const layout = layoutOf(shape as unknown as Sets, fours);
    const { wide, apart, columns, rows, beside } = layout;
    const numbers = wide ? 4 : 1;
    const sets = size / numbers / (rows * columns);
    const sharing = sharingOf(software, rows * columns, sets);
    const isShared = sharing > 1;
    const across = Math.min(sharing, 2 ** Math.ceil(Math.log2(columns)));
    const lane = isShared ? "local" : "0u";
    const names = program.inputs.map(({ name }) => name).slice(0, given.length);
    const repeated = names.map((_, i) => sizes[i]! < size);
    // Numbers are read several times each, and what repeats for each set.
    const quads = wide && readsTexture(backend, software, size) ? names : [];
    const readers = program.inputs.map(({ name, otherwise }, i) => {
      const place = repeated[i] ? "k % uniforms.period" : "k";
      const strip = given[i] ? `${name}_${wide ? "quad" : "at"}(${place})` : `V(${otherwise})`;
      return `fn ${name}_of(k: u32) -> V { return ${strip}; }`;
    });
    return runProgram(backend, {
      operation: program.operation,
      variant: [wide, apart, sharing, across, repeated].join("/"),
      results: { y: shape },
      inputs: Object.fromEntries(names.map((name, i) => [name, given[i]!])),
      vectors: wide ? ["y", ...names.filter((name) => !quads.includes(name))] : [],
      quads,
      half: { names: ["y", ...names.filter((_, i) => !repeated[i])] },
      uniforms: {
        sets,
        beside,
        columns,
        rows,
        numbers: rows * columns * (apart ? 1 : numbers),
        epsilon: floatBits(epsilon),
        // What repeats is of one size: a remainder takes its time.
        period: Math.min(...sizes) / numbers,
      },
      code: `
alias V = ${wide ? "vec4<f32>" : "f32"};
const across = ${across}u;
${readers.join("\n")}
${totalText(sharing, layout)}
fn main(one: u32, local: u32) {
  if (one >= uniforms.sets) { return; }
  let pitch = uniforms.beside * uniforms.columns;
  let step = ${sharing / across}u * pitch;
  let begin = (one / uniforms.beside) * uniforms.rows * pitch + (one % uniforms.beside) * uniforms.columns;
  let column = ${lane} % across;
  let row = ${lane} / across;
  ${STATISTICS}
  ${program.text}
}`,
      leads: true,
      invocations: sets * sharing,
      workgroup: isShared ? sharing : WORKGROUP[software ? "software" : "gpu"],
      isShared,
    })[0]!;
  };
}

/**
 * The kernel function.
 *
 * @param software whether the adapter computes on the CPU
 */
export function standardize(software: boolean): tf.KernelConfig["kernelFunc"] {
  return kernelOf(software, {
    operation: "Standardize",
    inputs: [
      { name: "x", otherwise: "" },
      { name: "scale", otherwise: "1.0" },
      { name: "shift", otherwise: "0.0" },
    ],
    text: eachStrip("y_put(k, (x_of(k) - mean) * factor * scale_of(k) + shift_of(k));"),
  });
}

/**
 * The kernel function of its gradient, factor · (d − mean(d) − y · mean(d · y)), d = dy · scale.
 *
 * @param software whether the adapter computes on the CPU
 */
export function standardizeGradient(software: boolean): tf.KernelConfig["kernelFunc"] {
  return kernelOf(software, {
    operation: "StandardizeGrad",
    inputs: [
      { name: "x", otherwise: "" },
      { name: "dy", otherwise: "" },
      { name: "scale", otherwise: "1.0" },
    ],
    text: `
  var slopes = V();
  var along = V();
  ${
      eachStrip(
        "let d = dy_of(k) * scale_of(k); slopes += d; along += d * (x_of(k) - mean) * factor;",
        "slopes",
        "along",
      )
    }
  let middle = total(slopes, local) / f32(uniforms.numbers);
  let share = total(along, local) / f32(uniforms.numbers);
  ${
      eachStrip(
        "let own = (x_of(k) - mean) * factor; y_put(k, factor * (dy_of(k) * scale_of(k) - middle - own * share));",
      )
    }`,
  });
}
