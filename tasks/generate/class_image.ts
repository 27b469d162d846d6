// `deno task generate class-image`: what a network takes for a class, in its purest form.
import { classScore } from "../../lib/generate/class_image.ts";
import { classImage } from "../../lib/generate/mod.ts";
import { grid, type Image } from "../../lib/image/mod.ts";
import { toInputs, toPictures } from "../../lib/explain/mod.ts";
import { key, tf } from "../../mod.ts";
import { choice, toggle, UsageError, type Values } from "../command.ts";
import { abortWithPicture } from "../pictures/climb.ts";
import { enlarged } from "../pictures/enlarged.ts";
import { findClass, type Looked, openLooked } from "../pictures/looked.ts";
import {
  classFlag,
  networkFlags,
  outputFlags,
  seedFlag,
  stepsFlag,
} from "../pictures/picture_flags.ts";
import { openPictureFolder, type PictureFolder } from "../pictures/picture_folder.ts";
import { say } from "../command/say.ts";
import { watch } from "../pictures/watched.ts";

/** What it takes. */
export const command = {
  name: "generate class-image",
  summary: "Makes the image that a network takes most for a class (§12.9.4).",
  flags: {
    ...networkFlags,
    class: classFlag({
      help: "a class, by its name or its number from 0, or several by commas between numbers",
      defaultText: "the first ten",
    }),
    style: choice(["natural", "l2"], {
      default: "natural",
      help: "the chapter's improved way, or its first one, from zeros with L2",
    }),
    steps: stepsFlag(96),
    seed: seedFlag,
    animate: toggle({ help: "write an animated GIF of the way there" }),
    ...outputFlags("generate-class-image"),
  },
  examples: [
    ["deno task generate class-image --class 3", "by the LeNet-5 that comes with the project"],
    [
      "deno task generate class-image --weights squeezenet1_0.safetensors --class flamingo --animate",
      "of ImageNet",
    ],
  ],
} as const;

type Flags = Values<typeof command.flags>;

/** The classes that the flag names. */
function chosenClasses(looked: Looked, flag: string | undefined): readonly number[] {
  if (flag === undefined) return looked.classNames.slice(0, 10).map((_, i) => i);
  const parts = flag.split(",").map((part) => part.trim());
  const names = parts.every((part) => /^\d+$/.test(part)) ? parts : [flag];
  return [...new Set(names.map((name) => findClass(looked, name)))];
}

/** The objective before and after, and what the network then gives the class. */
type Scores = { readonly before: number; readonly after: number; readonly probability: number };

const nameOf = ({ classNames }: Looked, index: number): string =>
  classNames[index]?.split(",")[0] ?? `${index}`;

/** Writes an image for each class, and all of them on a sheet. */
export async function run(flags: Flags): Promise<void> {
  const looked = await openLooked(flags);
  const classes = chosenClasses(looked, flags.class);
  if (classes.length === 0) {
    throw new UsageError("Cannot run without --class: the classes have no names");
  }
  classes.forEach((index) => classScore(looked.model, looked.inputShape, index));
  const folder = await openPictureFolder({
    dir: flags.out,
    title: `Classes as ${looked.name} sees them`,
    task: command.name,
    settings: { ...looked.settings, style: flags.style, steps: flags.steps, seed: flags.seed },
  });
  const network = await looked.start();
  const signal = abortWithPicture();
  const scores: Record<string, Scores> = {};
  const sheet: { image: Image; label: string }[] = [];
  for (const index of classes) {
    if (signal.aborted) break;
    const { image, ...reached } = await makeOne(looked, network, index, flags, signal, folder);
    scores[index] = reached;
    sheet.push({ image: enlarged(image), label: nameOf(looked, index) });
  }
  if (sheet.length > 1) {
    const labels = sheet.map(({ label }) => label);
    const all = grid(sheet.map(({ image }) => image), { columns: 5, gap: 8, labels });
    await folder.save("classes", all, `What ${looked.name} takes for ${labels.join(", ")}`);
  }
  await folder.finish({ json: flags.json, scores });
}

async function makeOne(
  looked: Looked,
  network: Awaited<ReturnType<Looked["start"]>>,
  index: number,
  flags: Flags,
  signal: AbortSignal,
  folder: PictureFolder,
): Promise<Scores & { readonly image: Image }> {
  const name = nameOf(looked, index);
  const seen = watch(flags.steps, flags.animate);
  const made = await classImage(network, index, {
    shape: looked.inputShape,
    preprocessing: looked.units,
    style: flags.style,
    steps: flags.steps,
    key: key(flags.seed),
    signal,
    onStep: (report) => seen.onStep(report, name),
  }).finally(seen.stop);
  const probability = await probabilityOf(looked, network, made.images, index);
  const [image] = await toPictures(made.images);
  made.images.dispose();
  const scores = { before: made.scores[0]!, after: made.scores.at(-1)!, probability };
  const caption = `${name}: probability ${probability.toFixed(3)} after ${made.steps} steps`;
  const file = `class-${index}`;
  await folder.save(file, image!, caption, { class: index, ...scores });
  await seen.saveAnimation(folder, file, `${name}, step by step`, { class: index });
  say(caption);
  return { ...scores, image: image! };
}

/** What the network says of the image. */
async function probabilityOf(
  { units }: Looked,
  { model, params, state }: Awaited<ReturnType<Looked["start"]>>,
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
