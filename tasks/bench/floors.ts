// The least that a dispatch can take: multiplications by the best product, bytes by a copy, its launch.
import { profile, type ProfileEntry } from "../../lib/device/mod.ts";
import { tf } from "../../mod.ts";
import { FEW, type Limit, limitOf, type Limits } from "./limits.ts";

/** What the device does in a millisecond. */
export type Rates = {
  /** Of a matrix product, of a copy by a program, and of dispatches that do next to nothing. */
  readonly limits: Limits;
  /** Whether the adapter computes on the CPU, where these add up. */
  readonly software: boolean;
};

type Shape = readonly number[];

function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

function isPart(operation: string): boolean {
  return operation.endsWith("+Concat");
}

/**
 * Floating-point operations of a product, a convolution or one of its gradients, by the shapes of
 * results and inputs; 0 of others. Results of partial sums have a dimension more.
 */
export function flopsOf({ operation, shapes }: ProfileEntry): number {
  const [result, first, second] = shapes as [Shape, Shape, Shape];
  const kind = /^BatchMatMul\b|^(?:Depthwise)?Conv2D(BackpropInput|BackpropFilter)?\b/
    .exec(operation);
  if (!kind || !second) return 0;
  if (kind[0] === "BatchMatMul") {
    const matrices = [first, second, result].map((shape) => sizeOf(shape.slice(-2)));
    const depth = Math.sqrt(matrices[0]! * matrices[1]! / matrices[2]!);
    return 2 * sizeOf(result.slice(-Math.max(first.length, second.length))) * depth;
  }
  // Each number of a filter counts for each pixel of the output, or of its slopes.
  if (kind[1] === "BackpropFilter") {
    const filter = result.slice(result.length % 2); // An odd rank is of partial sums.
    return 2 * sizeOf(second) / filter.at(-1)! * sizeOf(filter);
  }
  const output = kind[1] ? first : result.slice(-4);
  const features = isPart(operation) || kind[1] ? output.at(-1)! : second.at(-1)!;
  return 2 * sizeOf(output) / features * sizeOf(second);
}

/** The bytes of all tensors of a dispatch, float32, but for a result of which it writes a part. */
function bytesOf({ operation, shapes }: ProfileEntry): number {
  const counted = isPart(operation) ? shapes.slice(1) : shapes;
  return counted.reduce((sum, shape) => sum + 4 * sizeOf(shape), 0);
}

/** The least time of a dispatch, and what limits it most. */
export function floorOf(entry: ProfileEntry, { limits, software }: Rates): Limit {
  const amounts = { flops: flopsOf(entry), bytes: bytesOf(entry), dispatches: 1 };
  return limitOf(amounts, limits, software)!;
}

/** Numbers of the copy that is timed: 16 MiB each way. */
const COPIED = 2 ** 22;

/** Rows and columns of the product that is timed. */
const SIDE = 1024;

/**
 * Times a product, a copy and a dispatch, the best of some; `undefined` where the adapter has no
 * timestamps.
 */
export async function measureRates(software: boolean): Promise<Rates | undefined> {
  const [a, b] = [0, 1].map(() => tf.randomUniform([SIDE, SIDE]) as tf.Tensor2D);
  const [x, few] = [COPIED, FEW].map((count) => tf.randomUniform([count]));
  const least = async (f: () => tf.Tensor): Promise<number> => {
    let best = Infinity;
    for (let i = 0; i < 8; i++) {
      const entries = await profile(() => f().dispose());
      best = Math.min(
        best,
        entries.reduce((sum, { milliseconds }) => sum + (milliseconds ?? 0), 0),
      );
    }
    return best;
  };
  const product = await least(() => tf.matMul(a!, b!));
  const copy = await least(() => tf.neg(x!));
  const dispatch = await least(() => tf.neg(few!));
  tf.dispose([a, b, x, few]);
  if (!(product > 0 && copy > 0)) return undefined;
  const rates = { multiplications: 2 * SIDE ** 3 / product, bytes: 8 * COPIED / copy };
  // A clock too coarse for one dispatch says nothing of it.
  return { limits: dispatch > 0 ? { ...rates, dispatches: 1 / dispatch } : rates, software };
}
