// `deno task explain activations`: what layers answer to a picture, as pictures.
import { activationGrid, activations } from "../../lib/explain/mod.ts";
import type { Path } from "../../mod.ts";
import { requireLayer } from "../../lib/layers/layers_of.ts";
import { choice, count, UsageError, type Values } from "../command.ts";
import { type Looked, mapLayers, openLooked } from "../pictures/looked.ts";
import {
  imageFlags,
  labelsFlag,
  layerFlag,
  networkFlags,
  outputFlags,
  unitFlag,
} from "../pictures/picture_flags.ts";
import { openPictureFolder } from "../pictures/picture_folder.ts";
import { readPicture } from "../pictures/read_picture.ts";

/** What it takes. */
export const command = {
  name: "explain activations",
  summary: "Shows what layers answer to a picture (§12.9.1): a gray picture for each feature map.",
  flags: {
    ...networkFlags,
    ...imageFlags,
    layer: layerFlag({
      help: "paths of layers, with commas between",
      defaultText: "all that answer maps and are in no other",
    }),
    unit: unitFlag({ help: "one feature map by its number", defaultText: "all" }),
    normalize: choice(["each", "together"], {
      default: "each",
      help: "whether each map has its own black and white, or all have the same",
    }),
    scale: count({
      min: 1,
      help: "how many pixels wide a number is drawn",
      defaultText: "such that a map is at least 56 wide",
    }),
    labels: labelsFlag,
    ...outputFlags("explain-activations"),
  },
  examples: [
    [
      "deno task explain activations --layer conv1,pool2",
      "by the LeNet-5 that comes with the project",
    ],
    [
      "deno task explain activations --image cat.png --weights squeezenet1_0.safetensors --layer relu1,fire4",
      "a photo",
    ],
  ],
} as const;

/** Darker than white, which maps have, and lighter than their black. */
const GROUND = 0.25;

/** The layers that the flag names, or those on the way of all pictures that answer maps. */
function chosenLayers(looked: Looked, flag: string | undefined): readonly Path[] {
  return flag?.split(",").map((path) => path.trim()) ?? mapLayers(looked);
}

/** How large a map's pixels are drawn, so that small maps can be seen. */
function scaleFor(width: number): number {
  return Math.max(1, Math.ceil(56 / width));
}

/** Writes a picture of the maps of each layer. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const looked = await openLooked(flags);
  const paths = chosenLayers(looked, flags.layer);
  const shapes = paths.map((path) => requireLayer(looked.model, looked.inputShape, path).shape);
  const { unit, normalize } = flags;
  const few = shapes.findIndex((shape) => unit !== undefined && unit >= shape.at(-1)!);
  if (few >= 0) {
    throw new UsageError(
      `--unit must be below ${shapes[few]!.at(-1)}, the maps of ${paths[few]}: got ${unit}`,
    );
  }
  const picture = await readPicture(looked, flags);
  const folder = await openPictureFolder({
    dir: flags.out,
    title: `Activations of ${looked.name}`,
    task: command.name,
    settings: { ...looked.settings, ...picture.settings },
  });
  await folder.save("input", picture.shown, `What the network sees: ${picture.source}`);
  const network = await looked.start();
  const found = activations(network, picture.inputs(), paths);
  for (const [path, maps] of found) {
    const shape = maps.shape.slice(1);
    const scale = flags.scale ?? (shape.length === 3 ? scaleFor(shape[1]!) : 8);
    const count = shape.at(-1)!;
    const channels = unit === undefined ? Array.from({ length: count }, (_, c) => c) : [unit];
    const labels = flags.labels && shape.length === 3 ? { labels: channels.map(String) } : {};
    const options = { normalize, scale, gap: 3, background: GROUND, channels, ...labels };
    const image = await activationGrid(maps, options);
    maps.dispose();
    const what = unit === undefined ? `All ${count} maps` : `Map ${unit}`;
    const settings = { layer: path, ...(unit === undefined ? {} : { unit }), normalize, scale };
    const name = `${path}${unit === undefined ? "" : `-${unit}`}`;
    await folder.save(name, image, `${what} of ${path}, ${shape.join(" × ")}`, settings);
  }
  await folder.finish({ json: flags.json });
}
