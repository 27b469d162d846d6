// `deno task train`: trains a model, and leaves a checkpoint, its history, its curves and a report.
import type { Augmentation } from "../lib/augment/mod.ts";
import { dataIdentity, requireSameData } from "../lib/train/data_identity.ts";
import { requirePrecision } from "../lib/train/mixed_precision.ts";
import { runOf } from "../lib/train/snapshot.ts";
import type { Progress } from "../lib/train/training.ts";
import {
  classWeights,
  type Json,
  type Layer,
  type Loss,
  restoreTraining,
  start,
  stepsPerEpoch,
  weightedCrossEntropy,
  type World,
} from "../mod.ts";
import { refuse, runCommand, UsageError } from "./command.ts";
import { recovering, startDevice } from "./command/device.ts";
import { abortOnInterrupt, exitCodeOf } from "./command/interrupt.ts";
import { asRank, inWorld } from "./command/ranks.ts";
import { say } from "./command/say.ts";
import { buildFor, keptModel, labelOf, modelOfRun, type NamedModel } from "./own_model.ts";
import { type Beside, besideCallbacks, requireBeside, startBeside } from "./board/beside.ts";
import { setUp } from "./setup.ts";
import { augmentationOf, drawAugmented, openRunData, type RunData } from "./train/data.ts";
import { withFoundRate } from "./train/find_rate.ts";
import { chosenSettings, type TrainFlags, trainFlags } from "./train/flags.ts";
import { DEFAULT_RUN, learningRateOf, optimizerOf } from "./train/recipes.ts";
import { recordsOf, stoppedOf } from "./train/records.ts";
import {
  type BegunRun,
  CHECKPOINT,
  type Config,
  inFolder,
  isFinished,
  readRun,
  RESULT,
  resultIn,
} from "./train/run_files.ts";
import { openRunFolder, type RunFolder, unwrittenFolder } from "./train/run_folder.ts";
import { precisionOf, type Settings, settingsOf } from "./train/settings.ts";
import { bestEpoch, finishedLines, summaryLines } from "./train/summary.ts";
import { isTrained, type Outcome, runTraining } from "./train/training.ts";

/** What the task takes. */
export const command = {
  name: "train",
  summary: "Trains a model, and leaves a checkpoint, its history, its curves and a report.",
  flags: trainFlags,
  examples: [
    ["deno task train", "LeNet-5 on MNIST"],
    ["deno task train --limit 6000 --epochs 1 --out runs/quick", "a quick try"],
    ["deno task train --model chapter-mnist --epochs 5", "the chapter's network"],
    [
      "deno task train --model ./mobilenet.ts --dataset cifar10 --data-dir cifar-10-batches-bin",
      "your own network, the default export of a file",
    ],
    [
      "deno task train --model compact --augment digits --batch-size 64 --epochs 10",
      "rotated, shifted and zoomed digits: test accuracy 99.47 %",
    ],
    [
      "deno task train --model compact --dataset fashion-mnist --epochs 4",
      "clothes instead of digits: test accuracy 91.23 %",
    ],
    [
      "deno task train --epochs 40 --early-stop --patience 4 --schedule plateau",
      "until held-back images no longer improve",
    ],
    [
      "deno task train --dataset folder --data-dir photos --model resnet18 --image-size 96 --augment photos --class-weights balanced",
      "your own photos, with a folder for each class",
    ],
    ["deno task train --board", "with curves, layers and a stop button in the browser"],
    ["deno task train --tensorboard", "with event files: tensorboard --logdir runs"],
    [
      "mpirun -n 4 deno task train --distributed",
      "by four processes, each a quarter of every batch, see docs/distributed.md",
    ],
    [
      "deno task train --model resnet20 --dataset cifar10 --data-dir cifar-10-batches-bin --precision mixed",
      "activations and weights of a step as float16: half the memory",
    ],
    ["deno task train --resume", "continue after Ctrl-C, or after the process was killed"],
    ["deno task train --resume --epochs 8", "train a finished run for two more epochs"],
    ["deno task train --overwrite", "train a finished run anew"],
  ],
} as const;

