// `deno task explain neighbors`: which images are near one another, as pixels and as features.
import { neighborsFigure, pixelFeatures } from "../../lib/explain/mod.ts";
import { requireLayer } from "../../lib/layers/layers_of.ts";
import { choice, count, numbersIn, text, UsageError, type Values } from "../command.ts";
import { openLooked } from "../pictures/looked.ts";
import {
  examplesFlags,
  featureLayer,
  featuresOf,
  openExamples,
} from "../pictures/looked_examples.ts";
import { layerFlag, networkFlags, outputFlags } from "../pictures/picture_flags.ts";
import { openPictureFolder } from "../pictures/picture_folder.ts";

/** What it takes. */
export const command = {
  name: "explain neighbors",
  summary: "Shows the images nearest to some, as pixels and as a layer's features (§12.9.2).",
  flags: {
    ...networkFlags,
    ...examplesFlags,
    layer: layerFlag({
      help: "path of the layer whose answers are the features",
      defaultText: "the last before the scores",
    }),
    places: choice(["mean", "each"], {
      default: "mean",
      help: "whether maps are compared by their means or place by place",
    }),
    image: text({
      help: "numbers of the images that are asked about, with commas between",
      defaultText: "the first of each class, of eight at most",
    }),
    k: count({ min: 1, default: 6, help: "how many neighbors of each" }),
    ...outputFlags("explain-neighbors"),
  },
  examples: [
    ["deno task explain neighbors", "digits, by the LeNet-5 that comes with the project"],
    [
      "deno task explain neighbors --weights resnet20.safetensors --dataset cifar10 --data-dir cifar-10-batches-bin",
      "Figure 12.26",
    ],
  ],
} as const;

/** The first image of each class. */
function firstOfEach(labels: Uint8Array | Uint16Array): number[] {
  const classes = [...new Set(labels)].sort((a, b) => a - b).slice(0, 8);
  return classes.map((label) => labels.indexOf(label));
}

/** Writes the figure of neighbors. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const looked = await openLooked(flags);
  const opened = await openExamples(looked, flags);
  const { examples, settings } = opened;
  const total = examples.labels.length;
  const { places, k } = flags;
  const layer = flags.layer ?? featureLayer(looked);
  requireLayer(looked.model, looked.inputShape, layer);
  const queries = flags.image === undefined
    ? firstOfEach(examples.labels)
    : numbersIn("--image", flags.image, total);
  if (k >= total) throw new UsageError(`--k must be below ${total}, the images: got ${k}`);
  const folder = await openPictureFolder({
    dir: flags.out,
    title: `Neighbors by ${looked.name}`,
    task: command.name,
    settings: { ...looked.settings, ...settings },
  });
  const own = await featuresOf(looked, opened, layer, places);
  const spaces = [
    { name: "pixels", features: pixelFeatures(examples) },
    { name: `features of ${layer}`, features: own },
  ];
  const { image, agreement } = neighborsFigure(examples, queries, spaces, { k });
  const shares = Object.entries(agreement)
    .map(([name, share]) => `${(100 * share).toFixed(0)} % in ${name}`).join(", ");
  const caption =
    `The nearest of ${total} images by L2 distance; of the image's class are ${shares} (blue)`;
  await folder.save("neighbors", image, caption, { layer, places, k, queries, agreement });
  await folder.finish({ json: flags.json, scores: { agreement } });
}
