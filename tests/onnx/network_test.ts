// What an ONNX file becomes: an ordinary network, with paths, logits, other sizes and classes.
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  dilatedMax,
  joinBy,
  padWith,
  unpaddedMean,
  withNumbers,
} from "../../lib/imported/layers.ts";
import { readOnnx } from "../../lib/onnx/mod.ts";
import {
  beginTraining,
  classify,
  fit,
  key,
  open,
  sgd,
  snapshot,
  start,
  tf,
  transferWeights,
} from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { entries } from "../../lib/tensor/tree.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { assertGradients } from "../finite_differences.ts";
import golden from "../golden/onnx_files.json" with { type: "json" };
import { decoded, floats, onFile, toOurOrder } from "./files.ts";

const { model, x, xShape, y } = golden.network;

const preprocessing = {
  resize: 7,
  crop: [9, 7],
  range: 1,
  mean: [0, 0, 0],
  std: [1, 1, 1],
} as const;

onEachBackend(
  "open() of an ONNX file gives a network of the preprocessing's size, whose softmax is left out",
  async () => {
    await onFile(decoded(model), async (path) => {
      const network = await open(path, { preprocessing });
      assertEquals(network.inputShape, [9, 7, 3]);
      assertEquals(network.classNames, ["class 0", "class 1", "class 2"]);
      assertEquals(network.origin, "ONNX");
      const input = toOurOrder(tf.tensor(floats(x), xShape));
      const [logits] = network.model.apply(network.params, network.state, input, {});
      await assertClose(tf.softmax(logits), floats(y), "probabilities", 1e-5);
      // The same pixels as a picture: nothing is resized.
      const picture = {
        pixels: new Float32Array(await input.data()),
        width: 7,
        height: 9,
        channels: 3,
      } as const;
      const best = (await classify(network, picture))[0]!;
      const probabilities = floats(y);
      const largest = Math.max(...probabilities);
      assertEquals(best.name, network.classNames[probabilities.indexOf(largest)]);
      await assertClose([best.probability], [largest], "probability", 1e-5);
    });
  },
);

Deno.test("paths are the nodes' names without slashes, each once", async () => {
  await start({ backend: "cpu" });
  await onFile(decoded(model), async (path) => {
    const { params, state } = (await readOnnx(path)).build().load();
    assertEquals(entries(params).map(([path]) => path), [
      "body_conv_Conv/kernel",
      "body_conv_Conv/bias",
      "body_norm_BatchNormalization/scale",
      "body_norm_BatchNormalization/shift",
      "body_Relu_2/kernel",
      "head_Gemm/kernel",
      "head_Gemm/bias",
    ]);
    assertEquals(entries(state).map(([path]) => path), [
      "body_norm_BatchNormalization/mean",
      "body_norm_BatchNormalization/variance",
    ]);
  });
});

Deno.test("how pictures are prepared must be said of an ONNX file, and no model may be given", async () => {
  await onFile(decoded(model), async (path) => {
    const { message } = await assertRejects(() => open(path), TypeError);
    assertStringIncludes(message, "--preprocessing");
    await assertRejects(() => open(path, { model: "lenet5" }), TypeError, "none may be given");
  });
});

onEachBackend(
  "an ONNX file's network gets other classes, learns, and its checkpoint opens",
  async () => {
    await onFile(decoded(model), async (path) => {
      const file = await readOnnx(path);
      const shape = [8, 8, 3];
      const source = file.build(shape).load();
      const moved = transferWeights(file.withClasses(2), shape, source);
      assertEquals(moved.initialized, ["head_Gemm/kernel", "head_Gemm/bias"]);
      assertEquals(moved.transferred.length, 7);
      const images = normalArray(key(1), 6 * 8 * 8 * 3);
      const examples = {
        imageShape: shape,
        classNames: ["a", "b"],
        labels: Uint8Array.of(0, 1, 0, 1, 0, 1),
        images: Uint8Array.from(images, (one) => 128 + 40 * one),
      };
      const from = { ...beginTraining(moved.model, sgd(), key(0), shape), ...moved };
      const before = await source.state;
      let last: typeof from | undefined;
      for await (
        const { network } of fit(moved.model, examples as never, {
          epochs: 1,
          batchSize: 3,
          optimizer: sgd(),
          from: from as never,
        })
      ) last = network as never;
      // Batch norm is trained: its running mean moves.
      const meanOf = (state: unknown): tf.Tensor =>
        (state as Record<string, { mean: tf.Tensor }>)["body_norm_BatchNormalization"]!.mean;
      const moving = tf.max(tf.abs(tf.sub(meanOf(last!.state), meanOf(before))));
      assertEquals((await moving.data())[0]! > 1e-3, true);
      const saved = await snapshot(last as never, { model: path, classNames: ["a", "b"] });
      const opened = await open(saved);
      assertEquals([opened.name, opened.classNames], [path, ["a", "b"]]);
      assertEquals(opened.inputShape, shape);
    });
  },
);

const images = (...shape: number[]): tf.Tensor =>
  tf.tensor(normalArray(key(2), shape.reduce((a, b) => a * b)), shape);

onEachBackend("gradients of ONNX's own layers are those of finite differences", async () => {
  const x = images(2, 5, 4, 3);
  const layers = {
    padWith: padWith([[1, 0], [0, 2], [0, 0]], 0.5),
    unpaddedMean: unpaddedMean([3, 2], [2, 1], [0, 1, 2, 0]),
    dilatedMax: dilatedMax([2, 2], [1, 2], [2, 1]),
  };
  for (const layer of Object.values(layers)) {
    await assertGradients(({ x }) => layer.apply({}, {}, x, {})[0], { x }, {
      step: 1e-3,
      tolerance: 1e-2,
    });
  }
  const added = withNumbers("Div", tf.div, [1, 4, 3], false);
  await assertGradients(
    ({ x, value }) => added.apply({ value }, {}, x, {})[0],
    { x, value: tf.add(tf.abs(images(1, 4, 3)), 1) },
  );
  const join = joinBy("Sub", tf.sub);
  await assertGradients(({ x, y }) => join.join([x, y]), { x, y: images(2, 1, 4, 1) });
});
