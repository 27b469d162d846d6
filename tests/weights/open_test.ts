// open: whatever a network is in, it comes with its names and its preprocessing.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  beginTraining,
  type Checkpoint,
  classify,
  dense,
  entries,
  flatten,
  init,
  key,
  type Layer,
  lenet5,
  type Network,
  open,
  resnet20,
  sequential,
  sgd,
  snapshot,
  snapshotTransfer,
  start,
  tf,
  transfer,
  writeCheckpoint,
} from "../../mod.ts";
import { preprocessings } from "../../lib/image/mod.ts";
import { openNetworkFile } from "../../lib/weights/network_file.ts";
import { torchLayouts, writeTorch } from "../../lib/weights/mod.ts";
import { onCpu } from "../backends.ts";
import { hasAdapter } from "../device/adapter.ts";
import { sharedDataTest, sharedPath } from "../shared_data.ts";

const TEN = Array.from({ length: 10 }, (_, i) => `class ${i}`);

async function inDirectory(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** All numbers of a network, by path. */
async function numbersOf({ params, state }: Network): Promise<Map<string, number[]>> {
  const found = [...entries(params), ...entries(state)].map(async ([path, leaf]) =>
    [path, [...await leaf.data()]] as [string, number[]]
  );
  return new Map(await Promise.all(found));
}

/** A LeNet-5 of two classes as `fit` would report it. */
const parity = () => beginTraining(lenet5({ numClasses: 2 }), sgd(), key(1), [28, 28, 1]);

onCpu("a file with PyTorch's names is opened by its path alone", async () => {
  await inDirectory(async (dir) => {
    const path = `${dir}/three.safetensors`;
    const network = init(resnet20({ numClasses: 3 }), key(1), [32, 32, 3]);
    const layout = torchLayouts.resnet20![0]!;
    await writeTorch(path, network, [32, 32, 3], layout, { note: "mine" });
    const { name, inputShape, classNames, preprocessing, origin, metadata, ...opened } = await open(
      path,
    );
    assertEquals([name, inputShape, origin], ["resnet20", [32, 32, 3], "akamaster"]);
    assertEquals(classNames, ["class 0", "class 1", "class 2"]);
    assertEquals(preprocessing, preprocessings.cifar);
    assertEquals(metadata, { format: "pt", note: "mine" });
    assertEquals(await numbersOf(opened), await numbersOf(network as Network));

    // What lies beside it, and what is said here.
    const half = { crop: 32, range: 1, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const;
    await Deno.writeTextFile(`${dir}/three.json`, JSON.stringify(half));
    await Deno.writeTextFile(`${dir}/three.classes.txt`, "ant\nbee\n\ncow\n");
    const named = await open(path, { model: "resnet20" });
    assertEquals([named.classNames, named.preprocessing], [["ant", "bee", "cow"], half]);
    const told = await open(path, { classNames: ["x", "y", "z"], preprocessing: "inception" })
      .catch((error: unknown) => error);
    // Its preprocessing's size is the network's, and this network takes any.
    assertEquals((told as typeof named).inputShape, [299, 299, 3]);
    assertEquals((told as typeof named).classNames, ["x", "y", "z"]);
    await Deno.writeTextFile(`${dir}/names`, "1\n2\n3");
    const files = await open(path, {
      classNames: `${dir}/names`,
      preprocessing: `${dir}/three.json`,
    });
    assertEquals([files.classNames, files.preprocessing], [["1", "2", "3"], half]);
  });
});

onCpu("a checkpoint is opened from a file or from memory, with all that it says", async () => {
  await inDirectory(async (dir) => {
    const network = parity();
    const preprocessing = { crop: [28, 28] as const, range: 255, mean: [127], std: [64] } as const;
    const checkpoint = await snapshot(network, {
      model: "lenet5",
      classNames: ["even", "odd"],
      preprocessing,
    });
    const path = `${dir}/parity.safetensors`;
    await writeCheckpoint(path, checkpoint);
    for (const what of [path, checkpoint]) {
      const opened = await open(what);
      assertEquals([opened.name, opened.origin], ["lenet5", "a snapshot"]);
      assertEquals([opened.inputShape, opened.classNames], [[28, 28, 1], ["even", "odd"]]);
      assertEquals(opened.preprocessing, preprocessing);
      assertEquals(await numbersOf(opened), await numbersOf(network as Network));
    }
    // Without names and preprocessing: as many classes as there are, pixels as they are.
    const bare = await open(await snapshot(network, { model: "lenet5" }));
    assertEquals(bare.classNames, ["class 0", "class 1"]);
    assertEquals(bare.preprocessing, {
      resize: "cover",
      crop: [28, 28],
      range: 1,
      mean: [0],
      std: [1],
    });
    // A model that no registry knows is given.
    const own = sequential({ flatten: flatten(), logits: dense({ features: 2 }) }) as Layer;
    const run = beginTraining(own, sgd(), key(2), [4, 4, 3]);
    const mine = await open(await snapshot(run), { model: own });
    assertEquals([mine.name, mine.inputShape], ["sequential", [4, 4, 3]]);
    assertEquals(await numbersOf(mine), await numbersOf(run));
  });
});

onCpu("a transfer's checkpoint is that of a trained network", async () => {
  const examples = {
    name: "two",
    images: new Uint8Array(2 * 784).fill(9),
    labels: new Uint8Array([0, 1]),
    imageShape: [28, 28, 1],
    classNames: ["a", "b"],
  } as const;
  const source = init(lenet5(), key(0), [28, 28, 1]);
  let checkpoint: Checkpoint | undefined;
  for await (
    const report of transfer(lenet5({ numClasses: 2 }), source, examples, { epochs: 1 })
  ) {
    checkpoint = await snapshotTransfer(report, ["a", "b"], { model: "lenet5" });
  }
  const { name, classNames, inputShape } = await open(checkpoint!);
  assertEquals([name, classNames, inputShape], ["lenet5", ["a", "b"], [28, 28, 1]]);
});

onCpu("what cannot be opened is refused before anything is on the device", async () => {
  await inDirectory(async (dir) => {
    const network = parity();
    const whole = await snapshot(network, { model: "lenet5", classNames: ["even", "odd"] });
    const before = tf.memory().numTensors;
    const refused = async (
      what: string | Checkpoint,
      kind: new (...args: never[]) => Error,
      message: string,
      options: Parameters<typeof open>[1] = {},
    ): Promise<void> => {
      const error = await assertRejects(() => open(what, options), kind as ErrorConstructor);
      assertStringIncludes(error.message, message);
    };
    const saying = (run: Record<string, unknown>): Checkpoint => ({
      ...whole,
      run: { ...whole.run as object, ...run } as never,
    });
    await refused("resnet19", RangeError, 'did you mean "resnet18"');
    await refused(`${dir}/none.safetensors`, Deno.errors.NotFound, `${dir}/none.safetensors`);
    await refused(saying({ model: 3 }), SyntaxError, "must name its model");
    await refused(saying({ model: "lenet" }), RangeError, 'did you mean "lenet5"');
    await refused(whole, TypeError, "its model must be compact, got lenet5", { model: "compact" });
    await refused(saying({ model: "compact" }), TypeError, "missing");
    await refused(saying({ classNames: ["a", "b", "c"] }), TypeError, "logits/kernel");
    await refused(saying({ classNames: [1, 2] }), SyntaxError, "its class names of strings");
    await refused(saying({ inputShape: [28, 28.5, 1] }), SyntaxError, "of whole numbers");
    await refused(saying({ inputShape: [28, 28, 3] }), TypeError, "conv1/kernel");
    await refused(saying({ preprocessing: { crop: 28 } }), SyntaxError, "range must be");
    await refused(whole, SyntaxError, "got 3", { classNames: ["a", "b", "c"] });
    await refused(whole, RangeError, 'did you mean "caffe"', { preprocessing: "cafe" });
    const path = `${dir}/page.safetensors`;
    await Deno.writeTextFile(path, "<!DOCTYPE html>");
    await refused(path, SyntaxError, path);
    await writeTorch(
      path,
      init(resnet20({ numClasses: 3 }), key(1), [32, 32, 3]),
      [32, 32, 3],
      torchLayouts.resnet20![0]!,
    );
    const tensors = tf.memory().numTensors;
    await refused(path, TypeError, "features.0.weight", { model: "vgg11" });
    const model = lenet5() as Layer;
    await refused(path, SyntaxError, "(in a script: the option inputShape)", { model });
    await refused(path, TypeError, "conv1.weight", { model, inputShape: [28, 28, 1] });
    await refused(path, TypeError, "is for a model that is a layer, got no model", {
      inputShape: [28, 28, 1],
    });
    assert(tensors >= before);
    assertEquals(tf.memory().numTensors, tensors);
  });
});

onCpu("a file of writeTorch is opened by the network itself, and its input's shape", async () => {
  await inDirectory(async (dir) => {
    const network = init(lenet5(), key(3), [28, 28, 1]);
    await writeTorch(`${dir}/own.safetensors`, network, [28, 28, 1]);
    const model = lenet5() as Layer;
    const opened = await open(`${dir}/own.safetensors`, { model, inputShape: [28, 28, 1] });
    assertEquals(opened.inputShape, [28, 28, 1]);
    const x = tf.ones([1, 28, 28, 1]);
    const [found] = opened.model.apply(opened.params, opened.state, x, {});
    const [wanted] = network.model.apply(network.params, network.state, x, {});
    assertEquals(await found.array(), await wanted.array());
  });
});

onCpu("a URL is fetched once into the cache, with progress", async () => {
  await inDirectory(async (dir) => {
    const checkpoint = await snapshot(parity(), { model: "lenet5", classNames: ["even", "odd"] });
    await writeCheckpoint(`${dir}/a.safetensors`, checkpoint);
    const bytes = await Deno.readFile(`${dir}/a.safetensors`);
    let asked = 0;
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
      asked++;
      return new Response(bytes);
    });
    const url = `http://127.0.0.1:${server.addr.port}/a.safetensors`;
    let seen = 0;
    const options = { cacheDir: `${dir}/cache`, onProgress: (done: number) => void (seen = done) };
    const first = await open(url, options);
    const again = await open(new URL(url), options);
    assertEquals([first.name, first.classNames], ["lenet5", ["even", "odd"]]);
    assertEquals(await numbersOf(again), await numbersOf(first));
    assertEquals([asked, seen], [1, bytes.length]);
  });
});

