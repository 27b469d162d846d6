// A unit: what it responds to in a data set, what it would respond to most, and its filters.
import { BACKWARD_RULES } from "../../../lib/explain/backward_rule.ts";
import {
  type BackwardRule,
  channel,
  filterGrid,
  layerPeaks,
  toPictures,
  topPatches,
} from "../../../lib/explain/mod.ts";
import { classImage, featureImage } from "../../../lib/generate/mod.ts";
import { requireLayer } from "../../../lib/layers/layers_of.ts";
import { key, layersOf } from "../../../mod.ts";
import { commandLine, featureScript } from "../commands.ts";
import type { Params } from "../params.ts";
import { sampleOf } from "../sample.ts";
import type { Subject } from "../subject.ts";
import type { View } from "../view.ts";
import { layerIn } from "./maps.ts";
import { sentPicture } from "./pixels.ts";

function unitIn(
  params: Params,
  subject: Subject,
): { layer: string; unit: number; shape: readonly number[] } {
  const layer = layerIn(params, subject);
  const { shape } = requireLayer(subject.opened.model, subject.opened.inputShape, layer);
  return { layer, unit: params.whole("unit", 0, shape.at(-1)! - 1) ?? 0, shape };
}

/** The images of each unit. */
const PATCHES = 9;

/** The rules by which patches are reconstructed: those for ReLUs, if there are any. */
function rulesOf({ opened: { model, inputShape } }: Subject): readonly BackwardRule[] {
  const hasRelu = [...layersOf(model, inputShape).values()].some(({ op }) => op === "relu");
  return hasRelu ? BACKWARD_RULES.filter((rule) => rule !== "backprop") : ["backprop"];
}

/** The patches that excite a unit most, with what comes back from it. */
export const patches: View = {
  lane: "long",
  async run(subject, params, job) {
    const { layer, unit, shape } = unitIn(params, subject);
    if (!subject.data) {
      throw new Error(
        "Cannot look for patches without images: --dataset and --data-dir name a data set, also a folder of your own",
      );
    }
    if (shape.length !== 3) {
      throw new Error(
        `Cannot look for patches: the layer must output maps, got [${shape}] of ${layer}`,
      );
    }
    const { examples, indices, normalize } = sampleOf(subject);
    const count = Math.min(PATCHES, examples.labels.length);
    const { signal } = job;
    const onProgress = (done: number, total: number): void =>
      job.progress(done, total, `images of ${subject.data!.name}`);
    const options = { normalize, onProgress, signal };
    const peaks = await subject.found.get(
      `peaks of ${layer}`,
      () => layerPeaks(subject.network, examples, layer, count, options),
    );
    const rules = rulesOf(subject);
    const arrays: Record<string, ReturnType<typeof sentPicture>> = {};
    const found = [];
    for (const rule of rules) {
      const [own] = await topPatches(subject.network, examples, layer, [unit], {
        normalize,
        peaks,
        count,
        rule,
        signal,
      });
      own!.patches.forEach((patch, i) => {
        arrays[`${rule}${i}`] = sentPicture(patch.reconstruction);
        arrays[`crop${i}`] = sentPicture(patch.crop);
      });
      found.push(own!.patches);
    }
    return {
      said: {
        layer,
        unit,
        rules,
        images: examples.labels.length,
        patches: found[0]!.map(({ example, activation, label, box }) => ({
          image: `test:${indices[example]}`,
          activation,
          label: examples.classNames[label],
          box,
        })),
        command: commandLine(subject, "explain patches", undefined, [
          "--layer",
          layer,
          "--unit",
          `${unit}`,
        ]),
      },
      arrays,
    };
  },
};

