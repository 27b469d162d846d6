// LeNet-5 of 1998: the paper's counts by layer, sizes, codes, and that it learns.
import { assert, assertEquals, assertGreaterOrEqual, assertLess, assertThrows } from "@std/assert";
import {
  adam,
  type Examples,
  findModel,
  fit,
  init,
  key,
  leaves,
  lenet5Of1998,
  softmaxCrossEntropy,
  start,
  tf,
  type Training,
  trainStep,
} from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { countParameters } from "../../lib/layers/layer.ts";
import { DIGIT_CODES } from "../../lib/models/digit_codes.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { gpuTest } from "../device/adapter.ts";

Deno.test("LeNet-5 of 1998 has the paper's trainable parameters, layer by layer: 60,000", () => {
  const { build, inputShape } = findModel("lenet5-1998");
  assertEquals(countParameters(build().declare(inputShape).params), 60000);
  const { children, state } = lenet5Of1998().declare([32, 32, 1]);
  const counts = Object.fromEntries(
    children!.map(({ name, declaration }) => [name, countParameters(declaration.params)]),
  );
  assertEquals(
    Object.entries(counts).filter(([, count]) => count > 0),
    // §II.B: C1 156, S2 12, C3 1,516, S4 32, C5 48,120, F6 10,164.
    [
      ["conv1", 156],
      ["subsample2", 12],
      ["conv3", 1516],
      ["subsample4", 32],
      ["conv5", 48120],
      ["dense6", 10164],
    ],
  );
  assertEquals(countParameters(state), 840);
});

Deno.test("its maps have the sizes of the paper's Figure 2", () => {
  assertEquals(
    lenet5Of1998().declare([28, 28, 1]).children!
      .filter(({ name }) => !/^act/.test(name))
      .map(({ name, declaration }) => [name, [...declaration.shape]]),
    [
      ["pad", [32, 32, 1]],
      ["conv1", [28, 28, 6]],
      ["subsample2", [14, 14, 6]],
      ["conv3", [10, 10, 16]],
      ["subsample4", [5, 5, 16]],
      ["conv5", [1, 1, 120]],
      ["flatten", [120]],
      ["dense6", [84]],
      ["logits", [10]],
    ],
  );
  assertEquals(lenet5Of1998({ head: false }).declare([28, 28, 1]).shape, [84]);
});

Deno.test("the codes are ten pictures of 84 pixels, each unlike the others", () => {
  assertEquals(DIGIT_CODES.map((code) => code.length), Array(10).fill(84));
  assert(DIGIT_CODES.flat().every((pixel) => pixel === 1 || pixel === -1));
  const differences = (a: number, b: number): number =>
    DIGIT_CODES[a]!.filter((pixel, i) => pixel !== DIGIT_CODES[b]![i]).length;
  for (let a = 0; a < 10; a++) {
    for (let b = 0; b < a; b++) assertGreaterOrEqual(differences(a, b), 8, `${a} and ${b}`);
  }
  // Digits that look alike have codes that are alike.
  assertLess(differences(8, 6), differences(8, 1));
  assertLess(differences(0, 8), differences(0, 4));
});

Deno.test("class counts but ten are refused, with why", () => {
  for (const numClasses of [1, 9, 11, 0, NaN]) {
    assertThrows(
      () => lenet5Of1998({ numClasses }),
      RangeError,
      `one for each digit that it has a picture of, got ${numClasses}`,
    );
  }
  assertEquals(lenet5Of1998({ numClasses: 10 }).declare([32, 32, 1]).shape, [10]);
});

onCpu("features that are a digit's picture are that digit, at distance zero", async () => {
  const model = lenet5Of1998();
  const last = model.declare([32, 32, 1]).children!.at(-1)!;
  const { state } = init(last.layer, key(0), [84]);
  const pictures = tf.tensor2d(DIGIT_CODES.map((code) => [...code]));
  const [logits] = last.layer.apply({}, state, pictures, {});
  assertEquals([...await tf.argMax(logits, 1).data()], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals([...await tf.abs(tf.max(logits, 1)).data()], Array(10).fill(0));
});

onEachBackend("its loss falls over steps on one batch, and its codes stay", async () => {
  const model = lenet5Of1998();
  const { params, state } = init(model, key(0), [28, 28, 1]);
  const optimizer = adam({ learningRate: 2e-4 });
  const step = trainStep(model, softmaxCrossEntropy, optimizer);
  const images = tf.tensor4d(normalArray(key(1), 8 * 784), [8, 28, 28, 1]);
  const labels = tf.oneHot(tf.tensor1d([0, 1, 2, 3, 4, 5, 6, 7], "int32"), 10) as tf.Tensor2D;
  let trained: ReturnType<typeof step> | undefined;
  const losses: number[] = [];
  for (let i = 0; i < 6; i++) {
    const from = trained ?? { params, state, optimizer: optimizer.init(params) };
    trained = step(from, { images, labels: labels.toFloat() }, key(i));
    losses.push((await trained.loss.data())[0]!);
  }
  losses.slice(1).forEach((loss, i) => assertLess(loss, losses[i]!, `${losses}`));
  assertEquals([...await trained!.state.logits.codes.data()], DIGIT_CODES.flat());
  const still = leaves(params).filter((leaf, i) => leaf === leaves(trained!.params)[i]);
  assertEquals(still.length, 0);
});

gpuTest("recorded training of it is the same to the bit, with its fixed codes", async () => {
  await start({ backend: "webgpu" });
  const examples: Examples = {
    name: "noise",
    images: Uint8Array.from(normalArray(key(3), 20 * 784, 128, 40)),
    labels: Uint8Array.from({ length: 20 }, (_, i) => i % 10),
    imageShape: [28, 28, 1],
    classNames: Array.from({ length: 10 }, (_, i) => `${i}`),
  };
  const run = async (jit: boolean): Promise<unknown> => {
    const losses: number[] = [];
    let last: Training | undefined;
    const onStep = ({ loss }: { loss: number }) => losses.push(loss);
    for await (
      const { network } of fit(lenet5Of1998(), examples, { jit, epochs: 2, batchSize: 8, onStep })
    ) last = network as unknown as Training;
    const numbers = await Promise.all(leaves(last!.params).map((leaf) => leaf.data()));
    const codes = await Promise.all(leaves(last!.state).map((leaf) => leaf.data()));
    tf.dispose([last!.params, last!.state, last!.optimizer].flatMap(leaves));
    assertEquals([...codes[0]!], DIGIT_CODES.flat());
    return { losses, numbers };
  };
  const count = tf.memory().numTensors;
  assertEquals(await run(true), await run(false));
  assertEquals(tf.memory().numTensors, count);
});