/** The flags that name a run's folder if --out is absent. */
function defaultOut({ model, dataset }: Settings): string[] {
  return [
    ...model === DEFAULT_RUN.model ? [] : ["--model", model],
    ...dataset === DEFAULT_RUN.dataset ? [] : ["--dataset", dataset],
  ];
}

/** The flags that name a network of one's own: the code of a file is run only if it is named. */
function ownFlags({ own, name }: NamedModel): string[] {
  return own ? ["--model", name] : [];
}

/** The flags that name an opened run again. */
function againFlags(
  { out }: TrainFlags,
  { dir, data, named }: Pick<OpenedRun, "dir" | "data" | "named">,
): string[] {
  return out === undefined ? defaultOut(data.settings) : [...ownFlags(named), "--out", dir];
}

/** Refuses to resume a finished run to no more epochs than are done, or after it was stopped early. */
function requireEpochs({ epoch }: Progress, run: Json, { epochs }: Settings): void {
  const stopped = stoppedOf(run);
  if (stopped?.startsWith("earlyStopping")) {
    throw new UsageError(
      `Cannot resume: the run must not be finished, got one stopped by ${stopped}`,
    );
  }
  if (epoch >= epochs) refuse("--epochs", `above ${epoch}, the epochs that are done`, epochs);
}

/** Refuses to resume a run whose learning rate was still being looked for. */
function requireRate(dir: string, run: Json): void {
  const { settings } = run as { readonly settings?: { readonly learningRate?: Json } };
  if (settings?.learningRate !== null) return;
  throw new UsageError(
    `Cannot resume in ${dir}: the run must have a learning rate, got one that ended before --find-lr had found it. Begin it again`,
  );
}

/** Refuses flags that exclude or need each other. */
function requireTogether(flags: TrainFlags): void {
  const needs = (flag: string, rule: string): never => {
    throw new UsageError(`Cannot use ${flag}: ${rule}`);
  };
  if (flags.resume && flags.overwrite) needs("--overwrite", "a resumed run keeps its files");
  if (flags["other-data"] && !flags.resume) needs("--other-data", "it needs --resume");
  if (flags["batch-statistics"] && !flags.distributed && !flags.resume) {
    needs("--batch-statistics", "it needs --distributed");
  }
  if (flags["scale-learning-rate"] && flags["learning-rate"] !== undefined) {
    needs("--scale-learning-rate", "--learning-rate is given too");
  }
  if (flags.distributed && flags.recover) {
    needs("--recover", "the ranks of --distributed end together, and go on with --resume");
  }
  if (flags.distributed && flags["find-lr"]) {
    needs("--find-lr", "a rate is found by one process, without --distributed");
  }
  if (flags["loss-scale"] !== undefined && flags.precision !== "mixed" && !flags.resume) {
    needs("--loss-scale", "it needs --precision mixed");
  }
  if (!flags["find-lr"]) return;
  if (flags.resume) needs("--find-lr", "a resumed run keeps its learning rate");
  if (flags["learning-rate"] !== undefined) needs("--find-lr", "--learning-rate is given too");
}

/** Of several ranks the first one has the board, and writes. */
function besideOf(flags: TrainFlags, { rank }: World): TrainFlags {
  return rank === 0 ? flags : { ...flags, board: false, port: undefined, tensorboard: false };
}

/** The exit code of a rank that ends because another was asked to, as of SIGTERM. */
const ASKED = 143;

/** A run of which nothing is on the device yet. */
type OpenedRun = {
  readonly dir: string;
  /** The run to resume; `undefined` for a new one. */
  readonly begun: BegunRun | undefined;
  readonly data: RunData;
  readonly named: NamedModel;
  readonly model: Layer;
  readonly augment: Augmentation | undefined;
  readonly loss: Loss | undefined;
  /** What a finished run of the same settings has reached; `undefined` if there is work to do. */
  readonly result: Config | undefined;
};

