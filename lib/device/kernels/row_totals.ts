// Sums of one number a row, as losses and counts over a batch are.
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
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
 * @param of which numbers, of what
 * @returns the sum, `[]`, and the other results in their order
 */
export function runRowTotal(backend: GuardedBackend, of: RowTotal): tf.TensorInfo[] {
  const [rows, classes] = Object.values(of.inputs)[0]!.shape as [number, number];
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
