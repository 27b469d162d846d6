// `deno task generate adversarial`: images that fool a network, and its accuracy under attack (§12.9.4).
import { decodeImage, encodePng } from "../../lib/image/mod.ts";
import { toInputs, toPictures } from "../../lib/explain/mod.ts";
import { NORMS } from "../../lib/generate/adversarial/norm.ts";
import { type Network, predict, type Tensor, tf } from "../../mod.ts";
import { topClasses } from "../../lib/train/report/mod.ts";
import { choice, count, text, UsageError, type Values } from "../command.ts";
import { stepProgress } from "../progress.ts";
import { abortWithPicture } from "../pictures/picture_progress.ts";
import { findClass, type OpenedNetwork, openNetwork } from "../pictures/opened_network.ts";
import { imageFlags, outputFlags, seedFlag } from "../pictures/flags.ts";
import { openPictureFolder, type PictureFolder } from "../pictures/picture_folder.ts";
import { readPicture } from "../pictures/read_picture.ts";
import { say } from "../command/say.ts";
import { DATASETS, limited, loadTest, trainedOn } from "../datasets.ts";
import { drawCurve, requireFit } from "./adversarial_curve.ts";
import {
  attackBy,
  checkPlan,
  epsilonText,
  isMinimal,
  METHODS,
  parseEpsilons,
  type Plan,
} from "./adversarial_methods.ts";
import { classText, pairsOf, rowOf } from "./adversarial_pictures.ts";
import { networkFlags } from "../network.ts";

/** What the subcommand takes. */
export const command = {
  name: "generate adversarial",
  summary:
    "Changes a picture so that the network classifies it wrongly (§12.9.4), or measures the accuracy under attack.",
  flags: {
    ...networkFlags,
    ...imageFlags,
    method: choice(METHODS, { default: "pgd", help: "the attack; ascent is the chapter's" }),
    epsilon: text({
      help:
        "largest change of pixels from 0 to 1, such as 0.03 or 8/255; several, separated by commas, for a curve",
      defaultText: "linf: 8/255 for color, 0.3 for gray; l2: 0.5 and 2",
    }),
    norm: choice(NORMS, {
      help: "the norm that measures the change",
      defaultText: "linf; l2 for ascent, deepfool and carlini-wagner",
    }),
    target: text({
      help: "the class it is to be taken for, by its name or number",
      defaultText: "any other",
    }),
    steps: count({
      min: 1,
      help: "number of steps",
      defaultText:
        "the method's own; carlini-wagner has nine searches of 1000, which takes minutes",
    }),
    dataset: choice(DATASETS, {
      help: "the data set of a test image; without --image, of the accuracy against ε",
      defaultText: "the one that deno task train trained the network on",
    }),
    limit: count({
      min: 1,
      help: "draw the accuracy against ε on N test images, instead of one picture",
      defaultText: "256, with --dataset and no --image",
    }),
    seed: seedFlag,
    ...outputFlags("generate-adversarial"),
  },
  examples: [
    ["deno task generate adversarial --image 3 --target 8", "a digit that is taken for an 8"],
    [
      "deno task generate adversarial --image cat.png --weights squeezenet1_0.safetensors --target goldfish --epsilon 4/255",
      "a photo",
    ],
    ["deno task generate adversarial --limit 256", "the accuracy against ε"],
  ],
} as const;

/** The attack that the flags describe. */
function planOf(opened: OpenedNetwork, flags: Values<typeof command.flags>): Plan {
  const { method, steps, seed, target } = flags;
  const norm = flags.norm ?? (isMinimal(method) ? "l2" : "linf");
  const plan = {
    method,
    norm,
    steps,
    seed,
    target: target === undefined ? undefined : findClass(opened, target, "--target"),
  };
  checkPlan(plan);
  return plan;
}

/** The values of ε: of the flag, or the defaults. */
function epsilonsOf(
  plan: Plan,
  channels: number,
  flag: string | undefined,
  isCurve: boolean,
): number[] {
  if (flag !== undefined) return parseEpsilons(flag);
  const most = plan.norm === "linf" ? (channels === 1 ? 0.3 : 8 / 255) : (channels === 1 ? 2 : 0.5);
  return isCurve ? [0, 1, 2, 3, 4, 5, 6].map((i) => most * i / 6) : [most];
}

/** Whether to draw the accuracy against ε instead of attacking one picture. */
function drawsCurve({ image, dataset, limit }: Values<typeof command.flags>): boolean {
  if (image !== undefined && limit !== undefined) {
    throw new UsageError(
      `Cannot use --limit with --image: it counts test images, got --image ${image} and --limit ${limit}`,
    );
  }
  return limit !== undefined || (dataset !== undefined && image === undefined);
}

