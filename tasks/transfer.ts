// `deno task transfer`: a trained network learns the classes of a folder of pictures.
import { table } from "../lib/text/table.ts";
import { dataIdentity } from "../lib/train/data_identity.ts";
import { type ClassReport, classReport } from "../lib/train/report/mod.ts";
import {
  disposeTree,
  evaluate,
  type Evaluation,
  type ImageFolder,
  type ImageSource,
  type Layer,
  restoreTransfer,
  type TransferOptions,
} from "../mod.ts";
import { type Beside, besideCallbacks, requireBeside, startBeside } from "./board/beside.ts";
import { runCommand, UsageError, type Values } from "./command.ts";
import { recovering, startDevice } from "./command/device.ts";
import { abortOnInterrupt, exitCodeOf } from "./command/interrupt.ts";
import { say } from "./command/say.ts";
import { findPreprocessing } from "../lib/weights/sidecars.ts";
import type { NetworkFile } from "../lib/weights/network_file.ts";
import { isImported } from "../lib/weights/imported_file.ts";
import { openWeights } from "./network.ts";
import { buildFor, keptModel, modelOfRun, type NamedModel } from "./own_model.ts";
import { setUp } from "./setup.ts";
import { recordsOf } from "./train/records.ts";
import {
  type BegunRun,
  type Config,
  inFolder,
  readRun,
  RESULT,
  resultIn,
} from "./train/run_files.ts";
import { openRunFolder, type RunFolder } from "./train/run_folder.ts";
import { finishedLines } from "./train/summary.ts";
import { command, flagSettings } from "./transfer/flags.ts";
import { trainFromScratch } from "./transfer/from_scratch.ts";
import { openImages, type PicturePreparation, prepared } from "./transfer/images.ts";
import { runTransfer, type TransferOutcome } from "./transfer/run.ts";
import {
  epochsOf,
  newTransferSettings,
  resumedTransferSettings,
  transferOptionsOf,
  type TransferSettings,
  transferSettingsOf,
} from "./transfer/settings.ts";

type Flags = Values<typeof command.flags>;

/** A transfer of which nothing is on the device yet. */
type OpenedTransfer = {
  readonly settings: TransferSettings;
  /** What builds the network with the new classes. */
  readonly named: NamedModel;
  readonly how: PicturePreparation;
  /** The network to begin from; `undefined` for a resumed transfer. */
  readonly network: NetworkFile | undefined;
  /** The transfer to resume; `undefined` for a new one. */
  readonly begun: BegunRun | undefined;
};

function required(value: string | undefined, flag: string): string {
  if (value !== undefined) return value;
  throw new UsageError(`Cannot run without ${flag}: only --resume can do without it`);
}

/** Opens what the flags name, and refuses what does not go together. */
async function openTransfer(flags: Flags): Promise<OpenedTransfer> {
  const chosen = flagSettings(flags);
  if (!flags.resume) {
    if (flags["other-data"]) throw new UsageError("Cannot use --other-data: it needs --resume");
    const weights = required(flags.weights, "--weights");
    const data = required(flags.data, "--data");
    const network = await openWeights(weights, flags);
    const how = prepared(await findPreprocessing(network, flags.preprocessing), flags.size);
    const named = await modelOfRun(flags, undefined, network.name);
    const model = keptModel(named);
    const settings = newTransferSettings({ ...chosen, weights, data }, model, how.how);
    return { settings, named, how, network, begun: undefined };
  }
  if (flags.preprocessing !== undefined) {
    throw new UsageError("Cannot use --preprocessing with --resume: the checkpoint has it");
  }
  if (flags.overwrite) {
    throw new UsageError("Cannot use --overwrite: a resumed transfer keeps its files");
  }
  const begun = await readRun(flags.out, "transfer");
  const before = transferSettingsOf(begun.run, begun.file);
  const named = await modelOfRun(flags, before, before.model);
  const said = { ...chosen, ...(named.own ? keptModel(named, before) : {}) };
  const settings = resumedTransferSettings(said, before);
  const how = prepared({ how: settings.preprocessing, source: "the checkpoint" }, undefined);
  const from = {
    ...flags,
    model: flags.model ?? (isImported(before.model) ? undefined : before.model),
  };
  const network = begun.checkpoint ? undefined : await openWeights(settings.weights, from);
  return { settings, named, how, network, begun };
}

