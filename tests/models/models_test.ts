// All models' counts; LeNet-5 and the chapter's MNIST network: shapes, and that they run.
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type BackendName,
  chapterMnist,
  compactConvnet,
  countParameters,
  disposeTree,
  init,
  key,
  type Layer,
  lenet5,
  models,
  resnet101,
  resnet152,
  resnet18,
  resnet20,
  resnet34,
  resnet50,
  type Shape,
  start,
  tf,
  type Tree,
  vgg16,
  vgg19,
} from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { onCpu } from "../backends.ts";
import { assertClose, numbersOf } from "../closeness.ts";
import { gpuTest } from "../device/adapter.ts";
import { type ModelName, type ModelRow, MODELS } from "./table.ts";

function count<P extends Tree>(model: Layer<P>, shape: Shape): number {
  return countParameters(model.declare(shape).params);
}

/** The shape after each layer. */
function shapes<P extends Tree>(model: Layer<P>, shape: Shape): Record<string, Shape> {
  const children = model.declare(shape).children!;
  return Object.fromEntries(children.map(({ name, declaration }) => [name, declaration.shape]));
}

Deno.test("every model of the registry has its parameters, of any number of classes", () => {
  assertEquals(Object.keys(models), Object.keys(MODELS));
  for (const [name, row] of Object.entries<ModelRow>(MODELS)) {
    const { build, inputShape } = models[name]!;
    const { parameters, features, classes, auxiliary } = row;
    assertEquals(count(build(), inputShape), parameters, name);
    assertEquals(build().declare(inputShape).shape, [classes], name);
    // The codes of LeNet-5 of 1998 are of ten digits.
    const others = name === "lenet5-1998" ? [10] : [10, 7];
    for (const numClasses of others) {
      const model = build({ numClasses });
      const fewer = (classes - numClasses) * (features + 1);
      const expected = name === "lenet5-1998" ? parameters : parameters - fewer;
      assertEquals(count(model, inputShape), expected, `${name}, ${numClasses} classes`);
      assertEquals(model.declare(inputShape).shape, [numClasses]);
      const headed = build({ numClasses, auxiliary: true });
      const [all, inputs, outputs] = auxiliary ?? [parameters, features, 1];
      const less = name === "lenet5-1998" ? 0 : (classes - numClasses) * (inputs + outputs);
      assertEquals(count(headed, inputShape), all - less, `${name} with auxiliary heads`);
    }
  }
});

Deno.test("functions of known names are the models of the registry", () => {
  const named = { resnet18, resnet34, resnet50, resnet101, resnet152, resnet20, vgg16, vgg19 };
  for (const [name, build] of Object.entries<(options?: object) => Layer>(named as never)) {
    const { inputShape } = models[name]!;
    assertEquals(count(build(), inputShape), MODELS[name as ModelName].parameters, name);
    assertEquals(build({ numClasses: 3 }).declare(inputShape).shape, [3], name);
  }
});

Deno.test("LeNet-5 has 61,706 parameters for one channel, 62,006 for RGB", () => {
  assertEquals(count(lenet5(), [28, 28, 1]), 61706);
  assertEquals(count(lenet5(), [32, 32, 1]), 61706);
  assertEquals(count(lenet5(), [32, 32, 3]), 62006);
  assertEquals(count(lenet5({ activation: "relu", pooling: "mean" }), [28, 28, 1]), 61706);
  assertEquals(count(lenet5({ numClasses: 2 }), [28, 28, 1]), 61706 - 8 * 85);
});

Deno.test("the chapter's MNIST network has 1,199,882 parameters", () => {
  assertEquals(count(chapterMnist(), [28, 28, 1]), 1199882);
  assertEquals(count(chapterMnist({ numClasses: 2 }), [28, 28, 1]), 1199882 - 8 * 129);
});

Deno.test("the compact network has 29,434 parameters, layer by layer", () => {
  const convolutions = 5 * 5 * 1 * 16 + 3 * 3 * 16 * 32 + 3 * 3 * 32 * 64;
  const norms = 2 * (16 + 32 + 64);
  assertEquals(count(compactConvnet(), [28, 28, 1]), convolutions + norms + 3 * 3 * 64 * 10 + 10);
  assertEquals(count(compactConvnet(), [28, 28, 1]), 29434);
  assertEquals(compactConvnet({ head: false }).declare([28, 28, 1]).shape, [576]);
  assertEquals(compactConvnet({ numClasses: 3 }).declare([32, 32, 3]).shape, [3]);
});

Deno.test("LeNet-5 and the chapter's network may end before the classes", () => {
  assertEquals(lenet5({ head: false }).declare([28, 28, 1]).shape, [84]);
  assertEquals(count(lenet5({ head: false }), [28, 28, 1]), 61706 - 850);
  assertEquals(chapterMnist({ head: false }).declare([28, 28, 1]).shape, [128]);
  assertEquals(count(chapterMnist({ head: false }), [28, 28, 1]), 1199882 - 1290);
});

