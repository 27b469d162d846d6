// The one loop nest under matrix products and convolutions: result[m, n] = Σₖ A[m, k] · B[k, n].
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { subgroupsOpening } from "../subgroups.ts";
import { fitsTexture, LASTING_BYTES, paysToCopy } from "../textures.ts";
import type { Activation } from "../../tensor/activation.ts";
import { chainSums } from "./chain_sums.ts";
import { finishText } from "./epilogue.ts";
import { runProgram } from "./program.ts";
import { quotientText } from "./quotient.ts";
import { registerForm } from "./register_form.ts";
import { each, type Form, type Neighbors, type Quads, strideOf } from "./tiles.ts";
import { workgroupForm } from "./workgroup_form.ts";

/**
 * A matrix product whose factors are given by WGSL functions, so that a
 * convolution reads its input's patches where they lie. The text defines
 *
 * ```wgsl
 * struct Row { … }                        // what is known of row m of A
 * struct Step { … }                       // where the summation stands
 * fn row(batch: u32, m: u32) -> Row
 * fn step(batch: u32, k: u32) -> Step     // from any k: may divide
 * fn column(n: u32) -> u32             // where column n of B begins
 * fn loadA(r: Row, s: Step) -> f32
 * fn loadB(s: Step, c: u32) -> f32      // of the column that begins at c
 * ```
 *
 * and instead of `loadA` or `loadB`, where {@linkcode Quads} says so, one that
 * returns a `vec4<f32>`. How the summation walks, which should not divide, is told to
 * adapters that compute on the CPU by
 *
 * ```wgsl
 * fn next(s: Step) -> Step                // from k to k + STRIDE
 * fn ahead(s: Step, u: u32) -> Step       // from k to k + u, u < STRIDE
 * ```
 *
 * with `STRIDE` given, 4 where a factor has depth quads, else 1; and to GPUs by
 *
 * ```wgsl
 * fn hop(batch: u32, u: u32) -> Step      // what lies between k and k + u: may divide
 * fn skip(s: Step, h: Step) -> Step       // from k to k + u; k may be beyond the end
 * ```
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
  /** Added to each row of the result, `[columns]`, or of each batch's own, `[batch · columns]`. */
  readonly bias?: tf.TensorInfo | undefined;
  /** What is made of each element of the result. */
  readonly activation?: Activation | undefined;
  /** Numbers of the text, each a `u32`. */
  readonly uniforms: Readonly<Record<string, number>>;
  /** The quads that the shapes allow. */
  readonly quads: Quads;
  /** Where there are no quads, how numbers lie. */
  readonly neighbors: Neighbors;
  /** The WGSL functions above, for the quads that are taken. */
  readonly functions: (quads: Quads, software: boolean) => string;
  /**
   * WGSL that says where results lie, in the place of {@linkcode IN_ORDER}, for a
   * product whose rows are not in the result's order.
   */
  readonly placement?: string;
  /** Sums of some batches are shorter, by multiples of this. Default: all are of one length. */
  readonly shorter?: number;
  /** Whether the result is float16 in mixed precision. Default: no, as of gradients of weights. */
  readonly half?: boolean;
  /** The result's shape, in order of `batch × rows × columns` elements. */
  readonly shape: readonly number[];
};

/** Rows of the result one after another, a batch after another; all of them, with sums of one length. */
const IN_ORDER = `
fn destination(batch: u32, m: u32) -> u32 { return (batch * uniforms.rows + m) * uniforms.columns; }
fn feature(batch: u32, n: u32) -> u32 { return n; }
fn exists(batch: u32, m: u32) -> bool { return true; }
fn depthOf(batch: u32) -> u32 { return uniforms.depth; }
`;

/** How the tensor of a factor is held: its numbers or fours of them, in a buffer or a texture. */
type Holding = "numbers" | "vectors" | "texels" | "quads";

