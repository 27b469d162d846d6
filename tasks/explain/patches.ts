// `deno task explain patches`: what units look for, in the images of a data set.
import { BACKWARD_RULES } from "../../lib/explain/backward_rule.ts";
import {
  type BackwardRule,
  patchesFigure,
  receptiveBoxes,
  topPatches,
} from "../../lib/explain/mod.ts";
import { layersOf, type Path } from "../../mod.ts";
import { requireLayer } from "../../lib/layers/layers_of.ts";
import { choice, count, numbersIn, text, UsageError, type Values } from "../command.ts";
import { countProgress } from "../progress/count.ts";
import { type Looked, mapLayers, openLooked } from "../pictures/looked.ts";
import { examplesFlags, openExamples } from "../pictures/looked_examples.ts";
import { layerFlag, networkFlags, outputFlags } from "../pictures/picture_flags.ts";
import { openPictureFolder } from "../pictures/picture_folder.ts";
import { say } from "../command/say.ts";

/** What it takes. */
export const command = {
  name: "explain patches",
  summary:
    "Shows the parts of images that units answer most to, beside what comes back from them (§12.9.3).",
  flags: {
    ...networkFlags,
    ...examplesFlags,
    layer: layerFlag({
      help: "path of a layer that answers maps",
      defaultText: "the last that sees less than the image",
    }),
    unit: text({
      help: "numbers of its feature maps, with commas between",
      defaultText: "those that answer most",
    }),
    units: count({ min: 1, default: 6, help: "how many feature maps, without --unit" }),
    count: count({ min: 1, default: 9, help: "patches of each" }),
    rule: choice(BACKWARD_RULES, {
      help: "the way back through ReLUs",
      defaultText: "guided, or backprop where there are none",
    }),
    ...outputFlags("explain-patches"),
  },
  examples: [
    ["deno task explain patches", "digits, by the LeNet-5 that comes with the project"],
    [
      "deno task explain patches --weights resnet20.safetensors --dataset cifar10 --data-dir cifar-10-batches-bin --layer stage1/block3",
      "Figure 12.30",
    ],
    [
      "deno task explain patches --weights squeezenet1_0.safetensors --dataset folder --data-dir photos --layer fire4",
      "of a folder of photos, a folder a class",
    ],
  ],
} as const;

/** The last layer on the way that answers maps whose places see less than the image. */
function usualLayer(looked: Looked): Path {
  const { model, inputShape } = looked;
  const layers = mapLayers(looked);
  const near = layers.findLast((path) => {
    const { height, width } = receptiveBoxes(model, inputShape, path)(0, 0);
    return height < inputShape[0]! && width < inputShape[1]!;
  });
  return near ?? layers.at(-1) ?? "";
}

function usualRule({ model, inputShape }: Looked): BackwardRule {
  const hasRelu = [...layersOf(model, inputShape).values()].some(({ op }) => op === "relu");
  return hasRelu ? "guided" : "backprop";
}

/**
 * Whether all images come back alike: DeconvNet takes only the switches of max-pooling from the
 * image (Springenberg et al., 2014).
 */
function isBlind({ model, inputShape }: Looked, layer: Path, rule: BackwardRule): boolean {
  if (rule !== "deconvnet") return false;
  const layers = [...layersOf(model, inputShape)];
  const before = layers.slice(0, layers.findIndex(([path]) => path === layer));
  return !before.some(([, { op }]) => op === "maxPool");
}

/** Writes the figure of patches. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const looked = await openLooked(flags);
  const { examples, normalize, settings } = await openExamples(looked, flags);
  const layer = flags.layer ?? usualLayer(looked);
  const { shape } = requireLayer(looked.model, looked.inputShape, layer);
  const boxOf = receptiveBoxes(looked.model, looked.inputShape, layer);
  const channels = shape.at(-1)!;
  const { rule = usualRule(looked), count } = flags;
  if (count > examples.labels.length) {
    throw new UsageError(`--count must be at most ${examples.labels.length}: got ${count}`);
  }
  const units = flags.unit === undefined
    ? { strongest: Math.min(flags.units, channels) }
    : numbersIn("--unit", flags.unit, channels);
  if (isBlind(looked, layer, rule)) {
    say(
      `note: there is no max-pooling before ${layer}, so that by deconvnet the same comes back from every image; by guided it does not`,
    );
  }
  const folder = await openPictureFolder({
    dir: flags.out,
    title: `What ${layer} of ${looked.name} looks for`,
    task: command.name,
    settings: { ...looked.settings, ...settings },
  });
  const network = await looked.start();
  const progress = countProgress(`answers of ${layer}`);
  const options = { normalize, rule, count, onProgress: progress.update };
  const found = await topPatches(network, examples, layer, units, options).finally(progress.stop);
  const { height, width } = boxOf(0, 0);
  const caption =
    `The images that units of ${layer} answer most to, cut out by the ${height} × ${width} pixels that the answering neuron sees, beside what comes back from it by ${rule}`;
  const strongest = found.map(({ unit, patches }) => ({
    unit,
    images: patches.map(({ example }) => example),
    activations: patches.map(({ activation }) => activation),
  }));
  const record = { layer, rule, count, units: strongest };
  await folder.save(`patches-${layer}-${rule}`, patchesFigure(found, { rule }), caption, record);
  await folder.finish({ json: flags.json, scores: { units: strongest } });
}