/** Opens a run's images, and refuses what does not go together before anything is written. */
async function openRun(flags: TrainFlags, world: World): Promise<OpenedRun> {
  requireTogether(flags);
  const asked = chosenSettings(flags);
  const dir = flags.out ??
    `runs/${labelOf(asked.model ?? DEFAULT_RUN.model)}-${asked.dataset ?? DEFAULT_RUN.dataset}`;
  const begun = flags.resume ? await readRun(dir, "settings") : undefined;
  if (begun) requireRate(dir, begun.run);
  const before = begun && settingsOf(begun.run, begun.file);
  const named = await modelOfRun(flags, before, DEFAULT_RUN.model);
  const chosen = { ...asked, ...(named.own ? keptModel(named, before) : {}) };
  const data = await openRunData(chosen, before, named, world);
  const { settings, train } = data;
  const model = buildFor(named, train.imageShape, train.classNames.length);
  const augment = augmentationOf(settings);
  if (flags["show-augmented"] && !augment) {
    throw new UsageError("Cannot use --show-augmented: it needs --augment");
  }
  const loss = settings.classWeights ? weightedCrossEntropy(classWeights(train)) : undefined;
  const opened = { dir, begun, data, named, model, augment, loss };
  const identity = dataIdentity(train, data.normalize);
  const result = flags.overwrite
    ? undefined
    : await resultIn(dir, settings, begun ? undefined : identity);
  if (!begun?.checkpoint) return { ...opened, result };
  const { progress, data: seen } = runOf(begun.checkpoint, begun.file);
  if (!flags["other-data"]) requireSameData(seen, identity);
  if (isFinished(dir) && !result) requireEpochs(progress, begun.run, settings);
  const isOver = isTrained(progress, settings, stoppedOf(begun.run));
  return { ...opened, result: isOver ? result : undefined };
}

/** What the first rank knows: its folder counts. */
async function resultOfFirst(world: World, result: Config | undefined): Promise<Config | null> {
  const text = new TextEncoder().encode(JSON.stringify(result ?? null));
  return JSON.parse(new TextDecoder().decode((await world.allGather(text))[0]));
}

/** Says what a finished run has reached, and how to go on. */
function sayFinished(flags: TrainFlags, opened: OpenedRun, result: Config): void {
  const { dir, data: { settings }, named } = opened;
  const longer = `deno task train ${
    [...againFlags(flags, opened), "--resume", "--epochs"].join(" ")
  } ${2 * settings.epochs}`;
  const isEarly = `${result.stopped}`.startsWith("earlyStopping");
  finishedLines({
    dir,
    accuracy: result.testAccuracy as number,
    epochs: result.epochsDone as number,
    seconds: result.seconds as number,
    own: ownFlags(named),
    longer: isEarly ? undefined : longer,
  }).forEach(say);
  if (flags.json) console.log(JSON.stringify(result));
}

/** The settings of a run once its learning rate is found, if that is to be looked for. */
async function completeSettings(
  flags: TrainFlags,
  { data, model, augment, loss }: OpenedRun,
  folder: RunFolder,
  signal: AbortSignal,
): Promise<Settings> {
  if (flags["show-augmented"]) await drawAugmented(folder, data, augment!);
  if (!flags["find-lr"]) return data.settings;
  return await withFoundRate(folder, data, { model, augment, loss, signal });
}

/** Trains a run in its folder, to its end or until the signal. */
async function trainRun(
  flags: TrainFlags,
  { begun, data, named, model, augment, loss }: OpenedRun,
  folder: RunFolder,
  { signal, endsWithEpoch }: Beside,
  world: World,
): Promise<Outcome> {
  const { settings, train } = data;
  const optimizer = optimizerOf(
    settings,
    learningRateOf(settings, stepsPerEpoch(train, { batchSize: settings.batchSize })),
  );
  const { checkpoint, run = null, file = "" } = begun ?? {};
  return await runTraining({
    ...data,
    model,
    optimizer,
    augment,
    loss,
    preprocessing: named.own?.preprocessing,
    folder,
    from: checkpoint && restoreTraining(model, optimizer, train.imageShape, checkpoint, file),
    otherData: flags["other-data"],
    before: { ...recordsOf(run), stopped: stoppedOf(run) },
    signal,
    endsWithEpoch,
    beside: besideCallbacks(besideOf(flags, world), {
      dir: folder.dir,
      epochs: settings.epochs,
      batchSize: settings.batchSize,
      train,
      validation: data.held ?? data.test,
      normalize: data.normalize,
      loss,
    }),
    world,
  });
}

