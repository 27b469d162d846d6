// Gradients of what only moves numbers: slopes are moved back, and added where a number went to several places.
import type { Tensor } from "../tensor.ts";
import { tf } from "../tf.ts";
import { chosen, ofInput, ofSlopes, withoutSlope } from "./rules.ts";

type Paddings = [before: number, after: number][];

const sizeOf = (shape: readonly number[]): number => tf.util.sizeFromShape([...shape]);

/** A repeated tensor's slopes, of all copies along an axis. */
function sumCopies(dy: Tensor, copies: number, axis: number): Tensor {
  if (copies === 1) return dy;
  const shape = dy.shape.with(axis, dy.shape[axis]! / copies);
  const parts = tf.reshape(dy, [sizeOf(shape.slice(0, axis)), copies, sizeOf(shape.slice(axis))]);
  return tf.reshape(tf.sum(parts, 1), shape);
}

/** A mirrored number's slope comes back to where it was taken from; tfjs drops it. */
const MIRROR_PAD = ofSlopes("MirrorPad", (dy, attributes) => {
  const { paddings, mode } = attributes as unknown as {
    readonly paddings: Paddings;
    readonly mode: "reflect" | "symmetric";
  };
  const edge = mode === "reflect" ? 1 : 0;
  const fold = (slopes: Tensor, [before, after]: Paddings[number], axis: number): Tensor => {
    const length = slopes.shape[axis]! - before - after;
    const along = <T>(own: T, other: T): T[] =>
      slopes.shape.map((_, each) => each === axis ? own : other);
    const part = (begin: number, size: number): Tensor =>
      tf.slice(slopes, along(begin, 0), along(size, -1));
    const mirrored = (begin: number, size: number, to: number): Tensor =>
      tf.pad(tf.reverse(part(begin, size), axis), along([to, length - to - size], [0, 0]));
    return tf.addN([
      part(before, length),
      ...(before > 0 ? [mirrored(0, before, edge)] : []),
      ...(after > 0 ? [mirrored(before + length, after, length - after - edge)] : []),
    ]);
  };
  return paddings.reduce(fold, dy);
});

/** Slopes of parts that were taken by their numbers: those of a part that was taken twice are added. */
const GATHER: tf.GradConfig = {
  kernelName: "GatherV2",
  inputsToSave: ["x", "indices"],
  gradFunc: (dy, saved, attributes) => {
    const [x, indices] = saved as [Tensor, tf.Tensor];
    const { axis, batchDims } = attributes as { readonly axis: number; readonly batchDims: number };
    const at = tf.util.parseAxisParam(axis, x.shape)[0]!;
    const batch = sizeOf(x.shape.slice(0, batchDims));
    const outer = sizeOf(x.shape.slice(batchDims, at));
    const length = x.shape[at]!;
    const inner = sizeOf(x.shape.slice(at + 1));
    const taken = indices.size / batch;
    const byX = (): Tensor => {
      const parts = tf.transpose(
        tf.reshape(dy as Tensor, [batch, outer, taken, inner]),
        [0, 2, 1, 3],
      );
      const rows = tf.reshape(indices, [batch, taken]) as tf.Tensor2D;
      const ids = batch === 1 ? tf.reshape(rows, [taken]) as tf.Tensor1D : placesOf(rows, length);
      const lines = tf.reshape(parts, [batch * taken, outer * inner]);
      const sums = tf.unsortedSegmentSum(lines, ids, batch * length);
      const back = tf.transpose(tf.reshape(sums, [batch, length, outer, inner]), [0, 2, 1, 3]);
      return tf.reshape(back, x.shape);
    };
    return { x: byX, indices: () => tf.zeros(indices.shape) };
  },
};

