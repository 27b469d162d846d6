// CIFAR ResNets and plain networks: counts, shapes, PyTorch's weights and what they answer.
import { assertEquals, assertThrows } from "@std/assert";
import {
  cifarResnet,
  countSlots,
  disposeTree,
  entries,
  findModel,
  hostTensor,
  init,
  key,
  type Layer,
  leaves,
  models,
  normal,
  parseSafetensors,
  type Path,
  plain20,
  resnet20,
  type Safetensors,
  type Shape,
  start,
  type Tensor,
  tf,
  type Tree,
  valueAndGrad,
} from "../../mod.ts";
import { akamasterResnet } from "../../lib/weights/torch_names/resnet.ts";
import { onCpu } from "../backends.ts";
import { assertClose, numbersOf } from "../closeness.ts";
import { gpuTest, hasAdapter } from "../device/adapter.ts";
import { torchTensors } from "./torch_tensors.ts";

const CIFAR: Shape = [32, 32, 3];

/** facts.md's numbers of trainable parameters. */
const COUNTS = { 20: 269722, 32: 464154, 44: 658586, 56: 853018, 110: 1727962 } as const;

Deno.test("CIFAR ResNets and plain networks have the parameters of the paper's Table 6", () => {
  for (const [depth, count] of Object.entries(COUNTS)) {
    for (const kind of ["resnet", "plain"]) {
      const { build, inputShape } = findModel(`${kind}${depth}`);
      assertEquals(inputShape, CIFAR);
      assertEquals(countSlots(build().declare(inputShape).params), count, `${kind}${depth}`);
    }
    const one = cifarResnet({ depth: Number(depth), numClasses: 100 });
    assertEquals(countSlots(one.declare(CIFAR).params), count + 90 * 65);
  }
});

/** The operations in a model, each with how often it occurs. */
function operations(layer: Layer, shape: Shape, counts = new Map<string, number>()): typeof counts {
  counts.set(layer.op, (counts.get(layer.op) ?? 0) + 1);
  for (const child of layer.declare(shape).children ?? []) {
    operations(child.layer, child.inputShape, counts);
  }
  return counts;
}

Deno.test("a network of depth d has d layers with weights; a plain one has no residual", () => {
  for (const name of Object.keys(models).filter((name) => models[name]!.inputShape[0] === 32)) {
    const depth = Number(/\d+$/.exec(name)![0]);
    const counts = operations(findModel(name).build(), CIFAR);
    assertEquals([counts.get("conv"), counts.get("dense")], [depth - 1, 1], name);
    const links = name.startsWith("plain") ? undefined : (depth - 2) / 2;
    assertEquals(counts.get("residual"), links, name);
    assertEquals(counts.get("zeroPadShortcut"), links && 2, name);
  }
});

Deno.test("the stages' maps are 32, 16 and 8 pixels wide, of 16, 32 and 64 features", () => {
  for (const model of [resnet20(), plain20()]) {
    assertEquals(
      model.declare(CIFAR).children!.map(({ name, declaration }) => [name, [...declaration.shape]]),
      [
        ["conv1", [32, 32, 16]],
        ["norm1", [32, 32, 16]],
        ["relu1", [32, 32, 16]],
        ["stage1", [32, 32, 16]],
        ["stage2", [16, 16, 32]],
        ["stage3", [8, 8, 64]],
        ["pool", [64]],
        ["logits", [10]],
      ],
    );
  }
});

Deno.test("depths that are not 6n + 2, and class counts that are none, are refused", () => {
  for (const depth of [2, 0, -4, 18, 21, 8.5, NaN, Infinity]) {
    assertThrows(() => cifarResnet({ depth }), RangeError, `current value is ${depth}`);
  }
  assertThrows(() => resnet20({ numClasses: 0 }), RangeError, "current value is 0");
  assertThrows(() => plain20().declare([32, 32]), TypeError, 'In "conv1": ');
});

/** Where PyTorch keeps what is here; of `stage2/block1/sum/body/conv1`: `layer2.0.conv1`. */
function torchName(path: Path): string {
  const leaf = {
    kernel: "weight",
    scale: "weight",
    shift: "bias",
    mean: "running_mean",
    variance: "running_var",
  };
  const at = path.lastIndexOf("/");
  const name = path.slice(at + 1);
  return `${akamasterResnet.module(path.slice(0, at))}.${leaf[name as keyof typeof leaf] ?? name}`;
}

/** A tree with PyTorch's numbers in the place of the first ones. */
function withTorch<T extends Tree>(tree: T, contents: Safetensors): T {
  const replace = (branch: Tree, path: Path): Tree => {
    if (branch === null) return null;
    if (!(branch instanceof tf.Tensor)) {
      return Object.fromEntries(
        Object.entries(branch).map(([name, child]) => [
          name,
          replace(child, path === "" ? name : `${path}/${name}`),
        ]),
      );
    }
    const { values, shape } = hostTensor(contents, torchName(path));
    const theirs = tf.tensor(values, [...shape], "float32");
    // OIHW to HWIO, [out, in] to [in, out].
    const ours = shape.length === 4
      ? tf.transpose(theirs, [2, 3, 1, 0])
      : shape.length === 2
      ? tf.transpose(theirs)
      : theirs;
    assertEquals(ours.shape, branch.shape, path);
    return ours;
  };
  return replace(tree, "") as T;
}

const data = new URL("../../../shared/data/", import.meta.url);
const absent = !exists(new URL("resnet20-cifar10.safetensors", data));

