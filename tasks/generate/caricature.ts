// `deno task generate caricature`: a picture with more of what layers see in another.
import { toPictures } from "../../lib/explain/mod.ts";
import { caricature } from "../../lib/generate/mod.ts";
import { fold, key } from "../../mod.ts";
import { requireLayer } from "../../lib/layers/layers_of.ts";
import { sideBySide } from "../../lib/image/mod.ts";
import { number, toggle, type Values } from "../command.ts";
import { abortWithPicture, pictureProgress } from "../pictures/picture_progress.ts";
import { enlarged, openPictureFolder } from "../pictures/picture_folder.ts";
import { mapLayers, openNetwork } from "../pictures/opened_network.ts";
import { imageFlags, layerFlag, outputFlags, seedFlag, stepsFlag } from "../pictures/flags.ts";
import { readPicture } from "../pictures/read_picture.ts";
import { networkFlags } from "../network.ts";

/** What the subcommand takes. */
export const command = {
  name: "generate caricature",
  summary: "Draws a picture anew with more of what layers see in it.",
  flags: {
    ...networkFlags,
    ...imageFlags,
    layer: layerFlag({
      help: "paths of layers, separated by commas",
      defaultText: "one at about four fifths of the depth",
    }),
    power: number({ min: 0, default: 1, help: "how much the proportions of features count" }),
    steps: stepsFlag(256),
    seed: seedFlag,
    animate: toggle({ help: "write an animated GIF of the steps for each layer" }),
    ...outputFlags("generate-caricature"),
  },
  examples: [
    ["deno task generate caricature", "a digit, with the LeNet-5 of the project"],
    [
      "deno task generate caricature --weights squeezenet1_0.pth --image cat.png --layer fire5,fire8",
      "a photo",
    ],
  ],
} as const;

/** Writes a caricature for each layer, and all beside the picture. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const opened = await openNetwork(flags);
  const paths = mapLayers(opened);
  const usual = paths[Math.floor(0.8 * (paths.length - 1))];
  const layers = (flags.layer ?? usual ?? "").split(",").map((path) => path.trim());
  layers.forEach((layer) => requireLayer(opened.model, opened.inputShape, layer));
  const picture = await readPicture(opened, flags);
  const { steps, seed, power } = flags;
  const folder = await openPictureFolder({
    dir: flags.out,
    title: `What layers of ${opened.name} make of a picture`,
    task: command.name,
    settings: { ...opened.settings, ...picture.settings, steps, seed, power },
  });
  const network = await opened.start();
  const signal = abortWithPicture();
  const images = [picture.shown];
  const scores: Record<string, number> = {};
  for (const layer of layers) {
    if (signal.aborted) break;
    const progress = pictureProgress(steps, flags.animate);
    const drawn = await caricature(network, picture.pixels(), layer, {
      steps,
      power,
      key: fold(key(seed), layer),
      preprocessing: opened.units,
      signal,
      onStep: (report) => progress.onStep(report, layer),
    }).finally(() => progress.stop());
    const [image] = await toPictures(drawn.images);
    images.push(image!);
    scores[layer] = drawn.scores.at(-1)!;
    const caption = `By ${layer}: its features are ${scores[layer].toFixed(1)} times the picture's`;
    await folder.save(`caricature-${layer}`, image!, caption, { layer, score: scores[layer] });
    await progress.saveAnimation(folder, `caricature-${layer}`, `${layer}, step by step`, {
      layer,
    });
  }
  const labels = ["picture", ...Object.keys(scores)];
  const row = sideBySide(images.map((image) => enlarged(image, 140)), { labels });
  await folder.save(
    "strip",
    row,
    `${picture.source}, and what ${labels.slice(1).join(", ")} make of it`,
  );
  await folder.finish({ json: flags.json, scores });
}
