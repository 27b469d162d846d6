// `deno task generate adversarial`: images that fool a network (§12.9.4), and its accuracy under attack.
import { decodeImage, encodePng } from "../../lib/image/mod.ts";
import { imagesOf, toInputs } from "../../lib/explain/mod.ts";
import { NORMS } from "../../lib/generate/adversarial/norm.ts";
import { type Network, predict, type Tensor, tf } from "../../mod.ts";
import { topClasses } from "../../lib/train/report/mod.ts";
import { choice, count, text, UsageError, type Values } from "../command.ts";
import { trainedOn } from "../network/open_weights.ts";
import { ascentProgress } from "../progress.ts";
import { abortWithPicture } from "../pictures/climb.ts";
import { findClass, type Looked, openLooked } from "../pictures/looked.ts";
import { imageFlags, networkFlags, outputFlags, seedFlag } from "../pictures/picture_flags.ts";
import { openPictureFolder, type PictureFolder } from "../pictures/picture_folder.ts";
import { readPicture } from "../pictures/read_picture.ts";
import { say } from "../command/say.ts";
import { DATASETS, limited, loadTest } from "../train/datasets.ts";
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
import { answerText, pairsOf, rowOf } from "./adversarial_pictures.ts";

/** What it takes. */
export const command = {
  name: "generate adversarial",
  summary:
    "Changes a picture so that a network takes it for something else (§12.9.4), or measures its accuracy under attack.",
  flags: {
    ...networkFlags,
    ...imageFlags,
    method: choice(METHODS, { default: "pgd", help: "the attack; ascent is the chapter's" }),
    epsilon: text({
      help: "how far pixels of 0 to 1 may go, such as 0.03 or 8/255; several by comma for a curve",
      defaultText: "8/255 of colors and 0.3 of gray by linf, 0.5 and 2 by l2",
    }),
    norm: choice(NORMS, {
      help: "what ε is measured by",
      defaultText: "linf, or l2 where the method is by it",
    }),
    target: text({
      help: "the class to be taken for, by its name or number",
      defaultText: "any other",
    }),
    steps: count({
      min: 1,
      help: "how many steps",
      defaultText: "the method's own: of carlini-wagner nine searches of 1000, which takes minutes",
    }),
    dataset: choice(DATASETS, {
      help:
        "whose test image a number means; without --image, of whose accuracy against ε is drawn",
      defaultText: "the one it was trained on by deno task train",
    }),
    limit: count({
      min: 1,
      help: "draw accuracy against ε on N test images, instead of one picture",
      defaultText: "256, with --dataset and no --image",
    }),
    seed: seedFlag,
    ...outputFlags("generate-adversarial"),
  },
  examples: [
    ["deno task generate adversarial --image 3 --target 8", "a digit taken for an 8"],
    [
      "deno task generate adversarial --image cat.png --weights squeezenet1_0.safetensors --target goldfish --epsilon 4/255",
      "a photo",
    ],
    ["deno task generate adversarial --limit 256", "accuracy against ε"],
  ],
} as const;

/** What the flags say, checked. */
function planOf(looked: Looked, flags: Values<typeof command.flags>): Plan {
  const { method, steps, seed, target } = flags;
  const norm = flags.norm ?? (isMinimal(method) ? "l2" : "linf");
  const plan = {
    method,
    norm,
    steps,
    seed,
    target: target === undefined ? undefined : findClass(looked, target, "--target"),
  };
  checkPlan(plan);
  return plan;
}

/** ε where none is named, and those of a curve. */
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

/** Whether accuracy against ε is asked for, and no picture. */
function drawsCurve({ image, dataset, limit }: Values<typeof command.flags>): boolean {
  if (image !== undefined && limit !== undefined) {
    throw new UsageError(
      `Cannot attack one picture: --limit is for many: got --image ${image} and --limit ${limit}`,
    );
  }
  return limit !== undefined || (dataset !== undefined && image === undefined);
}

/** Writes adversarial pictures, or a curve. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const looked = await openLooked(flags);
  const plan = planOf(looked, flags);
  const isCurve = drawsCurve(flags);
  const epsilons = epsilonsOf(plan, looked.inputShape[2]!, flags.epsilon, isCurve);
  const settings = {
    ...looked.settings,
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
    const name = flags.dataset ?? trainedOn(looked.opened) ?? "mnist";
    const test = await loadTest(name, flags["data-dir"], looked.inputShape);
    requireFit(looked, test);
    const limit = flags.limit ?? Math.min(256, test.labels.length);
    const examples = limited(test, limit, `the test images of ${name}`);
    const folder = await open(`${looked.name} under attack`, {
      dataset: name,
      count: examples.labels.length,
      epsilons,
    });
    const network = await looked.start();
    const scores = await drawCurve({ looked, network, examples, plan, epsilons, folder, signal });
    return await folder.finish({ json: flags.json, scores });
  }
  const picture = await readPicture(looked, flags);
  const epsilon = epsilons.at(-1)!;
  const folder = await open(`What fools ${looked.name}`, {
    ...picture.settings,
    ...(isMinimal(plan.method) ? {} : { epsilon }),
  });
  const network = await looked.start();
  const x = picture.pixels();
  const scores = await attackPicture({ looked, network, plan, epsilon, folder, signal }, x);
  x.dispose();
  await folder.finish({ json: flags.json, scores });
}

type Task = {
  readonly looked: Looked;
  readonly network: Network;
  readonly plan: Plan;
  readonly epsilon: number;
  readonly folder: PictureFolder;
  readonly signal: AbortSignal;
};

/** The class that a network sees in one image, and its probability. */
async function seen(
  { looked, network }: Task,
  x: Tensor,
): Promise<{ index: number; score: number }> {
  const inputs = toInputs(x, looked.units);
  const probabilities = predict(network, inputs);
  const [first] = topClasses(await probabilities.data(), 1);
  tf.dispose([inputs, probabilities]);
  return first!;
}

/** Attacks one picture, and saves what there is to see. */
async function attackPicture(task: Task, x: Tensor) {
  const { looked, network, plan, epsilon, folder, signal } = task;
  const label = await seen(task, x);
  let progress: ReturnType<typeof ascentProgress> | undefined;
  const found = await attackBy(plan, network, x, [label.index], {
    epsilon,
    units: looked.units,
    signal,
    onStep({ step, steps }) {
      progress ??= ascentProgress(plan.method, steps);
      progress.step(step);
    },
  }).finally(() => progress?.stop());
  const [pair] = await pairsOf(x, found, looked.classNames);
  // A file has 256 steps of gray: small changes may be lost on the way.
  const [image] = await imagesOf(found.images);
  const read = decodeImage(encodePng(image!), "adversarial.png");
  const again = tf.tensor(read.pixels, x.shape);
  const fromFile = await seen(task, again);
  tf.dispose([found.images, again]);
  const how = isMinimal(plan.method)
    ? plan.method
    : `${plan.method} within ${epsilonText(epsilon, plan.norm, looked.inputShape[2]!)}`;
  const distance = Number(found.distances[0]!.toPrecision(4));
  const file = answerText(looked.classNames[fromFile.index]!, fromFile.score);
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
    `What it was made into: ${pair!.after}`,
    scores,
  );
  const times = Number(pair!.factor.toPrecision(3));
  await folder.save("difference", pair!.difference, `The change, ${times} times; gray is none`, {
    times,
  });
  say(`${caption}${found.success[0] ? "" : " (the attack did not succeed)"}`);
  return scores;
}
