// `deno task predict`: the most probable classes of a picture, or of each in a folder.
import { join } from "node:path";
import type { Raster } from "../lib/image/image.ts";
import { inputShapeOf, type Preprocessing } from "../lib/image/mod.ts";
import { classifyImage, classifyImages, faultOfSize } from "../lib/train/classify.ts";
import { table } from "../lib/text/table.ts";
import type { NetworkFile } from "../lib/weights/network_file.ts";
import {
  findClassNames,
  findPreprocessing,
  type FoundPreprocessing,
} from "../lib/weights/sidecars.ts";
import { choice, count, path, runCommand, toggle, type Values } from "./command.ts";
import { startDevice } from "./command/device.ts";
import { DEFAULT_WEIGHTS, networkFlags, openWeights, weightsFlag } from "./network.ts";
import { type Inversion, inversionOf, INVERSIONS, INVERT_HELP } from "./pictures/flags.ts";
import { prepareGray } from "../lib/image/gray_input.ts";
import { requireInvertible } from "./pictures/read_picture.ts";
import { readRaster } from "./command/files.ts";
import { say } from "./command/say.ts";

/** What the task takes. */
export const command = {
  name: "predict",
  summary:
    "Prints the most probable classes of a picture (PNG, JPEG) by a trained network, or of " +
    "each picture in a folder.",
  positionals: { image: path({ required: true, help: "the picture, or a folder of pictures" }) },
  flags: {
    ...networkFlags,
    weights: weightsFlag(DEFAULT_WEIGHTS),
    top: count({ min: 1, default: 5, help: "number of classes to print" }),
    invert: choice(INVERSIONS, {
      default: "auto",
      help: INVERT_HELP,
    }),
    json: toggle({ help: "print one JSON object on stdout as the last line" }),
  },
  examples: [
    ["deno task predict digit.png", "by the network that deno task train left"],
    [
      "deno task predict photo.jpg --weights squeezenet1_0.safetensors --model squeezenet",
      "by weights from PyTorch",
    ],
    [
      "deno task predict photo.jpg --weights resnet50",
      "by weights that are fetched once (102 MB)",
    ],
    ["deno task predict photos --weights resnet50 --top 1", "all pictures in a folder"],
    [
      "deno task predict shirt.png --weights runs/fashion/checkpoint.safetensors --top 3",
      "by another run's network",
    ],
  ],
} as const;

/** The picture for a network that takes gray images. */
function grayPicture(
  image: Raster,
  network: NetworkFile,
  { how, source }: FoundPreprocessing,
  invert: Inversion,
): { image: Raster; how: Preprocessing; source: string } {
  return {
    ...prepareGray(image, how, inversionOf(invert, network), network.checkpoint?.classNames),
    source: source.startsWith("that of") ? "gray, of the network's size" : source,
  };
}

/** Paths of the pictures in a folder, by name. */
async function picturesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (/\.(png|jpe?g)$/i.test(name)) names.push(name);
  }
  if (names.length > 0) return names.sort().map((name) => join(folder, name));
  throw new RangeError(
    `Cannot classify the pictures in ${folder}: it must have files that end with .png, .jpg or .jpeg, got none`,
  );
}

/** Whether a path is a folder's; what is not there is refused when it is read. */
async function isFolder(path: string): Promise<boolean> {
  return await Deno.stat(path).then(({ isDirectory }) => isDirectory, () => false);
}

/** What a picture was taken for, for JSON. */
function topOf(classes: readonly Scored[]) {
  return classes.map(({ name, index, score, probability }) => ({
    class: name,
    index,
    score,
    probability,
  }));
}

type Scored = Awaited<ReturnType<typeof classifyImage>>[number];

const percent = (probability: number): string => `${(100 * probability).toFixed(2)} %`;

/** Runs the task. */
async function run(
  flags: Values<typeof command.flags> & Values<typeof command.positionals>,
): Promise<void> {
  const files = await isFolder(flags.image) ? await picturesIn(flags.image) : undefined;
  const picture = files ? undefined : await readRaster(flags.image);
  const network = await openWeights(flags.weights, flags);
  const classNames = await findClassNames(network, flags.classes);
  requireInvertible(network, flags);
  const found = await findPreprocessing(network, flags.preprocessing);
  const isGray = network.inputShape[2] === 1 && flags.preprocessing === undefined;
  const prepared = async (file: string, read?: Raster) => {
    const image = read ?? await readRaster(file);
    const fault = faultOfSize(image, found.how);
    if (fault) throw new RangeError(`Cannot classify ${file}: ${fault}`);
    return isGray ? grayPicture(image, network, found, flags.invert) : { image, ...found };
  };
  const first = await prepared(files?.[0] ?? flags.image, picture);
  const { how, source } = first;
  say(`${network.name} by ${network.origin}; preprocessing: ${source}`);
  const { backend, adapter } = await startDevice(flags.backend);
  const loaded = await network.load(inputShapeOf(how));
  const classifier = { ...loaded, preprocessing: how, classNames };
  const about = {
    model: network.name,
    weights: flags.weights,
    preprocessing: source,
  };
  if (files) {
    // A picture is decoded while the device computes the one before.
    const images = (async function* () {
      yield first.image;
      for (const file of files.slice(1)) yield (await prepared(file)).image;
    })();
    const pictures: { image: string; top: ReturnType<typeof topOf> }[] = [];
    for await (const classes of classifyImages(classifier, images, flags)) {
      const image = files[pictures.length]!;
      pictures.push({ image, top: topOf(classes) });
      if (flags.json) continue;
      const found = classes.map(({ name, probability }) => `${name} ${percent(probability)}`);
      console.log(`${image}: ${found.join(", ")}`);
    }
    if (flags.json) {
      console.log(JSON.stringify({ folder: flags.image, ...about, pictures, backend, adapter }));
    }
    return;
  }
  const classes = await classifyImage(classifier, first.image, flags);
  if (flags.json) {
    const top = topOf(classes);
    console.log(JSON.stringify({ image: flags.image, ...about, top, backend, adapter }));
    return;
  }
  console.log(table(
    classes.map(({ name, probability }) => [name, percent(probability)]),
    { align: ["left", "right"] },
  ));
}

if (import.meta.main) await runCommand(command, Deno.args, run);
