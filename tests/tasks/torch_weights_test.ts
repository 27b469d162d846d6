// predict and evaluate with PyTorch's weights: networks of the world, and one that is made here.
import { assertAlmostEquals, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { encodePng } from "../../lib/image/mod.ts";
import { init, key, resnet20, start } from "../../mod.ts";
import { torchLayouts, writeTorch } from "../../lib/weights/mod.ts";
import { hasAdapter } from "../device/adapter.ts";
import { sharedDataTest, sharedPath } from "../shared_data.ts";
import { type Outcome, runTask } from "./run_task.ts";

const backend = ["--backend", hasAdapter ? "webgpu" : "cpu"];

type Prediction = {
  readonly model: string;
  readonly preprocessing: string;
  readonly top: readonly { readonly class: string; readonly index: number; score: number }[];
};

function result<T>({ code, out, err }: Outcome): T {
  assertEquals(code, 0, err);
  return JSON.parse(out.trim().split("\n").at(-1)!);
}

for (const photo of ["chelsea", "coffee", "astronaut"]) {
  sharedDataTest(`SqueezeNet's five classes of ${photo} are those that are known`, async () => {
    const file = sharedPath("squeezenet1_0.expected.json");
    const { top5 } = JSON.parse(await Deno.readTextFile(file)).photos[photo];
    const found = result<Prediction>(
      await runTask("predict", [
        sharedPath(`photos/${photo}.png`),
        "--weights",
        sharedPath("squeezenet1_0-imagenet.safetensors"),
        "--model",
        "squeezenet",
        "--json",
        ...backend,
      ]),
    );
    assertEquals(
      found.top.map((each) => [each.index, each.class]),
      top5.map(([index, name]: [number, string]) => [index, name]),
    );
    for (const [i, { score }] of found.top.entries()) assertAlmostEquals(score, top5[i][2], 1e-2);
  });
}

sharedDataTest(
  "ResNet-20 is right of 0.804 of CIFAR-10's test images that are here",
  async () => {
    const found = result<Record<string, unknown>>(
      await runTask("evaluate", [
        "--model",
        "resnet20",
        "--weights",
        sharedPath("resnet20-cifar10.safetensors"),
        "--dataset",
        "cifar10",
        "--data-dir",
        sharedPath("cifar10"),
        "--json",
        ...backend,
      ]),
    );
    assertEquals([found.samples, found.model, found.dataset], [2000, "resnet20", "cifar10"]);
    assertAlmostEquals(found.accuracy as number, 0.804, 0.002);
  },
  { ignore: !hasAdapter },
);

/** A small network of PyTorch's, a picture for it, and what lies beside. */
async function made(): Promise<{ dir: string; weights: string; picture: string }> {
  await start({ backend: "cpu" });
  const dir = await Deno.makeTempDir();
  const model = resnet20({ numClasses: 3 });
  const weights = `${dir}/three.safetensors`;
  const layout = torchLayouts["resnet20"]![0]!;
  await writeTorch(weights, init(model, key(0), [32, 32, 3]), [32, 32, 3], layout);
  const pixels = Float32Array.from({ length: 40 * 50 * 3 }, (_, i) => (i % 256) / 255);
  const picture = `${dir}/picture.png`;
  await Deno.writeFile(picture, encodePng({ width: 50, height: 40, channels: 3, pixels }));
  return { dir, weights, picture };
}

Deno.test("predict finds out model, preprocessing and names by the weights and what lies beside", async () => {
  const { dir, weights, picture } = await made();
  const predict = (...flags: string[]): Promise<Outcome> =>
    runTask("predict", [picture, "--weights", weights, "--json", "--backend", "cpu", ...flags]);
  try {
    const bare = result<Prediction>(await predict());
    assertEquals([bare.model, bare.preprocessing], [
      "resnet20",
      "cifar, the usual one of resnet20",
    ]);
    assertEquals(bare.top.map((each) => each.class).sort(), ["class 0", "class 1", "class 2"]);
    const half = { crop: 32, range: 1, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
    await Deno.writeTextFile(`${dir}/three.json`, JSON.stringify(half));
    await Deno.writeTextFile(`${dir}/three.classes.txt`, "ant\nbee\ncow\n");
    const named = result<Prediction>(await predict("--top", "1"));
    assertEquals(named.preprocessing, `${dir}/three.json`);
    assertMatch(named.top[0]!.class, /^(ant|bee|cow)$/);
    const flagged = result<Prediction>(await predict("--preprocessing", "cifar"));
    assertEquals(flagged.top.map((each) => each.score), bare.top.map((each) => each.score));
    assertEquals(flagged.preprocessing, "cifar");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("weights are fetched by their URL once, and then are there", async () => {
  const { dir, weights, picture } = await made();
  let asked = 0;
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async () => {
    asked++;
    return new Response(await Deno.readFile(weights));
  });
  const url = `http://127.0.0.1:${server.addr.port}/three.safetensors`;
  const predict = (): Promise<Outcome> =>
    runTask("predict", [picture, "--weights", url, "--json", "--backend", "cpu"], {
      NEOCOG_CACHE: `${dir}/cache`,
    });
  try {
    const first = await predict();
    assertEquals(result<Prediction>(first).model, "resnet20");
    assertStringIncludes(first.err, `Fetching ${url}`);
    assertMatch(first.err, /has SHA-256 [0-9a-f]{64}, which nothing here can confirm/);
    const again = await predict();
    assertEquals(result<Prediction>(again).top, result<Prediction>(first).top);
    assertEquals(asked, 1);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("what does not fit the weights is refused by name, before anything is computed", async () => {
  const { dir, weights, picture } = await made();
  const refusal = async (name: string, ...args: string[]): Promise<string> => {
    const { code, err } = await runTask(name, args);
    assertEquals(code === 0, false);
    assertMatch(err, /^error: [^\n]*\n$|^[^\n]*--help[^\n]*\n$/m);
    return err;
  };
  try {
    const predict = (...flags: string[]): Promise<string> =>
      refusal("predict", picture, "--weights", weights, ...flags);
    assertStringIncludes(await predict("--model", "vgg11"), "features.0.weight");
    assertStringIncludes(await predict("--preprocessing", "cafe"), 'did you mean "caffe"');
    await Deno.writeTextFile(`${dir}/two.txt`, "a\nb\n");
    assertStringIncludes(await predict("--classes", `${dir}/two.txt`), "got 2");
    await Deno.writeTextFile(`${dir}/three.json`, "{");
    assertStringIncludes(await predict(), "three.json");
    const evaluate = (...flags: string[]): Promise<string> =>
      refusal("evaluate", "--weights", weights, ...flags);
    assertStringIncludes(await evaluate(), "Cannot run without --dataset");
    assertStringIncludes(await evaluate("--dataset", "mnist"), "three.json");
    await Deno.remove(`${dir}/three.json`);
    assertStringIncludes(await evaluate("--dataset", "mnist"), "as many classes");
    const whole = await Deno.readFile(weights);
    await Deno.writeFile(weights, whole.subarray(0, whole.length - 1));
    assertStringIncludes(await predict(), "cut short");
    await Deno.writeTextFile(weights, "<!DOCTYPE html><title>404</title>");
    assertStringIncludes(await predict(), "three.safetensors");
    assertStringIncludes(
      await refusal("predict", `${dir}/none.png`, "--weights", weights),
      `Cannot read ${dir}/none.png: there is no such file`,
    );
    const dot = `${dir}/dot.png`;
    const one = { width: 1, height: 1, channels: 3, pixels: new Float32Array(3) } as const;
    await Deno.writeFile(dot, encodePng(one));
    await Deno.writeFile(weights, whole);
    assertStringIncludes(
      await refusal("predict", dot, "--weights", weights, "--preprocessing", "cifar"),
      "at least 8 pixels, got 1×1",
    );
    assertStringIncludes(
      await predict("--invert", "yes", "--preprocessing", "cifar"),
      "Cannot use --invert yes: resnet20 takes images in color",
    );
    // The last number of the file is a weight: as all ones it is a NaN.
    await Deno.writeFile(weights, whole.map((byte, i) => i >= whole.length - 4 ? 255 : byte));
    assertStringIncludes(
      await predict("--preprocessing", "cifar", "--backend", "cpu"),
      "all scores must be finite",
    );
    await Deno.writeTextFile(`${dir}/photo.jpg`, "<!DOCTYPE html><title>404</title>");
    const photo = await refusal("predict", `${dir}/photo.jpg`, "--weights", weights);
    assertStringIncludes(photo, "got HTML");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
