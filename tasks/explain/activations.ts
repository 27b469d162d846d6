// `deno task explain activations`: the outputs of layers for a picture, as pictures.
import { activationGrid, activations } from "../../lib/explain/mod.ts";
import type { Path } from "../../mod.ts";
import { requireLayer } from "../../lib/layers/layers_of.ts";
import { choice, count, refuse, type Values } from "../command.ts";
import { mapLayers, type OpenedNetwork, openNetwork } from "../pictures/opened_network.ts";
import { imageFlags, labelsFlag, layerFlag, outputFlags, unitFlag } from "../pictures/flags.ts";
import { openPictureFolder } from "../pictures/picture_folder.ts";
import { readPicture } from "../pictures/read_picture.ts";
import { networkFlags } from "../network.ts";

/** What the subcommand takes. */
export const command = {
  name: "explain activations",
  summary: "Shows the outputs of layers for a picture (§12.9.1): a gray picture per feature map.",
  flags: {
    ...networkFlags,
    ...imageFlags,
    layer: layerFlag({
      help: "paths of layers, separated by commas",
      defaultText: "all outermost layers with feature maps",
    }),
    unit: unitFlag({ help: "one feature map, by its number", defaultText: "all" }),
    normalize: choice(["each", "together"], {
      default: "each",
      help: "whether black and white are set for each map, or together for all",
    }),
    scale: count({
      min: 1,
      help: "pixels per number",
      defaultText: "so that a map is at least 56 wide",
    }),
    labels: labelsFlag,
    ...outputFlags("explain-activations"),
  },
  examples: [
    [
      "deno task explain activations --layer conv1,pool2",
      "with the LeNet-5 of the project",
    ],
    [
      "deno task explain activations --image cat.png --weights squeezenet1_0.safetensors --layer relu1,fire4",
      "a photo",
    ],
  ],
} as const;

/** Between the black and the white of maps. */
const GROUND = 0.25;

/** The layers that the flag names, or all outermost ones with feature maps. */
function chosenLayers(opened: OpenedNetwork, flag: string | undefined): readonly Path[] {
  return flag?.split(",").map((path) => path.trim()) ?? mapLayers(opened);
}

/** The scale of a map: small maps are enlarged. */
function scaleFor(width: number): number {
  return Math.max(1, Math.ceil(56 / width));
}

/** Writes a picture of the maps of each layer. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const opened = await openNetwork(flags);
  const paths = chosenLayers(opened, flags.layer);
  const shapes = paths.map((path) => requireLayer(opened.model, opened.inputShape, path).shape);
  const { unit, normalize } = flags;
  const few = shapes.findIndex((shape) => unit !== undefined && unit >= shape.at(-1)!);
  if (few >= 0) {
    refuse("--unit", `below ${shapes[few]!.at(-1)}, the maps of ${paths[few]}`, unit!);
  }
  const picture = await readPicture(opened, flags);
  const folder = await openPictureFolder({
    dir: flags.out,
    title: `Activations of ${opened.name}`,
    task: command.name,
    settings: { ...opened.settings, ...picture.settings },
  });
  await folder.save("input", picture.shown, `What the network sees: ${picture.source}`);
  const found = activations(await opened.start(), picture.inputs(), paths);
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
