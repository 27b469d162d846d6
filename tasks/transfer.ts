// `deno task transfer`: a trained network learns the classes of a folder of pictures.
import { table } from "../lib/text/table.ts";
import { type ClassReport, classReport } from "../lib/train/report/mod.ts";
import {
  type Checkpoint,
  disposeTree,
  evaluate,
  type ImageFolder,
  type Layer,
  readCheckpoint,
  restoreTransfer,
  type TransferOptions,
} from "../mod.ts";
import { runCommand, UsageError, type Values } from "./command.ts";
import { startDevice } from "./command/device.ts";
import { abortOnInterrupt, exitCodeOf } from "./command/interrupt.ts";
import { say } from "./command/say.ts";
import { findPreprocessing } from "../lib/weights/sidecars.ts";
import type { NetworkFile } from "../lib/weights/network_file.ts";
import { openWeights } from "./network.ts";
import { buildFor, keptModel, modelOfRun, type NamedModel } from "./own_model.ts";
import { setUp } from "./setup.ts";
import { recordsOf } from "./train/records.ts";
import { CHECKPOINT, inFolder, openRunFolder, type RunFolder } from "./train/run_folder.ts";
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
  /** The checkpoint to resume, and its path. */
  readonly kept: Checkpoint | undefined;
  readonly file: string;
};

function required(value: string | undefined, flag: string): string {
  if (value !== undefined) return value;
  throw new UsageError(`Cannot run without ${flag}: only --resume can do without it`);
}

/** Opens what the flags name, and refuses what does not go together. */
async function openTransfer(flags: Flags): Promise<OpenedTransfer> {
  const chosen = flagSettings(flags);
  const file = inFolder(flags.out, CHECKPOINT);
  if (!flags.resume) {
    if (flags["other-data"]) throw new UsageError("Cannot use --other-data: it needs --resume");
    const weights = required(flags.weights, "--weights");
    const data = required(flags.data, "--data");
    const network = await openWeights(weights, flags);
    const how = prepared(await findPreprocessing(network, flags.preprocessing), flags.size);
    const named = await modelOfRun(flags, undefined, network.name);
    const model = keptModel(named);
    const settings = newTransferSettings({ ...chosen, weights, data }, model, how.how);
    return { settings, named, how, network, kept: undefined, file };
  }
  if (flags.preprocessing !== undefined) {
    throw new UsageError("Cannot use --preprocessing with --resume: the checkpoint has it");
  }
  if (flags.overwrite) {
    throw new UsageError("Cannot use --overwrite: a resumed transfer keeps its files");
  }
  const kept = await readCheckpoint(file);
  const before = transferSettingsOf(kept, file);
  const named = await modelOfRun(flags, before, before.model);
  const said = { ...chosen, ...(named.own ? keptModel(named, before) : {}) };
  const settings = resumedTransferSettings(said, before);
  const how = prepared({ how: settings.preprocessing, source: "the checkpoint" }, undefined);
  return { settings, named, how, network: undefined, kept, file };
}

/** The parts of a transfer that is to begin or to be resumed. */
type Parts = {
  readonly opened: OpenedTransfer;
  readonly images: ImageFolder;
  readonly model: Layer;
  readonly options: TransferOptions;
  readonly folder: RunFolder;
  readonly signal: AbortSignal;
};

async function learn({ opened, images, ...parts }: Parts): Promise<TransferOutcome> {
  const { settings, network, kept, file } = opened;
  const { model, options } = parts;
  const { train, test, validation = test } = images;
  const from = kept ? restoreTransfer(model, train, kept, file, options) : undefined;
  const pretrained = network ? await network.load() : { model, params: {}, state: {} };
  const outcome = await runTransfer({
    ...parts,
    settings,
    pretrained,
    train,
    validation,
    options: { ...options, ...(from ? { from } : {}) },
    before: recordsOf(kept?.run ?? null),
  });
  [pretrained.params, pretrained.state].forEach((tree) => disposeTree(tree));
  return outcome;
}

/** The same network from scratch, if the flags ask for it. */
async function compare(
  flags: Flags,
  { opened, images, model, options, signal }: Parts,
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

/** Says why there is no network to measure. */
function sayNothingLearned(
  { interrupted, epochs }: TransferOutcome,
  dir: string,
  { name, own }: NamedModel,
): void {
  if (!interrupted) return say(`the transfer in ${dir} is done: nothing is left to do`);
  say(
    epochs === 0
      ? "stopped before the first epoch was done"
      : `stopped after epoch ${epochs}; to continue: deno task transfer --resume --out ${dir}${
        own ? ` --model ${name}` : ""
      }`,
  );
}

/** Transfers, and prints what was reached; returns the exit code. */
async function run(flags: Flags): Promise<number> {
  await setUp(flags.backend);
  const began = performance.now();
  const dir = flags.out;
  const opened = await openTransfer(flags);
  const { settings, named, how, kept } = opened;
  using images = await openImages(settings, how);
  const { train, test } = images;
  const model = buildFor(named, how.shape, train.classNames.length);
  const options = {
    ...transferOptionsOf(settings, train.labels.length),
    normalize: how.normalize,
    otherData: flags["other-data"],
  };
  const folder = await openRunFolder(dir, {
    config: settings,
    overwrite: flags.overwrite,
    ...(kept ? { resumed: kept.run } : {}),
  });
  try {
    const signal = abortOnInterrupt(
      "stopping after this step (Ctrl-C again: at once, without what came since the last checkpoint)",
    );
    const device = await startDevice(flags.backend);
    const parts = { opened, images, model, options, folder, signal };
    const outcome = await learn(parts);
    if (!outcome.network) {
      sayNothingLearned(outcome, dir, named);
      return outcome.interrupted ? exitCodeOf(signal) : 0;
    }
    const seconds = (performance.now() - began) / 1000;
    const result = await evaluate(outcome.network, test, { normalize: how.normalize });
    await folder.writeResults(result, test);
    say(
      `accuracy ${(100 * result.accuracy).toFixed(2)} % of ${test.labels.length} pictures in ${
        seconds.toFixed(1)
      } s; files in ${dir}`,
    );
    const scratch = flags.compare ? await compare(flags, parts) : undefined;
    if (!flags.json) console.log(classTable(classReport(result.confusion, test.classNames)));
    else {
      console.log(JSON.stringify({
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
        files: folder.files().map((name) => inFolder(dir, name)),
      }));
    }
    return signal.aborted ? exitCodeOf(signal) : 0;
  } finally {
    await folder.release();
  }
}

if (import.meta.main) await runCommand(command, Deno.args, run);
