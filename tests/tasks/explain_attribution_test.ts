// The subcommands that explain an output: what they write, print and refuse.
import { assertAlmostEquals, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { decodeImage, encodePng } from "../../lib/image/mod.ts";
import { init, key, start } from "../../mod.ts";
import { writeTorch } from "../../lib/weights/mod.ts";
import { namedModel } from "../../tasks/own_model.ts";
import { hasAdapter } from "../device/adapter.ts";
import { sharedDataTest, sharedPath } from "../shared_data.ts";
import { type Outcome, runTask } from "./run_task.ts";

/** A network as a user writes it, small enough to be explained often. */
const CODE = `
import * as nc from "@neocog/neocog";
const stage = (features, stride) =>
  nc.sequential({ conv: nc.conv({ features, size: 3, stride, padding: 1 }), relu: nc.relu() });
export const inputShape = [32, 32, 3];
export default nc.sequential({
  stage1: stage(5, 2),
  stage2: stage(6, 2),
  stage3: stage(7, 2),
  pool: nc.globalMeanPool(),
  logits: nc.dense({ features: 3 }),
});
`;

/** A network of random weights and a picture for it. */
async function made(): Promise<{ dir: string; network: string[] }> {
  await start({ backend: "cpu" });
  const dir = await Deno.makeTempDir();
  const file = `${dir}/three.ts`;
  await Deno.writeTextFile(file, CODE);
  const model = (await namedModel(file)).build();
  const weights = `${dir}/three.safetensors`;
  await writeTorch(weights, init(model, key(0), [32, 32, 3]), [32, 32, 3]);
  const pixels = Float32Array.from({ length: 32 * 32 * 3 }, (_, i) => (i % 256) / 255);
  const picture = `${dir}/picture.png`;
  await Deno.writeFile(picture, encodePng({ width: 32, height: 32, channels: 3, pixels }));
  await Deno.writeTextFile(`${dir}/three.classes.txt`, "ant\nbee\ncow\n");
  const named = ["--image", picture, "--weights", weights, "--model", file];
  return { dir, network: [...named, "--backend", "cpu"] };
}

type Result = {
  readonly files: readonly string[];
  readonly scores: Readonly<Record<string, unknown>>;
};

function result({ code, out, err }: Outcome): Result {
  assertEquals(code, 0, err);
  return JSON.parse(out.trim().split("\n").at(-1)!);
}

Deno.test("each method writes its map, the map over the picture, and a row of both", async () => {
  const { dir, network } = await made();
  const explain = (...args: string[]): Promise<Outcome> =>
    runTask("explain", [...args, ...network, "--out", `${dir}/out`, "--json"]);
  const cases: readonly (readonly [name: string, colored: boolean, ...args: string[]])[] = [
    ["saliency", true, "saliency", "--rule", "guided"],
    ["smooth-grad", false, "saliency", "--method", "smooth-grad", "--samples", "2"],
    ["input-x-gradient", false, "saliency", "--method", "input-x-gradient", "--class", "bee"],
    ["grad-cam", false, "grad-cam", "--layer", "stage2"],
    ["guided-grad-cam", true, "grad-cam", "--method", "guided-grad-cam"],
    ["integrated-gradients", false, "integrated-gradients", "--steps", "3", "--baseline", "gray"],
    ["score-cam", false, "grad-cam", "--method", "score-cam", "--layer", "stage3"],
    ["deep-lift", false, "contributions", "--baseline", "gray"],
    ["gradient-shap", false, "contributions", "--method", "gradient-shap", "--samples", "2"],
    ["lrp", false, "contributions", "--method", "lrp", "--rule", "alpha-beta"],
    ["lime", false, "contributions", "--method", "lime", "--samples", "9", "--baseline", "blur"],
    ["occlusion", false, "occlusion", "--window", "16", "--stride", "16"],
  ];
  try {
    for (const [name, colored, ...args] of cases) {
      const { files, scores } = result(await explain(...args));
      const names = ["", "-overlay", ...(colored ? ["-colors"] : []), "-row"];
      assertEquals(
        files,
        ["input", ...names.map((end) => name + end)].map((file) => `${dir}/out/${file}.png`),
      );
      const { width, height } = await decodeImage(await Deno.readFile(files[1]!), name);
      assertEquals([width, height], [224, 224]);
      const beside = JSON.parse(await Deno.readTextFile(files[1]!.replace(".png", ".json")));
      assertEquals([beside.score, beside.target], [scores.score, scores.target], name);
    }
    const page = await Deno.readTextFile(`${dir}/out/index.html`);
    assertStringIncludes(page, "Occlusion by 16 × 16 pixels of zero for &quot;");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("methods are compared in a table, by curves and by their maps", async () => {
  const { dir, network } = await made();
  try {
    const flags = ["--methods", "lrp, saliency,random", "--steps", "3", "--samples", "4"];
    const done = await runTask("explain", [
      "compare",
      ...flags,
      ...network,
      ...["--out", `${dir}/out`, "--json"],
    ]);
    const { files, scores } = result(done);
    assertEquals(
      files,
      ["input.png", "curves.svg", "maps.png"].map((file) => `${dir}/out/${file}`),
    );
    const methods = scores.methods as { method: string; deletion: number; unexplained: number }[];
    assertEquals(methods.map(({ method }) => method), ["lrp", "saliency", "random"]);
    for (const { deletion, unexplained } of methods) {
      assertEquals([deletion, unexplained].every((one) => one >= 0 && one <= 1), true);
    }
    assertStringIncludes(done.err, "method    deletion (low)  insertion (high)");
    const wrong = ["compare", "--methods", "lrp,salient", ...network, "--out", `${dir}/none`];
    assertStringIncludes((await runTask("explain", wrong)).err, 'did you mean "saliency"');
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a feature map is explained instead of a class", async () => {
  const { dir, network } = await made();
  try {
    const flags = ["--layer", "stage1", "--unit", "3", "--out", `${dir}/out`, "--json"];
    const { scores } = result(await runTask("explain", ["saliency", ...flags, ...network]));
    assertEquals(scores.target, "map 3 of stage1");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("what does not fit is refused in a sentence, and leaves no folder", async () => {
  const { dir, network } = await made();
  const refusal = async (...args: string[]): Promise<string> => {
    const { code, err } = await runTask("explain", [...args, ...network, "--out", `${dir}/out`]);
    assertGreater(code, 0);
    return err;
  };
  try {
    assertStringIncludes(await refusal("saliency", "--class", "be"), 'did you mean "bee"');
    assertStringIncludes(await refusal("saliency", "--class", "3"), "from 0 to 2");
    assertStringIncludes(
      await refusal("saliency", "--unit", "3"),
      "--layer with --unit, got --unit",
    );
    assertStringIncludes(
      await refusal("saliency", "--layer", "stage1", "--unit", "5"),
      "from 0 to 4, got 5",
    );
    assertStringIncludes(
      await refusal("saliency", "--samples", "3"),
      "--method must be smooth-grad",
    );
    assertStringIncludes(await refusal("saliency", "--rule", "guide"), "guided");
    assertStringIncludes(
      await refusal("grad-cam", "--method", "score-cam", "--rule", "guided"),
      "it has no gradient",
    );
    assertStringIncludes(
      await refusal("contributions", "--rule", "epsilon"),
      "--method must be lrp, got deep-lift",
    );
    assertStringIncludes(await refusal("grad-cam", "--layer", "stag2"), 'did you mean "stage2"');
    assertStringIncludes(
      await refusal("grad-cam", "--layer", "logits"),
      "[height, width, channels]",
    );
    assertStringIncludes(await refusal("integrated-gradients", "--steps", "0"), "--steps");
    assertStringIncludes(
      await refusal("occlusion", "--window", "33"),
      "at most the picture's side, 32",
    );
    assertStringIncludes(
      await refusal("occlusion", "--window", "4", "--stride", "5"),
      "at most the window's side, 4",
    );
    assertEquals([...Deno.readDirSync(dir)].some(({ name }) => name === "out"), false);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

sharedDataTest("test images are taken by number from the data set that is named", async () => {
  const dir = await Deno.makeTempDir();
  const backend = hasAdapter ? "webgpu" : "cpu";
  const weights = ["--weights", sharedPath("resnet20-cifar10.safetensors"), "--backend", backend];
  const cifar = ["--dataset", "cifar10", "--data-dir", sharedPath("cifar10")];
  const tail = ["--out", `${dir}/out`, "--json"];
  try {
    const { scores } = result(
      await runTask("explain", ["saliency", ...weights, ...cifar, "--image", "1", ...tail]),
    );
    assertEquals(typeof scores.target, "string");
    const settings = JSON.parse(await Deno.readTextFile(`${dir}/out/input.json`));
    assertEquals([settings.dataset, settings.image, typeof settings.label], [
      "cifar10",
      "1",
      "string",
    ]);
    const attack = ["adversarial", ...weights, ...cifar, "--image", "1", "--method", "fgsm"];
    const { files } = result(await runTask("generate", [...attack, ...tail]));
    assertEquals(files[0], `${dir}/out/side-by-side.png`);
    const numbered = await runTask("explain", ["saliency", ...weights, "--image", "1", ...tail]);
    assertStringIncludes(numbered.err, "a number needs --dataset");
    const mnist = ["saliency", ...weights, "--dataset", "mnist", "--image", "1", ...tail];
    assertStringIncludes((await runTask("explain", mnist)).err, "one with images of [32,32,3]");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

sharedDataTest("SqueezeNet's answer to chelsea is explained as tabby, by its score", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const { scores } = result(
      await runTask("explain", [
        "grad-cam",
        "--image",
        sharedPath("photos/chelsea.png"),
        "--weights",
        sharedPath("squeezenet1_0-imagenet.safetensors"),
        "--out",
        dir,
        "--json",
        "--backend",
        hasAdapter ? "webgpu" : "cpu",
      ]),
    );
    assertEquals(scores.target, '"tabby"');
    assertAlmostEquals(scores.score as number, 20.8665, 1e-3);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
