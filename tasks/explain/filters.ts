// `deno task explain filters`: the weights of a convolution as pictures.
import { filterGrid } from "../../lib/explain/mod.ts";
import { requireConvolution } from "../../lib/explain/filter_grid.ts";
import type { Shape } from "../../mod.ts";
import { choice, count, type Values } from "../command.ts";
import { openNetwork } from "../pictures/opened_network.ts";
import { labelsFlag, layerFlag, outputFlags, unitFlag } from "../pictures/flags.ts";
import { openPictureFolder } from "../pictures/picture_folder.ts";
import { networkFlags } from "../network.ts";

/** What the subcommand takes. */
export const command = {
  name: "explain filters",
  summary: "Shows the weights of a convolution as pictures (§12.9.1): 0 is medium gray.",
  flags: {
    ...networkFlags,
    layer: layerFlag({ help: "path of a convolution", defaultText: "the first one" }),
    unit: unitFlag({ help: "one filter, by its number", defaultText: "all" }),
    normalize: choice(["each", "together"], {
      default: "each",
      help: "whether black and white are set for each filter, or together for all",
    }),
    scale: count({
      min: 1,
      help: "pixels per weight",
      defaultText: "16, or 8 for many filters",
    }),
    labels: labelsFlag,
    ...outputFlags("explain-filters"),
  },
  examples: [
    ["deno task explain filters", "with the LeNet-5 of the project"],
    ["deno task explain filters --weights squeezenet1_0.safetensors", "96 filters in color"],
    ["deno task explain filters --layer conv2 --unit 3", "one filter's channels"],
  ],
} as const;

/** The least width of a picture for its number to fit. */
const LABEL_WIDTH = 18;

/** The numbers below the pictures: of filters, or of one filter's channels. */
function labelsOf(filters: readonly number[], [, width, channels]: Shape, scale: number): string[] {
  if (width! * scale < LABEL_WIDTH) return [];
  if (channels === 1 || channels === 3) return filters.map(String);
  return filters.length === 1 ? Array.from({ length: channels! }, (_, c) => `${c}`) : [];
}

/** Writes the picture of the filters. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const opened = await openNetwork(flags);
  const { layer, unit, normalize } = flags;
  const [path, shape] = requireConvolution(opened.model, opened.inputShape, layer, unit);
  const folder = await openPictureFolder({
    dir: flags.out,
    title: `Filters of ${opened.name}`,
    task: command.name,
    settings: opened.settings,
  });
  const network = await opened.start();
  const [height, width, channels, total] = shape as [number, number, number, number];
  const filters = unit === undefined ? Array.from({ length: total }, (_, i) => i) : [unit];
  const scale = flags.scale ?? (filters.length * channels > 48 ? 8 : 16);
  const numbers = flags.labels ? labelsOf(filters, shape, scale) : [];
  const labels = numbers.length > 0 ? { labels: numbers } : {};
  const { units: preprocessing } = opened;
  const options = { normalize, scale, preprocessing, gap: 2, filters, ...labels };
  const image = await filterGrid(network, path, options);
  const what = unit === undefined ? `All ${total} filters` : `Filter ${unit} of ${total}`;
  const caption = `${what} of ${path}, ${height}×${width} of ${channels} channel${
    channels === 1 ? "" : "s"
  }`;
  const name = `filters-${path}${unit === undefined ? "" : `-${unit}`}`;
  const settings = { layer: path, ...(unit === undefined ? {} : { unit }), normalize, scale };
  await folder.save(name, image, caption, settings);
  await folder.finish({ json: flags.json });
}
