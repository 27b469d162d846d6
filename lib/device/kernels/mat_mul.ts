// Matrix product of batches in all four transpositions: y[b] = op(a[b]) · op(b[b]).
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { fusedActivation, isOurs } from "./fused.ts";
import { loadFlat } from "./load.ts";
import { paysToTranspose, transposed } from "./moves.ts";
import { runProduct } from "./product.ts";
import type { Quads } from "./tiles.ts";

const NEXT = `fn next(s: Step) -> Step { return ahead(s, STRIDE); }
fn ahead(s: Step, u: u32) -> Step {
  return Step(s.a + u * uniforms.stepA, s.b + u * uniforms.stepB);
}`;

const SKIP =
  `fn hop(batch: u32, u: u32) -> Step { return Step(u * uniforms.stepA, u * uniforms.stepB); }
fn skip(s: Step, h: Step) -> Step { return Step(s.a + h.a, s.b + h.b); }`;

/** A transposition is an order of strides, so that one text serves all four. */
const functions = (quads: Quads, software: boolean): string => `
struct Row { offset: u32 }
struct Step { a: u32, b: u32 }
fn row(batch: u32, m: u32) -> Row { return Row(m * uniforms.rowA); }
fn step(batch: u32, k: u32) -> Step {
  let a = (batch % uniforms.batchesA) * uniforms.batchA;
  let b = (batch % uniforms.batchesB) * uniforms.batchB;
  return Step(a + k * uniforms.stepA, b + k * uniforms.stepB);
}
${software ? NEXT : SKIP}
${loadFlat("fn loadA(r: Row, s: Step)", "a", "r.offset + s.a", quads.a)}
fn column(n: u32) -> u32 { return n * uniforms.columnB; }
${loadFlat("fn loadB(s: Step, c: u32)", "b", "s.b + c", quads.b)}
`;

/**
 * The kernel function of `BatchMatMul` for an adapter. Whole numbers are left to tfjs.
 *
 * @param software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function matMul(
  software: boolean,
  stock: tf.KernelConfig["kernelFunc"],
): tf.KernelConfig["kernelFunc"] {
  return (call) => {
    const { a, b, bias } = call.inputs as {
      a: tf.TensorInfo;
      b: tf.TensorInfo;
      bias?: tf.TensorInfo;
    };
    const { transposeA, transposeB } = call.attrs as { transposeA: boolean; transposeB: boolean };
    const batchesA = tf.util.sizeFromShape(a.shape.slice(0, -2));
    const batchesB = tf.util.sizeFromShape(b.shape.slice(0, -2));
    const equal = tf.util.arraysEqual(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const floats = a.dtype === "float32" && b.dtype === "float32";
    if (!floats && !a.shape.includes(0) && !b.shape.includes(0)) return stock(call);
    if (!equal && batchesA !== 1 && batchesB !== 1) return repeated(call, matMul(software, stock));
    const [heightA, widthA] = a.shape.slice(-2) as [number, number];
    const [heightB, widthB] = b.shape.slice(-2) as [number, number];
    const [rows, depth] = transposeA ? [widthA, heightA] : [heightA, widthA];
    const [depthB, columns] = transposeB ? [widthB, heightB] : [heightB, widthB];
    if (depth !== depthB) {
      throw new TypeError(
        `Cannot multiply matrices: the inner sizes must be equal, got ${depth} of [${a.shape}] and ${depthB} of [${b.shape}]`,
      );
    }
    const outer = tf.backend_util.assertAndGetBroadcastShape(
      a.shape.slice(0, -2),
      b.shape.slice(0, -2),
    );
    if (!floats) return tf.zeros([...outer, rows, columns], "int32"); // tfjs binds nothing, and fails.
    if (software && transposeB && paysToTranspose(rows, columns, depth)) {
      const turned = transposed(call.backend as GuardedBackend, b);
      const inputs = { ...call.inputs, b: turned };
      const attrs = { ...call.attrs, transposeB: false };
      const product = matMul(software, stock)({ ...call, inputs, attrs });
      (call.backend as GuardedBackend).disposeData(turned.dataId);
      return product;
    }
    return runProduct(call.backend as GuardedBackend, software, {
      operation: "BatchMatMul",
      variant: "strided",
      batch: Math.max(batchesA, batchesB),
      rows,
      columns,
      depth,
      inputs: { a, b },
      bias,
      activation: fusedActivation(call),
      uniforms: {
        batchesA,
        batchesB,
        batchA: heightA * widthA,
        batchB: heightB * widthB,
        rowA: transposeA ? 1 : widthA,
        stepA: transposeA ? widthA : 1,
        stepB: transposeB ? 1 : widthB,
        columnB: transposeB ? widthB : 1,
      },
      quads: {
        a: widthA % 4 !== 0 ? undefined : transposeA ? "rows" : "depth",
        b: widthB % 4 !== 0 ? undefined : transposeB ? "depth" : "columns",
      },
      neighbors: { a: transposeA ? "rows" : "depth", b: transposeB ? "depth" : "columns" },
      functions,
      half: true,
      shape: [...outer, rows, columns],
    });
  };
}

/**
 * Repeats the matrices of batches that broadcast against each other, such as `[2, 1]` and `[3]`:
 * tfjs would pair them as if both were of one axis.
 */
function repeated(
  call: Parameters<tf.KernelConfig["kernelFunc"]>[0],
  multiply: tf.KernelConfig["kernelFunc"],
): tf.TensorInfo {
  const backend = call.backend as GuardedBackend;
  const { a, b } = call.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
  const [outerA, outerB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const outer = tf.backend_util.assertAndGetBroadcastShape(outerA, outerB);
  const tile = tf.getKernel("Tile", "webgpu")!.kernelFunc;
  const spread = (x: tf.TensorInfo): tf.TensorInfo => {
    const shape = [...new Array(outer.length + 2 - x.shape.length).fill(1), ...x.shape];
    const reps = shape.map((size, axis) => axis < outer.length ? outer[axis]! / size : 1);
    return tile({ inputs: { x: { ...x, shape } }, attrs: { reps }, backend }) as tf.TensorInfo;
  };
  const whole = { a: spread(a), b: spread(b) };
  const product = multiply({ ...call, inputs: { ...call.inputs, ...whole } }) as tf.TensorInfo;
  for (const { dataId } of Object.values(whole)) backend.disposeData(dataId);
  return product;
}

/**
 * The kernel function of `_FusedMatMul` for an adapter: a product plus one number
 * a column. What else tfjs fuses is left to tfjs.
 *
 * @param software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function fusedMatMul(
  software: boolean,
  stock: tf.KernelConfig["kernelFunc"],
): tf.KernelConfig["kernelFunc"] {
  const own = matMul(software, stock);
  return (call) => {
    const columns = call.inputs.b!.shape.at(call.attrs!.transposeB ? -2 : -1)!;
    return isOurs(call, columns) ? own(call) : stock(call);
  };
}
