// `deno task generate deep-dream`: puts into a photo what a layer sees in it.
import { decodeImage, type Image, resize, toGray } from "../../lib/image/mod.ts";
import { deepDream } from "../../lib/generate/mod.ts";
import { fromPictures, toPictures } from "../../lib/explain/mod.ts";
import { key, tf } from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { requireLayer } from "../../lib/layers/layers_of.ts";
import { count, number, text, toggle, UsageError, type Values } from "../command.ts";
import { say } from "../command/say.ts";
import { trainedOn } from "../network/open_weights.ts";
import { abortWithPicture } from "../pictures/climb.ts";
import { type Looked, mapLayers, openLooked } from "../pictures/looked.ts";
import {
  imageFlags,
  layerFlag,
  networkFlags,
  outputFlags,
  rateFlag,
  ruleFlag,
  seedFlag,
  stepsFlag,
} from "../pictures/picture_flags.ts";
import { openPictureFolder } from "../pictures/picture_folder.ts";
import { readFile } from "../command/files.ts";
import { readPicture } from "../pictures/read_picture.ts";
import { watch } from "../pictures/watched.ts";

/** Below this a network of digits has no room for four octaves. */
const LEAST_SIZE = 112;

/** What it takes. */
export const command = {
  name: "generate deep-dream",
  summary: "Puts into a photo, or into noise, what a layer sees in it (§12.9.4).",
  flags: {
    ...networkFlags,
    ...imageFlags,
    image: text({
      help: 'a PNG or JPEG file, of any size; "noise"; or the number of a test image',
      defaultText: "test image 0 where there is a data set, else noise",
    }),
    size: count({
      min: 1,
      help: "the picture's shorter side",
      defaultText: `a file's own, of others at least ${LEAST_SIZE}`,
    }),
    guide: text({ help: "a PNG or JPEG file: what it has is amplified", defaultText: "none" }),
    layer: layerFlag({ defaultText: "one at about four fifths of the way" }),
    octaves: count({ min: 1, help: "how many sizes", defaultText: "4, or as many as fit" }),
    "octave-scale": number({ above: 1, default: 1.4, help: "how much larger each is" }),
    steps: stepsFlag(20, "how many steps are taken at each size"),
    rate: rateFlag(0.007, "root mean square of a step, of pixels from 0 to 1"),
    jitter: count({ min: 0, help: "shift before each step, in pixels", defaultText: "16 at most" }),
    rule: ruleFlag,
    seed: seedFlag,
    animate: toggle({ help: "write an animated GIF of the way there" }),
    ...outputFlags("generate-deep-dream"),
  },
  examples: [
    ["deno task generate deep-dream --image noise", "by the LeNet-5 that comes with the project"],
    [
      "deno task generate deep-dream --weights squeezenet1_0.safetensors --image clouds.png --layer fire8",
      "a photo",
    ],
  ],
} as const;

type Flags = Values<typeof command.flags>;

/** A picture file as the network's channels have it. */
async function readPhoto(file: string, channels: number): Promise<Image> {
  const image = decodeImage(await readFile(file), file);
  if (image.warning) say(`note: ${image.warning}`);
  if (channels === 1) return toGray(image);
  if (image.channels === 3) return image;
  const count = image.width * image.height;
  const pixels = Float32Array.from(
    { length: 3 * count },
    (_, i) =>
      image.pixels[
        Math.floor(i / 3) * image.channels + (image.channels === 1 ? 0 : i % 3)
      ]!,
  );
  return { ...image, channels: 3, pixels };
}

/** Noise about gray, of the network's size. */
function noise({ inputShape }: Looked, seed: number): Image {
  const [height, width, channels] = inputShape as [number, number, 1 | 3];
  const pixels = uniformArray(key(seed), height * width * channels, 0.4, 0.6);
  return { width, height, channels, pixels };
}

/** The picture that the flags name; where they name no file, not so small that octaves have no room. */
async function readImage(looked: Looked, flags: Flags): Promise<{ image: Image; source: string }> {
  const { opened } = looked;
  const usual = flags.dataset || trainedOn(opened) ? "0" : "noise";
  const { image: flag = usual, seed } = flags;
  const isFile = flag !== "noise" && !/^\d+$/.test(flag);
  const image = flag === "noise"
    ? noise(looked, seed)
    : isFile
    ? await readPhoto(flag, looked.inputShape[2]!)
    : (await readPicture(looked, flags)).shown;
  const side = Math.min(image.width, image.height);
  const share = (flags.size ?? (isFile ? side : Math.max(side, LEAST_SIZE))) / side;
  if (share === 1) return { image, source: flag };
  const [width, height] = [image.width, image.height].map((each) => Math.round(each * share));
  requireRoom(flags.size ?? LEAST_SIZE, width!, height!);
  return { image: resize(image, width!, height!), source: flag };
}

/** The most pixels that a picture may have: 16,384 squared; what layers make of them has a bound in `deepDream`. */
const MOST_PIXELS = 2 ** 28;

/** Refuses a size that no memory has room for, before it is tried. */
function requireRoom(size: number, width: number, height: number): void {
  if (width * height <= MOST_PIXELS) return;
  throw new UsageError(
    `Cannot use --size: the picture must have at most ${MOST_PIXELS} pixels, got ${size}, of which come ${width} × ${height}`,
  );
}

/** A layer that answers maps, at about four fifths of the way. */
function defaultLayer(looked: Looked): string {
  const paths = mapLayers(looked);
  if (paths.length === 0) throw new UsageError("Cannot run without --layer: the model has no maps");
  return paths[Math.floor(0.8 * (paths.length - 1))]!;
}

/** Writes the picture before and after. */
export async function run(flags: Flags): Promise<void> {
  const looked = await openLooked(flags);
  const layer = flags.layer ?? defaultLayer(looked);
  requireLayer(looked.model, looked.inputShape, layer);
  const { image, source } = await readImage(looked, flags);
  const guide = flags.guide && await readPhoto(flags.guide, looked.inputShape[2]!);
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
    title: `DeepDream by ${looked.name}`,
    task: command.name,
    settings: { ...looked.settings, ...settings },
  });
  const network = await looked.start();
  const seen = watch((octaves ?? 4) * steps, flags.animate);
  const tensorOf = (of: Image): tf.Tensor => tf.squeeze(fromPictures([of]), [0]);
  const { images, scores } = await deepDream(network, tensorOf(image), {
    ...{ layer, octaveScale, steps, rate, rule },
    ...(octaves === undefined ? {} : { octaves }),
    ...(guide ? { guide: tensorOf(guide) } : {}),
    ...(jitter === undefined ? {} : { jitter }),
    preprocessing: looked.units,
    key: key(seed),
    signal: abortWithPicture(),
    onStep: (report) => seen.onStep(report, `octave ${report.octave + 1} of ${report.octaves}`),
  }).finally(seen.stop);
  const [dream] = await toPictures(images);
  await folder.save("before", image, `Before: ${source}`);
  await folder.save("dream", dream!, `What ${layer} sees in it`);
  await seen.saveAnimation(folder, "dream", "Step by step, from coarse to fine", {});
  const byOctave = scores.map((each) => ({ before: each[0]!, after: each.at(-1)! }));
  await folder.finish({ json: flags.json, scores: { octaves: byOctave } });
}
