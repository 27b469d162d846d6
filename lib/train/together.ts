// What a training step exchanges with other ranks: gradients, numbers, statistics of batches.
import type { StatisticsChannel } from "../tensor/batch_norm.ts";
import { type Channel, exchange } from "../tensor/exchange.ts";
import type { Scalar, Tensor } from "../tensor/tensor.ts";
import { leaves, mapTree, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import type { World } from "../world/world.ts";

/** Whose statistics batch normalization takes in training. */
export type BatchStatistics = "local" | "synchronized";

/** The exchanges of a run's steps. */
export type Together = {
  readonly world: World;
  /** Whether this rank wants to end the run after the next step. */
  wantsStop: boolean;
  /** Whether a rank wanted to, as all ranks know after that step. */
  readonly stops: boolean;
  /** The step under way, for messages. */
  step: number;
  /**
   * Calls the part of a step that returns at once, during which the rank makes no sign of life: it
   * may take long the first time, when it is recorded, and where the host computes.
   *
   * @param form what is recorded anew if it is another
   */
  call<T>(form: string, f: () => T): T;
  /** Where batch normalization finds the statistics of all ranks. */
  readonly statistics?: StatisticsChannel;
  /** The sum of a number of all ranks, which is waited for. */
  sum(value: Scalar): Scalar;
  /**
   * The sums of all ranks' gradients, and of their numbers, of which the first is the loss.
   *
   * @param numbers `[n]`
   * @param overflowed in mixed precision, what is not 0 if a number of this rank did not fit into
   * float16: then the gradients of all ranks are not finite, so that all skip the step
   */
  sums(
    gradients: Tree,
    numbers: Tensor,
    overflowed?: Scalar,
  ): { readonly gradients: Tree; readonly numbers: Tensor };
};

/** Where numbers are in a last bucket. */
type Places = { readonly loss: number; readonly stop: number; readonly overflowed?: number };

/** How many times as long as the longest a step may take. */
const SLOWER = 10;

/** Bytes of gradients that are exchanged together, as in PyTorch's DistributedDataParallel. */
const BUCKET = 25 << 20;

/**
 * The exchanges of a world.
 *
 * @param world of at least two ranks
 */
export function together(world: World, statistics: BatchStatistics): Together {
  const sums: Channel = {
    send: (values) => world.allReduce(values, "sum"),
    sendNow: (values) => world.allReduceNow(values, "sum"),
  };
  /** A last bucket: gradients, numbers whose first is the loss, who wants to stop, who overflowed. */
  const lastBucket = ({ loss, stop, overflowed }: Places): Channel => {
    const prepare = (values: Float32Array): void => {
      requireFinite(values[loss]!);
      values[stop] = all.wantsStop ? 1 : 0;
      // The flag's bits are no number to be summed.
      if (overflowed !== undefined) values[overflowed] = values[overflowed] === 0 ? 0 : 1;
    };
    const conclude = (values: Float32Array): void => {
      stops = values[stop]! > 0;
      if (overflowed !== undefined && values[overflowed]! > 0) values[0] = NaN;
    };
    return {
      async send(values) {
        prepare(values);
        await world.allReduce(values, "sum");
        conclude(values);
      },
      sendNow(values) {
        prepare(values);
        world.allReduceNow(values, "sum");
        conclude(values);
      },
    };
  };
  const requireFinite = (loss: number): void => {
    if (Number.isFinite(loss)) return;
    throw new RangeError(
      `Cannot continue training: the loss of rank ${world.rank} must be a finite number, got ${loss} at step ${all.step}. A smaller learning rate often helps`,
    );
  };
  let stops = false;
  let longest = 0;
  const known = new Map<string, number>();
  const all: Together = {
    world,
    call(form, f) {
      const began = performance.now();
      let result: ReturnType<typeof f> | undefined;
      // Twice, as the second call is compared with the recording.
      const times = known.get(form) ?? 0;
      const limit = times < 2 ? undefined : SLOWER * longest;
      world.during("compute a step", () => void (result = f()), limit);
      if (times > 0) longest = Math.max(longest, (performance.now() - began) / 1000);
      known.set(form, times + 1);
      return result!;
    },
    wantsStop: false,
    step: 0,
    get stops() {
      return stops;
    },
    ...(statistics === "synchronized" ? { statistics: { moments: momentsOf(world), sums } } : {}),
    sum: (value) => exchange([value], sums)[0] as Scalar,
    sums(gradients, numbers, overflowed) {
      const extended = tf.concat([numbers, tf.zeros([1])]);
      const buckets = bucketsOf(leaves(gradients));
      const summed = new Map<Tensor, Tensor>();
      for (const bucket of buckets.slice(0, -1)) {
        exchange(bucket, sums).forEach((sum, i) => summed.set(bucket[i]!, sum));
      }
      const own = buckets.at(-1) ?? [];
      const loss = own.reduce((sum, { size }) => sum + size, 0);
      const stop = loss + numbers.size;
      const places = { loss, stop, ...(overflowed ? { overflowed: stop + 1 } : {}) };
      const last = [...own, extended, ...(overflowed ? [overflowed] : [])];
      exchange(last, lastBucket(places)).forEach((sum, i) => summed.set(last[i]!, sum));
      return {
        gradients: mapTree(([leaf]) => summed.get(leaf!)!, gradients),
        numbers: tf.slice(summed.get(extended)!, [0], [numbers.size]),
      };
    },
  };
  return all;
}

/** Gradients in buckets, the last first: it is the first that the backward pass has. */
function bucketsOf(gradients: readonly Tensor[]): Tensor[][] {
  const buckets: Tensor[][] = [];
  let bytes = Infinity;
  for (const gradient of new Set(gradients.toReversed())) {
    if (bytes + 4 * gradient.size > BUCKET) {
      buckets.push([]);
      bytes = 0;
    }
    buckets.at(-1)!.push(gradient);
    bytes += 4 * gradient.size;
  }
  return buckets;
}

/** Moments of all ranks from those of each, in double precision: the same bits on all. */
function momentsOf(world: World): StatisticsChannel["moments"] {
  return (own, all) => {
    const toSums = (values: Float32Array): Float64Array<ArrayBuffer> => {
      const features = values.length / 2;
      return Float64Array.from(values, (value, i) => {
        if (i < features) return own * value;
        return own * (value + values[i - features]! ** 2);
      });
    };
    const toMoments = (sums: Float64Array, values: Float32Array): void => {
      const features = values.length / 2;
      for (let i = 0; i < features; i++) {
        const mean = sums[i]! / all;
        values[i] = mean;
        values[features + i] = Math.max(0, sums[features + i]! / all - mean ** 2);
      }
    };
    return {
      async send(values) {
        const sums = toSums(values);
        await world.allReduce(sums, "sum");
        toMoments(sums, values);
      },
      sendNow(values) {
        const sums = toSums(values);
        world.allReduceNow(sums, "sum");
        toMoments(sums, values);
      },
    };
  };
}