/** The quads to take, and how the tensors are held. */
type Reading = { readonly quads: Quads; readonly held: readonly [Holding, Holding] };

/**
 * Products of so few multiplications take less time than compiling a text of their own: up to here
 * software adapters compute them in the smallest tiles, of numbers one by one, the text of which is
 * the shortest and serves all transpositions and sizes.
 */
const SMALL = 1 << 18;

/**
 * What a copy of a matrix must gain, in nanoseconds of a core: dense layers are few, and those of
 * small networks gain less than what it takes to compile a text for each way of reading them.
 */
const WORTH = { BatchMatMul: 100_000 } as const;

function isSmall({ batch, rows, columns, depth }: Product): boolean {
  return batch * rows * columns * depth <= SMALL;
}

/** How a product is laid over invocations of adapters that compute on the CPU. */
function softwareForm(backend: GuardedBackend, product: Product, quads: Quads): Form {
  const { rows, columns, depth, shorter = 0 } = product;
  const subgroups = subgroupsOpening(backend.device) !== undefined;
  return registerForm(
    isSmall(product)
      ? { rows: 4, columns: 1, depth, quads, subgroups: false, brief: true }
      : { rows, columns, depth, shorter, quads, subgroups },
  );
}

/** Whether a factor is likely to be copied into a texture once for all calls of a recorded function. */
export function copiedOnce(backend: GuardedBackend, info: tf.TensorInfo): boolean {
  return 4 * tf.util.sizeFromShape(info.shape) <= LASTING_BYTES && backend.mayLast(info);
}

/** How to read the factors: on adapters that compute on the CPU by quads where shapes allow. */
function readingOf(
  backend: GuardedBackend,
  software: boolean,
  product: Product,
): Reading {
  const { operation, batch, rows, columns, depth, inputs } = product;
  if (!software) {
    const held = (fours: unknown): Holding => fours === undefined ? "numbers" : "vectors";
    return { quads: product.quads, held: [held(product.quads.a), held(product.quads.b)] };
  }
  if (isSmall(product)) return { quads: {}, held: ["numbers", "numbers"] };
  // Depth quads of both or, of B, of none: the text of B alone would have to step A by fours.
  const { a, b } = product.quads;
  const quads: Quads = b === "depth" && a !== "depth" ? { a } : { a, b };
  const [height, width] = softwareForm(backend, product, quads).tile;
  const work = batch * rows * columns * depth;
  const [first, second] = Object.values(inputs) as [tf.TensorInfo, tf.TensorInfo];
  const hold = (info: tf.TensorInfo, reads: number, fours: boolean, lasts = false): Holding => {
    const size = tf.util.sizeFromShape(info.shape);
    const texels = fours ? "rgba32float" : "r32float";
    const pays = lasts || paysToCopy(size, reads, texels, WORTH[operation as keyof typeof WORTH]);
    const fits = fitsTexture(size, backend.device.limits, texels);
    return pays && fits ? (fours ? "quads" : "texels") : fours ? "vectors" : "numbers";
  };
  return {
    quads,
    held: [
      hold(first, work / width, quads.a !== undefined),
      hold(second, work / height, quads.b !== undefined, copiedOnce(backend, second)),
    ],
  };
}

/**
 * Runs a product. Where the result has too few tiles to keep the device busy,
 * the sums are cut into pieces that are added by a second program, which also
 * keeps the rounding error of long sums down.
 *
 * @param software whether the adapter computes on the CPU
 * @returns the result, of `product.shape`
 */
