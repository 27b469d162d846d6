// `deno task explain embedding`: a data set's features as dots in the plane.
import { key } from "../../mod.ts";
import { labelAgreement, principalComponents, scatterSvg, umap } from "../../lib/explain/mod.ts";
import { requireLayer } from "../../lib/layers/layers_of.ts";
import { choice, count, UsageError, type Values } from "../command.ts";
import { countProgress } from "../progress/count.ts";
import { openLooked } from "../pictures/looked.ts";
import {
  examplesFlags,
  featureLayer,
  featuresOf,
  openExamples,
} from "../pictures/looked_examples.ts";
import { layerFlag, networkFlags, outputFlags, seedFlag } from "../pictures/picture_flags.ts";
import { openPictureFolder } from "../pictures/picture_folder.ts";

/** What it takes. */
export const command = {
  name: "explain embedding",
  summary: "Draws a map of a data set's features, by principal components and by UMAP.",
  flags: {
    ...networkFlags,
    ...examplesFlags,
    layer: layerFlag({
      help: "path of the layer whose answers are the features",
      defaultText: "the last before the scores",
    }),
    places: choice(["mean", "each"], {
      default: "mean",
      help: "whether of maps the means are taken or each place",
    }),
    method: choice(["both", "pca", "umap"], { default: "both", help: "how the map is made" }),
    neighbors: count({ min: 2, default: 15, help: "of UMAP: how many hold each image" }),
    seed: seedFlag,
    ...outputFlags("explain-embedding"),
  },
  examples: [
    ["deno task explain embedding", "digits, by the LeNet-5 that comes with the project"],
    ["deno task explain embedding --method umap --limit 1000 --layer pool2", "earlier features"],
  ],
} as const;

/** Neighbors that maps are judged by. */
const JUDGED = 10;

/** Writes the maps. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const looked = await openLooked(flags);
  const opened = await openExamples(looked, flags);
  const { examples, settings } = opened;
  const { labels, classNames, name } = examples;
  const { places, method, neighbors, seed } = flags;
  if (Math.max(neighbors, JUDGED) >= labels.length) {
    throw new UsageError(
      `--limit must be above ${Math.max(neighbors, JUDGED)}, the neighbors: got ${labels.length}`,
    );
  }
  const layer = flags.layer ?? featureLayer(looked);
  requireLayer(looked.model, looked.inputShape, layer);
  const folder = await openPictureFolder({
    dir: flags.out,
    title: `${name} as ${looked.name} sees it`,
    task: command.name,
    settings: { ...looked.settings, ...settings },
  });
  const own = await featuresOf(looked, opened, layer, places);
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
  await folder.finish({ json: flags.json, scores: { agreement } });
}