/** Writes adversarial pictures, or a curve. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const opened = await openNetwork(flags);
  const plan = planOf(opened, flags);
  const isCurve = drawsCurve(flags);
  const epsilons = epsilonsOf(plan, opened.inputShape[2]!, flags.epsilon, isCurve);
  const settings = {
    ...opened.settings,
    method: plan.method,
    norm: plan.norm,
    seed: plan.seed,
    ...(flags.steps === undefined ? {} : { steps: flags.steps }),
    ...(flags.target === undefined ? {} : { target: flags.target }),
  };
  const open = (title: string, more: object) =>
    openPictureFolder({
      dir: flags.out,
      title,
      task: command.name,
      settings: { ...settings, ...more },
    });
  const signal = abortWithPicture();
  if (isCurve) {
    const name = flags.dataset ?? trainedOn(opened.file) ?? "mnist";
    const test = await loadTest(name, flags["data-dir"], opened.units);
    requireFit(opened, test);
    const limit = flags.limit ?? Math.min(256, test.labels.length);
    const examples = limited(test, limit, `the test images of ${name}`);
    const folder = await open(`${opened.name} under attack`, {
      dataset: name,
      count: examples.labels.length,
      epsilons,
    });
    const network = await opened.start();
    const scores = await drawCurve({ opened, network, examples, plan, epsilons, folder, signal });
    return await folder.finish({ json: flags.json, scores });
  }
  const picture = await readPicture(opened, flags);
  const epsilon = epsilons.at(-1)!;
  const folder = await open(`What fools ${opened.name}`, {
    ...picture.settings,
    ...(isMinimal(plan.method) ? {} : { epsilon }),
  });
  const network = await opened.start();
  const x = picture.pixels();
  const scores = await attackPicture({ opened, network, plan, epsilon, folder, signal }, x);
  x.dispose();
  await folder.finish({ json: flags.json, scores });
}

type Task = {
  readonly opened: OpenedNetwork;
  readonly network: Network;
  readonly plan: Plan;
  readonly epsilon: number;
  readonly folder: PictureFolder;
  readonly signal: AbortSignal;
};

/** The most probable class of one image, and its probability. */
async function seen(
  { opened, network }: Task,
  x: Tensor,
): Promise<{ index: number; score: number }> {
  const inputs = toInputs(x, opened.units);
  const probabilities = predict(network, inputs);
  const [first] = topClasses(await probabilities.data(), 1);
  tf.dispose([inputs, probabilities]);
  return first!;
}

/** Attacks one picture, and saves the result. */
async function attackPicture(task: Task, x: Tensor) {
  const { opened, network, plan, epsilon, folder, signal } = task;
  const label = await seen(task, x);
  const progress = stepProgress(plan.method);
  const found = await attackBy(plan, network, x, [label.index], {
    epsilon,
    preprocessing: opened.units,
    signal,
    onStep: ({ step, steps }) => progress.step(step, steps),
  }).finally(progress.stop);
  const [pair] = await pairsOf(x, found, opened.classNames);
  // A file has 256 shades of gray, so that small changes may be lost.
  const [image] = await toPictures(found.images);
  const read = await decodeImage(encodePng(image!), "adversarial.png");
  const again = tf.tensor(read.pixels, x.shape);
  const fromFile = await seen(task, again);
  tf.dispose([found.images, again]);
  const how = isMinimal(plan.method)
    ? plan.method
    : `${plan.method} within ${epsilonText(epsilon, plan.norm, opened.inputShape[2]!)}`;
  const distance = Number(found.distances[0]!.toPrecision(4));
  const file = classText(opened.classNames[fromFile.index]!, fromFile.score);
  const caption = `"${pair!.before}" is taken for "${
    pair!.after
  }" by ${how}; ${found.norm} distance ${distance}; read from adversarial.png: "${file}"`;
  const scores = {
    success: found.success[0]!,
    distance,
    before: pair!.before,
    after: pair!.after,
    file,
  };
  const row = rowOf(pair!);
  await folder.save("side-by-side", row, caption, scores);
  await folder.save("original", pair!.original, `The picture: ${pair!.before}`);
  await folder.save(
    "adversarial",
    pair!.adversarial,
    `The adversarial picture: ${pair!.after}`,
    scores,
  );
  const times = Number(pair!.factor.toPrecision(3));
  await folder.save(
    "difference",
    pair!.difference,
    `The change, ${times} times; gray is no change`,
    {
      times,
    },
  );
  say(`${caption}${found.success[0] ? "" : " (the attack did not succeed)"}`);
  return scores;
}
