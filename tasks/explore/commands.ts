// What makes a view again without a page: a command line, and a script.
import type { BackwardRule } from "../../lib/explain/mod.ts";
import type { Plan } from "../generate/adversarial_methods.ts";
import { isMinimal } from "../generate/adversarial_methods.ts";
import { networkFlags } from "../network.ts";
import { isModelFile } from "../own_model.ts";
import { SAVED, type Subject } from "./subject.ts";

/** A word of a command line, in quotes if a shell would change it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The flags of the network that differ from their defaults. */
function networkWords({ flags }: Subject): string[] {
  return (Object.keys(networkFlags) as (keyof typeof networkFlags)[]).flatMap((name) => {
    const value = flags[name];
    const isUsual = value === undefined ||
      value === (networkFlags[name] as { default?: unknown }).default;
    return isUsual ? [] : [`--${name}`, `${value}`];
  });
}

/** The flags of the data set, if they were given. */
function dataWords({ flags }: Subject): string[] {
  return (["dataset", "data-dir"] as const).flatMap((name) =>
    flags[name] === undefined ? [] : [`--${name}`, flags[name]]
  );
}

/** The value of `--image`. */
function imageOf({ flags }: Subject, name: string): string {
  if (name === "file") return flags.image!;
  return /^test:(\d+)$/.exec(name)?.[1] ?? SAVED;
}

function written(task: string, words: readonly string[]): string {
  return ["deno task", task, ...words.map(quoted)].join(" ");
}

/**
 * The command that makes a view again.
 *
 * @param name the picture's, if the view is of one
 * @param words its other flags
 */
export function commandLine(
  subject: Subject,
  task: string,
  name?: string,
  words: readonly string[] = [],
): string {
  const isTest = name?.startsWith("test:") ?? true;
  return written(task, [
    ...networkWords(subject),
    ...(name === undefined ? [] : ["--image", imageOf(subject, name)]),
    ...(isTest ? dataWords(subject) : []),
    ...words,
  ]);
}

/** The command that prints a picture's classes; `null` for test images, which it does not take. */
export function predictLine(subject: Subject, name: string): string | null {
  if (name.startsWith("test:")) return null;
  const { flags } = subject;
  const words = networkWords(subject);
  // deno task predict has another default.
  const weights = words.includes("--weights") ? [] : ["--weights", flags.weights];
  return written("predict", [imageOf(subject, name), ...weights, ...words]);
}

/** The expression of a text in a script. */
const text = (value: string): string => JSON.stringify(value);

/** The data sets that scripts open without files, as functions of `mod.ts`. */
const OPENERS: Readonly<Record<string, string>> = {
  "mnist": "nc.mnist",
  "fashion-mnist": "nc.fashionMnist",
  "cifar10": "nc.cifar10",
};

/** The lines of a script that open the network and the picture, as inputs `x` and pixels. */
function opening(subject: Subject, name?: string): string[] {
  const { flags, opened } = subject;
  const lines = [
    `// For a checkout of neocog: save it there, and run it by "deno run -A FILE".`,
    `import * as nc from "./mod.ts";`,
    ``,
    `await nc.start(${flags.backend ? `{ backend: ${text(flags.backend)} }` : ""});`,
    `const network = await nc.open(${text(flags.weights)}${openOptions(subject)});`,
  ];
  if (name === undefined) return lines;
  const number = /^test:(\d+)$/.exec(name)?.[1];
  if (number !== undefined) {
    const folder = flags["data-dir"];
    const data = subject.data!.name;
    const opener = OPENERS[data];
    const options = folder ? `{ dataDir: ${text(folder)} }` : "";
    lines.push(
      opener
        ? `const { test } = await ${opener}(${options});`
        : `const { test } = await nc.imageFolder(${text(folder ?? "")}, { size: [${
          opened.inputShape.slice(0, 2).join(", ")
        }], channels: ${opened.inputShape[2]} });`,
      `const picture = nc.data.exampleImage(await nc.readExamples(test), ${number});`,
    );
  } else {
    const file = imageOf(subject, name);
    lines.push(`const file = ${text(file)};`);
    const decoded = `await nc.image.decodeImage(await Deno.readFile(file), file)`;
    if (subject.picture(name).settings.inverted === true) {
      lines.push(
        `const light = nc.image.toGray(${decoded});`,
        `const picture = { ...light, pixels: light.pixels.map((value) => 1 - value) };`,
      );
    } else lines.push(`const picture = ${decoded};`);
  }
  lines.push(
    `const inputs = nc.image.preprocess(picture, network.preprocessing);`,
    `const x = nc.tf.tensor(inputs, [1, ...network.inputShape]);`,
  );
  return lines;
}

function openOptions({ flags }: Subject): string {
  const parts = [
    ...(flags.model ? [`model: ${text(flags.model)}`] : []),
    ...(flags.preprocessing ? [`preprocessing: ${text(flags.preprocessing)}`] : []),
    ...(flags.classes ? [`classNames: ${text(flags.classes)}`] : []),
  ];
  return parts.length === 0 ? "" : `, { ${parts.join(", ")} }`;
}

/** Adds the lines of a view's own work; `null` for a model in a file, which scripts import themselves. */
function script(
  subject: Subject,
  name: string | undefined,
  lines: readonly string[],
): string | null {
  if (isModelFile(subject.flags.model ?? "")) return null;
  return [...opening(subject, name), ...lines, ""].join("\n");
}

