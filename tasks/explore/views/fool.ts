// A picture that the network takes for something else.
import { toInputs, toPictures } from "../../../lib/explain/mod.ts";
import { NORMS } from "../../../lib/generate/adversarial/norm.ts";
import { predict, tf } from "../../../mod.ts";
import { attackBy, isMinimal, METHODS, type Plan } from "../../generate/adversarial_methods.ts";
import { attackScript, commandLine } from "../commands.ts";
import type { Params } from "../params.ts";
import type { Subject } from "../subject.ts";
import type { View } from "../view.ts";
import { classIn, readClasses } from "./classes.ts";
import { sentNumbers, sentPicture } from "./pixels.ts";

/** The attacks; the quickest is the usual one. */
const OFFERED = ["fgsm" as const, ...METHODS.filter((method) => method !== "fgsm")];

/** The most steps of an attack. */
const MOST_STEPS = 1000;

/** The attack that a request describes; one that finds the smallest change measures it by L2. */
function planIn(params: Params, subject: Subject): Plan {
  const method = params.choice("method", OFFERED);
  const target = classIn(params, "target", subject);
  if (method === "ascent" && target === undefined) {
    throw new Error("Cannot ascend without a target: choose the class whose score is to rise");
  }
  if (method === "deepfool" && target !== undefined) {
    throw new Error("Cannot use a target with DeepFool: it finds the nearest class");
  }
  if (method === "autoattack" && target !== undefined) {
    throw new Error("Cannot use a target with AutoAttack: it aims at all classes");
  }
  const norm = isMinimal(method) ? "l2" : params.choice("norm", NORMS);
  const steps = method === "fgsm" ? undefined : params.whole("steps", 1, MOST_STEPS);
  return { method, norm, steps, target, seed: params.whole("seed", 0, 2 ** 31) ?? 0 };
}

/** An adversarial picture. */
export const fool: View = {
  lane: (params) => params.choice("method", OFFERED) === "fgsm" ? "quick" : "long",
  async run(subject, params, job) {
    const plan = planIn(params, subject);
    const epsilon = params.number("epsilon", 0, plan.norm === "l2" ? 100 : 1) ?? 8 / 255;
    const name = params.text("image");
    const picture = subject.picture(name);
    const { network, opened: { units }, session } = subject;
    const [pixels, x] = [picture.pixels(), picture.inputs()];
    try {
      const { best, probabilities: before } = await readClasses(predict(network, x));
      const found = await attackBy(plan, network, pixels, [best], {
        epsilon,
        preprocessing: units,
        session,
        signal: job.signal,
        onStep: ({ step, steps }) => job.progress(step, steps, plan.method),
      });
      const [image] = await toPictures(found.images);
      const { labels } = found;
      const changed = tf.tidy(() => toInputs(found.images, units));
      const { probabilities: after } = await readClasses(predict(network, changed));
      tf.dispose([found.images, changed]);
      const change = image!.pixels.map((value, i) => value - picture.shown.pixels[i]!);
      const flags = [
        "--method",
        plan.method,
        ...(isMinimal(plan.method) ? [] : ["--norm", plan.norm, "--epsilon", `${epsilon}`]),
        ...(plan.target === undefined ? [] : ["--target", `${plan.target}`]),
        ...(plan.steps === undefined ? [] : ["--steps", `${plan.steps}`]),
      ];
      return {
        said: {
          success: found.success[0]!,
          distance: found.distances[0]!,
          norm: found.norm,
          before: labels.before[0]!,
          after: labels.after[0]!,
          command: commandLine(subject, "generate adversarial", name, flags),
          script: attackScript(subject, name, plan, epsilon),
        },
        arrays: {
          picture: sentPicture(image!),
          change: sentNumbers(change, [image!.height, image!.width, image!.channels]),
          before: sentNumbers(before, [before.length]),
          after: sentNumbers(after, [after.length]),
        },
      };
    } finally {
      tf.dispose([pixels, x]);
    }
  },
};
