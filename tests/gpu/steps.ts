// A training step of each network, dispatch by dispatch, on the chip of the model.
import { registerKernels } from "../../lib/device/register.ts";
import { start, stop } from "../../mod.ts";
import { noiseStep } from "../../tasks/bench/profile.ts";
import { type Dispatched, watchDispatches } from "../../tasks/bench/watch_dispatches.ts";
import { waveCost } from "./assembly.ts";
import { CHIP, dispatchTime, type Limit, LIMITS } from "./dispatch_time.ts";
import type { Compiled } from "./model.ts";
import { turnCounter } from "./turns.ts";

/** Networks and images of a step. */
const NETWORKS = [
  ["lenet5", 128],
  ["chapter-mnist", 128],
  ["resnet20", 128],
  ["resnet50", 32],
  ["mobilenet-v2", 16],
] as const;

/** A step of a network. */
export type StepTime = {
  readonly name: string;
  readonly dispatches: readonly TimedDispatch[];
};

/** A dispatch of it. */
export type TimedDispatch = {
  readonly label: string;
  readonly bytes: number;
  readonly microseconds: number;
  readonly limit: Limit;
  /** Whether the text's loops are not the compiler's: each is taken to turn once. */
  readonly isGuess: boolean;
};

/** The dispatches of a recorded step with Adam, none of which is run: the tensors have no numbers. */
async function dispatchesOf(
  name: string,
  images: number,
  during: (f: () => void) => Dispatched[],
): Promise<Dispatched[]> {
  await start();
  registerKernels(false);
  try {
    const step = await noiseStep(name, images);
    const issue = (): void => void step().dispose();
    during(issue); // Is recorded.
    return during(issue);
  } finally {
    stop();
  }
}

/**
 * Models a training step of each network.
 *
 * @param compile what the compiler makes of a text
 */
export async function networkSteps(
  compile: (text: string) => Promise<Compiled>,
): Promise<StepTime[]> {
  const watch = watchDispatches({ submits: false });
  const recorded: { readonly name: string; readonly dispatches: Dispatched[] }[] = [];
  try {
    for (const [name, images] of NETWORKS) {
      const dispatches = await dispatchesOf(name, images, watch.during);
      recorded.push({ name: `${name}, ${images} images`, dispatches });
    }
  } finally {
    watch.stop();
  }
  const texts = [...new Set(recorded.flatMap(({ dispatches }) => dispatches.map((d) => d.text)))];
  await inTurns(texts, compile);
  const counter = await turnCounter();
  try {
    const steps: StepTime[] = [];
    for (const { name, dispatches } of recorded) {
      const timed: TimedDispatch[] = [];
      for (const dispatched of dispatches) {
        timed.push(await timeOf(dispatched, await compile(dispatched.text), counter.turnsOf));
      }
      steps.push({ name, dispatches: timed });
    }
    return steps;
  } finally {
    counter.stop();
  }
}

/** Does something for each, as many at a time as there are cores. */
async function inTurns<T>(all: readonly T[], act: (one: T) => Promise<unknown>): Promise<void> {
  const left = [...all];
  await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, async () => {
    for (let one = left.pop(); one !== undefined; one = left.pop()) await act(one);
  }));
}

/** How many operations of a step are named. */
const NAMED = 5;

/** The steps as a table: what limits their dispatches, and where most of the time goes. */
export function stepsTable(steps: readonly StepTime[]): string {
  const sum = (dispatches: readonly TimedDispatch[]): number =>
    dispatches.reduce((sum, { microseconds }) => sum + microseconds, 0);
  const lines = [
    ["step", "dispatches", "time", "bytes alone", ...LIMITS, "most of it"],
    ["---", "---", "---", "---", ...LIMITS.map(() => "---"), "---"],
    ...steps.map(({ name, dispatches }) => {
      const bytes = dispatches.reduce((sum, { bytes }) => sum + bytes, 0);
      const labels = [...Map.groupBy(dispatches, ({ label }) => label)]
        .map(([label, own]) => ({ label, count: own.length, time: sum(own) }))
        .sort((a, b) => b.time - a.time).slice(0, NAMED);
      const named = labels.map(({ label, count, time }) =>
        `${count} ${label} ${(100 * time / sum(dispatches)).toFixed(0)} %`
      );
      return [
        name,
        `${dispatches.length}`,
        milliseconds(sum(dispatches)),
        milliseconds(bytes / CHIP.bytes),
        ...LIMITS.map((limit) => {
          const own = dispatches.filter((one) => one.limit === limit);
          return `${own.length}: ${milliseconds(sum(own))}`;
        }),
        named.join(", "),
      ];
    }),
  ];
  return lines.map((line) => `| ${line.join(" | ")} |`).join("\n") + "\n";
}

const milliseconds = (microseconds: number): string => `${(microseconds / 1000).toFixed(2)} ms`;

async function timeOf(
  dispatched: Dispatched,
  { figures, kernel }: Compiled,
  turnsOf: Awaited<ReturnType<typeof turnCounter>>["turnsOf"],
): Promise<TimedDispatch> {
  const { label, bytes, workgroups: [x, y, z] } = dispatched;
  const { waves, workgroupSize } = figures;
  const known = waveCost(kernel, await turnsOf(dispatched));
  const wave = known ?? waveCost(kernel, undefined)!;
  const time = dispatchTime({ workgroups: x * y * z, workgroupSize, waves, wave, bytes });
  return { label, bytes, ...time, isGuess: known === undefined };
}
