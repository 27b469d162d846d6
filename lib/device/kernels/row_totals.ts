// Sums of one number a row, as losses and counts over a batch are.
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { chainSums } from "./chain_sums.ts";
import { runProgram } from "./program.ts";

/** A number of each row, and what else is computed of the row. */
export type RowTotal = {
  /** The operation's name, for errors and profiles. */
  readonly operation: string;
  /** Results besides the sum, by their WGSL names. */
  readonly results?: Readonly<Record<string, readonly number[]>>;
  /** Matrices `[rows, classes]`, at least one, all with elements. */
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  /** WGSL with `fn row(n: u32) -> f32`, which reads `uniforms.classes` numbers a row. */
  readonly functions: string;
  /**
   * The same for GPUs, where a workgroup of so many invocations takes a row:
   * `fn row(n: u32, local: u32) -> f32`, of which the first invocation's result counts.
   */
  readonly shared: (workgroup: number) => string;
  /** What the sum is divided by. */
  readonly divisor: number;
};

/** Invocations of the one workgroup that adds up. */
const WORKGROUP = 256;

/** Elements up to which that workgroup may compute the rows as well: a dispatch costs as much. */
const MOST_TOGETHER = 16384;

/**
 * Each invocation adds its rows, and the first of them the sums, those of idle ones too:
 * where their number is not a constant, Mesa's driver runs idle lanes to its loop limit
 * (10 ms of 32 rows, measured).
 */
const TOGETHER = `
var<workgroup> sums: array<f32, ${WORKGROUP}>;
fn main(index: u32, local: u32) {
  var sum = 0.0;
  for (var n = index; n < uniforms.rows; n += ${WORKGROUP}u) { sum += row(n); }
  sums[local] = sum;
  workgroupBarrier();
  if (local == 0u) {
    var total = 0.0;
    for (var i = 0u; i < ${WORKGROUP}u; i++) { total += sums[i]; }
    total_put(0u, total / f32(uniforms.divisor));
  }
}`;

const APART = `
fn main(index: u32, local: u32) {
  if (index < uniforms.rows) { total_put(index, row(index)); }
}`;

/**
 * Adds up a number of each row, in one dispatch where the rows are few, else in two.
 *
 * @param software whether the adapter computes on the CPU
 * @param of which numbers, of what
 * @returns the sum, `[]`, and the other results in their order
 */
export function runRowTotal(
  backend: GuardedBackend,
  software: boolean,
  of: RowTotal,
): tf.TensorInfo[] {
  const [rows, classes] = Object.values(of.inputs)[0]!.shape as [number, number];
  if (!software) return runShared(backend, of, rows, classes);
  const together = rows <= WORKGROUP && rows * classes <= MOST_TOGETHER;
  const [total, ...others] = runProgram(backend, {
    operation: of.operation,
    variant: together ? "together" : "apart",
    results: { total: together ? [] : [rows], ...of.results },
    inputs: of.inputs,
    half: { names: Object.keys(of.inputs) },
    uniforms: { rows, classes, divisor: of.divisor },
    code: `${of.functions} ${together ? TOGETHER : APART}`,
    invocations: together ? WORKGROUP : rows,
    workgroup: together ? WORKGROUP : 64,
  });
  if (together) return [total!, ...others];
  const sum = totalOf(backend, of, total!);
  backend.disposeData(total!.dataId);
  return [sum, ...others];
}

/** A workgroup a row, and the sum of what comes of them. */
function runShared(
  backend: GuardedBackend,
  of: RowTotal,
  rows: number,
  classes: number,
): tf.TensorInfo[] {
  const workgroup = classes > 256 ? 256 : 64;
  const [each, ...others] = runProgram(backend, {
    operation: of.operation,
    variant: `shared/${workgroup}`,
    results: { total: [rows], ...of.results },
    inputs: of.inputs,
    half: { names: Object.keys(of.inputs) },
    uniforms: { rows, classes, divisor: of.divisor },
    code: `${of.shared(workgroup)}
fn main(n: u32, local: u32) {
  // The grid may be larger than there are rows, and all of a workgroup must reach each barrier.
  if (n >= uniforms.rows) { return; }
  let sum = row(n, local);
  if (local == 0u) { total_put(n, sum); }
}`,
    invocations: rows * workgroup,
    workgroup,
    isShared: true,
  });
  const sum = chainSums(
    backend,
    false,
    each!,
    { outer: 1, length: rows, inner: 1 },
    of.divisor,
  );
  backend.disposeData(each!.dataId);
  return [{ ...sum, shape: [] }, ...others];
}

/** The sum of numbers that are there. */
function totalOf(backend: GuardedBackend, of: RowTotal, each: tf.TensorInfo): tf.TensorInfo {
  return runProgram(backend, {
    operation: `${of.operation}Total`,
    variant: "",
    results: { total: [] },
    inputs: { each },
    uniforms: { rows: each.shape[0]!, divisor: of.divisor },
    code: `fn row(n: u32) -> f32 { return each_at(n); } ${TOGETHER}`,
    invocations: WORKGROUP,
    workgroup: WORKGROUP,
  })[0]!;
}
