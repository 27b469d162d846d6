// `deno task explain embedding`: a data set's features as points in the plane.
import { type Examples, key, type Path } from "../../mod.ts";
import {
  type Features,
  labelAgreement,
  principalComponents,
  scatterSvg,
  umap,
} from "../../lib/explain/mod.ts";
import { requireLayer } from "../../lib/layers/layers_of.ts";
import { choice, count, refuse, type Values } from "../command.ts";
import { inWorld } from "../command/ranks.ts";
import { countProgress } from "../progress.ts";
import { openNetwork } from "../pictures/opened_network.ts";
import { examplesFlags, featureLayer, featuresOf, openExamples } from "../pictures/examples.ts";
import { distributedExplainFlag, layerFlag, outputFlags, seedFlag } from "../pictures/flags.ts";
import { openPictureFolder, type PictureFolder } from "../pictures/picture_folder.ts";
import { networkFlags } from "../network.ts";

/** What the subcommand takes. */
export const command = {
  name: "explain embedding",
  summary: "Draws a map of a data set's features by principal components and by UMAP (§12.9.2).",
  flags: {
    ...networkFlags,
    ...examplesFlags,
    layer: layerFlag({
      help: "path of the layer whose outputs are the features",
      defaultText: "the last before the scores",
    }),
    places: choice(["mean", "each"], {
      default: "mean",
      help: "whether feature maps are averaged, or taken place by place",
    }),
    method: choice(["both", "pca", "umap"], { default: "both", help: "the method of the map" }),
    neighbors: count({ min: 2, default: 15, help: "neighbors of each image in UMAP" }),
    seed: seedFlag,
    distributed: distributedExplainFlag("embedding"),
    ...outputFlags("explain-embedding"),
  },
  examples: [
    ["deno task explain embedding", "digits, with the LeNet-5 of the project"],
    ["deno task explain embedding --method umap --limit 1000 --layer pool2", "earlier features"],
  ],
} as const;

/** Neighbors by which maps are compared. */
const JUDGED = 10;

/** Writes the maps, of features that all ranks compute. */
export async function run(flags: Values<typeof command.flags>): Promise<number> {
  return await inWorld(flags, async (world) => {
    const opened = await openNetwork(flags);
    const shown = await openExamples(opened, flags, world);
    const { examples, settings } = shown;
    const { places, neighbors } = flags;
    const total = examples.labels.length;
    if (Math.max(neighbors, JUDGED) >= total) {
      refuse("--limit", `above ${Math.max(neighbors, JUDGED)}, the neighbors`, total);
    }
    const layer = flags.layer ?? featureLayer(opened);
    requireLayer(opened.model, opened.inputShape, layer);
    const folder = world.rank > 0 ? undefined : await openPictureFolder({
      dir: flags.out,
      title: `${examples.name} as ${opened.name} sees it`,
      task: command.name,
      settings: { ...opened.settings, ...settings },
    });
    const own = await featuresOf(opened, shown, layer, places, world);
    if (folder) {
      await world.during("draw the maps", () => draw(flags, folder, examples, layer, own), A_DAY);
    }
    return 0;
  });
}

/** Seconds in which maps are drawn, for the patience of ranks that wait for it. */
const A_DAY = 24 * 3600;

async function draw(
  { places, method, neighbors, seed, json }: Values<typeof command.flags>,
  folder: PictureFolder,
  { labels, classNames, name }: Examples,
  layer: Path,
  own: Features,
): Promise<void> {
  const agreement: Record<string, number> = { features: labelAgreement(own, labels, JUDGED) };
  const nameOf = (i: number): string => `${i}: ${classNames[labels[i]!]}`;
  if (method !== "umap") {
    const { positions, shares } = principalComponents(own, { key: key(seed) });
    const axes = shares.map((share, i) => `component ${i + 1}: ${(100 * share).toFixed(1)} %`);
    agreement.pca = labelAgreement(positions, labels, JUDGED);
    const title = `${name}: principal components of ${layer}`;
    const svg = scatterSvg(positions, labels, classNames, {
      title,
      nameOf,
      axes: [axes[0]!, axes[1]!],
    });
    await folder.saveFile("pca.svg", svg, title, { layer, places, shares, seed });
  }
  if (method !== "pca") {
    const moves = countProgress("UMAP");
    const positions = await umap(own, { neighbors, key: key(seed), onProgress: moves.update })
      .finally(moves.stop);
    agreement.umap = labelAgreement(positions, labels, JUDGED);
    const title = `${name}: UMAP of ${layer}`;
    const svg = scatterSvg(positions, labels, classNames, { title, nameOf });
    await folder.saveFile("umap.svg", svg, title, { layer, places, neighbors, seed });
  }
  await folder.finish({ json, scores: { agreement } });
}
