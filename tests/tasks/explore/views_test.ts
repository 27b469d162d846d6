// What pages are answered: the library's numbers, and commands and scripts that make them again.
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { attributionMap, saliency } from "../../../lib/explain/mod.ts";
import { encodePng } from "../../../lib/image/mod.ts";
import { parseCommand } from "../../../tasks/command/parse.ts";
import { commands } from "../../../tasks/docs.ts";
import type { Job } from "../../../tasks/web/jobs.ts";
import { paramsOf } from "../../../tasks/explore/params.ts";
import { openSubject, type Subject } from "../../../tasks/explore/subject.ts";
import { views } from "../../../tasks/explore/views.ts";
import type { Message } from "../../../tasks/web/message.ts";
import { gpuTest } from "../../device/adapter.ts";

const root = new URL("../../../", import.meta.url);
const flags = {
  weights: "examples/networks/lenet5-relu-mnist.safetensors",
  model: undefined,
  export: undefined,
  "changed-model": false,
  preprocessing: undefined,
  classes: undefined,
  backend: undefined,
  image: undefined,
  dataset: undefined,
  "data-dir": undefined,
  invert: "auto",
} as unknown as Parameters<typeof openSubject>[0];

let opened: Promise<Subject> | undefined;
const subjectOf = (): Promise<Subject> => opened ??= openSubject(flags);

/** Asks a view. */
async function ask(
  name: string,
  params: Record<string, unknown> = {},
  shown: Message[] = [],
): Promise<Message> {
  const job: Job = {
    signal: new AbortController().signal,
    progress() {},
    show: (message) => void shown.push(message),
  };
  return await views[name]!.run(await subjectOf(), paramsOf(params), job);
}

