// `deno task predict`: what a trained network takes a picture for.
import {
  decodeImage,
  type Image,
  inputShapeOf,
  models,
  preprocess,
  type Shape,
  table,
  type Tensor2D,
  tf,
  topClasses,
} from "../mod.ts";
import { choice, count, path, runCommand, text, toggle } from "./command.ts";
import { findClassNames, findPreprocessing } from "./run/beside_weights.ts";
import { startDevice } from "./run/device.ts";
import { DEFAULT_WEIGHTS } from "./run/load.ts";
import { type Inversion, INVERSIONS, prepareGrey } from "./run/grey_picture.ts";
import { type Network, openNetwork } from "./run/network.ts";
import { say } from "./run/say.ts";

const command = {
  name: "predict",
  summary: "Classifies a picture (PNG, JPEG) by a trained network.",
  positionals: { image: path({ required: true, help: "the picture" }) },
  flags: {
    weights: path({
      default: DEFAULT_WEIGHTS,
      help:
        "checkpoint of deno task train, or safetensors with PyTorch's names: a path, a URL, or a known name such as resnet18",
    }),
    model: choice(Object.keys(models), {
      help: "the model it must be of",
      defaultText: "found out by the file",
    }),
    top: count({ min: 1, default: 5, help: "how many classes to print" }),
    preprocessing: text({
      help: "torchvision, inception, googlenet, caffe, cifar, or a JSON file",
      defaultText: "what the weights say, or NAME.json beside them, or the model's usual",
    }),
    classes: path({
      help: "a file with the classes' names, a line each",
      defaultText: "NAME.classes.txt beside the weights, or ImageNet's, CIFAR-10's",
    }),
    invert: choice(INVERSIONS, {
      default: "auto",
      help:
        "for networks that see grey, whether dark and light change places: MNIST's digits are light on dark; auto looks at the picture's edge",
    }),
    backend: choice(["webgpu", "cpu"], {
      help: "where to compute",
      defaultText: "webgpu, or cpu where there is no adapter",
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
      "by weights that are fetched (98 MB) and kept",
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
    const { pixels } = prepareGrey(image, inputShape, invert).image;
    return { pixels, shape: inputShape, source: "grey, of the network's size" };
  }
  const { how, source } = await findPreprocessing(network, preprocessing);
  return { pixels: preprocess(image, how), shape: inputShapeOf(how), source };
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

await runCommand(command, Deno.args, async (flags) => {
  const image = decodeImage(await Deno.readFile(flags.image), flags.image);
  const network = await openNetwork(flags.weights, flags.model);
  const classNames = await findClassNames(network, flags.classes);
  const { pixels, shape, source } = await prepare(image, network, flags);
  say(`${network.name} by ${network.origin}; preprocessing: ${source}`);
  const device = await startDevice(flags.backend);
  const { scores, probabilities } = await classify(network, pixels, shape);
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
});
