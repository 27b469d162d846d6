// `deno task generate inversion`: images reconstructed from the outputs of layers.
import { toPictures } from "../../lib/explain/mod.ts";
import { inversionStrip } from "../../lib/generate/mod.ts";
import { key } from "../../mod.ts";
import { requireLayer } from "../../lib/layers/layers_of.ts";
import { sideBySide } from "../../lib/image/mod.ts";
import { number, toggle, type Values } from "../command.ts";
import { abortWithPicture, pictureProgress } from "../pictures/picture_progress.ts";
import { enlarged, openPictureFolder } from "../pictures/picture_folder.ts";
import { mapLayers, type OpenedNetwork, openNetwork } from "../pictures/opened_network.ts";
import { imageFlags, layerFlag, outputFlags, seedFlag, stepsFlag } from "../pictures/flags.ts";
import { readPicture } from "../pictures/read_picture.ts";
import { networkFlags } from "../network.ts";

/** What the subcommand takes. */
export const command = {
  name: "generate inversion",
  summary:
    "Reconstructs a picture from the outputs of layers: what they still know of it (§12.9.4).",
  flags: {
    ...networkFlags,
    ...imageFlags,
    layer: layerFlag({
      help: "paths of layers, separated by commas",
      defaultText: "five, from the first to the last one with feature maps",
    }),
    steps: stepsFlag(200),
    variation: number({ min: 0, help: "weight of total variation", defaultText: "by depth" }),
    seed: seedFlag,
    animate: toggle({ help: "write an animated GIF of the steps for each layer" }),
    ...outputFlags("generate-inversion"),
  },
  examples: [
    [
      "deno task generate inversion --layer conv1,conv2",
      "with the LeNet-5 of the project",
    ],
    [
      "deno task generate inversion --weights squeezenet1_0.safetensors --image cat.png --layer relu1,fire4,fire9",
      "a photo",
    ],
  ],
} as const;

/** The layers that the flag names, or five of those with feature maps. */
function chosenLayers(opened: OpenedNetwork, flag: string | undefined): readonly string[] {
  if (flag !== undefined) return flag.split(",").map((path) => path.trim());
  const paths = mapLayers(opened);
  const places = [0, 1, 2, 3, 4].map((i) => Math.round(i * (paths.length - 1) / 4));
  return [...new Set(places)].map((place) => paths[place]!);
}

/** Writes an image for each layer, and all beside the picture. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const opened = await openNetwork(flags);
  const layers = chosenLayers(opened, flags.layer);
  layers.forEach((layer) => requireLayer(opened.model, opened.inputShape, layer));
  const picture = await readPicture(opened, flags);
  const { steps, seed, variation } = flags;
  const folder = await openPictureFolder({
    dir: flags.out,
    title: `What layers of ${opened.name} know`,
    task: command.name,
    settings: {
      ...opened.settings,
      ...picture.settings,
      ...{ steps, seed },
      ...(variation === undefined ? {} : { variation }),
    },
  });
  const network = await opened.start();
  const watched = new Map(layers.map((layer) => [layer, pictureProgress(steps, flags.animate)]));
  const scores: Record<string, { before: number; after: number }> = {};
  const images = [picture.shown];
  const strip = await inversionStrip(network, picture.pixels(), layers, {
    steps,
    ...(variation === undefined ? {} : { variationWeight: variation }),
    preprocessing: opened.units,
    key: key(seed),
    signal: abortWithPicture(),
    onStep: (report) => watched.get(report.layer)!.onStep(report, report.layer),
    async onLayer({ layer, images: made, distances }) {
      const [image] = await toPictures(made);
      images.push(image!);
      const [before, after] = [distances[0]!, distances.at(-1)!];
      scores[layer] = { before, after };
      const caption = `From ${layer}: ${(100 * after).toFixed(1)} % away from its output`;
      const name = `inversion-${layer}`;
      await folder.save(name, image!, caption, { layer, before, after });
      await watched.get(layer)!.saveAnimation(folder, name, `${layer}, step by step`, { layer });
    },
  }).finally(() => watched.forEach((one) => one.stop()));
  const labels = ["picture", ...strip.map(({ layer }) => layer)];
  const row = sideBySide(images.map((image) => enlarged(image, 140)), { labels });
  await folder.save("strip", row, `${picture.source}, and what ${layers.join(", ")} know of it`);
  await folder.finish({ json: flags.json, scores });
}
