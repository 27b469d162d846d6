// `deno task bench --profile`: the dispatches of one training step, each with its time.
import { profile, type ProfileEntry } from "../../lib/device/mod.ts";
import {
  adam,
  init,
  jit,
  key,
  softmaxCrossEntropy,
  start,
  type Tensor,
  type TrainState,
  trainStep,
  type Tree,
} from "../../mod.ts";
import { sizedModel } from "../own_model.ts";
import { noiseBatch } from "./jobs/zoo.ts";
import { table } from "../../lib/text/table.ts";

/** The dispatches of one operation, summed up. */
export type OperationSum = {
  readonly operation: string;
  readonly count: number;
  readonly milliseconds: number;
};

/** Sums up dispatches by operation, the longest first. */
export function byOperation(entries: readonly ProfileEntry[]): OperationSum[] {
  const sums = new Map<string, OperationSum>();
  for (const { operation, milliseconds } of entries) {
    const { count, milliseconds: before } = sums.get(operation) ?? { count: 0, milliseconds: 0 };
    sums.set(operation, {
      operation,
      count: count + 1,
      milliseconds: before + (milliseconds ?? 0),
    });
  }
  return [...sums.values()].sort((a, b) => b.milliseconds - a.milliseconds);
}

/** A share of a whole as percent. */
function share(part: number, whole: number): string {
  return whole > 0 ? `${(100 * part / whole).toFixed(1)} %` : "—";
}

/** The dispatches of a step as two tables: in their order, and by operation. */
export function profileText(title: string, entries: readonly ProfileEntry[]): string {
  const whole = entries.reduce((sum, { milliseconds }) => sum + (milliseconds ?? 0), 0);
  const each = entries.map(({ operation, shapes, milliseconds }, i) => [
    `${i + 1}`,
    operation,
    shapes.map((shape) => `[${shape}]`).join(" "),
    milliseconds === null ? "—" : milliseconds.toFixed(3),
    share(milliseconds ?? 0, whole),
  ]);
  const sums = byOperation(entries).map(({ operation, count, milliseconds }) => [
    operation,
    `${count}`,
    milliseconds.toFixed(3),
    share(milliseconds, whole),
  ]);
  return [
    `${title}: ${entries.length} dispatches, ${whole.toFixed(1)} ms`,
    table([["", "operation", "results, then inputs", "ms", "share"], ...each], {
      heading: true,
      align: ["right", "left", "left", "right", "right"],
    }),
    "",
    table([["operation", "dispatches", "ms", "share"], ...sums], {
      heading: true,
      align: ["left", "right", "right", "right"],
    }),
    ...(whole > 0 ? [] : ["this adapter has no timestamp queries, so there are no times"]),
  ].join("\n");
}

/**
 * Profiles one recorded training step of a model, after some that compile: Adam and cross-entropy, on
 * images of noise.
 *
 * @param name the model's name, or the path of a file that makes it
 */
export async function profileStep(
  name: string,
  batchSize: number,
  exportName?: string,
): Promise<{ adapter: string; entries: readonly ProfileEntry[] }> {
  const { model, inputShape } = await sizedModel(name, exportName);
  const { adapter } = await start();
  const { params, state, outputShape } = init(model, key(0), inputShape);
  const optimizer = adam();
  const step = jit(trainStep(model, softmaxCrossEntropy, optimizer), { donate: [0] });
  const batch = noiseBatch(inputShape, outputShape[0]!, batchSize);
  let from: TrainState<Tree, Tree> = { params, state, optimizer: optimizer.init(params) };
  const issue = (): Tensor => {
    const { loss, correct, ...next } = step(from, batch, key(1));
    correct.dispose();
    from = next;
    return loss;
  };
  for (let i = 0; i < 2; i++) await issue().data();
  return { adapter, entries: await profile(() => void issue()) };
}
