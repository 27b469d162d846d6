// `deno task explain neighbors`: the nearest images, by pixels and by features.
import { neighborsFigure, pixelFeatures } from "../../lib/explain/mod.ts";
import { requireLayer } from "../../lib/layers/layers_of.ts";
import { choice, count, numbersIn, refuse, text, type Values } from "../command.ts";
import type { World } from "../../mod.ts";
import { inWorld } from "../command/ranks.ts";
import { openNetwork } from "../pictures/opened_network.ts";
import { examplesFlags, featureLayer, featuresOf, openExamples } from "../pictures/examples.ts";
import { distributedExplainFlag, layerFlag, outputFlags } from "../pictures/flags.ts";
import { openPictureFolder } from "../pictures/picture_folder.ts";
import { networkFlags } from "../network.ts";

/** What the subcommand takes. */
export const command = {
  name: "explain neighbors",
  summary:
    "Shows the nearest images of some images, by pixels and by a layer's features (§12.9.2).",
  flags: {
    ...networkFlags,
    ...examplesFlags,
    layer: layerFlag({
      help: "path of the layer whose outputs are the features",
      defaultText: "the last before the scores",
    }),
    places: choice(["mean", "each"], {
      default: "mean",
      help: "whether feature maps are averaged, or compared place by place",
    }),
    image: text({
      help: "numbers of the images, separated by commas",
      defaultText: "the first one of each class, up to eight",
    }),
    k: count({ min: 1, default: 6, help: "neighbors of each image" }),
    distributed: distributedExplainFlag("neighbors"),
    ...outputFlags("explain-neighbors"),
  },
  examples: [
    ["deno task explain neighbors", "digits, with the LeNet-5 of the project"],
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

/** Writes the figure of neighbors, of features that all ranks compute. */
export async function run(flags: Values<typeof command.flags>): Promise<number> {
  return await inWorld(flags, (world) => draw(world, flags));
}

async function draw(world: World, flags: Values<typeof command.flags>): Promise<number> {
  const opened = await openNetwork(flags);
  const shown = await openExamples(opened, flags, world);
  const { examples, settings } = shown;
  const total = examples.labels.length;
  const { places, k } = flags;
  const layer = flags.layer ?? featureLayer(opened);
  requireLayer(opened.model, opened.inputShape, layer);
  const queries = flags.image === undefined
    ? firstOfEach(examples.labels)
    : numbersIn("--image", flags.image, total);
  if (k >= total) refuse("--k", `below ${total}, the images`, k);
  const folder = world.rank > 0 ? undefined : await openPictureFolder({
    dir: flags.out,
    title: `Neighbors by ${opened.name}`,
    task: command.name,
    settings: { ...opened.settings, ...settings },
  });
  const own = await featuresOf(opened, shown, layer, places, world);
  if (!folder) return 0;
  const spaces = [
    { name: "pixels", features: pixelFeatures(examples) },
    { name: `features of ${layer}`, features: own },
  ];
  const { image, agreement } = world.during(
    "look for neighbors",
    () => neighborsFigure(examples, queries, spaces, { k }),
  );
  const shares = Object.entries(agreement)
    .map(([name, share]) => `${(100 * share).toFixed(0)} % in ${name}`).join(", ");
  const caption =
    `The nearest of ${total} images by L2 distance; ${shares} are of the image's class (blue)`;
  await folder.save("neighbors", image, caption, { layer, places, k, queries, agreement });
  await folder.finish({ json: flags.json, scores: { agreement } });
  return 0;
}