/** A script that writes an attribution as a heat map. */
export function attributionScript(
  subject: Subject,
  name: string | undefined,
  call: string,
  index: number,
  rule: BackwardRule,
): string | null {
  const options = rule === "backprop" ? "" : `, { rule: ${text(rule)} }`;
  return script(subject, name, [
    `const found = await nc.explain.${call}(network, x, ${index}${options});`,
    `const [, height, width] = found.shape;`,
    `const map = nc.explain.attributionMap(found);`,
    `const heat = nc.image.heatMap(map, [height, width], { span: "signed" });`,
    `await Deno.writeFile("why.png", nc.image.encodePng(heat));`,
    `console.log(found.target, found.scores[0]);`,
  ]);
}

/** The calls of attacks. */
const ATTACKS: Readonly<Record<Plan["method"], string>> = {
  ascent: "logitAscent",
  fgsm: "fgsm",
  bim: "bim",
  pgd: "pgd",
  apgd: "autoPgd",
  "apgd-dlr": "autoPgd",
  square: "squareAttack",
  autoattack: "autoAttack",
  deepfool: "deepFool",
  "carlini-wagner": "carliniWagner",
};

/** A script that writes an adversarial picture. */
export function attackScript(
  subject: Subject,
  name: string | undefined,
  { method, norm, steps, target, seed }: Plan,
  epsilon: number,
): string | null {
  const isRandom = ["pgd", "apgd", "apgd-dlr", "square", "autoattack"].includes(method);
  const options = [
    ...(isMinimal(method) ? [] : [`epsilon: ${epsilon}`]),
    ...(isMinimal(method) ? [] : [`norm: ${text(norm)}`]),
    ...(target === undefined || method === "ascent" ? [] : [`targets: ${target}`]),
    ...(steps === undefined ? [] : [`steps: ${steps}`]),
    ...(method === "apgd-dlr" ? [`loss: "dlr"`] : []),
    ...(isRandom ? [`key: nc.key(${seed})`] : []),
  ].join(", ");
  const call = `nc.generate.${ATTACKS[method]}(network, pixels, [label]${
    method === "ascent" ? `, ${target}` : ""
  }, { ${options} })`;
  return script(subject, name, [
    `const pixels = nc.tf.clipByValue(nc.explain.toPixels(x, network.preprocessing), 0, 1);`,
    `const label = (await nc.tf.argMax(nc.predict(network, x), 1).data())[0]!;`,
    `const found = await ${call};`,
    `const [image] = await nc.explain.toPictures(found.images);`,
    `await Deno.writeFile("adversarial.png", nc.image.encodePng(image!));`,
    `const [before, after] = [found.labels.before[0]!, found.labels.after[0]!];`,
    `console.log(network.classNames[before], "→", network.classNames[after]);`,
  ]);
}

/** The options of a call in a script, those that are given. */
function optionsText(options: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return given.map(([name, value]) =>
    `${name}: ${typeof value === "string" && !value.startsWith("nc.") ? text(value) : value}`
  ).join(", ");
}

/** A script that writes an image of a class or of a unit. */
export function featureScript(
  subject: Subject,
  { call, options }: { readonly call: string; readonly options: Parameters<typeof optionsText>[0] },
): string | null {
  return script(subject, undefined, [
    `const { images } = await nc.generate.${call}, { ${optionsText(options)} });`,
    `const [image] = await nc.explain.toPictures(images);`,
    `await Deno.writeFile("feature.png", nc.image.encodePng(image!));`,
  ]);
}

/** A script that writes a dream. */
export function dreamScript(
  subject: Subject,
  name: string | undefined,
  size: readonly [width: number, height: number],
  options: Parameters<typeof optionsText>[0],
): string | null {
  const channels = subject.opened.inputShape[2]!;
  const gray = channels === 1 ? "nc.image.toGray(picture)" : "picture";
  const begin = name === undefined
    ? [
      `const pixels = nc.tensor.uniformArray(nc.key(0), ${
        subject.opened.inputShape.join(" * ")
      }, 0.4, 0.6);`,
      `const picture = { width: ${subject.opened.inputShape[1]}, height: ${
        subject.opened.inputShape[0]
      }, channels: ${channels}, pixels } as const;`,
    ]
    : [];
  return script(subject, name, [
    ...begin,
    `const photo = nc.image.resize(${gray}, ${size.join(", ")});`,
    `const { images } = await nc.generate.deepDream(network, nc.explain.fromPictures([photo]), {`,
    `  ${optionsText(options)},`,
    `});`,
    `const [dream] = await nc.explain.toPictures(images);`,
    `await Deno.writeFile("dream.png", nc.image.encodePng(dream!));`,
  ]);
}

/** A script that writes what a layer knows of a picture. */
export function inversionScript(
  subject: Subject,
  name: string | undefined,
  layer: string,
  options: Parameters<typeof optionsText>[0],
): string | null {
  return script(subject, name, [
    `const pixels = nc.explain.toPixels(x, network.preprocessing);`,
    `const [{ images }] = await nc.generate.inversionStrip(network, pixels, [${text(layer)}], {`,
    `  ${optionsText(options)},`,
    `});`,
    `const [image] = await nc.explain.toPictures(images);`,
    `await Deno.writeFile("inversion.png", nc.image.encodePng(image!));`,
  ]);
}
