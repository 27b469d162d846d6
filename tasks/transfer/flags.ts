// The flags of `deno task transfer`.
import { besideFlags } from "../board/beside.ts";
import { choice, count, number, path, text, toggle } from "../command.ts";
import { recoverFlag } from "../command/device.ts";
import { modelFlag, ownModelFlags } from "../own_model.ts";
import type { TransferFlagSettings } from "./settings.ts";

/** What the task takes. */
export const command = {
  name: "transfer",
  summary:
    "Teaches a trained network the classes of a folder of pictures: trains a new head on frozen features, then fine-tunes (§12.8).",
  flags: {
    weights: path({
      help:
        "the trained network: a checkpoint, an ONNX, Keras or TensorFlow.js file, or a safetensors or .pth file with PyTorch's names; a path, a URL, " +
        "or a known name such as resnet18",
      defaultText: "none: required without --resume",
    }),
    model: modelFlag({
      help: "the model that the weights must be of",
      defaultText: "recognized by the file",
    }),
    ...ownModelFlags,
    data: path({
      help:
        "folder of PNG and JPEG pictures with a folder for each class, or with such folders in " +
        "train and test",
      defaultText: "none: required without --resume",
    }),
    preprocessing: text({
      help: "torchvision, inception, googlenet, caffe, cifar, or a JSON file",
      defaultText: "of the weights, or of NAME.json beside them, or the model's usual one",
    }),
    size: count({
      min: 8,
      max: 1024,
      help: "height and width to which pictures are resized: small ones are faster, in networks " +
        "that take any size",
      defaultText: "what the weights expect",
    }),
    freeze: text({
      help: "patterns of the parameters that are frozen while the head is trained, separated by " +
        "commas: conv*,fire[2-8]/**",
      defaultText: "all but the head",
    }),
    head: text({
      help: "patterns of the parameters that are replaced",
      defaultText: "the last layer with parameters",
    }),
    epochs: count({ min: 1, help: "epochs of training the head", defaultText: "20" }),
    "learning-rate": number({
      above: 0,
      help: "highest learning rate of the head",
      defaultText: "0.01",
    }),
    "fine-tune-from": text({
      help: "then train this layer and all after it: fire8, stage4/block2, or ** for all",
      defaultText: "no fine-tuning",
    }),
    "fine-tune-epochs": count({ min: 1, help: "epochs of fine-tuning", defaultText: "3" }),
    "fine-tune-rates": text({
      help: "highest learning rates of its lowest layer and of the head",
      defaultText: "1e-5,1e-4",
    }),
    augment: text({
      help:
        "random changes of the pictures while fine-tuning, as for deno task train: photos, or " +
        "crop:4,flip",
      defaultText: "none",
    }),
    "batch-size": count({ min: 1, help: "pictures per step", defaultText: "32, or all" }),
    "test-fraction": number({
      above: 0,
      below: 1,
      help: "part of each class for the test, if the folder has no train and test",
      defaultText: "0.2",
    }),
    "skip-broken": toggle({ help: "leave out pictures that cannot be decoded" }),
    seed: count({
      min: 0,
      help: "seed of the new head, the split, the order and dropout",
      defaultText: "0",
    }),
    compare: toggle({ help: "also train the same network from scratch, and measure it" }),
    "compare-epochs": count({
      min: 1,
      help: "epochs from scratch",
      defaultText: "as many as the transfer has",
    }),
    "compare-rate": number({
      above: 0,
      default: 1e-3,
      help: "highest learning rate from scratch",
    }),
    backend: choice(["webgpu", "cpu"], {
      help: "where to compute",
      defaultText: "webgpu, or cpu if there is no adapter",
    }),
    out: path({ default: "runs/transfer", help: "folder for the run's files" }),
    resume: toggle({ help: "continue the transfer in --out, to the numbers it would have had" }),
    "other-data": toggle({
      help: "resume even if the pictures are not the same as before",
    }),
    recover: recoverFlag,
    overwrite: toggle({
      help:
        "train anew, in place of the run in --out; a finished one is kept in its folder .previous until then",
    }),
    ...besideFlags,
    json: toggle({ help: "print one JSON object on stdout as the last line" }),
  },
  examples: [
    [
      "deno task transfer --weights resnet18 --data photos --out runs/photos",
      "a folder of photos, by features of ImageNet (fetches 47 MB)",
    ],
    [
      "deno task transfer --weights squeezenet1_0.safetensors --data photos --size 128 --fine-tune-from fire8 --compare",
      "smaller pictures, fine-tuned from fire8, compared with training from scratch",
    ],
    ["deno task transfer --resume --out runs/photos", "continue after Ctrl-C"],
    [
      "deno task predict cat.jpg --weights runs/photos/checkpoint.safetensors",
      "use the network",
    ],
  ],
} as const;

/** The flags as settings; `undefined` if a flag is absent. */
export function flagSettings(flags: {
  readonly [name: string]: string | number | boolean | undefined;
}): TransferFlagSettings {
  const { model, weights, data, size, freeze, head, epochs, augment, seed } =
    flags as TransferFlagSettings;
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