/** The image to which a unit responds most, live. */
export const unitImage: View = {
  lane: "long",
  async run(subject, params, job) {
    const { layer, unit } = unitIn(params, subject);
    const { opened, network } = subject;
    const steps = params.whole("steps", 1, 2000) ?? 96;
    const seed = params.whole("seed", 0, 2 ** 31) ?? 0;
    const style = params.choice("style", ["natural", "l2"]);
    const animation = subject.animations.begin(job, steps, `image of ${layer} ${unit}`);
    const options = {
      shape: opened.inputShape,
      preprocessing: opened.units,
      style,
      steps,
      key: key(seed),
      signal: job.signal,
      onStep: (report: Parameters<typeof animation.step>[0] & { step: number }) =>
        animation.step(report, report.step),
    };
    // The last layer's units are classes, which have a way and a task of their own.
    const isClass = layer === lastLayer(subject);
    const made = isClass
      ? await classImage(network, unit, options)
      : await featureImage(network, channel(layer, unit), options);
    const [image] = await toPictures(made.images);
    made.images.dispose();
    animation.end(image!);
    const call = isClass
      ? `classImage(network, ${unit}`
      : `featureImage(network, nc.explain.channel(${JSON.stringify(layer)}, ${unit})`;
    const flags = [
      "--class",
      `${unit}`,
      "--style",
      style,
      "--steps",
      `${steps}`,
      "--seed",
      `${seed}`,
    ];
    return {
      said: {
        layer,
        unit,
        animation: animation.name,
        before: made.scores[0]!,
        after: made.scores.at(-1)!,
        steps: made.steps,
        command: isClass ? commandLine(subject, "generate class-image", undefined, flags) : null,
        script: featureScript(subject, { call, options: { style, steps, key: `nc.key(${seed})` } }),
      },
      arrays: { picture: sentPicture(image!) },
    };
  },
};

/** The layer whose outputs are the classes, if it has a name. */
function lastLayer({ opened: { model, inputShape } }: Subject): string | undefined {
  const { shape } = model.declare(inputShape);
  const last = [...layersOf(model, inputShape)].findLast(([path]) =>
    path !== "" && !path.includes("/")
  );
  return last && shape.length === 1 && `${last[1].shape}` === `${shape}` ? last[0] : undefined;
}

/** The most input maps whose weights are shown. */
const MOST_CHANNELS = 64;

/** The filter of a unit, as a picture; none for other layers. */
export const filter: View = {
  lane: "quick",
  async run(subject, params) {
    const { layer, unit, shape } = unitIn(params, subject);
    const path = convolutionOf(subject, layer, shape);
    if (path === undefined) return { said: { path: null } };
    const { network, opened } = subject;
    const image = await filterGrid(network, path, {
      filters: [unit],
      preprocessing: opened.units,
      gap: 1,
    });
    return {
      said: {
        path,
        command: commandLine(subject, "explain filters", undefined, [
          "--layer",
          path,
          "--unit",
          `${unit}`,
        ]),
      },
      arrays: { picture: sentPicture(image) },
    };
  },
};

/** The convolution that a layer's maps are made by: itself, or one before with as many maps. */
function convolutionOf(
  { opened: { model, inputShape }, network: { params } }: Subject,
  layer: string,
  shape: readonly number[],
): string | undefined {
  const layers = [...layersOf(model, inputShape)];
  const until = layers.slice(0, layers.findIndex(([path]) => path === layer) + 1);
  const last = until.findLast(([, { op }]) => op === "conv" || op === "dense" || op === "concat");
  if (last?.[1].op !== "conv" || last[1].shape.at(-1) !== shape.at(-1)) return undefined;
  const kernel = kernelAt(params, last[0]);
  if (!kernel) return undefined;
  const [height, width, channels] = kernel.shape as [number, number, number];
  return height * width > 1 && channels <= MOST_CHANNELS ? last[0] : undefined;
}

/** The kernel of a convolution, if its parameters are at its path. */
function kernelAt(
  params: unknown,
  path: string,
): { readonly shape: readonly number[] } | undefined {
  let at = params as Record<string, unknown> | undefined;
  for (const name of path.split("/")) at = at?.[name] as Record<string, unknown> | undefined;
  const kernel = at?.kernel as { readonly shape?: readonly number[] } | undefined;
  return kernel?.shape?.length === 4 ? kernel as { readonly shape: readonly number[] } : undefined;
}
