// The beginning of subcommands that explain an output: network, picture, target and folder.
import {
  type Baseline,
  channel,
  classLogit,
  type Objective,
  toInputs,
} from "../../lib/explain/mod.ts";
import { resize } from "../../lib/image/mod.ts";
import { type Network, type Tensor, tf } from "../../mod.ts";
import { choice, UsageError, type Values } from "../command.ts";
import { findClass, type OpenedNetwork, openNetwork } from "./opened_network.ts";
import { classFlag, imageFlags, layerFlag, unitFlag } from "./flags.ts";
import { openPictureFolder, type PictureFolder } from "./picture_folder.ts";
import { type Picture, readPicture } from "./read_picture.ts";
import { networkFlags } from "../network.ts";

/** Which network, picture and class are explained. */
export const explanationFlags = {
  ...networkFlags,
  ...imageFlags,
  class: classFlag({ defaultText: "the most probable one" }),
} as const;

/** The flags of a feature map that is explained instead of a class. */
export const featureFlags = {
  layer: layerFlag({
    help: "path of a layer whose feature map --unit is explained instead of a class",
  }),
  unit: unitFlag(),
} as const;

/** The values of `--baseline`. */
export const BASELINES = ["zero", "black", "gray", "white", "blur"] as const;

/** `--baseline`: the input that stands for nothing. */
export const baselineFlag = choice(BASELINES, {
  default: "zero",
  help:
    "the input that stands for nothing: 0 after preprocessing, pixels of a brightness, or the picture blurred",
});

/** The values of the flags. */
type ExplanationValues =
  & Values<typeof explanationFlags>
  & Partial<Values<typeof featureFlags>>
  & { readonly out: string };

/** What a method of attribution needs. */
export type Explanation = {
  readonly opened: OpenedNetwork;
  readonly picture: Picture;
  readonly folder: PictureFolder;
  readonly network: Network;
  /** The network's inputs, `[1, H, W, C]`. */
  readonly x: Tensor;
  readonly objective: Objective;
  /** The objective's name in captions. */
  readonly name: string;
  /** The class that the objective is the logit of, if it is. */
  readonly index?: number;
};

/**
 * Opens what the flags name. Wrong flags are refused before the device is started.
 *
 * @param flags the values of `explanationFlags`, `outputFlags`, and perhaps `featureFlags`
 */
export async function openExplanation(
  task: string,
  flags: ExplanationValues,
  check: (opened: OpenedNetwork) => unknown = () => {},
): Promise<Explanation> {
  const opened = await openNetwork(flags);
  const wanted = wantedObjective(opened, flags);
  (wanted?.objective ?? classLogit(0)).check(opened.model, opened.inputShape);
  check(opened);
  const picture = await readPicture(opened, flags);
  const folder = await openPictureFolder({
    dir: flags.out,
    title: `What ${opened.name} looks at`,
    task,
    settings: { ...opened.settings, ...picture.settings },
  });
  const network = await opened.start();
  const x = picture.inputs();
  const target = wanted ?? await likeliest(opened, network, x);
  await folder.save("input", picture.shown, `What the network sees: ${picture.source}`);
  return { opened, picture, folder, network, x, ...target };
}

type Target = Pick<Explanation, "objective" | "name" | "index">;

function wantedObjective(
  opened: OpenedNetwork,
  { class: wanted, layer, unit }: ExplanationValues,
): Target | undefined {
  if (unit === undefined && layer === undefined) {
    return wanted === undefined ? undefined : ofClass(opened, findClass(opened, wanted));
  }
  if (wanted !== undefined || layer === undefined || unit === undefined) {
    throw new UsageError(
      "Cannot explain: the target must be --class, or --layer with --unit, got " +
        [["--class", wanted], ["--layer", layer], ["--unit", unit]]
          .filter(([, value]) => value !== undefined).map(([flag]) => flag).join(" and "),
    );
  }
  return { objective: channel(layer, unit), name: `map ${unit} of ${layer}` };
}

function ofClass({ classNames }: OpenedNetwork, index: number): Target {
  return { objective: classLogit(index), name: `"${classNames[index]}"`, index };
}

/** The class with the highest score. */
async function likeliest(opened: OpenedNetwork, network: Network, x: Tensor): Promise<Target> {
  const best = tf.tidy(() =>
    tf.argMax(network.model.apply(network.params, network.state, x, {})[0], -1)
  );
  const [index] = await best.data();
  best.dispose();
  return ofClass(opened, index!);
}

/** A tenth of the pixels along a side are what is left of a blurred picture. */
const BLUR = 10;

/**
 * The input that `--baseline` names.
 *
 * @param explanation the picture whose shape it has
 */
export function baselineOf(
  name: typeof BASELINES[number],
  { opened, x, picture: { shown } }: Explanation,
): Baseline {
  if (name === "zero") return 0;
  if (name === "blur") {
    const { width, height } = shown;
    const few = (length: number): number => Math.max(1, Math.round(length / BLUR));
    const blurred = resize(resize(shown, few(width), few(height)), width, height);
    return toInputs(tf.tensor(blurred.pixels, x.shape), opened.units);
  }
  const brightness = { black: 0, gray: 0.5, white: 1 }[name];
  return toInputs(tf.fill(x.shape, brightness), opened.units);
}
