// `deno task bench --profile`: the dispatches of a training step or a forward pass, each with its time.
import { profile, type ProfileEntry } from "../../lib/device/mod.ts";
import {
  adam,
  type Device,
  init,
  jit,
  key,
  softmaxCrossEntropy,
  start,
  type Tensor,
  tf,
  type TrainState,
  trainStep,
  type Tree,
} from "../../mod.ts";
import { sizedModel } from "../own_model.ts";
import { floorOf, measureRates, type Rates } from "./floors.ts";
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

/**
 * The dispatches of a step or pass as two tables: in their order, each with how much of the best
 * product's or a copy's rate it reaches, and by operation.
 */
export function profileText(
  title: string,
  entries: readonly ProfileEntry[],
  rates?: Rates,
): string {
  const whole = entries.reduce((sum, { milliseconds }) => sum + (milliseconds ?? 0), 0);
  const each = entries.map(({ operation, shapes, milliseconds }, i) => [
    `${i + 1}`,
    operation,
    shapes.map((shape) => `[${shape}]`).join(" "),
    milliseconds === null ? "—" : milliseconds.toFixed(3),
    share(milliseconds ?? 0, whole),
    ...(rates ? reached(entries[i]!, rates) : []),
  ]);
  const sums = byOperation(entries).map(({ operation, count, milliseconds }) => [
    operation,
    `${count}`,
    milliseconds.toFixed(3),
    share(milliseconds, whole),
  ]);
  return [
    `${title}: ${entries.length} dispatches, ${whole.toFixed(1)} ms`,
    ...(rates ? [floorText(entries, rates)] : []),
    table([
      [
        "",
        "operation",
        "results, then inputs",
        "ms",
        "share",
        ...(rates ? ["least", "of it"] : []),
      ],
      ...each,
    ], {
      heading: true,
      align: ["right", "left", "left", "right", "right", "right", "right"],
    }),
    "",
    table([["operation", "dispatches", "ms", "share"], ...sums], {
      heading: true,
      align: ["left", "right", "right", "right"],
    }),
    ...(whole > 0 ? [] : ["this adapter has no timestamp queries, so there are no times"]),
  ].join("\n");
}

/** The least time of a dispatch, which share of it is reached, and what limits it most. */
function reached(entry: ProfileEntry, rates: Rates): [least: string, share: string] {
  const { milliseconds, name } = floorOf(entry, rates);
  return [milliseconds.toFixed(3), `${share(milliseconds, entry.milliseconds ?? 0)} ${name[0]}`];
}

/** What the whole would take by its floors. */
function floorText(entries: readonly ProfileEntry[], rates: Rates): string {
  const least = entries.reduce((sum, entry) => sum + floorOf(entry, rates).milliseconds, 0);
  const { multiplications, bytes, dispatches } = rates.limits;
  const launch = dispatches ? `${(1000 / dispatches).toFixed(1)} µs a dispatch (d)` : "no launches";
  return `at least ${least.toFixed(1)} ms by a matrix product's ${
    (multiplications! / 1e6).toFixed(1)
  } GFLOP/s (m), a copy's ${(bytes! / 1e6).toFixed(1)} GB/s (b) and ${launch}, of this run, ${
    rates.software ? "one after the other" : "the longest of them"
  }`;
}

/** What a profile is made of. */
export type Profile = {
  readonly adapter: string;
  readonly entries: readonly ProfileEntry[];
  readonly rates: Rates | undefined;
};

/** Profiles a call after some that compile, upload and lay out. */
async function profiled({ adapter, software }: Device, issue: () => Tensor): Promise<Profile> {
  for (let i = 0; i < 3; i++) await issue().data();
  const rates = await measureRates(software);
  return { adapter, entries: await profile(() => void issue()), rates };
}

/**
 * Profiles one recorded forward pass of a model, on images of noise.
 *
 * @param name the model's name, or the path of a file that makes it
 */
export async function profileForward(
  name: string,
  batchSize: number,
  exportName?: string,
): Promise<Profile> {
  const { model, inputShape } = await sizedModel(name, exportName);
  const device = await start();
  const { params, state, outputShape } = init(model, key(0), inputShape);
  const { images } = noiseBatch(inputShape, outputShape[0]!, batchSize);
  const forward = jit((p: Tree, s: Tree, x: Tensor): Tensor =>
    tf.tidy(() => model.apply(p, s, x, {})[0])
  );
  return profiled(device, () => forward(params, state, images));
}

/**
 * Profiles one recorded training step of a model: Adam and cross-entropy, on images of noise.
 *
 * @param name the model's name, or the path of a file that makes it
 */
export async function profileStep(
  name: string,
  batchSize: number,
  exportName?: string,
): Promise<Profile> {
  const device = await start();
  return profiled(device, await noiseStep(name, batchSize, exportName));
}

/**
 * A recorded training step of a model: Adam and cross-entropy, on one batch of noise. The device must
 * have been started.
 *
 * @returns what takes the next step, and returns its loss
 */
export async function noiseStep(
  name: string,
  batchSize: number,
  exportName?: string,
): Promise<() => Tensor> {
  const { model, inputShape } = await sizedModel(name, exportName);
  const { params, state, outputShape } = init(model, key(0), inputShape);
  const optimizer = adam();
  const step = jit(trainStep(model, softmaxCrossEntropy, optimizer), { donate: [0] });
  const batch = noiseBatch(inputShape, outputShape[0]!, batchSize);
  let from: TrainState<Tree, Tree> = { params, state, optimizer: optimizer.init(params) };
  return () => {
    const { loss, correct, ...next } = step(from, batch, key(1));
    correct.dispose();
    from = next;
    return loss;
  };
}
