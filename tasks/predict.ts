// `deno task predict`: the most probable classes of a picture.
import { type Image, inputShapeOf, type Preprocessing } from "../lib/image/mod.ts";
import { classifyImage } from "../lib/train/classify.ts";
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
import { type Inversion, INVERSIONS } from "./pictures/flags.ts";
import { preparedGray, prepareGray, requireInvertible } from "./pictures/read_picture.ts";
import { readImage } from "./command/files.ts";
import { say } from "./command/say.ts";

/** What the task takes. */
export const command = {
  name: "predict",
  summary: "Prints the most probable classes of a picture (PNG, JPEG) by a trained network.",
  positionals: { image: path({ required: true, help: "the picture" }) },
  flags: {
    ...networkFlags,
    weights: weightsFlag(DEFAULT_WEIGHTS),
    top: count({ min: 1, default: 5, help: "number of classes to print" }),
    invert: choice(INVERSIONS, {
      default: "auto",
      help: "for networks that take gray images: whether dark and light are swapped, as MNIST's " +
        "digits are light on dark; auto swaps if the picture's edge is light",
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
    [
      "deno task predict shirt.png --weights runs/fashion/checkpoint.safetensors --top 3",
      "by another run's network",
    ],
  ],
} as const;

/** The least side of a picture, in pixels. */
const LEAST_SIDE = 8;

/** The picture in a file, if it is not too small. */
async function readPicture(file: string): Promise<Image> {
  const image = await readImage(file);
  if (Math.min(image.width, image.height) >= LEAST_SIDE) return image;
  throw new RangeError(
    `Cannot classify ${file}: its sides must have at least ${LEAST_SIDE} pixels, got ${image.width}×${image.height}`,
  );
}

/** The picture for a network that takes gray images: of its size, light on dark. */
function grayPicture(
  image: Image,
  { inputShape }: NetworkFile,
  { how, source }: FoundPreprocessing,
  invert: Inversion,
): { image: Image; how: Preprocessing; source: string } {
  return {
    image: prepareGray(image, inputShape, invert).image,
    how: preparedGray(how, inputShape),
    source: source.startsWith("that of") ? "gray, of the network's size" : source,
  };
}

/** Runs the task. */
async function run(
  flags: Values<typeof command.flags> & Values<typeof command.positionals>,
): Promise<void> {
  const picture = await readPicture(flags.image);
  const network = await openWeights(flags.weights, flags);
  const classNames = await findClassNames(network, flags.classes);
  requireInvertible(network, flags);
  const found = await findPreprocessing(network, flags.preprocessing);
  const isGray = network.inputShape[2] === 1 && flags.preprocessing === undefined;
  const { image, how, source } = isGray
    ? grayPicture(picture, network, found, flags.invert)
    : { image: picture, ...found };
  say(`${network.name} by ${network.origin}; preprocessing: ${source}`);
  const device = await startDevice(flags.backend);
  const loaded = await network.load(inputShapeOf(how));
  const classes = await classifyImage({ ...loaded, preprocessing: how, classNames }, image, flags);
  if (flags.json) {
    const { backend, adapter } = device;
    const top = classes.map(({ name, index, score, probability }) => ({
      class: name,
      index,
      score,
      probability,
    }));
    console.log(JSON.stringify({
      image: flags.image,
      model: network.name,
      weights: flags.weights,
      preprocessing: source,
      top,
      backend,
      adapter,
    }));
    return;
  }
  console.log(table(
    classes.map(({ name, probability }) => [name, `${(100 * probability).toFixed(2)} %`]),
    { align: ["left", "right"] },
  ));
}

if (import.meta.main) await runCommand(command, Deno.args, run);
