// The flags of `deno task transfer`.
import { models } from "../../mod.ts";
import { choice, count, number, path, text, toggle } from "../command.ts";
import type { ChosenTransfer } from "./settings.ts";

/** What the task takes. */
export const command = {
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

/**
 * The flags as settings; what is absent was not said.
 *
 * @param flags the values of the flags
 */
export function chosenOf(flags: {
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
