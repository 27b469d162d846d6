// `deno task predict`: what a trained network takes a picture for.
import {
  decodeImage,
  type Image,
  predict,
  resize,
  type Shape,
  table,
  tf,
  toGrey,
  topClasses,
} from "../mod.ts";
import { choice, count, path, runCommand, toggle } from "./command.ts";
import { startDevice } from "./run/device.ts";
import { DEFAULT_WEIGHTS, loadTrained } from "./run/load.ts";

const command = {
  name: "predict",
  summary: "Classifies a PNG picture by a trained network.",
  positionals: { image: path({ required: true, help: "the picture" }) },
  flags: {
    weights: path({ default: DEFAULT_WEIGHTS, help: "checkpoint of deno task train" }),
    top: count({ min: 1, default: 5, help: "how many classes to print" }),
    invert: choice(["auto", "yes", "no"], {
      default: "auto",
      help:
        "whether dark and light change places: MNIST's digits are light on dark; auto looks at the picture's edge",
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
      "deno task predict shirt.png --weights runs/fashion/checkpoint.safetensors --top 3",
      "by another network",
    ],
  ],
} as const;

/** Mean of the pixels along the picture's edge, over all channels, 0 to 1. */
function edgeBrightness({ width, height, channels, pixels }: Image): number {
  let sum = 0;
  let seen = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (x > 0 && y > 0 && x < width - 1 && y < height - 1) continue;
      for (let c = 0; c < channels; c++) sum += pixels[(y * width + x) * channels + c]!;
      seen += channels;
    }
  }
  return sum / seen;
}

/** The picture as the network's input, `[H, W, C]` in 0..1, grey where it has one channel. */
function prepare(image: Image, shape: Shape, invert: "auto" | "yes" | "no"): Float32Array {
  const [height, width, channels] = shape as [number, number, number];
  if (channels !== 1) {
    throw new TypeError(
      `Cannot prepare a picture as the network must take grey ones: current value is ${channels} channels`,
    );
  }
  const small = resize(toGrey(image), width, height);
  const light = invert === "yes" || (invert === "auto" && edgeBrightness(small) > 0.5);
  return light ? small.pixels.map((value) => 1 - value) : small.pixels;
}

await runCommand(command, Deno.args, async (flags) => {
  const image = decodeImage(await Deno.readFile(flags.image), flags.image);
  const trained = await loadTrained(flags.weights);
  const pixels = prepare(image, trained.inputShape, flags.invert);
  const device = await startDevice(flags.backend);
  const input = tf.tensor(pixels, [1, ...trained.inputShape]);
  const scores = await predict(trained.model, trained.weights(), input).data();
  const top = topClasses(scores, flags.top).map(({ index, score }) => ({
    class: trained.classNames[index]!,
    index,
    probability: score,
  }));
  if (flags.json) {
    const { model } = trained.settings;
    const { backend, adapter } = device;
    console.log(
      JSON.stringify({ image: flags.image, model, weights: flags.weights, top, backend, adapter }),
    );
    return;
  }
  console.log(table(
    top.map((each) => [each.class, `${(100 * each.probability).toFixed(2)} %`]),
    { align: ["left", "right"] },
  ));
});