/** What a finished transfer of the same settings has reached; `undefined` if there is work to do. */
async function finishedResult(
  flags: Flags,
  { settings, begun, how }: OpenedTransfer,
  train: ImageSource,
): Promise<Config | undefined> {
  if (flags.overwrite) return undefined;
  const data = begun ? undefined : dataIdentity(train, how.normalize);
  const result = await resultIn(flags.out, settings, data);
  return flags.compare && result?.fromScratchAccuracy === undefined ? undefined : result;
}

/** Says what a finished transfer has reached. */
function sayFinished(
  { json, out }: Flags,
  { named: { own, name } }: OpenedTransfer,
  result: Config,
): void {
  const { accuracy, epochs, seconds } = result as { readonly [name: string]: number };
  const about = { accuracy: accuracy!, epochs: epochs!, seconds: seconds! };
  finishedLines({ dir: out, own: own ? ["--model", name] : [], ...about }).forEach(say);
  if (json) console.log(JSON.stringify(result));
}

/** The parts of a transfer that is to begin or to be resumed. */
type Parts = {
  readonly opened: OpenedTransfer;
  readonly images: ImageFolder;
  readonly model: Layer;
  readonly options: TransferOptions;
  readonly folder: RunFolder;
  readonly beside: Beside;
};

async function learn(
  flags: Flags,
  { opened, images, ...parts }: Parts,
): Promise<TransferOutcome> {
  const { settings, network, begun, how } = opened;
  const { model, options } = parts;
  const { train, test, validation = test } = images;
  const { checkpoint, file = "", run = null } = begun ?? {};
  const from = checkpoint && restoreTransfer(model, train, checkpoint, file, options);
  const pretrained = network && !from ? await network.load() : { model, params: {}, state: {} };
  const outcome = await runTransfer({
    ...parts,
    settings,
    pretrained,
    train,
    validation,
    options: { ...options, ...(from ? { from } : {}) },
    before: recordsOf(run),
    callbacks: besideCallbacks(flags, {
      dir: parts.folder.dir,
      epochs: epochsOf(settings),
      batchSize: options.batchSize!,
      train,
      validation,
      normalize: how.normalize,
    }),
  });
  [pretrained.params, pretrained.state].forEach((tree) => disposeTree(tree));
  return outcome;
}

/** The same network from scratch, if the flags ask for it. */
async function compare(
  flags: Flags,
  { opened, images, model, options, beside: { signal } }: Parts,
): ReturnType<typeof trainFromScratch> {
  const { settings, how } = opened;
  const scratch = await trainFromScratch({
    model,
    train: images.train,
    test: images.test,
    normalize: how.normalize,
    epochs: flags["compare-epochs"] ?? epochsOf(settings),
    batchSize: options.batchSize!,
    learningRate: flags["compare-rate"],
    augment: options.augment,
    seed: settings.seed,
    signal,
  });
  if (!scratch) return undefined;
  const { fromScratchAccuracy: accuracy, fromScratchSeconds: seconds } = scratch;
  say(`from scratch: accuracy ${(100 * accuracy).toFixed(2)} % in ${seconds.toFixed(1)} s`);
  return scratch;
}

/** Recall and precision of each class, as lines. */
function classTable(reports: readonly ClassReport[]): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const rows = reports.map((
    { name, support, recall, precision },
  ) => [name, String(support), percent(recall), percent(precision)]);
  return table([["class", "images", "recall", "precision"], ...rows], {
    heading: true,
    align: ["left", "right", "right", "right"],
  });
}

