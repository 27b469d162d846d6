// `deno task explain patches`: the parts of a data set's images to which units respond most.
import { BACKWARD_RULES } from "../../lib/explain/backward_rule.ts";
import {
  type BackwardRule,
  patchesFigure,
  receptiveBoxes,
  topPatches,
} from "../../lib/explain/mod.ts";
import { layersOf, type Path } from "../../mod.ts";
import { requireLayer } from "../../lib/layers/layers_of.ts";
import { choice, count, numbersIn, refuse, text, type Values } from "../command.ts";
import { countProgress } from "../progress.ts";
import { mapLayers, type OpenedNetwork, openNetwork } from "../pictures/opened_network.ts";
import { examplesFlags, openExamples } from "../pictures/examples.ts";
import { layerFlag, outputFlags } from "../pictures/flags.ts";
import { openPictureFolder } from "../pictures/picture_folder.ts";
import { say } from "../command/say.ts";
import { networkFlags } from "../network.ts";

/** What the subcommand takes. */
export const command = {
  name: "explain patches",
  summary:
    "Shows the parts of images to which units respond most, and what a backward pass reconstructs (§12.9.3).",
  flags: {
    ...networkFlags,
    ...examplesFlags,
    layer: layerFlag({
      help: "path of a layer with feature maps",
      defaultText: "the last one whose receptive field is smaller than the image",
    }),
    unit: text({
      help: "numbers of its feature maps, separated by commas",
      defaultText: "those with the strongest response",
    }),
    units: count({ min: 1, default: 6, help: "number of feature maps, without --unit" }),
    count: count({ min: 1, default: 9, help: "patches of each map" }),
    rule: choice(BACKWARD_RULES, {
      help: "the backward rule of ReLUs",
      defaultText: "guided, or backprop if there are none",
    }),
    ...outputFlags("explain-patches"),
  },
  examples: [
    ["deno task explain patches", "digits, with the LeNet-5 of the project"],
    [
      "deno task explain patches --weights resnet20.safetensors --dataset cifar10 --data-dir cifar-10-batches-bin --layer stage1/block3",
      "photos of CIFAR-10 (Figure 12.30)",
    ],
    [
      "deno task explain patches --weights squeezenet1_0.safetensors --dataset folder --data-dir photos --layer fire4",
      "your own photos, with a folder for each class",
    ],
  ],
} as const;

/** The last outermost layer whose receptive field is smaller than the image. */
function usualLayer(opened: OpenedNetwork): Path {
  const { model, inputShape } = opened;
  const layers = mapLayers(opened);
  const near = layers.findLast((path) => {
    const { height, width } = receptiveBoxes(model, inputShape, path)(0, 0);
    return height < inputShape[0]! && width < inputShape[1]!;
  });
  return near ?? layers.at(-1) ?? "";
}

function usualRule({ model, inputShape }: OpenedNetwork): BackwardRule {
  const hasRelu = [...layersOf(model, inputShape).values()].some(({ op }) => op === "relu");
  return hasRelu ? "guided" : "backprop";
}

/**
 * Whether all images are reconstructed alike: DeconvNet takes only the switches of max-pooling from
 * the image (Springenberg et al., 2014).
 */
function isBlind({ model, inputShape }: OpenedNetwork, layer: Path, rule: BackwardRule): boolean {
  if (rule !== "deconvnet") return false;
  const layers = [...layersOf(model, inputShape)];
  const before = layers.slice(0, layers.findIndex(([path]) => path === layer));
  return !before.some(([, { op }]) => op === "maxPool");
}

/** Writes the figure of patches. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const opened = await openNetwork(flags);
  const { examples, normalize, settings } = await openExamples(opened, flags);
  const layer = flags.layer ?? usualLayer(opened);
  const { shape } = requireLayer(opened.model, opened.inputShape, layer);
  const boxOf = receptiveBoxes(opened.model, opened.inputShape, layer);
  const channels = shape.at(-1)!;
  const { rule = usualRule(opened), count } = flags;
  if (count > examples.labels.length) {
    refuse("--count", `at most ${examples.labels.length}, the images`, count);
  }
  const units = flags.unit === undefined
    ? { strongest: Math.min(flags.units, channels) }
    : numbersIn("--unit", flags.unit, channels);
  if (isBlind(opened, layer, rule)) {
    say(
      `note: there is no max-pooling before ${layer}, so deconvnet reconstructs the same from every image; guided does not`,
    );
  }
  const folder = await openPictureFolder({
    dir: flags.out,
    title: `What ${layer} of ${opened.name} looks for`,
    task: command.name,
    settings: { ...opened.settings, ...settings },
  });
  const network = await opened.start();
  const progress = countProgress(`activations of ${layer}`);
  const options = { normalize, rule, count, onProgress: progress.update };
  const found = await topPatches(network, examples, layer, units, options).finally(progress.stop);
  const { height, width } = boxOf(0, 0);
  const caption =
    `The images to which units of ${layer} respond most, cropped to the ${height} × ${width} pixels of the receptive field, and what ${rule} reconstructs`;
  const strongest = found.map(({ unit, patches }) => ({
    unit,
    images: patches.map(({ example }) => example),
    activations: patches.map(({ activation }) => activation),
  }));
  const record = { layer, rule, count, units: strongest };
  await folder.save(`patches-${layer}-${rule}`, patchesFigure(found, { rule }), caption, record);
  await folder.finish({ json: flags.json, scores: { units: strongest } });
}
