// What several ranks measured, put together on each of them.
import { partOf } from "../tensor/batch_part.ts";
import type { World } from "../world/world.ts";
import type { Feed } from "./feed.ts";
import type { Objective } from "./objective.ts";
import type { Gathered } from "./predictions.ts";
import type { Totals } from "./training.ts";

/** The sums of all ranks. */
export async function totalsOfAll(
  world: World,
  { names }: Pick<Objective, "names">,
  { loss, correct, count, metrics = {} }: Totals,
): Promise<Totals> {
  if (world.size === 1) return { loss, correct, count, ...(names.length > 0 ? { metrics } : {}) };
  const sums = Float64Array.of(loss, correct, count, ...names.map((name) => metrics[name] ?? 0));
  await world.allReduce(sums, "sum");
  const own = names.map((name, i) => [name, sums[3 + i]!]);
  return {
    loss: sums[0]!,
    correct: sums[1]!,
    count: sums[2]!,
    ...(names.length > 0 ? { metrics: Object.fromEntries(own) } : {}),
  };
}

type Result = ReturnType<Gathered["result"]>;

/** The predictions of all ranks, in the order of the examples; of a stream in that of the ranks. */
export async function predictionsOfAll(
  world: World,
  { batchSize, count }: Feed,
  own: Result,
): Promise<Result> {
  if (world.size === 1) return own;
  const { predicted, probability, actual } = own.predictions;
  const all = {
    predicted: await gatherNumbers(world, predicted),
    probability: await gatherNumbers(world, probability),
    actual: await gatherNumbers(world, actual),
    classes: await gatherNumbers(world, own.actual),
    ranks: await gatherNumbers(world, own.ranks),
  };
  const order = batchSize === undefined || count === undefined
    ? all.predicted.flatMap((each, rank) => Array.from(each, () => rank))
    : ranksOfExamples(world.size, batchSize, count);
  const inOrder = (parts: readonly Float64Array[]): number[] => {
    const next = parts.map(() => 0);
    return order.map((rank) => parts[rank]![next[rank]!++]!);
  };
  const width = Math.max(...all.ranks.map(({ length }) => length));
  return {
    predictions: {
      predicted: Uint16Array.from(inOrder(all.predicted)),
      probability: Float32Array.from(inOrder(all.probability)),
      actual: Float32Array.from(inOrder(all.actual)),
    },
    actual: inOrder(all.classes),
    ranks: Array.from(
      { length: width },
      (_, i) => all.ranks.reduce((sum, each) => sum + (each[i] ?? 0), 0),
    ),
  };
}

/** Which rank measured each example. */
function ranksOfExamples(size: number, batchSize: number, count: number): number[] {
  const order: number[] = [];
  for (let at = 0; at < count; at += batchSize) {
    const of = Math.min(batchSize, count - at);
    for (let rank = 0; rank < size; rank++) {
      for (let i = partOf({ rank, size }, of).count; i > 0; i--) order.push(rank);
    }
  }
  return order;
}

async function gatherNumbers(world: World, values: ArrayLike<number>): Promise<Float64Array[]> {
  const own = Float64Array.from(values);
  const all = await world.allGather(new Uint8Array(own.buffer));
  return all.map((bytes) => new Float64Array(bytes.buffer));
}
