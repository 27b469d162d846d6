// `deno task generate class-image`: the image with the highest score of a class.
import { classScore } from "../../lib/generate/class_image.ts";
import { classImage } from "../../lib/generate/mod.ts";
import { grid, type Image } from "../../lib/image/mod.ts";
import { toInputs, toPictures } from "../../lib/explain/mod.ts";
import { key, tf } from "../../mod.ts";
import { choice, toggle, UsageError, type Values } from "../command.ts";
import { abortWithPicture, pictureProgress } from "../pictures/picture_progress.ts";
import { enlarged, openPictureFolder, type PictureFolder } from "../pictures/picture_folder.ts";
import { findClass, type OpenedNetwork, openNetwork } from "../pictures/opened_network.ts";
import { classFlag, outputFlags, seedFlag, stepsFlag } from "../pictures/flags.ts";
import { say } from "../command/say.ts";
import { networkFlags } from "../network.ts";

/** What the subcommand takes. */
export const command = {
  name: "generate class-image",
  summary: "Makes the image with the highest score of a class (§12.9.4).",
  flags: {
    ...networkFlags,
    class: classFlag({
      help: "a class by its name or its number from 0, or several numbers separated by commas",
      defaultText: "the first ten",
    }),
    style: choice(["natural", "l2"], {
      default: "natural",
      help: "natural: the chapter's improved method; l2: its first one, from zeros with L2",
    }),
    steps: stepsFlag(96),
    seed: seedFlag,
    animate: toggle({ help: "write an animated GIF of the steps" }),
    ...outputFlags("generate-class-image"),
  },
  examples: [
    ["deno task generate class-image --class 3", "with the LeNet-5 of the project"],
    [
      "deno task generate class-image --weights squeezenet1_0.safetensors --class flamingo --animate",
      "a class of ImageNet",
    ],
  ],
} as const;

type Flags = Values<typeof command.flags>;

/** The classes that the flag names. */
function chosenClasses(opened: OpenedNetwork, flag: string | undefined): readonly number[] {
  if (flag === undefined) return opened.classNames.slice(0, 10).map((_, i) => i);
  const parts = flag.split(",").map((part) => part.trim());
  const names = parts.every((part) => /^\d+$/.test(part)) ? parts : [flag];
  return [...new Set(names.map((name) => findClass(opened, name)))];
}

/** The objective before and after, and the class's probability afterwards. */
type Scores = { readonly before: number; readonly after: number; readonly probability: number };

const nameOf = ({ classNames }: OpenedNetwork, index: number): string =>
  classNames[index]?.split(",")[0] ?? `${index}`;

/** Writes an image for each class, and all of them on a sheet. */
export async function run(flags: Flags): Promise<void> {
  const opened = await openNetwork(flags);
  const classes = chosenClasses(opened, flags.class);
  if (classes.length === 0) {
    throw new UsageError("Cannot run without --class: the classes have no names");
  }
  classes.forEach((index) => classScore(opened.model, opened.inputShape, index));
  const folder = await openPictureFolder({
    dir: flags.out,
    title: `Classes as ${opened.name} sees them`,
    task: command.name,
    settings: { ...opened.settings, style: flags.style, steps: flags.steps, seed: flags.seed },
  });
  const network = await opened.start();
  const signal = abortWithPicture();
  const scores: Record<string, Scores> = {};
  const sheet: { image: Image; label: string }[] = [];
  for (const index of classes) {
    if (signal.aborted) break;
    const { image, ...reached } = await makeOne(opened, network, index, flags, signal, folder);
    scores[index] = reached;
    sheet.push({ image: enlarged(image), label: nameOf(opened, index) });
  }
  if (sheet.length > 1) {
    const labels = sheet.map(({ label }) => label);
    const all = grid(sheet.map(({ image }) => image), { columns: 5, gap: 8, labels });
    await folder.save("classes", all, `What ${opened.name} takes for ${labels.join(", ")}`);
  }
  await folder.finish({ json: flags.json, scores });
}

async function makeOne(
  opened: OpenedNetwork,
  network: Awaited<ReturnType<OpenedNetwork["start"]>>,
  index: number,
  flags: Flags,
  signal: AbortSignal,
  folder: PictureFolder,
): Promise<Scores & { readonly image: Image }> {
  const name = nameOf(opened, index);
  const progress = pictureProgress(flags.steps, flags.animate);
  const made = await classImage(network, index, {
    shape: opened.inputShape,
    preprocessing: opened.units,
    style: flags.style,
    steps: flags.steps,
    key: key(flags.seed),
    signal,
    onStep: (report) => progress.onStep(report, name),
  }).finally(progress.stop);
  const probability = await probabilityOf(opened, network, made.images, index);
  const [image] = await toPictures(made.images);
  made.images.dispose();
  const scores = { before: made.scores[0]!, after: made.scores.at(-1)!, probability };
  const caption = `${name}: probability ${probability.toFixed(3)} after ${made.steps} steps`;
  const file = `class-${index}`;
  await folder.save(file, image!, caption, { class: index, ...scores });
  await progress.saveAnimation(folder, file, `${name}, step by step`, { class: index });
  say(caption);
  return { ...scores, image: image! };
}

/** The probability of the class in the image. */
async function probabilityOf(
  { units }: OpenedNetwork,
  { model, params, state }: Awaited<ReturnType<OpenedNetwork["start"]>>,
  images: tf.Tensor,
  index: number,
): Promise<number> {
  const probabilities = tf.tidy(() =>
    tf.softmax(model.apply(params, state, toInputs(images, units), {})[0])
  );
  const values = await probabilities.data();
  probabilities.dispose();
  return values[index]!;
}