export function runProduct(
  backend: GuardedBackend,
  software: boolean,
  product: Product,
): tf.TensorInfo {
  const { batch, rows, columns, depth } = product;
  if (depth === 0) return emptySums(backend, product);
  const { quads, held } = readingOf(backend, software, product);
  const { neighbors, shorter = 0 } = product;
  const mostPieces = mostPiecesOf(product);
  const small = software && isSmall(product);
  const form = !software
    ? workgroupForm({ batch, rows, columns, depth, mostPieces, shorter, quads, neighbors })
    : softwareForm(backend, product, quads);
  const tileRows = Math.ceil(rows / form.tile[0]);
  const tileColumns = Math.ceil(columns / form.tile[1]);
  const steps = depth / form.step;
  const wanted = small ? 1 : form.pieces(batch * tileRows * tileColumns);
  const pieceSteps = Math.ceil(steps / wanted);
  // No piece may be empty: 10 steps in pieces of 3 are 4 pieces, never 5.
  const pieces = Math.ceil(steps / pieceSteps);
  const pieceDepth = pieceSteps * form.step;
  const tiles = tileRows * tileColumns * batch * pieces;
  const whole = pieces === 1;
  const bias = whole ? product.bias : undefined;
  const activation = whole ? product.activation : undefined;
  const wide = columns % 4 === 0 && !small;
  const names = Object.keys(product.inputs);
  const partial = runProgram(backend, {
    operation: product.operation,
    variant: [product.variant, form.name, quads.a, quads.b, bias !== undefined, activation].join(
      "/",
    ),
    results: { result: whole ? product.shape : [pieces, ...product.shape] },
    inputs: { ...product.inputs, ...(bias ? { bias } : {}) },
    vectors: [...names.filter((_, i) => held[i] === "vectors"), ...(wide ? ["result"] : [])],
    quads: names.filter((_, i) => held[i] === "quads"),
    texels: names.filter((_, i) => held[i] === "texels"),
    half: { names: [...names, ...(whole && product.half ? ["result"] : [])], anyway: true },
    uniforms: {
      ...product.uniforms,
      rows,
      columns,
      depth,
      batches: batch,
      pieceDepth,
      size: tf.util.sizeFromShape([...product.shape]),
      tileRows,
      tileColumns,
      tiles,
    },
    code: [
      quotientText(software),
      software ? `const STRIDE = ${strideOf(quads)}u;` : "",
      initialText(bias, columns),
      finishText("vec4<f32>", activation),
      storeText(wide, software),
      product.functions(quads, software),
      product.placement ?? IN_ORDER,
      form.code,
    ].join("\n"),
    leads: true,
    invocations: form.isShared ? tiles * form.workgroup : tiles,
    workgroup: form.workgroup,
    isShared: form.isShared,
    isSubgroup: form.isSubgroup ?? false,
  })[0]!;
  if (whole) return partial;
  return !software && pieces > MOST_PIECES
    ? sumManyPieces(backend, product, partial)
    : sumPieces(backend, product, partial);
}

/** The most pieces of a sum that one invocation adds up. */
const MOST_PIECES = 64;

/** The most pieces on GPUs, and of small results the numbers of all of these: workgroups add them up. */
const MOST_SMALL = { pieces: 512, numbers: 1 << 19 } as const;

function mostPiecesOf({ bias, activation, half, shape }: Product): number {
  const isPlain = !bias && !activation && !half;
  const fitting = Math.floor(MOST_SMALL.numbers / tf.util.sizeFromShape([...shape]));
  return Math.max(MOST_PIECES, isPlain ? Math.min(MOST_SMALL.pieces, fitting) : 0);
}

/** Adds partial results, of which there are more than one invocation is to add up; frees them. */
function sumManyPieces(
  backend: GuardedBackend,
  { shape }: Product,
  partial: tf.TensorInfo,
): tf.TensorInfo {
  const block = { outer: 1, length: partial.shape[0]!, inner: tf.util.sizeFromShape([...shape]) };
  const total = chainSums(backend, false, partial, block, 1);
  backend.disposeData(partial.dataId);
  return { ...total, shape: [...shape] };
}