Deno.test("a network's file says all before a device is started", async () => {
  const path = new URL("../../examples/networks/lenet5-relu-mnist.safetensors", import.meta.url);
  const file = await openNetworkFile(path.pathname);
  assertEquals([file.name, file.origin], ["lenet5-relu", "deno task train"]);
  assertEquals([file.inputShape, file.numClasses], [[28, 28, 1], 10]);
  assertEquals(file.checkpoint?.dataset, "mnist");
  assertEquals(file.metadata.format, "neocog-checkpoint");
});

sharedDataTest("published SqueezeNet classifies the cat as a tabby", async () => {
  await start(hasAdapter ? {} : { backend: "cpu" });
  const network = await open(sharedPath("squeezenet1_0-imagenet.safetensors"));
  assertEquals([network.name, network.origin], ["squeezenet", "torchvision"]);
  assertEquals(network.inputShape, [227, 227, 3]);
  const file = await Deno.readTextFile(sharedPath("squeezenet1_0.expected.json"));
  const { photos } = JSON.parse(file);
  for (const photo of ["chelsea", "coffee", "astronaut"]) {
    const found = await classify(network, sharedPath(`photos/${photo}.png`));
    const expected = photos[photo].top5.map(([index, name]: [number, string]) => [index, name]);
    assertEquals(found.map(({ index, name }) => [index, name]), expected);
  }
  const [cat] = await classify(network, sharedPath("photos/chelsea.png"), { top: 1 });
  assertStringIncludes(cat!.name, "tabby");
  tf.dispose([network.params, network.state].flatMap((tree) => entries(tree).map(([, t]) => t)));
});

sharedDataTest("published ResNet-20 has CIFAR-10's classes", async () => {
  await start({ backend: "cpu" });
  const network = await open(sharedPath("resnet20-cifar10.safetensors"));
  assertEquals([network.name, network.classNames[3]], ["resnet20", "cat"]);
  assertEquals(network.preprocessing, preprocessings.cifar);
  assert(network.classNames.length === 10 && `${network.classNames}` !== `${TEN}`);
});
