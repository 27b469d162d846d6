// The flags that subcommands of `explain` and `generate` share.
import { BACKWARD_RULES } from "../../lib/explain/backward_rule.ts";
import { choice, count, type Flag, number, path, text, toggle } from "../command.ts";
import type { NetworkFile } from "../../lib/weights/network_file.ts";
import { distributedFlag } from "../command/ranks.ts";
import { dataDirFlag, DATASETS } from "../datasets.ts";

/** The values of `--invert`: whether dark and light are swapped. */
export const INVERSIONS = ["auto", "yes", "no"] as const;

/** A value of `--invert`. */
export type Inversion = typeof INVERSIONS[number];

/** What a flag of this name does. */
export const INVERT_HELP =
  "for networks that take gray images: whether a file's dark and light are swapped; auto prepares " +
  "it as MNIST's digits are, light on dark and, of classes that are signs, in the middle, unless the " +
  "network learned from a folder";

/** The same for the library. A network that learned from a folder takes pictures as they are. */
export function inversionOf(
  flag: Inversion,
  { checkpoint, origin }: Pick<NetworkFile, "checkpoint" | "origin">,
): boolean | "auto" {
  if (flag !== "auto") return flag === "yes";
  const isOfFolder = checkpoint?.dataset === "folder" || origin === "deno task transfer";
  return isOfFolder ? false : "auto";
}

/** Which picture, for `readPicture`. */
export const imageFlags = {
  image: text({
    help: "a PNG or JPEG file, or the number of a test image of --dataset",
    defaultText: "0 if there is a data set, else required",
  }),
  dataset: choice(DATASETS, {
    help: "the data set of a test image",
    defaultText: "the one that deno task train trained the network on",
  }),
  "data-dir": dataDirFlag,
  invert: choice(INVERSIONS, {
    default: "auto",
    help: INVERT_HELP,
  }),
} as const;

/**
 * Whether other processes compute features as well.
 *
 * @param name the subcommand's name
 */
export function distributedExplainFlag(name: string): Flag<boolean> {
  return {
    ...distributedFlag,
    help: "share the images with other processes: " +
      `mpirun -n 4 deno run -A tasks/explain.ts ${name} --distributed`,
  };
}

/**
 * The flags of the output.
 *
 * @param task the subcommand's name as in `runs/NAME`, such as `explain-filters`
 */
export function outputFlags<const Name extends string>(
  task: Name,
): { readonly out: Flag<string>; readonly json: Flag<boolean> } {
  return {
    out: path({ default: `runs/${task}`, help: "folder for the pictures" }) as Flag<string>,
    json: toggle({ help: "print one JSON object on stdout as the last line" }),
  };
}

type Wording = { readonly help?: string; readonly defaultText?: string };

/** `--no-labels`: whether the pictures of a grid are numbered. */
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

/** `--rule`: the backward rule of ReLUs. */
export const ruleFlag = choice(BACKWARD_RULES, {
  default: "backprop",
  help: "the backward rule of ReLUs",
});

/** `--steps`: the number of steps. */
export function stepsFlag(steps: number, help = "number of steps"): Flag<number> {
  return count({ min: 1, default: steps, help }) as Flag<number>;
}

/** `--rate`: the size of a step. */
export function rateFlag(rate: number, help = "size of a step"): Flag<number> {
  return number({ above: 0, default: rate, help }) as Flag<number>;
}

/** `--seed`: the seed of random numbers. */
export const seedFlag = count({ min: 0, default: 0, help: "seed of random numbers" });