/** Trains, alone or with other ranks; returns the exit code. */
async function run(flags: TrainFlags): Promise<number> {
  return await inWorld(flags, (world) => runIn(world, flags));
}

/** Trains, and prints what was reached; returns the exit code. */
async function runIn(world: World, flags: TrainFlags): Promise<number> {
  await setUp(flags.backend);
  const began = performance.now();
  const opened = await openRun(flags, world);
  const { dir, data, begun } = opened;
  const { settings, train, test } = data;
  const finished = await resultOfFirst(world, opened.result);
  if (finished) {
    sayFinished(flags, opened, finished);
    return 0;
  }
  if (settings.precision === "mixed") {
    // Before there is a folder. On the CPU backend it is nothing to fall back to.
    await start({ backend: flags.backend ?? "webgpu" });
    requirePrecision("train", precisionOf(settings));
  }
  requireBeside(besideOf(flags, world));
  await world.barrier(); // All have read what the first one may write over.
  const folder = world.rank > 0 ? unwrittenFolder(dir) : await openRunFolder(dir, {
    // Not known yet: whoever resumes must not take another one for it.
    config: flags["find-lr"] ? { ...settings, learningRate: null } : settings,
    overwrite: flags.overwrite,
    ...(begun ? { resumed: begun.run } : {}),
  });
  try {
    const interrupt = abortOnInterrupt(
      "stopping after this step (Ctrl-C again: at once, without what came since the last checkpoint)",
    );
    using beside = await startBeside(besideOf(flags, world), dir, interrupt);
    const { signal } = beside;
    const device = await startDevice(flags.backend);
    let found: Settings | undefined;
    const outcome = await recovering(flags, async (isAgain) => {
      found ??= await completeSettings(flags, opened, folder, signal);
      const now = isAgain ? await readRun(dir, "settings") : begun;
      const parts = { ...opened, begun: now, data: { ...data, settings: found } };
      const outcome = await trainRun(flags, parts, folder, beside, world);
      const { evaluation } = outcome;
      if (evaluation) {
        await world.during("write results", () => folder.writeResults(evaluation, test));
      }
      return outcome;
    });
    if (outcome.interrupted) {
      const task = world.size === 1
        ? "deno task train --resume"
        : `mpirun -n ${world.size} deno task train --distributed --resume`;
      const again = [task, ...againFlags(flags, opened)].join(" ");
      say(`stopped at epoch ${outcome.epoch}, step ${outcome.step}; to continue: ${again}`);
      // Another rank may have been the one that was asked to stop.
      return signal.aborted ? exitCodeOf(signal) : ASKED;
    }
    const { history, stopped } = outcome;
    const evaluation = outcome.evaluation!;
    const held = data.held?.labels.length ?? 0;
    const seconds = (performance.now() - began) / 1000;
    const files = [...folder.files(), RESULT];
    const result = {
      model: settings.model,
      dataset: settings.dataset,
      parameters: outcome.parameters,
      parametersHash: outcome.parametersHash,
      rank: world.rank,
      ranks: world.size,
      epochs: settings.epochs,
      trainSamples: train.labels.length,
      testSamples: test.labels.length,
      testAccuracy: evaluation.accuracy,
      testLoss: evaluation.loss,
      seconds,
      stepsPerSecond: outcome.stepsPerSecond,
      backend: device.backend,
      adapter: device.adapter,
      software: device.software,
      checkpoint: inFolder(dir, CHECKPOINT),
      epochsDone: history.length,
      stopped,
      validationSamples: held,
      bestEpoch: held > 0 ? bestEpoch(history)?.epoch ?? null : null,
      top5Accuracy: evaluation.top5Accuracy,
      files,
    };
    await world.during("write what was reached", () => folder.finish(result));
    const { classNames } = train;
    const own = ownFlags(opened.named);
    summaryLines({ evaluation, classNames, history, held, stopped, seconds, dir, own, files })
      .forEach(say);
    if (flags.json) console.log(JSON.stringify(result));
    return 0;
  } finally {
    await folder.release();
  }
}

if (import.meta.main) {
  const code = await asRank(command.name, Deno.args);
  if (code === undefined) await runCommand(command, Deno.args, run);
  else Deno.exit(code);
}
