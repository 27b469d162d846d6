// `deno task evaluate`: measures a trained network on a data set's test images.
import { evaluate, type Normalization, type World } from "../mod.ts";
import type { NetworkFile } from "../lib/weights/network_file.ts";
import { findPreprocessing } from "../lib/weights/sidecars.ts";
import { table } from "../lib/text/table.ts";
import { choice, count, refuse, runCommand, text, toggle, type Values } from "./command.ts";
import { startDevice } from "./command/device.ts";
import { ownModelFlags } from "./own_model.ts";
import { DEFAULT_WEIGHTS, networkFlags, openWeights, weightsFlag } from "./network.ts";
import { asRank, distributedFlag, inWorld } from "./command/ranks.ts";
import { say } from "./command/say.ts";
import { scoresText } from "./train/summary.ts";
import {
  dataDirFlag,
  datasetMoments,
  datasetOf,
  DATASETS,
  limited,
  openDataset,
} from "./datasets.ts";

/** What the task takes. */
export const command = {
  name: "evaluate",
  summary: "Measures a trained network on a data set's test images.",
  flags: {
    weights: weightsFlag(DEFAULT_WEIGHTS),
    model: networkFlags.model,
    ...ownModelFlags,
    dataset: choice(DATASETS, {
      help: "the data set of the test images",
      defaultText: "the one it was trained on",
    }),
    "data-dir": dataDirFlag,
    preprocessing: text({
      help: "torchvision, inception, googlenet, caffe, cifar, or a JSON file",
      defaultText: "pixels / 255; of PyTorch's weights, or the model's usual one",
    }),
    "batch-size": count({ min: 1, default: 256, help: "images per batch" }),
    limit: count({ min: 1, help: "N images only, as many of each class", defaultText: "all" }),
    backend: networkFlags.backend,
    distributed: {
      ...distributedFlag,
      help:
        "share the work with other processes: mpirun -n 4 deno run -A tasks/evaluate.ts --distributed",
    },
    json: toggle({ help: "print one JSON object on stdout as the last line" }),
  },
  examples: [
    ["deno task evaluate", "the network that deno task train left"],
    [
      "deno task evaluate --weights runs/fashion/checkpoint.safetensors --limit 1000",
      "another run, on 1000 images",
    ],
    [
      "deno task evaluate --weights resnet20.safetensors --dataset cifar10 --data-dir cifar-10-batches-bin",
      "weights from PyTorch, on CIFAR-10",
    ],
  ],
} as const;

/** The confusion matrix with the names of the classes on both sides. */
function confusionText(
  counts: readonly (readonly number[])[],
  names: readonly string[],
): string {
  const heading = ["actual \\ predicted", ...names];
  const rows = counts.map((row, i) => [names[i]!, ...row.map(String)]);
  return table([heading, ...rows], {
    heading: true,
    align: ["left", ...names.map(() => "right" as const)],
  });
}

/** How pixels are normalized: as in training, or as the weights say. */
export async function normalizationOf(
  network: NetworkFile,
  flag: string | undefined,
  imageShape: readonly number[],
): Promise<{ readonly normalize: Normalization; readonly source: string }> {
  const isPlain = network.checkpoint && !network.checkpoint.preprocessing &&
    !network.given?.preprocessing;
  if (isPlain && flag === undefined) return { normalize: "unit", source: "pixels / 255" };
  const found = await findPreprocessing(network, flag);
  return { normalize: datasetMoments(found, imageShape), source: found.source };
}

/** Refuses other classes than the network's: its answers would count as wrong. */
function requireClasses(network: NetworkFile, names: readonly string[], dataset: string): void {
  const flag = dataset === "folder" ? "--data-dir" : "--dataset";
  if (names.length !== network.numClasses) {
    refuse(
      flag,
      `one with as many classes as ${network.name}, ${network.numClasses}`,
      `${dataset} with ${names.length}`,
    );
  }
  const learned = network.checkpoint?.classNames ?? names;
  const other = names.findIndex((name, i) => name !== learned[i]);
  if (other >= 0) {
    refuse(
      flag,
      `one with the network's classes, ${learned.join(", ")}`,
      `${names[other]} in place of ${learned[other]} in ${dataset}`,
    );
  }
}

/** Measures, alone or with other ranks, and prints what was found, the first rank for people. */
async function run(world: World, flags: Values<typeof command.flags>): Promise<number> {
  const began = performance.now();
  const network = await openWeights(flags.weights, flags);
  const dataset = datasetOf(network, flags.dataset);
  const { test } = await openDataset(dataset, flags["data-dir"], {
    how: (await findPreprocessing(network, flags.preprocessing)).how,
    world,
  });
  const examples = limited(test, flags.limit, `the test images of ${dataset}`);
  requireClasses(network, examples.classNames, dataset);
  const { normalize, source } = await normalizationOf(
    network,
    flags.preprocessing,
    examples.imageShape,
  );
  say(`${network.name} by ${network.origin}; normalization: ${source}`);
  const device = await startDevice(flags.backend);
  const loaded = await network.load(examples.imageShape);
  const result = await evaluate(loaded, examples, {
    batchSize: flags["batch-size"],
    normalize,
    world,
  });
  const { accuracy, top5Accuracy, loss, count: samples, confusion } = result;
  if (flags.json) {
    console.log(JSON.stringify({
      model: network.name,
      dataset,
      weights: flags.weights,
      dataDir: flags["data-dir"] ?? null,
      limit: flags.limit ?? null,
      batchSize: flags["batch-size"],
      normalize,
      samples,
      rank: world.rank,
      ranks: world.size,
      accuracy,
      top5Accuracy,
      loss,
      confusion: confusion.counts,
      seconds: (performance.now() - began) / 1000,
      backend: device.backend,
      adapter: device.adapter,
      software: device.software,
    }));
    return 0;
  }
  if (world.rank > 0) return 0;
  console.log(confusionText(confusion.counts, examples.classNames));
  console.log(`\n${scoresText(result)} on ${samples} test images of ${dataset}`);
  return 0;
}

if (import.meta.main) {
  const code = await asRank(command.name, Deno.args);
  if (code !== undefined) Deno.exit(code);
  await runCommand(command, Deno.args, (flags) => inWorld(flags, (world) => run(world, flags)));
}
