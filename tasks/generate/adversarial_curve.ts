// The accuracy against ε on a data set: its curve, and examples.
import { type Attack, type Robustness, robustness, robustnessSvg } from "../../lib/generate/mod.ts";
import { batches, type Examples, type Network, takeExamples, tf } from "../../mod.ts";
import { table } from "../../lib/text/table.ts";
import { UsageError } from "../command.ts";
import { stepProgress } from "../progress.ts";
import type { OpenedNetwork } from "../pictures/opened_network.ts";
import type { PictureFolder } from "../pictures/picture_folder.ts";
import { say } from "../command/say.ts";
import { attackBy, epsilonText, isMinimal, type Method, type Plan } from "./adversarial_methods.ts";
import { pairsOf, sheetOf } from "./adversarial_pictures.ts";

/** The parts of a curve. */
export type Curve = {
  readonly opened: OpenedNetwork;
  readonly network: Network;
  readonly examples: Examples;
  readonly plan: Plan;
  readonly epsilons: readonly number[];
  readonly folder: PictureFolder;
  readonly signal: AbortSignal;
};

/** Refuses a data set of other images or classes than the network's. */
export function requireFit({ inputShape, classNames }: OpenedNetwork, examples: Examples): void {
  if (
    `${examples.imageShape}` === `${inputShape}` &&
    examples.classNames.length === classNames.length
  ) return;
  throw new UsageError(
    `Cannot use ${examples.name}: its images must be [${inputShape}] of ${classNames.length} classes, got [${examples.imageShape}] of ${examples.classNames.length}`,
  );
}

async function measured(curve: Curve, method: Method): Promise<Robustness> {
  const { opened, network, examples, plan, epsilons, signal } = curve;
  const attack: Attack = (net, x, labels, options) =>
    attackBy(
      { ...plan, method, steps: method === plan.method ? plan.steps : undefined },
      net as Network,
      x,
      labels,
      options,
    );
  const progress = stepProgress(`${method}, batches`);
  return await robustness(network, examples, attack, epsilons, {
    preprocessing: opened.units,
    isMinimal: isMinimal(method),
    signal,
    onProgress: ({ done, total }) => progress.step(done, total),
  }).finally(progress.stop);
}

/** Measures, draws, and shows examples; returns the accuracies for the last line. */
export async function drawCurve(curve: Curve): Promise<{ [method: string]: Robustness }> {
  const { opened, examples, plan, epsilons, folder, signal } = curve;
  const methods: Method[] = plan.method === "bim" || plan.method === "pgd"
    ? ["fgsm", plan.method]
    : [plan.method];
  const found: { [method: string]: Robustness } = {};
  for (const method of methods) {
    if (!signal.aborted) found[method] = await measured(curve, method);
  }
  const title = `${opened.name} on ${examples.name} under attack`;
  // Digits are attacked by tenths of white, photos by a few of a file's 255 steps.
  const isIn255ths = plan.norm === "linf" && opened.inputShape[2] === 3;
  const count = Math.min(...Object.values(found).map(({ count }) => count));
  const caption =
    `Accuracy of ${opened.name} on ${count} images of ${examples.name} by the size of the change`;
  await folder.saveFile(
    "accuracy.svg",
    await robustnessSvg(found, { title, isIn255ths }),
    caption,
    { found },
  );
  say(table([
    ["ε", ...Object.keys(found)],
    ...epsilons.map((epsilon, i) => [
      epsilonText(epsilon, plan.norm, opened.inputShape[2]!),
      ...Object.values(found).map(({ points }) => `${(100 * points[i]!.accuracy).toFixed(1)} %`),
    ]),
  ]));
  if (!signal.aborted) await showExamples(curve, enough(found[plan.method]!));
  return found;
}

/** The smallest ε at which the accuracy is at most 10 %, or the largest. */
function enough({ points }: Robustness): number {
  const rising = points.toSorted((a, b) => a.epsilon - b.epsilon);
  return (rising.find(({ accuracy }) => accuracy <= 0.1) ?? rising.at(-1)!).epsilon;
}

/** How many examples are shown. */
const SHOWN = 12;

/** Saves the attacks on the first examples that the network classifies rightly. */
async function showExamples(
  { opened, network, examples, plan, folder, signal }: Curve,
  epsilon: number,
): Promise<void> {
  const few = takeExamples(examples, Math.min(3 * SHOWN, examples.labels.length));
  for await (const { images, labels, classes } of batches(few, { batchSize: few.labels.length })) {
    labels.dispose();
    const found = await attackBy(plan, network, images, classes, {
      epsilon,
      preprocessing: opened.units,
      signal,
    });
    const pairs = await pairsOf(images, found, opened.classNames);
    tf.dispose([images, found.images]);
    const shown = pairs.filter((_, i) => found.labels.before[i] === classes[i]).slice(0, SHOWN);
    if (shown.length === 0) return;
    const how = isMinimal(plan.method)
      ? ""
      : ` within ${epsilonText(epsilon, plan.norm, opened.inputShape[2]!)}`;
    const caption =
      `The first images that ${opened.name} classifies rightly, by ${plan.method}${how}: image, adversarial image, and the change`;
    await folder.save("examples", sheetOf(shown), caption);
  }
}