/** Sums of nothing: zeros. */
function emptySums(backend: GuardedBackend, { operation, shape, bias }: Product): tf.TensorInfo {
  if (bias) {
    throw new RangeError(
      `Cannot run ${operation} with a bias: its inputs must have elements, got none`,
    );
  }
  const values = new Float32Array(tf.util.sizeFromShape([...shape]));
  return backend.makeTensorInfo([...shape], "float32", values);
}

/** What a sum begins from. */
function initialText(bias: tf.TensorInfo | undefined, columns: number): string {
  const ownOfBatch = bias && bias.shape[0] !== columns;
  const place = ownOfBatch ? "batch * uniforms.columns + column" : "column";
  return `fn initial(batch: u32, column: u32) -> f32 { return ${
    bias ? `bias_at(${place})` : "0.0"
  }; }`;
}

/**
 * Writes four results of a row from column `n` on, or as many as there are. On software adapters
 * what is made of features, `once(feature)`, is made once for all rows of a tile: a division and reads
 * from buffers, which cost as much there as the sums.
 */
function storeText(wide: boolean, software: boolean): string {
  if (wide && software) {
    return `fn once(feature: u32) -> result_Once { return result_once(feature / 4u); }
fn store(to: u32, x: vec4<f32>, n: u32, by: result_Once) {
  result_put_by(to / 4u, finish(x), by);
}`;
  }
  if (wide) return "fn store(to: u32, x: vec4<f32>, n: u32) { result_put(to / 4u, finish(x)); }";
  return `${software ? "fn once(feature: u32) -> u32 { return feature; }" : ""}
fn store(to: u32, x: vec4<f32>, n: u32${software ? ", by: u32" : ""}) {
  let y = finish(x);
  result_put(to, y[0]);
  if (n + 1u < uniforms.columns) { result_put(to + 1u, y[1]); }
  if (n + 2u < uniforms.columns) { result_put(to + 2u, y[2]); }
  if (n + 3u < uniforms.columns) { result_put(to + 3u, y[3]); }
}`;
}

/**
 * Adds partial results: a dispatch over the elements of one of them.
 *
 * @param partial the partial results, `[pieces, …shape]`; freed
 */
function sumPieces(
  backend: GuardedBackend,
  product: Product,
  partial: tf.TensorInfo,
): tf.TensorInfo {
  const { bias, activation, shape } = product;
  const features = shape.at(-1)!;
  const wide = features % 4 === 0;
  const element = wide ? "vec4<f32>" : "f32";
  const reader = wide ? "quad" : "at";
  const count = tf.util.sizeFromShape([...shape]) / (wide ? 4 : 1);
  const part = (piece: string): string => `parts_${reader}((${piece}) * uniforms.count + i)`;
  const [sum] = runProgram(backend, {
    operation: `${product.operation}Sum`,
    variant: `${bias ? "bias" : "sum"}/${activation}/${element}`,
    results: { result: shape },
    inputs: { parts: partial, ...(bias ? { bias } : {}) },
    vectors: wide ? ["parts", "result", "bias"] : [],
    half: { names: product.half ? ["result"] : [], anyway: true },
    uniforms: { count, pieces: partial.shape[0]!, strips: features / (wide ? 4 : 1) },
    code: `${finishText(element, activation)}
fn main(i: u32, local: u32) {
  if (i >= uniforms.count) { return; }
  var sum = ${bias ? `bias_${reader}(i % uniforms.strips)` : `${element}()`};
  var piece = 0u;
  // Four are on their way at a time.
  for (; piece + 3u < uniforms.pieces; piece += 4u) {
    ${each(4, (k) => `let part${k} = ${part(`piece + ${k}u`)};`)}
    ${each(4, (k) => `sum += part${k};`)}
  }
  for (; piece < uniforms.pieces; piece++) { sum += ${part("piece")}; }
  result_put(i, finish(sum));
}`,
    leads: true,
    invocations: count,
    workgroup: 64,
  });
  backend.disposeData(partial.dataId);
  return sum!;
}