function exists(url: URL): boolean {
  try {
    return Deno.statSync(url).isFile;
  } catch {
    return false;
  }
}

type Expected = {
  readonly logits: readonly (readonly number[])[];
  readonly normalisation: { readonly mean: readonly number[]; readonly std: readonly number[] };
};

/** The first records of CIFAR-10's test batch: a label, then 1,024 bytes of each channel. */
function testImages(count: number, { mean, std }: Expected["normalisation"]): Tensor {
  const bytes = Deno.readFileSync(new URL("cifar10/test_batch.bin", data));
  const values = new Float32Array(count * 3072);
  for (let i = 0; i < values.length; i++) {
    const [image, pixel, channel] = [Math.floor(i / 3072), Math.floor(i % 3072 / 3), i % 3];
    const byte = bytes[image * 3073 + 1 + channel * 1024 + pixel]!;
    values[i] = (byte / 255 - mean[channel]!) / std[channel]!;
  }
  return tf.tensor4d(values, [count, 32, 32, 3]);
}

async function assertTorchLogits(count: number): Promise<void> {
  const model = resnet20();
  const made = init(model, key(0), CIFAR);
  const file = "resnet20-cifar10.safetensors";
  const contents = parseSafetensors(Deno.readFileSync(new URL(file, data)), file);
  assertEquals(leaves(made.params).length + leaves(made.state).length, contents.tensors.size);
  const names = [...entries(made.params), ...entries(made.state)].map(([path]) => torchName(path));
  assertEquals(new Set(names).size, contents.tensors.size);
  const [params, state] = [withTorch(made.params, contents), withTorch(made.state, contents)];
  disposeTree(made.params);
  const expected: Expected = JSON.parse(
    Deno.readTextFileSync(new URL("resnet20-cifar10.expected.json", data)),
  );
  const [logits] = model.apply(params, state, testImages(count, expected.normalisation), {});
  const wanted = expected.logits.slice(0, count).flat();
  const got = Array.from(await numbersOf(logits));
  assertEquals(got.length, wanted.length);
  const wrong = got.filter((value, i) => !(Math.abs(value - wanted[i]!) < 1e-3));
  assertEquals(wrong, []);
}

const withData = absent ? " (ignored: ../shared/data cannot be read)" : "";

Deno.test({
  name: `PyTorch's names of ResNet-20's tensors are akamaster's${withData}`,
  ignore: absent,
  fn: () => {
    const file = "resnet20-cifar10.safetensors";
    const { tensors } = parseSafetensors(Deno.readFileSync(new URL(file, data)), file);
    const ours = torchTensors(resnet20() as Layer, CIFAR, akamasterResnet);
    // This file was written without the counters.
    const wanted = [...ours].filter(([, shape]) => shape.length > 0);
    assertEquals(wanted, [...tensors].map(([key, { shape }]) => [key, shape] as const).sort());
  },
});

Deno.test({
  name: `ResNet-20 with PyTorch's weights answers PyTorch's logits (cpu)${withData}`,
  ignore: absent,
  fn: async () => {
    await start({ backend: "cpu" });
    await assertTorchLogits(4); // A quarter of a second each.
  },
});

Deno.test({
  name: `ResNet-20 with PyTorch's weights answers PyTorch's logits (webgpu)${withData}` +
    (hasAdapter ? "" : " (ignored: no GPU adapter)"),
  ignore: absent || !hasAdapter,
  sanitizeResources: false,
  sanitizeOps: false,
  fn: async () => {
    await start({ backend: "webgpu" });
    await assertTorchLogits(20);
  },
});

/** Gradients of a sum of logits in training, the statistics it leaves behind, the logits. */
async function trainingPass(model: Layer, shape: Shape): Promise<Map<Path, ArrayLike<number>>> {
  const { params, state } = init(model, key(3), shape);
  const x = tf.tensor(normal(key(4), 2 * 64 * 3), [2, ...shape]);
  const weights = tf.tensor(normal(key(5), 20), [2, 10]);
  const { grads, aux } = valueAndGrad((tree: Tree) => {
    const [logits, next] = model.apply(tree, state, x, { training: true });
    return [tf.sum(tf.mul(logits, weights)).asScalar(), { logits, next }];
  })(params);
  const found = new Map<Path, ArrayLike<number>>();
  for (const [path, leaf] of entries({ grads, ...aux })) found.set(path, await numbersOf(leaf));
  return found;
}

gpuTest("small residual and plain networks train on WebGPU as on the CPU", async () => {
  for (const plain of [false, true]) {
    const model = cifarResnet({ depth: 8, plain }) as Layer;
    await start({ backend: "cpu" });
    const wanted = await trainingPass(model, [8, 8, 3]);
    await start({ backend: "webgpu" });
    const got = await trainingPass(model, [8, 8, 3]);
    assertEquals([...got.keys()], [...wanted.keys()]);
    // Gradients go back through seven normalisations by the statistics of as few as eight numbers.
    for (const [path, numbers] of wanted) await assertClose(got.get(path)!, numbers, path, 1e-4);
  }
});

onCpu("each parameter of a residual network has a gradient that is not zero", async () => {
  const found = await trainingPass(cifarResnet({ depth: 8 }) as Layer, [8, 8, 3]);
  const gradients = [...found].filter(([path]) => path.startsWith("grads/"));
  assertEquals(gradients.length, 3 * 7 + 2);
  const still = gradients.filter(([, numbers]) => Array.from(numbers).every((z) => z === 0));
  assertEquals(still.map(([path]) => path), []);
});
