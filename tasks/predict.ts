// `deno task predict`: what a trained network takes a picture for.
import { decodeImage, type Image, inputShapeOf, preprocess } from "../lib/image/mod.ts";
import { type Shape, type Tensor2D, tf } from "../mod.ts";
import { table } from "../lib/text/table.ts";
import { topClasses } from "../lib/train/report/mod.ts";
import { choice, count, path, runCommand, toggle, UsageError, type Values } from "./command.ts";
import { findClassNames, findPreprocessing } from "./network/beside_weights.ts";
import { startDevice } from "./command/device.ts";
import { DEFAULT_WEIGHTS } from "./network/load.ts";
import { type Inversion, INVERSIONS, prepareGray } from "./pictures/gray_picture.ts";
import { type Network, openNetwork } from "./network/network.ts";
import { networkFlags, weightsFlag } from "./pictures/picture_flags.ts";
import { readFile } from "./command/files.ts";
import { say } from "./command/say.ts";

/** What the task takes. */
export const command = {
  name: "predict",
  summary: "Classifies a picture (PNG, JPEG) by a trained network.",
  positionals: { image: path({ required: true, help: "the picture" }) },
  flags: {
    ...networkFlags,
    weights: weightsFlag(DEFAULT_WEIGHTS),
    top: count({ min: 1, default: 5, help: "how many classes to print" }),
    invert: choice(INVERSIONS, {
      default: "auto",
      help:
        "for networks that see gray, whether dark and light change places: MNIST's digits are light on dark; auto looks at the picture's edge",
    }),
    json: toggle({ help: "print one JSON object on stdout as the last line" }),
  },
  examples: [
    ["deno task predict digit.png", "by what deno task train left"],
    [
      "deno task predict photo.jpg --weights squeezenet1_0.safetensors --model squeezenet",
      "by weights from PyTorch",
    ],
    [
      "deno task predict photo.jpg --weights resnet50",
      "by weights that are fetched (102 MB) and kept",
    ],
    [
      "deno task predict shirt.png --weights runs/fashion/checkpoint.safetensors --top 3",
      "by another network",
    ],
  ],
} as const;

type Preparation = {
  readonly preprocessing: string | undefined;
  readonly invert: Inversion;
};

/** The picture as the network's input, `[H, W, C]`. */
async function prepare(
  image: Image,
  network: Network,
  { preprocessing, invert }: Preparation,
): Promise<{ readonly pixels: Float32Array; readonly shape: Shape; readonly source: string }> {
  const { inputShape } = network;
  if (inputShape[2] === 1 && preprocessing === undefined) {
    const { pixels } = prepareGray(image, inputShape, invert).image;
    return { pixels, shape: inputShape, source: "gray, of the network's size" };
  }
  const { how, source } = await findPreprocessing(network, preprocessing);
  return { pixels: preprocess(image, how), shape: inputShapeOf(how), source };
}

/** Refuses a flag that would do nothing. */
function requireUse({ name, inputShape }: Network, { invert }: Preparation): void {
  if (invert === "auto" || inputShape[2] === 1) return;
  throw new UsageError(
    `--invert must be left out for a network that sees colors: got ${invert} for ${name}`,
  );
}

/** Pixels on the shorter side below which a picture shows nothing to be classified. */
const LEAST_SIDE = 8;

/** The picture of a file, if there is something to see on it. */
async function readPicture(file: string): Promise<Image> {
  const image = decodeImage(await readFile(file), file);
  if (Math.min(image.width, image.height) >= LEAST_SIDE) return image;
  throw new RangeError(
    `Cannot classify ${file}: its sides must have at least ${LEAST_SIDE} pixels, got ${image.width}×${image.height}`,
  );
}

/** Refuses scores that are none: a NaN would stand for any class. */
function requireScores(scores: Float32Array, file: string, classNames: readonly string[]): void {
  const odd = scores.findIndex((score) => !Number.isFinite(score));
  if (odd === -1) return;
  throw new RangeError(
    `Cannot classify by ${file}: all scores must be finite, are its weights sound?, got ${
      scores[odd]
    } for ${classNames[odd]}`,
  );
}

/** Scores and probabilities of the classes. */
async function classify(
  network: Network,
  pixels: Float32Array,
  shape: Shape,
): Promise<{ readonly scores: Float32Array; readonly probabilities: Float32Array }> {
  const { params, state } = await network.weights(shape);
  const [scores, probabilities] = tf.tidy(() => {
    const input = tf.tensor(pixels, [1, ...shape]);
    const scores = network.model.apply(params, state, input, {})[0] as Tensor2D;
    return [scores, tf.softmax(scores)];
  }) as [Tensor2D, Tensor2D];
  return {
    scores: await scores.data() as Float32Array,
    probabilities: await probabilities.data() as Float32Array,
  };
}

/** Runs the task. */
async function run(
  flags: Values<typeof command.flags> & Values<typeof command.positionals>,
): Promise<void> {
  const image = await readPicture(flags.image);
  const network = await openNetwork(flags.weights, flags.model);
  const classNames = await findClassNames(network, flags.classes);
  requireUse(network, flags);
  const { pixels, shape, source } = await prepare(image, network, flags);
  say(`${network.name} by ${network.origin}; preprocessing: ${source}`);
  const device = await startDevice(flags.backend);
  const { scores, probabilities } = await classify(network, pixels, shape);
  requireScores(scores, flags.weights, classNames);
  const top = topClasses(scores, flags.top).map(({ index, score }) => ({
    class: classNames[index]!,
    index,
    score,
    probability: probabilities[index]!,
  }));
  if (flags.json) {
    const { backend, adapter } = device;
    const { image, weights } = flags;
    console.log(
      JSON.stringify({
        image,
        model: network.name,
        weights,
        preprocessing: source,
        top,
        backend,
        adapter,
      }),
    );
    return;
  }
  console.log(table(
    top.map((each) => [each.class, `${(100 * each.probability).toFixed(2)} %`]),
    { align: ["left", "right"] },
  ));
}

if (import.meta.main) await runCommand(command, Deno.args, run);