Deno.test("LeNet-5's maps have the sizes of Figure 12.16", () => {
  const sizes = shapes(lenet5(), [28, 28, 1]);
  assertEquals(
    ["pad", "conv1", "pool1", "conv2", "pool2", "flatten", "dense1", "dense2", "logits"].map((
      name,
    ) => sizes[name]),
    [[32, 32, 1], [28, 28, 6], [14, 14, 6], [10, 10, 16], [5, 5, 16], [400], [120], [84], [10]],
  );
});

Deno.test("the chapter's network has Keras's sizes", () => {
  const sizes = shapes(chapterMnist(), [28, 28, 1]);
  assertEquals(
    ["conv1", "conv2", "pool", "flatten", "dense1", "logits"].map((name) => sizes[name]),
    [[26, 26, 32], [24, 24, 64], [12, 12, 64], [9216], [128], [10]],
  );
});

Deno.test("images that are too large, and class counts that are none, are refused", () => {
  assertThrows(() => lenet5().declare([33, 28, 1]), RangeError, 'In "pad": ');
  assertThrows(() => lenet5().declare([28, 28]), TypeError, 'In "pad": ');
  assertThrows(() => chapterMnist().declare([4, 4, 1]), RangeError, 'In "conv2": ');
  for (const numClasses of [0, -1, 1.5, NaN]) {
    assertThrows(() => lenet5({ numClasses }), RangeError, `got ${numClasses}`);
    assertThrows(() => chapterMnist({ numClasses }), RangeError, `got ${numClasses}`);
  }
});

Deno.test("options that JavaScript can not check are refused", () => {
  assertThrows(
    () => lenet5({ activation: "gelu" as "relu" }),
    RangeError,
    'activation must be "tanh" or "relu", got "gelu"',
  );
  assertThrows(
    () => lenet5({ pooling: "norm" as "max" }),
    RangeError,
    'pooling must be "max" or "mean", got "norm"',
  );
});

onCpu("made models have the declared number of parameters", () => {
  const { params, state, outputShape: shape } = init(chapterMnist(), key(0), [28, 28, 1]);
  assertEquals([countParameters(params), countParameters(state), shape], [1199882, 0, [10]]);
  disposeTree(params);
});

onCpu("LeNet-5 keeps its input's variance within a few times, by its initializers", async () => {
  for (const activation of ["tanh", "relu"] as const) {
    const model = lenet5({ activation });
    const { params, state } = init(model, key(1), [28, 28, 1]);
    const x = tf.tensor4d(normalArray(key(2), 8 * 784), [8, 28, 28, 1]);
    const logits = await numbersOf(model.apply(params, state, x, {})[0]);
    const square = Array.from(logits).reduce((sum, z) => sum + z * z, 0) / logits.length;
    assert(square > 0.05 && square < 10, `${activation}: mean square of the logits is ${square}`);
  }
});

onCpu("dropout acts in the chapter's network in training only", async () => {
  const model = chapterMnist({ numClasses: 3 });
  const { params, state } = init(model, key(1), [12, 12, 1]);
  const x = tf.tensor4d(normalArray(key(2), 144), [1, 12, 12, 1]);
  const run = async (seed?: number): Promise<number[]> => {
    const context = seed === undefined ? {} : { training: true, key: key(seed) };
    return Array.from(await numbersOf(model.apply(params, state, x, context)[0]));
  };
  assertEquals(await run(), await run());
  assertEquals(await run(1), await run(1));
  const [calm, first, second] = [await run(), await run(1), await run(2)];
  assert(first.every((z, i) => z !== second[i] && z !== calm[i]));
});

gpuTest("LeNet-5 has the same outputs on WebGPU and on the CPU", async () => {
  const model = lenet5();
  const run = async (backend: BackendName): Promise<ArrayLike<number>> => {
    await start({ backend });
    const { params, state } = init(model, key(3), [28, 28, 1]);
    const x = tf.tensor4d(normalArray(key(4), 2 * 784), [2, 28, 28, 1]);
    const [logits] = model.apply(params, state, x, {});
    assertEquals(logits.shape, [2, 10]);
    return await numbersOf(logits);
  };
  const [wanted, got] = [await run("cpu"), await run("webgpu")];
  // Five layers of sums of up to 400 products.
  await assertClose(got, wanted, "logits", 1e-5);
});

Deno.test("every model refuses an option that it does not know", () => {
  for (const [name, { build }] of Object.entries(models)) {
    const options = { classes: 3 } as never;
    assertThrows(() => build(options), TypeError, 'unknown option "classes"', name);
    build({ numClasses: 10, auxiliary: false });
  }
});