/** Says how far an interrupted transfer came. */
function sayStopped(epochs: number, dir: string, { name, own }: NamedModel): void {
  const done = epochs === 0 ? "before the first epoch was done" : `after epoch ${epochs}`;
  const model = own ? ` --model ${name}` : "";
  say(`stopped ${done}; to continue: deno task transfer --resume --out ${dir}${model}`);
}

/** What a transfer has reached. */
type Reached = {
  readonly outcome: TransferOutcome;
  readonly result: Evaluation;
  readonly scratch: Awaited<ReturnType<typeof compare>>;
};

/** Transfers to the end or until the signal, and writes what was reached. */
async function reach(flags: Flags, parts: Parts): Promise<Reached | { outcome: TransferOutcome }> {
  const { opened, images, folder } = parts;
  const outcome = await learn(flags, parts);
  const { network } = outcome;
  if (!network) return { outcome };
  const { test } = images;
  const result = await evaluate(network, test, { normalize: opened.how.normalize });
  await folder.writeResults(result, test);
  say(`accuracy ${(100 * result.accuracy).toFixed(2)} % of ${test.labels.length} pictures`);
  return { outcome, result, scratch: flags.compare ? await compare(flags, parts) : undefined };
}

/** Transfers, and prints what was reached; returns the exit code. */
async function run(flags: Flags): Promise<number> {
  await setUp(flags.backend);
  const began = performance.now();
  const dir = flags.out;
  const opened = await openTransfer(flags);
  const { settings, named, how, begun } = opened;
  using images = await openImages(settings, how);
  const { train, test } = images;
  const finished = await finishedResult(flags, opened, train);
  if (finished) {
    sayFinished(flags, opened, finished);
    return 0;
  }
  const model = buildFor(named, how.shape, train.classNames.length);
  const options = {
    ...transferOptionsOf(settings, train.labels.length),
    normalize: how.normalize,
    otherData: flags["other-data"],
  };
  requireBeside(flags);
  const folder = await openRunFolder(dir, {
    config: settings,
    overwrite: flags.overwrite,
    ...(begun ? { resumed: begun.run } : {}),
  });
  try {
    const interrupt = abortOnInterrupt(
      "stopping after this step (Ctrl-C again: at once, without what came since the last checkpoint)",
    );
    using beside = await startBeside(flags, dir, interrupt);
    const { signal } = beside;
    const device = await startDevice(flags.backend);
    const reached = await recovering(flags, async (isAgain) => {
      const now = isAgain ? { ...opened, begun: await readRun(dir, "transfer") } : opened;
      return await reach(flags, { opened: now, images, model, options, folder, beside });
    });
    const { outcome } = reached;
    if (!("result" in reached)) {
      sayStopped(outcome.epochs, dir, named);
      return exitCodeOf(signal);
    }
    const { result, scratch } = reached;
    const seconds = (performance.now() - began) / 1000;
    const report = {
      model: settings.model,
      weights: settings.weights,
      data: settings.data,
      classNames: train.classNames,
      inputShape: how.shape,
      trainSamples: train.labels.length,
      testSamples: test.labels.length,
      parameters: outcome.parameters,
      epochs: outcome.epochs,
      accuracy: result.accuracy,
      loss: result.loss,
      confusion: result.confusion.counts,
      seconds,
      ...scratch,
      backend: device.backend,
      adapter: device.adapter,
      software: device.software,
      files: [...folder.files(), RESULT].map((name) => inFolder(dir, name)),
    };
    await folder.finish(report);
    say(`files in ${dir}; it took ${seconds.toFixed(1)} s`);
    if (flags.json) console.log(JSON.stringify(report));
    else console.log(classTable(classReport(result.confusion, test.classNames)));
    return signal.aborted ? exitCodeOf(signal) : 0;
  } finally {
    await folder.release();
  }
}

if (import.meta.main) await runCommand(command, Deno.args, run);
