// `deno task generate activation-atlas`: a map of what a layer tells apart in a data set.
import { activationAtlas } from "../../lib/generate/mod.ts";
import { requireLayer } from "../../lib/layers/layers_of.ts";
import { key } from "../../mod.ts";
import { choice, count, refuse, type Values } from "../command.ts";
import { networkFlags } from "../network.ts";
import { examplesFlags, featureLayer, openExamples } from "../pictures/examples.ts";
import { layerFlag, outputFlags, seedFlag, stepsFlag } from "../pictures/flags.ts";
import { openNetwork } from "../pictures/opened_network.ts";
import { openPictureFolder } from "../pictures/picture_folder.ts";
import { abortWithPicture } from "../pictures/picture_progress.ts";
import { countProgress } from "../progress.ts";

/** What the subcommand takes. */
export const command = {
  name: "generate activation-atlas",
  summary: "Draws a map of what a layer tells apart in many images (an activation atlas).",
  flags: {
    ...networkFlags,
    ...examplesFlags,
    layer: layerFlag({ help: "path of the layer", defaultText: "the last before the scores" }),
    side: count({ min: 1, default: 8, help: "cells in a row and a column of the map" }),
    least: count({ min: 1, default: 2, help: "the fewest images of a cell that is drawn" }),
    method: choice(["umap", "pca"], { default: "umap", help: "how images are placed on the map" }),
    size: count({
      min: 8,
      help: "side of the drawn pictures in pixels, of a layer before any flattening",
      defaultText: "that of the network's input",
    }),
    steps: stepsFlag(64),
    seed: seedFlag,
    ...outputFlags("generate-activation-atlas"),
  },
  examples: [
    ["deno task generate activation-atlas", "digits, with the LeNet-5 of the project"],
    [
      "deno task generate activation-atlas --weights squeezenet1_0.pth --dataset folder --data-dir photos --layer fire6 --size 96",
      "photos: a folder for each class",
    ],
  ],
} as const;

/** Writes the map. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const opened = await openNetwork(flags);
  const { examples, normalize, settings } = await openExamples(opened, flags);
  const { side, least, method, steps, seed, size } = flags;
  if (examples.labels.length < 4) refuse("--limit", "at least 4, to be placed", flags.limit ?? 0);
  const layer = flags.layer ?? featureLayer(opened);
  requireLayer(opened.model, opened.inputShape, layer);
  const folder = await openPictureFolder({
    dir: flags.out,
    title: `What ${layer} of ${opened.name} tells apart in ${examples.name}`,
    task: command.name,
    settings: { ...opened.settings, ...settings, layer, side, least, method, steps, seed },
  });
  const network = await opened.start();
  const signal = abortWithPicture();
  const bars = { images: countProgress(`images by ${layer}`), steps: countProgress("steps") };
  const atlas = await activationAtlas(network, examples, layer, {
    side,
    least,
    method,
    steps,
    key: key(seed),
    normalize,
    preprocessing: opened.units,
    signal,
    ...(size === undefined ? {} : { shape: [size, size, opened.inputShape[2]!] }),
    onProgress: (what, done, total) => bars[what].update(done, total),
  }).finally(() => Object.values(bars).forEach((bar) => bar.stop()));
  const { cells, image } = atlas;
  const images = cells.reduce((sum, { examples }) => sum + examples.length, 0);
  const caption =
    `${cells.length} cells of ${images} images, each drawn to activate ${layer} as they do in the mean`;
  await folder.save("activation-atlas", image, caption, { layer, cells: cells.length });
  await folder.finish({ json: flags.json, scores: { cells: cells.length, images } });
}