/** Numbers of parts, each row's counted on from those of the rows before; −1 for one that is none. */
function placesOf(indices: tf.Tensor2D, length: number): tf.Tensor1D {
  const [batch, taken] = indices.shape;
  const firsts = tf.mul(tf.range(0, batch, 1, "int32"), tf.scalar(length, "int32"));
  const isPart = tf.logicalAnd(tf.greaterEqual(indices, 0), tf.less(indices, length));
  const places = tf.add(indices, tf.reshape(firsts, [batch, 1]));
  const none = tf.fill([batch, taken], -1, "int32");
  return tf.reshape(tf.where(isPart, places, none), [batch * taken]) as tf.Tensor1D;
}

/** Each summand has the slope of its sum; those that went to no sum have none. */
const SEGMENT_SUM: tf.GradConfig = {
  kernelName: "UnsortedSegmentSum",
  inputsToSave: ["segmentIds"],
  gradFunc: (dy, saved) => {
    const ids = saved[0] as tf.Tensor1D;
    const slopes = dy as Tensor;
    const last = slopes.shape[0]! - 1;
    const byX = (): Tensor => {
      const taken = tf.gather(slopes, tf.cast(tf.clipByValue(ids, 0, last), "int32"));
      const isSummed = tf.logicalAnd(tf.greaterEqual(ids, 0), tf.lessEqual(ids, last));
      return chosen(
        tf.reshape(isSummed, taken.shape.map((size, at) => at === 0 ? size : 1)),
        taken,
      );
    };
    return { x: byX, segmentIds: () => tf.zeros(ids.shape) };
  },
};

/** Gradients of what only moves numbers. */
export const MOVE_GRADIENTS: readonly tf.GradConfig[] = [
  ofInput("Reshape", (dy, x) => tf.reshape(dy, x.shape)),
  ofInput("ExpandDims", (dy, x) => tf.reshape(dy, x.shape), "input"),
  ofSlopes("Transpose", (dy, { perm }) => {
    const order = perm as number[];
    return tf.transpose(dy, order.map((_, axis) => order.indexOf(axis)));
  }),
  ofSlopes("Reverse", (dy, { dims }) => tf.reverse(dy, dims as number[])),
  ofInput("Tile", (dy, _x, { reps }) => (reps as number[]).reduce(sumCopies, dy.clone())),
  ofInput("PadV2", (dy, x, { paddings }) => {
    return tf.slice(dy, (paddings as Paddings).map(([before]) => before), x.shape);
  }),
  MIRROR_PAD,
  ofInput("Slice", (dy, x, { begin, size }) => {
    const [first, count] = tf.slice_util.parseSliceParams(
      x,
      begin as number[],
      size as number[],
    ) as [number[], number[]];
    return tf.pad(dy, first.map((at, axis) => [at, x.shape[axis]! - at - count[axis]!]));
  }),
  ofSlopes("BatchToSpaceND", (dy, { blockShape, crops }) => {
    return tf.spaceToBatchND(dy, blockShape as number[], crops as number[][]);
  }),
  ofSlopes("SpaceToBatchND", (dy, { blockShape, paddings }) => {
    return tf.batchToSpaceND(dy, blockShape as number[], paddings as number[][]);
  }),
  {
    kernelName: "Concat",
    saveAllInputs: true,
    gradFunc: (dy, saved, attributes) => {
      const axis = tf.util.parseAxisParam(attributes.axis as number, saved[0]!.shape)[0]!;
      const parts = tf.split(dy as Tensor, saved.map(({ shape }) => shape[axis]!), axis);
      return parts.map((part) => () => part) as never;
    },
  },
  ofSlopes("SplitV", (dys, { axis }) => tf.concat(dys as never, axis as number)),
  {
    kernelName: "Pack",
    saveAllInputs: true,
    gradFunc: (dy, _saved, { axis }) =>
      tf.unstack(dy as Tensor, axis as number).map((part) => () => part) as never,
  },
  {
    kernelName: "Unpack",
    gradFunc: (dys, _saved, { axis }) => ({
      value: () => tf.stack(dys as Tensor[], axis as number),
    }),
  },
  GATHER,
  SEGMENT_SUM,
  withoutSlope("OneHot", "indices"),
];
