// Dreams, inversions and their animations: pictures in the making.
import { fromPictures, toPictures } from "../../../lib/explain/mod.ts";
import { BACKWARD_RULES } from "../../../lib/explain/backward_rule.ts";
import { deepDream, inversionStrip } from "../../../lib/generate/mod.ts";
import { requireLayer } from "../../../lib/layers/layers_of.ts";
import { key } from "../../../mod.ts";
import { inChannels, LEAST_SIZE, noise, resizedTo } from "../../generate/dream_picture.ts";
import { mapLayers } from "../../pictures/opened_network.ts";
import { commandLine, dreamScript, inversionScript } from "../commands.ts";
import type { Params } from "../params.ts";
import type { Subject } from "../subject.ts";
import type { View } from "../view.ts";
import { sentPicture } from "./pixels.ts";

/** The largest shorter side of a dream, and its size if none is asked for. */
const MOST_SIDE = 1024;
const USUAL_SIDE = 224;

function mapLayerIn(params: Params, { opened }: Subject): string {
  const maps = mapLayers(opened);
  const layer = params.text("layer") ?? maps[Math.floor(0.8 * (maps.length - 1))];
  if (layer === undefined) throw new Error("Cannot dream: the network has no feature maps");
  requireLayer(opened.model, opened.inputShape, layer);
  return layer;
}

/** A dream: what a layer sees in a picture, amplified from coarse to fine. */
export const dream: View = {
  lane: "long",
  async run(subject, params, job) {
    const { opened, network } = subject;
    const layer = mapLayerIn(params, subject);
    const wanted = params.text("image");
    const isNoise = params.choice("from", ["picture", "noise"]) === "noise" || wanted === undefined;
    const name = isNoise ? undefined : wanted;
    const seed = params.whole("seed", 0, 2 ** 31) ?? 0;
    const image = isNoise
      ? noise(opened, seed)
      : inChannels(await subject.photo(name), opened.inputShape[2]!);
    const side = params.whole("size", 16, MOST_SIDE) ??
      Math.max(LEAST_SIZE, Math.min(USUAL_SIDE, image.width, image.height));
    const begin = resizedTo(image, side);
    const octaves = params.whole("octaves", 1, 12);
    const octaveScale = params.number("octaveScale", 1.05, 4) ?? 1.4;
    const steps = params.whole("steps", 1, 500) ?? 20;
    const rate = params.number("rate", 1e-5, 1) ?? 0.007;
    const jitter = params.whole("jitter", 0, 256);
    const rule = params.choice("rule", BACKWARD_RULES);
    const animation = subject.animations.begin(job, (octaves ?? 4) * steps, `dream of ${layer}`);
    const start = fromPictures([begin]);
    const options = {
      layer,
      octaveScale,
      steps,
      rate,
      rule,
      ...(octaves === undefined ? {} : { octaves }),
      ...(jitter === undefined ? {} : { jitter }),
    };
    try {
      const { images, scores } = await deepDream(network, start, {
        ...options,
        preprocessing: opened.units,
        key: key(seed),
        signal: job.signal,
        onStep: (report) =>
          animation.step(report, report.octave * steps + report.step, {
            octave: report.octave,
            octaves: report.octaves,
          }),
      });
      const [made] = await toPictures(images);
      images.dispose();
      animation.end(made!);
      const flags = [
        ...(isNoise ? ["--image", "noise"] : []),
        ...["--layer", layer, "--size", `${side}`],
        ...(octaves === undefined ? [] : ["--octaves", `${octaves}`]),
        ...["--octave-scale", `${octaveScale}`, "--steps", `${steps}`, "--rate", `${rate}`],
        ...(jitter === undefined ? [] : ["--jitter", `${jitter}`]),
        ...(rule === "backprop" ? [] : ["--rule", rule]),
        ...["--seed", `${seed}`],
      ];
      return {
        said: {
          layer,
          animation: animation.name,
          isWhole: !job.signal.aborted,
          scores: scores.map((each) => [each[0]!, each.at(-1)!]),
          command: commandLine(subject, "generate deep-dream", name, flags),
          script: dreamScript(subject, name, [begin.width, begin.height], {
            ...options,
            key: `nc.key(${seed})`,
          }),
        },
        arrays: { picture: sentPicture(made!) },
      };
    } finally {
      start.dispose();
    }
  },
};

/** An inversion: a picture with the same features in a layer. */
export const inversion: View = {
  lane: "long",
  async run(subject, params, job) {
    const { opened, network } = subject;
    const layer = mapLayerIn(params, subject);
    const name = params.text("image");
    const steps = params.whole("steps", 1, 2000) ?? 200;
    const seed = params.whole("seed", 0, 2 ** 31) ?? 0;
    const variation = params.number("variation", 0, 1e6);
    const animation = subject.animations.begin(job, steps, `inversion of ${layer}`);
    const pixels = subject.picture(name).pixels();
    try {
      const [found] = await inversionStrip(network, pixels, [layer], {
        steps,
        ...(variation === undefined ? {} : { variationWeight: variation }),
        preprocessing: opened.units,
        key: key(seed),
        signal: job.signal,
        onStep: (report) => animation.step(report, report.step),
      });
      if (!found) {
        throw new Error("Cannot show the inversion: it was stopped before its first step");
      }
      const [made] = await toPictures(found.images);
      found.images.dispose();
      animation.end(made!);
      const flags = ["--layer", layer, "--steps", `${steps}`, "--seed", `${seed}`];
      if (variation !== undefined) flags.push("--variation", `${variation}`);
      return {
        said: {
          layer,
          animation: animation.name,
          isWhole: !job.signal.aborted,
          distance: found.distances.at(-1)!,
          command: commandLine(subject, "generate inversion", name, flags),
          script: inversionScript(subject, name, layer, {
            steps,
            variationWeight: variation,
            key: `nc.key(${seed})`,
          }),
        },
        arrays: { picture: sentPicture(made!) },
      };
    } finally {
      pixels.dispose();
    }
  },
};

/** The steps of a picture as an animated GIF. */
export const gif: View = {
  lane: "quick",
  run(subject, params) {
    const values = subject.animations.gif(params.text("animation") ?? "");
    return { said: {}, arrays: { gif: { shape: [values.length], values } } };
  },
};
