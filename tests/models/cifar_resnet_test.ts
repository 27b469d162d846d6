// CIFAR ResNets and plain networks: counts, shapes, and that they train on both backends alike.
import { assertEquals, assertThrows } from "@std/assert";
import {
  cifarResnet,
  entries,
  findModel,
  init,
  key,
  type Layer,
  models,
  type Path,
  plain,
  resnet20,
  type Shape,
  start,
  tf,
  type Tree,
  valueAndGrad,
} from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { onCpu } from "../backends.ts";
import { assertClose, numbersOf } from "../closeness.ts";
import { gpuTest } from "../device/adapter.ts";
import { countOf } from "./sizes.ts";
import { type ModelName, MODELS } from "./table.ts";

const CIFAR: Shape = [32, 32, 3];

Deno.test("CIFAR ResNets and plain networks have the parameters of the paper's Table 6", () => {
  for (const depth of [20, 32, 44, 56, 110]) {
    for (const [name, make] of [["resnet", cifarResnet], ["plain", plain]] as const) {
      const { parameters } = MODELS[`${name}${depth}` as ModelName];
      assertEquals(findModel(`${name}${depth}`).inputShape, CIFAR);
      assertEquals(countOf(make({ depth }), CIFAR), parameters);
      assertEquals(countOf(make({ depth, numClasses: 100 }), CIFAR), parameters + 90 * 65);
    }
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
  for (const model of [resnet20(), plain({ depth: 20 })]) {
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
    assertThrows(() => cifarResnet({ depth }), RangeError, `got ${depth}`);
    assertThrows(() => plain({ depth }), RangeError, `got ${depth}`);
  }
  assertThrows(() => resnet20({ numClasses: 0 }), RangeError, "got 0");
  assertThrows(() => plain({ depth: 20 }).declare([32, 32]), TypeError, 'In "conv1": ');
});

/** Gradients of a sum of logits in training, the statistics it leaves behind, the logits. */
async function trainingPass(model: Layer, shape: Shape): Promise<Map<Path, ArrayLike<number>>> {
  const { params, state } = init(model, key(3), shape);
  const x = tf.tensor(normalArray(key(4), 2 * 64 * 3), [2, ...shape]);
  const weights = tf.tensor(normalArray(key(5), 20), [2, 10]);
  const { grads, aux } = valueAndGrad((tree: Tree) => {
    const [logits, next] = model.apply(tree, state, x, { training: true });
    return [tf.sum(tf.mul(logits, weights)).asScalar(), { logits, next }];
  })(params);
  const found = new Map<Path, ArrayLike<number>>();
  for (const [path, leaf] of entries({ grads, ...aux })) found.set(path, await numbersOf(leaf));
  return found;
}

gpuTest("small residual and plain networks train on WebGPU as on the CPU", async () => {
  for (const make of [cifarResnet, plain]) {
    const model = make({ depth: 8 }) as Layer;
    await start({ backend: "cpu" });
    const wanted = await trainingPass(model, [8, 8, 3]);
    await start({ backend: "webgpu" });
    const got = await trainingPass(model, [8, 8, 3]);
    assertEquals([...got.keys()], [...wanted.keys()]);
    // Gradients go back through seven normalizations by the statistics of as few as eight numbers.
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
