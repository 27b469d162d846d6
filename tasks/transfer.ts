// `deno task transfer`: a trained network learns the classes of a folder of pictures.
import { type ClassReport, classReport } from "../lib/train/report/mod.ts";
import { classReportCsv } from "../lib/train/report/class_report.ts";
import { disposeTree, evaluate, findModel, readCheckpoint, restoreTransfer } from "../mod.ts";
import type { Preprocessing } from "../lib/image/mod.ts";
import { findPreprocessing } from "../lib/weights/sidecars.ts";
import { table } from "../lib/text/table.ts";
import { writeFileAtomically } from "../lib/files/mod.ts";
import { runCommand, UsageError } from "./command.ts";
import { startDevice } from "./command/device.ts";
import { trainFromScratch } from "./transfer/from_scratch.ts";
import { abortOnInterrupt } from "./command/interrupt.ts";
import { lockDir } from "./train/lock.ts";
import { openWeights } from "./network/open_weights.ts";
import { makeOutputDir } from "./train/output_dir.ts";
import { recordsOf } from "./train/records.ts";
import { say } from "./command/say.ts";
import { chosenOf, command } from "./transfer/flags.ts";
import { openImages, type Prepared, prepared } from "./transfer/images.ts";
import { runTransfer, transferFile } from "./transfer/run.ts";
import {
  epochsOf,
  newTransferSettings,
  resumedTransferSettings,
  transferOptionsOf,
  type TransferSettings,
  transferSettingsOf,
} from "./transfer/settings.ts";

function required(value: string | undefined, flag: string): string {
  if (value !== undefined) return value;
  throw new UsageError(`Cannot run without ${flag}, unless a transfer is taken up by --resume`);
}

/** How a transfer that goes on prepared its pictures. */
function preparedAs(preprocessing: Preprocessing): Prepared {
  return prepared({ how: preprocessing, source: "the checkpoint" }, undefined);
}

/** How good the answers are class by class, as lines. */
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

await runCommand(command, Deno.args, async (flags) => {
  const began = performance.now();
  const chosen = chosenOf(flags);
  const dir = flags.out;
  const file = transferFile(dir, "checkpoint.safetensors");
  if (flags.resume && flags.preprocessing !== undefined) {
    throw new UsageError("--preprocessing must be left out with --resume: the checkpoint says it");
  }
  const kept = flags.resume ? await readCheckpoint(file) : undefined;
  const resumed = kept && resumedTransferSettings(chosen, transferSettingsOf(kept, file));
  const weightsFlag = resumed?.weights ?? required(flags.weights, "--weights");
  const data = resumed?.data ?? required(flags.data, "--data");
  const network = kept ? undefined : await openWeights(weightsFlag, flags.model);
  const how = resumed
    ? preparedAs(resumed.preprocessing)
    : prepared(await findPreprocessing(network!, flags.preprocessing), flags.size);
  const settings: TransferSettings = resumed ??
    newTransferSettings({ ...chosen, weights: weightsFlag, data }, network!.name, how.how);
  await makeOutputDir(dir);
  const lock = await lockDir(dir.replace(/(?<=.)\/+$/, ""));
  using images = await openImages(settings, how);
  const { train, test, validation = test } = images;
  const model = findModel(settings.model).build({ numClasses: train.classNames.length });
  const options = { ...transferOptionsOf(settings, train.labels.length), normalize: how.normalize };
  model.declare(how.shape); // Refuses a size that the network cannot take.
  const device = await startDevice(flags.backend);
  const from = kept ? restoreTransfer(model, train, kept, file, options) : undefined;
  const signal = abortOnInterrupt(
    "stopping after this step (Ctrl-C again: at once, losing what came since the last checkpoint)",
  );
  const pretrained = network ? await network.load() : { model, params: {}, state: {} };
  const outcome = await runTransfer({
    settings,
    model,
    pretrained,
    train,
    validation,
    options: { ...options, ...(from ? { from } : {}) },
    before: recordsOf(kept?.run ?? null),
    signal,
    dir,
  });
  [pretrained.params, pretrained.state].forEach((tree) => disposeTree(tree));
  if (!outcome.network) {
    const again = `deno task transfer --resume --out ${dir}`;
    const reached = outcome.history.length === 0 && !outcome.parameters
      ? "stopped before anything was learned"
      : `stopped after epoch ${outcome.epochs}; go on with: ${again}`;
    say(outcome.interrupted ? reached : `the transfer in ${dir} is done: nothing is left to do`);
    Deno.exit(outcome.interrupted ? 130 : 0);
  }
  const seconds = (performance.now() - began) / 1000;
  const result = await evaluate(outcome.network, test, { normalize: how.normalize });
  const reports = classReport(result.confusion, test.classNames);
  await writeFileAtomically(transferFile(dir, "classes.csv"), classReportCsv(reports));
  say(
    `accuracy ${(100 * result.accuracy).toFixed(2)} % of ${test.labels.length} pictures in ${
      seconds.toFixed(1)
    } s; files in ${dir}`,
  );
  const scratch = flags.compare
    ? await trainFromScratch({
      model,
      train,
      test,
      normalize: how.normalize,
      epochs: flags["compare-epochs"] ?? epochsOf(settings),
      batchSize: options.batchSize!,
      learningRate: flags["compare-rate"],
      augment: options.augment,
      seed: settings.seed,
      signal,
    })
    : undefined;
  if (scratch) {
    say(
      `from scratch ${(100 * scratch.fromScratchAccuracy).toFixed(2)} % in ${
        scratch.fromScratchSeconds.toFixed(1)
      } s`,
    );
  }
  await lock.release();
  if (!flags.json) return console.log(classTable(reports));
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
    files: ["checkpoint.safetensors", "history.csv", "curves.svg", "classes.csv"].map((name) =>
      transferFile(dir, name)
    ),
  }));
});