/** A command line as its words, without the quotes that a shell takes away. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'((?:[^']|'\\'')*)'|(\S+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? plain! : quoted.replaceAll(`'\\''`, "'")
  );
}

const image = "test:3";
const requests: readonly (readonly [view: string, params: Record<string, unknown>])[] = [
  ["maps", { image, layer: "conv2" }],
  ...["saliency", "input-x-gradient", "grad-cam", "guided-grad-cam", "lrp", "integrated-gradients"]
    .map((method) => ["why", { image, method, class: 4 }] as const),
  ["why", { image, method: "saliency", rule: "guided" }],
  ["fool", { image, method: "fgsm", epsilon: 0.1 }],
  ["fool", { image, method: "pgd", norm: "l2", epsilon: 1, target: 5, steps: 3 }],
  ["fool", { image, method: "deepfool" }],
  ["fool", { image, method: "ascent", target: 3, steps: 2 }],
  ["patches", { layer: "conv1", unit: 2 }],
  ["filter", { layer: "conv1", unit: 2 }],
  ["unit-image", { layer: "conv2", unit: 3, steps: 2 }],
  ["unit-image", { layer: "logits", unit: 3, steps: 2, style: "l2" }],
  ["dream", { image, layer: "conv2", steps: 2, octaves: 2, rate: 0.01, jitter: 3, seed: 4 }],
  ["dream", { from: "noise", layer: "conv1", steps: 1 }],
  ["inversion", { image, layer: "conv1", steps: 2, variation: 0.1 }],
  ["space", { layer: "dense2" }],
];

gpuTest("each view names a command line that its task accepts", async () => {
  for (const [view, params] of requests) {
    const { said } = await ask(view, params);
    if (said.command === null) continue;
    const line = said.command as string;
    const command = commands.findLast(({ name }) => line.startsWith(`deno task ${name} `))!;
    const words = wordsOf(line.slice(`deno task ${command.name} `.length));
    const values = parseCommand(command, words);
    assert(values !== "help");
    assertEquals((values as Record<string, unknown>).weights, flags.weights, line);
  }
});

gpuTest("scripts run, and make what was seen", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const scripts = [];
    // One of a kind.
    const kinds = Map.groupBy(requests, ([view, { from }]) => `${view} ${from}`);
    for (const [first] of kinds.values()) {
      const [view, params] = first!;
      const { said } = await ask(view, params);
      if (said.script) scripts.push([view, said.script as string, said] as const);
    }
    assertEquals(scripts.map(([view]) => view), [
      "why",
      "fool",
      "unit-image",
      "dream",
      "dream",
      "inversion",
    ]);
    // One program of all, as each would start a device; each in a scope of its own.
    const bodies = scripts.map(([, script]) => {
      const lines = script.split("\n").filter((line) => !/^(\/\/|import )/.test(line));
      return `{\n${lines.join("\n")}\n}`;
    });
    const mod = new URL("mod.ts", root).href;
    const program = `import * as nc from ${JSON.stringify(mod)};\n${bodies.join("\n")}`;
    await Deno.writeTextFile(`${dir}/all.ts`, program);
    const weights = new URL("examples", root).pathname;
    await Deno.symlink(weights, `${dir}/examples`);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "all.ts"],
      cwd: dir,
      env: { NO_COLOR: "1" },
    }).output();
    const [printed, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assertEquals(code, 0, errors);
    const scores = printed!.split("\n").filter((line) => line.startsWith("class "))
      .map((line) => Number(line.split(" ").at(-1)));
    const shown = scripts.filter(([view]) => view === "why").map(([, , { score }]) =>
      score as number
    );
    assertEquals(scores.length, shown.length, printed);
    scores.forEach((score, i) => assertAlmostEquals(score, shown[i]!, 1e-4));
    for (const file of ["why", "adversarial", "dream", "inversion", "feature"]) {
      assert((await Deno.stat(`${dir}/${file}.png`)).size > 100, file);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

gpuTest("an attribution is the library's, pixel by pixel", async () => {
  const { network, picture } = await subjectOf();
  const x = picture(image).inputs();
  const wanted = attributionMap(await saliency(network, x, 8, { rule: "guided" }));
  const { said, arrays } = await ask("why", {
    image,
    method: "saliency",
    rule: "guided",
    class: 8,
  });
  assertEquals(said.class, 8);
  assertEquals([...arrays!.map!.values], [...wanted]);
});

gpuTest("steps are shown while a picture is made, and kept for an animation", async () => {
  const shown: Message[] = [];
  const { said } = await ask("unit-image", { layer: "conv2", unit: 1, steps: 12 }, shown);
  assert(shown.length >= 1);
  assertEquals(shown[0]!.arrays!.picture!.shape, [28, 28, 1]);
  const { arrays } = await ask("gif", { animation: said.animation });
  assertEquals(new TextDecoder().decode(arrays!.gif!.values.slice(0, 6)), "GIF89a");
  await assertRejects(() => ask("gif", { animation: "none" }), Error, "make it again");
});

gpuTest(
  "a picture that is brought is looked at in its own size, and is found by its content",
  async () => {
    const subject = await subjectOf();
    const pixels = new Float32Array(3 * 60 * 40).fill(0.25);
    const name = await subject.take(encodePng({ width: 60, height: 40, channels: 3, pixels }));
    assertEquals(
      await subject.take(encodePng({ width: 60, height: 40, channels: 3, pixels })),
      name,
    );
    assertEquals([(await subject.photo(name)).width, subject.picture(name).shown.width], [60, 28]);
    const { said } = await ask("see", { image: name });
    assertStringIncludes(said.command as string, "deno task predict picture.png --weights");
    assertEquals(said.inverted, false);
  },
);

gpuTest("what is wrong is refused in words", async () => {
  const refused = (view: string, params: Record<string, unknown>, words: string) =>
    assertRejects(() => ask(view, params), Error, words);
  await refused("see", {}, "choose a picture");
  await refused("see", { image: "own:0123456789abcdef" }, "bring it again");
  await refused("see", { image: "test:10000" }, "below 10000");
  await refused("see", { image: "../../etc/passwd" }, "Cannot find the picture");
  await refused("maps", { image, layer: "conv9" }, "did you mean");
  await refused("ablation", { image, layer: "conv2", off: [16] }, "from 0 to 15");
  await refused("why", { image, class: 10 }, "from 0 to 9");
  await refused("why", { image, method: "magic" }, "magic");
  await refused("fool", { image, epsilon: -1 }, "from 0 to 1");
  await refused("fool", { image, method: "deepfool", target: 3 }, "nearest class");
  await refused("dream", { image, octaves: 99 }, "from 1 to 12");
  await refused("patches", { layer: "dense1" }, "must output maps");
});
