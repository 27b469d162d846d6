// `deno task explain filters`: the weights of a convolution as pictures.
import { filterGrid, requireConvolution } from "../../mod.ts";
import { choice, count, type Values } from "../command.ts";
import { openLooked } from "../run/looked.ts";
import { layerFlag, networkFlags, outputFlags, unitFlag } from "../run/picture_flags.ts";
import { openPictureFolder } from "../run/picture_folder.ts";

/** What it takes. */
export const command = {
  name: "explain filters",
  summary: "Shows the weights of a convolution as pictures (§12.9.1): 0 is the grey in the middle.",
  flags: {
    ...networkFlags,
    layer: layerFlag({ help: "path of a convolution", defaultText: "the first one" }),
    unit: unitFlag({ help: "one filter by its number", defaultText: "all" }),
    normalise: choice(["each", "together"], {
      default: "each",
      help: "whether each filter has its own black and white, or all have the same",
    }),
    scale: count({ min: 1, default: 8, help: "how many pixels wide a weight is drawn" }),
    ...outputFlags("explain-filters"),
  },
  examples: [
    ["deno task explain filters", "by what deno task train left"],
    ["deno task explain filters --weights squeezenet1_0.safetensors", "96 filters in colour"],
    ["deno task explain filters --layer conv2 --unit 3", "one filter's channels"],
  ],
} as const;

/** Writes the picture of the filters. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const looked = await openLooked(flags);
  const { layer, unit, normalise, scale } = flags;
  const [path, shape] = requireConvolution(looked.model, looked.inputShape, layer, unit);
  const folder = await openPictureFolder({
    dir: flags.out,
    title: `Filters of ${looked.name}`,
    task: command.name,
    settings: looked.settings,
  });
  const network = await looked.start();
  const filters = unit === undefined ? {} : { filters: [unit] };
  const { units } = looked;
  const image = await filterGrid(network, path, { normalise, scale, units, gap: 2, ...filters });
  const [height, width, channels, total] = shape;
  const what = unit === undefined ? `All ${total} filters` : `Filter ${unit} of ${total}`;
  const caption = `${what} of ${path}, ${height}×${width} of ${channels} channel${
    channels === 1 ? "" : "s"
  }`;
  const name = `filters-${path}${unit === undefined ? "" : `-${unit}`}`;
  const settings = { layer: path, ...(unit === undefined ? {} : { unit }), normalise, scale };
  await folder.save(name, image, caption, settings);
  await folder.finish({ json: flags.json });
}
