// `deno task generate deep-dream`: amplifies in a photo what a layer sees in it.
import type { Image } from "../../lib/image/mod.ts";
import { deepDream } from "../../lib/generate/mod.ts";
import { fromPictures, toPictures } from "../../lib/explain/mod.ts";
import { key } from "../../mod.ts";
import { requireLayer } from "../../lib/layers/layers_of.ts";
import { count, number, text, toggle, UsageError, type Values } from "../command.ts";
import { abortWithPicture, pictureProgress } from "../pictures/picture_progress.ts";
import { mapLayers, type OpenedNetwork, openNetwork } from "../pictures/opened_network.ts";
import {
  imageFlags,
  layerFlag,
  outputFlags,
  rateFlag,
  ruleFlag,
  seedFlag,
  stepsFlag,
} from "../pictures/flags.ts";
import { openPictureFolder } from "../pictures/picture_folder.ts";
import { readImage } from "../command/files.ts";
import { readPicture } from "../pictures/read_picture.ts";
import { trainedOn } from "../datasets.ts";
import { networkFlags } from "../network.ts";
import { inChannels, LEAST_SIZE, noise, resizedTo } from "./dream_picture.ts";

/** What the subcommand takes. */
export const command = {
  name: "generate deep-dream",
  summary: "Amplifies in a photo, or in noise, what a layer sees in it (§12.9.4).",
  flags: {
    ...networkFlags,
    ...imageFlags,
    image: text({
      help: 'a PNG or JPEG file of any size, "noise", or the number of a test image',
      defaultText: "test image 0 if there is a data set, else noise",
    }),
    size: count({
      min: 1,
      help: "the picture's shorter side",
      defaultText: `a file's own; at least ${LEAST_SIZE} for others`,
    }),
    guide: text({ help: "a PNG or JPEG file whose features are amplified", defaultText: "none" }),
    layer: layerFlag({ defaultText: "one at about four fifths of the depth" }),
    octaves: count({
      min: 1,
      help: "number of sizes",
      defaultText: "4, or fewer if the picture is small",
    }),
    "octave-scale": number({ above: 1, default: 1.4, help: "ratio of successive sizes" }),
    steps: stepsFlag(20, "steps at each size"),
    rate: rateFlag(0.007, "root mean square of a step, for pixels from 0 to 1"),
    jitter: count({ min: 0, help: "shift before each step, in pixels", defaultText: "up to 16" }),
    rule: ruleFlag,
    seed: seedFlag,
    animate: toggle({ help: "write an animated GIF of the steps" }),
    ...outputFlags("generate-deep-dream"),
  },
  examples: [
    ["deno task generate deep-dream --image noise", "with the LeNet-5 of the project"],
    [
      "deno task generate deep-dream --weights squeezenet1_0.safetensors --image clouds.png --layer fire8",
      "a photo",
    ],
  ],
} as const;

type Flags = Values<typeof command.flags>;

/** The picture that the flags name, enlarged for the octaves if it is not a file. */
async function chosenPicture(
  opened: OpenedNetwork,
  flags: Flags,
): Promise<{ image: Image; source: string }> {
  const usual = flags.dataset || trainedOn(opened.file) ? "0" : "noise";
  const { image: flag = usual, seed } = flags;
  const isFile = flag !== "noise" && !/^\d+$/.test(flag);
  const image = flag === "noise"
    ? noise(opened, seed)
    : isFile
    ? inChannels(await readImage(flag), opened.inputShape[2]!)
    : (await readPicture(opened, flags)).shown;
  const least = isFile ? undefined : LEAST_SIZE;
  return { image: resizedTo(image, flags.size, least), source: flag };
}

/** A layer with feature maps, at about four fifths of the depth. */
function defaultLayer(opened: OpenedNetwork): string {
  const paths = mapLayers(opened);
  if (paths.length === 0) {
    throw new UsageError("Cannot run without --layer: the model has no layers with feature maps");
  }
  return paths[Math.floor(0.8 * (paths.length - 1))]!;
}

/** Names the flag if a picture is too small for so many octaves. */
function refuseOctaves(error: unknown, octaves: number | undefined): never {
  if (octaves === undefined || !(error instanceof RangeError)) throw error;
  if (!error.message.includes(`${octaves} octaves`)) throw error;
  throw new UsageError(`Cannot use --octaves ${octaves}: ${error.message}`);
}

/** Writes the picture before and after. */
export async function run(flags: Flags): Promise<void> {
  const opened = await openNetwork(flags);
  const layer = flags.layer ?? defaultLayer(opened);
  requireLayer(opened.model, opened.inputShape, layer);
  const { image, source } = await chosenPicture(opened, flags);
  const guide = flags.guide && inChannels(await readImage(flags.guide), opened.inputShape[2]!);
  const { octaves, steps, rate, rule, seed, "octave-scale": octaveScale, jitter } = flags;
  const settings = {
    layer,
    image: source,
    ...(flags.guide ? { guide: flags.guide } : {}),
    ...(jitter === undefined ? {} : { jitter }),
    ...(octaves === undefined ? {} : { octaves }),
    ...{ octaveScale, steps, rate, rule, seed },
  };
  const folder = await openPictureFolder({
    dir: flags.out,
    title: `DeepDream by ${opened.name}`,
    task: command.name,
    settings: { ...opened.settings, ...settings },
  });
  const network = await opened.start();
  const progress = pictureProgress((octaves ?? 4) * steps, flags.animate);
  const { images, scores } = await deepDream(network, fromPictures([image]), {
    ...{ layer, octaveScale, steps, rate, rule },
    ...(octaves === undefined ? {} : { octaves }),
    ...(guide ? { guide: fromPictures([guide]) } : {}),
    ...(jitter === undefined ? {} : { jitter }),
    preprocessing: opened.units,
    key: key(seed),
    signal: abortWithPicture(),
    onStep: (report) => progress.onStep(report, `octave ${report.octave + 1} of ${report.octaves}`),
  }).catch((error) => refuseOctaves(error, octaves)).finally(progress.stop);
  const [dream] = await toPictures(images);
  await folder.save("before", image, `Before: ${source}`);
  await folder.save("dream", dream!, `What ${layer} sees in it`);
  await progress.saveAnimation(folder, "dream", "Step by step, from coarse to fine", {});
  const byOctave = scores.map((each) => ({ before: each[0]!, after: each.at(-1)! }));
  await folder.finish({ json: flags.json, scores: { octaves: byOctave } });
}
