// `deno task transfer`: a trained network learns the classes of a folder of pictures.
import {
  type ClassReport,
  classReport,
  classReportCsv,
  disposeTree,
  evaluate,
  findModel,
  models,
  type Preprocessing,
  readCheckpoint,
  restoreTransfer,
  table,
  writeFileAtomically,
} from "../mod.ts";
import { choice, count, number, path, runCommand, text, toggle, UsageError } from "./command.ts";
import { findPreprocessing } from "./run/beside_weights.ts";
import { startDevice } from "./run/device.ts";
import { trainFromScratch } from "./run/from_scratch.ts";
import { abortOnInterrupt } from "./run/interrupt.ts";
import { lockDir } from "./run/lock.ts";
import { openNetwork } from "./run/network.ts";
import { makeOutputDir } from "./run/output_dir.ts";
import { recordsOf } from "./run/records.ts";
import { say } from "./run/say.ts";
import { openImages, type Prepared, prepared } from "./run/transfer_images.ts";
import { runTransfer, transferFile } from "./run/transfer_run.ts";
import {
  type ChosenTransfer,
  epochsOf,
  newTransferSettings,
  resumedTransferSettings,
  transferOptionsOf,
  type TransferSettings,
  transferSettingsOf,
} from "./run/transfer_settings.ts";

const command = {
  name: "transfer",
  summary:
    "Teaches a trained network the classes of a folder of pictures: a new head on frozen features, then fine-tuning (§12.8).",
  flags: {
    weights: path({
      help:
        "what it begins from: a checkpoint, or safetensors with PyTorch's names: a path, a URL, or a known name such as resnet18",
      defaultText: "required, but with --resume",
    }),
    model: choice(Object.keys(models), {
      help: "the model the weights must be of",
      defaultText: "found out by the file",
    }),
    data: path({
      help: "folder of PNG and JPEG pictures, a folder a class, or those in train and test",
      defaultText: "required, but with --resume",
    }),
    preprocessing: text({
      help: "torchvision, inception, googlenet, caffe, cifar, or a JSON file",
      defaultText: "what the weights say, or NAME.json beside them, or the model's usual",
    }),
    size: count({
      min: 8,
      max: 1024,
      help:
        "height and width that pictures get: smaller is faster, for networks that take any size",
      defaultText: "what the weights expect",
    }),
    freeze: text({
      help:
        "patterns of parameters that stay as they are while the head is trained, with commas between: conv*,fire[2-8]/**",
      defaultText: "all but the head",
    }),
    head: text({
      help: "patterns of what is made anew",
      defaultText: "the last layer with parameters",
    }),
    epochs: count({ min: 1, help: "passes with these frozen", defaultText: "20" }),
    "learning-rate": number({ above: 0, help: "the head's highest", defaultText: "0.01" }),
    "fine-tune-from": text({
      help: "then train this layer and all after it: fire8, stage4/block2, or ** for the network",
      defaultText: "no fine-tuning",
    }),
    "fine-tune-epochs": count({ min: 1, help: "passes of that", defaultText: "3" }),
    "fine-tune-rates": text({
      help: "highest learning rates of its lowest layer and of the head",
      defaultText: "1e-5,1e-4",
    }),
    augment: text({
      help:
        "how pictures are changed at random while fine-tuning, as for deno task train: photos, or crop:4,flip",
      defaultText: "not at all",
    }),
    "batch-size": count({ min: 1, help: "pictures a step", defaultText: "32, or all" }),
    "test-fraction": number({
      above: 0,
      below: 1,
      help: "part of each class to test with, where the folder has no train and test",
      defaultText: "0.2",
    }),
    "skip-broken": toggle({ help: "leave out pictures that cannot be read" }),
    seed: count({
      min: 0,
      help: "the new head, parts, orders and dropout follow from it",
      defaultText: "0",
    }),
    compare: toggle({ help: "also train the same network from scratch, and measure it" }),
    "compare-epochs": count({ min: 1, help: "epochs of that", defaultText: "as many in all" }),
    "compare-rate": number({ above: 0, default: 1e-3, help: "its highest learning rate" }),
    backend: choice(["webgpu", "cpu"], {
      help: "where to compute",
      defaultText: "webgpu, or cpu where there is no adapter",
    }),
    out: path({ default: "runs/transfer", help: "directory for the run's files" }),
    resume: toggle({ help: "go on with the transfer in --out, to the numbers it would have had" }),
    json: toggle({ help: "print one JSON object on stdout as the last line" }),
  },
  examples: [
    [
      "deno task transfer --weights resnet18 --data photos --out runs/photos",
      "a folder of photos, by ImageNet's features (fetches 47 MB)",
    ],
    [
      "deno task transfer --weights squeezenet1_0.safetensors --data photos --size 128 --fine-tune-from fire8 --compare",
      "smaller pictures, fine-tuned from fire8, beside training from scratch",
    ],
    ["deno task transfer --resume --out runs/photos", "go on after Ctrl-C"],
    [
      "deno task predict cat.jpg --weights runs/photos/checkpoint.safetensors",
      "use what was learned",
    ],
  ],
} as const;

/** The flags as settings; what is absent was not said. */
function chosenOf(flags: {
  readonly [name: string]: string | number | boolean | undefined;
}): ChosenTransfer {
  const { model, weights, data, size, freeze, head, epochs, augment, seed } =
    flags as ChosenTransfer;
  return {
    model,
    weights,
    data,
    size,
    freeze,
    head,
    epochs,
    augment,
    seed,
    testFraction: flags["test-fraction"] as number | undefined,
    skipBroken: flags["skip-broken"] ? true : undefined,
    learningRate: flags["learning-rate"] as number | undefined,
    fineTuneFrom: flags["fine-tune-from"] as string | undefined,
    fineTuneEpochs: flags["fine-tune-epochs"] as number | undefined,
    fineTuneRates: flags["fine-tune-rates"] as string | undefined,
    batchSize: flags["batch-size"] as number | undefined,
  };
}

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
  const kept = flags.resume ? await readCheckpoint(file) : undefined;
  const resumed = kept && resumedTransferSettings(chosen, transferSettingsOf(kept, file));
  const weightsFlag = resumed?.weights ?? required(flags.weights, "--weights");
  const data = resumed?.data ?? required(flags.data, "--data");
  const network = kept ? undefined : await openNetwork(weightsFlag, flags.model);
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
  const options = { ...transferOptionsOf(settings, train.labels.length), normalise: how.normalise };
  model.declare(how.shape); // Refuses a size that the network cannot take.
  const device = await startDevice(flags.backend);
  const from = kept ? restoreTransfer(model, train, kept, file, options) : undefined;
  const signal = abortOnInterrupt(
    "stopping after this step (Ctrl-C again: at once, losing what came since the last checkpoint)",
  );
  const pretrained = network ? await network.weights() : { params: {}, state: {} };
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
  if (!outcome.weights) {
    const again = `deno task transfer --resume --out ${dir}`;
    const reached = outcome.history.length === 0 && !outcome.parameters
      ? "stopped before anything was learned"
      : `stopped after epoch ${outcome.epochs}; go on with: ${again}`;
    say(outcome.interrupted ? reached : `the transfer in ${dir} is done: nothing is left to do`);
    Deno.exit(outcome.interrupted ? 130 : 0);
  }
  const seconds = (performance.now() - began) / 1000;
  const result = await evaluate(model, outcome.weights, test, { normalise: how.normalise });
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
      normalise: how.normalise,
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
