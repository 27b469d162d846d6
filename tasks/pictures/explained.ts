// What the subcommands that explain an answer begin with: network, picture, target and folder by their flags.
import {
  type Attribution,
  type Baseline,
  channel,
  classLogit,
  type Objective,
  toInputs,
} from "../../lib/explain/mod.ts";
import { type Network, type Tensor, tf } from "../../mod.ts";
import { choice, UsageError } from "../command.ts";
import { ascentProgress } from "../progress.ts";
import { findClass, type Looked, type NetworkValues, openLooked } from "./looked.ts";
import { classFlag, imageFlags, layerFlag, networkFlags, unitFlag } from "./picture_flags.ts";
import { openPictureFolder, type PictureFolder } from "./picture_folder.ts";
import { type ImageValues, type Picture, readPicture } from "./read_picture.ts";

/** What says whose answer to what is explained. */
export const explainedFlags = {
  ...networkFlags,
  ...imageFlags,
  class: classFlag({ defaultText: "the one that the network gives most" }),
} as const;

/** What says that a feature map is explained, in the place of a class. */
export const featureFlags = {
  layer: layerFlag({ help: "path of a layer, whose --unit is explained in the place of a class" }),
  unit: unitFlag(),
} as const;

/** `--baseline`: what stands for nothing. */
export const baselineFlag = choice(["zero", "black", "gray", "white"], {
  default: "zero",
  help: "what stands for nothing: 0 in the network's units, or pixels of a brightness",
});

/** The values of the flags. */
export type ExplainedValues = NetworkValues & ImageValues & {
  readonly class: string | undefined;
  readonly out: string;
  readonly json: boolean;
};

/** The values of `featureFlags`. */
export type FeatureValues = {
  readonly layer: string | undefined;
  readonly unit: number | undefined;
};

/** All that a method of attribution is given. */
export type Explained = {
  readonly looked: Looked;
  readonly picture: Picture;
  readonly folder: PictureFolder;
  readonly network: Network;
  /** The network's inputs, `[1, H, W, C]`. */
  readonly x: Tensor;
  readonly objective: Objective;
  /** What the objective is called in captions: a class by its name. */
  readonly name: string;
};

/**
 * Opens what the flags name. What can be refused is refused before the device is started.
 *
 * @param task the command's name
 * @param flags the values of `explainedFlags`, of the flags of what is written, and of `featureFlags`
 * where the command has them
 * @param check refuses what else does not fit the network
 */
export async function openExplained(
  task: string,
  flags: ExplainedValues & Partial<FeatureValues>,
  check: (looked: Looked) => void = () => {},
): Promise<Explained> {
  const looked = await openLooked(flags);
  const wanted = wantedObjective(looked, flags);
  (wanted?.objective ?? classLogit(0)).check(looked.model, looked.inputShape);
  check(looked);
  const picture = await readPicture(looked, flags);
  const folder = await openPictureFolder({
    dir: flags.out,
    title: `What ${looked.name} looks at`,
    task,
    settings: { ...looked.settings, ...picture.settings },
  });
  const network = await looked.start();
  const x = picture.inputs();
  const target = wanted ?? await likeliest(looked, network, x);
  await folder.save("input", picture.shown, `What the network sees: ${picture.source}`);
  return { looked, picture, folder, network, x, ...target };
}

type Target = Pick<Explained, "objective" | "name">;

function wantedObjective(
  looked: Looked,
  { class: wanted, layer, unit }: Pick<ExplainedValues, "class"> & Partial<FeatureValues>,
): Target | undefined {
  if (unit === undefined && layer === undefined) {
    return wanted === undefined ? undefined : ofClass(looked, findClass(looked, wanted));
  }
  if (wanted !== undefined || layer === undefined || unit === undefined) {
    throw new UsageError(
      "Cannot tell what to explain: it must be --class, or --layer with --unit, got " +
        [["--class", wanted], ["--layer", layer], ["--unit", unit]]
          .filter(([, value]) => value !== undefined).map(([flag]) => flag).join(" and "),
    );
  }
  return { objective: channel(layer, unit), name: `map ${unit} of ${layer}` };
}

function ofClass({ classNames }: Looked, index: number): Target {
  return { objective: classLogit(index), name: `"${classNames[index]}"` };
}

/** The class that is scored highest. */
async function likeliest(looked: Looked, network: Network, x: Tensor): Promise<Target> {
  const best = tf.tidy(() =>
    tf.argMax(network.model.apply(network.params, network.state, x, {})[0], -1)
  );
  const [index] = await best.data();
  best.dispose();
  return ofClass(looked, index!);
}

/**
 * What `--baseline` names, in the network's units.
 *
 * @param name the flag's value
 * @param explained the picture whose shape it has
 */
export function baselineOf(name: string, { looked, x }: Explained): Baseline {
  if (name === "zero") return 0;
  const brightness = { black: 0, gray: 0.5, white: 1 }[name]!;
  return toInputs(tf.fill(x.shape, brightness), looked.units);
}

/**
 * Runs a method of many steps with its display.
 *
 * @param name what the display calls it
 * @param method given what reports progress, answers an attribution
 */
export async function withProgress<A extends Attribution>(
  name: string,
  method: (onProgress: (done: number, total: number) => void) => Promise<A>,
): Promise<A> {
  let progress: ReturnType<typeof ascentProgress> | undefined;
  try {
    return await method((done, total) => {
      progress ??= ascentProgress(name, total);
      progress.step(done);
    });
  } finally {
    progress?.stop();
  }
}
