// The one loop nest under matrix products and convolutions: result[m, n] = Σₖ A[m, k] · B[k, n].
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { fitsTexture } from "../textures.ts";
import { runProgram } from "./program.ts";
import { type Form, type Quads, registerForm, strideOf, workgroupForm } from "./tiles.ts";

/**
 * A matrix product whose factors are given by WGSL functions, so that a
 * convolution reads its input's patches where they lie. The text defines
 *
 * ```wgsl
 * struct Row { … }                        // what is known of row m of A
 * struct Step { … }                       // where the summation stands
 * fn row(batch: u32, m: u32) -> Row
 * fn step(batch: u32, k: u32) -> Step     // from any k: may divide
 * fn next(s: Step) -> Step                // from k to k + STRIDE: should not divide
 * fn ahead(s: Step, u: u32) -> Step       // from k to k + u, u < STRIDE
 * fn loadA(r: Row, s: Step) -> f32
 * fn loadB(s: Step, n: u32) -> f32
 * ```
 *
 * and instead of `loadA` or `loadB`, where {@linkcode Quads} says so, one that
 * answers a `vec4<f32>`. `STRIDE` is given: 4 where a factor has depth quads, else 1.
 */
export type Product = {
  /** The operation's name, for errors and profiles. */
  readonly operation: string;
  /** What tells this text from others of the same operation. */
  readonly variant: string;
  /** Independent products. */
  readonly batch: number;
  /** Rows of A and of the result. */
  readonly rows: number;
  /** Columns of B and of the result. */
  readonly columns: number;
  /** Length of the sums. */
  readonly depth: number;
  /** The tensors of A and of B, in this order, by the names the text uses. */
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  /** Added to each row of the result, `[columns]`. */
  readonly bias?: tf.TensorInfo | undefined;
  /** Numbers of the text, each a `u32`. */
  readonly uniforms: Readonly<Record<string, number>>;
  /** The quads that the shapes allow. */
  readonly quads: Quads;
  /** The WGSL functions above, for the quads that are taken. */
  readonly functions: (quads: Quads) => string;
  /** The result's shape, of `batch × rows × columns` elements. */
  readonly shape: readonly number[];
};

/** Multiplications under which copies into textures would not pay. */
const LEAST_WORK = 1 << 18;

/** The quads to take: on adapters that compute on the CPU, where the tensors fit textures. */
function quadsToTake(backend: GuardedBackend, software: boolean, product: Product): Quads {
  const { batch, rows, columns, depth, inputs, quads } = product;
  if (!software || batch * rows * columns * depth < LEAST_WORK) return {};
  const [a, b] = Object.values(inputs).map(({ shape }) =>
    fitsTexture(tf.util.sizeFromShape(shape), backend.device.limits)
  );
  const taken = { a: a ? quads.a : undefined, b: b ? quads.b : undefined };
  // Depth quads of both or, of B, of none: the text of B alone would have to step A by fours.
  return taken.b === "depth" && taken.a !== "depth" ? { a: taken.a } : taken;
}

/** Shortest piece of a sum that is worth a partial result of its own. */
const LEAST_DEPTH = 64;

/**
 * Runs a product. Where the result has too few tiles to keep the device busy,
 * the sums are cut into pieces that are added by a second program, which also
 * keeps the rounding error of long sums down.
 *
 * @param backend where to run
 * @param software whether the adapter computes on the CPU
 * @param product what to multiply
 * @returns the result, of `product.shape`
 */
export function runProduct(
  backend: GuardedBackend,
  software: boolean,
  product: Product,
): tf.TensorInfo {
  const { batch, rows, columns, depth } = product;
  if (depth === 0) return emptySums(backend, product);
  const quads = quadsToTake(backend, software, product);
  const stride = strideOf(quads);
  const form = software ? registerForm(rows, columns, quads) : workgroupForm(rows, columns);
  const tileRows = Math.ceil(rows / form.tile[0]);
  const tileColumns = Math.ceil(columns / form.tile[1]);
  const pieces = depthPieces(form, batch * tileRows * tileColumns, depth / stride);
  const pieceDepth = stride * Math.ceil(depth / stride / pieces);
  const tiles = tileRows * tileColumns * batch * pieces;
  const bias = pieces === 1 ? product.bias : undefined;
  const partial = runProgram(backend, {
    operation: product.operation,
    variant: [product.variant, form.name, quads.a, quads.b, bias !== undefined].join("/"),
    results: { result: pieces === 1 ? product.shape : [pieces, ...product.shape] },
    inputs: { ...product.inputs, ...(bias ? { bias } : {}) },
    quads: Object.keys(product.inputs).filter((_, i) => i === 0 ? quads.a : quads.b),
    uniforms: {
      ...product.uniforms,
      rows,
      columns,
      depth,
      batches: batch,
      pieceDepth,
      tileRows,
      tileColumns,
      tiles,
    },
    code: `const STRIDE = ${stride}u;\n${initialText(bias)}\n${
      product.functions(quads)
    }${form.code}`,
    invocations: tiles * form.perTile,
    workgroup: form.workgroup,
  })[0]!;
  if (pieces === 1) return partial;
  return sumPieces(backend, product.operation, partial, product.shape, product.bias);
}

/** Sums of nothing: zeros. */
function emptySums(backend: GuardedBackend, { operation, shape, bias }: Product): tf.TensorInfo {
  if (bias) {
    throw new RangeError(
      `Cannot run ${operation} with a bias as its inputs must have elements: current value is none`,
    );
  }
  const values = new Float32Array(tf.util.sizeFromShape([...shape]));
  return backend.makeTensorInfo([...shape], "float32", values);
}

/** Into how many pieces to cut sums of `depth` turns. */
function depthPieces(form: Form, tiles: number, depth: number): number {
  const wanted = Math.ceil(form.tilesWanted / Math.max(1, tiles));
  const most = Math.max(1, Math.floor(depth / LEAST_DEPTH));
  const pieces = Math.min(wanted, most);
  // No piece may be empty: 10 steps in pieces of 3 are 4 pieces, never 5.
  return Math.ceil(depth / Math.ceil(depth / Math.max(1, pieces))) || 1;
}

/** What a sum begins from. */
function initialText(bias: tf.TensorInfo | undefined): string {
  return `fn initial(column: u32) -> f32 { return ${bias ? "bias[column]" : "0.0"}; }`;
}

/**
 * Adds partial results: a dispatch over the elements of one of them.
 *
 * @param backend where to run
 * @param operation whose they are
 * @param partial the partial results, `[pieces, …shape]`; freed
 * @param shape the result's shape
 * @param bias is added to each row of the result, `[columns]`
 */
function sumPieces(
  backend: GuardedBackend,
  operation: string,
  partial: tf.TensorInfo,
  shape: readonly number[],
  bias?: tf.TensorInfo,
): tf.TensorInfo {
  const size = tf.util.sizeFromShape([...shape]);
  const sum = runProgram(backend, {
    operation: `${operation}Sum`,
    variant: bias ? "bias" : "sum",
    results: { result: shape },
    inputs: { parts: partial, ...(bias ? { bias } : {}) },
    uniforms: { size, pieces: partial.shape[0]!, columns: shape.at(-1)! },
    code: `${initialText(bias)}
fn main(i: u32, local: u32) {
  if (i >= uniforms.size) { return; }
  var sum = initial(i % uniforms.columns);
  for (var piece = 0u; piece < uniforms.pieces; piece++) { sum += parts[piece * uniforms.size + i]; }
  result[i] = sum;
}`,
    invocations: size,
    workgroup: 64,
  })[0]!;
  backend.disposeData(partial.dataId);
  return sum;
}
