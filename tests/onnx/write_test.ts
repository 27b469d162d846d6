// ONNX files that are written: each layer comes back, and what cannot be written is refused.
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type AnyLayer,
  conv,
  dense,
  flatten,
  init,
  key,
  type Layer,
  lenet5,
  open,
  parallel,
  relu,
  sequential,
  tf,
  weights,
} from "../../mod.ts";
import { onCpu } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { readOnnx } from "../../lib/onnx/mod.ts";
import { parseModel } from "../../lib/onnx/proto.ts";
import { CASES } from "../exported/cases.ts";
import { answerOf } from "../exported/networks.ts";

/** Calls with a path in a folder of its own. */
async function inFolder(use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(`${folder}/model.onnx`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

onCpu("each layer is written as ONNX, and comes back with the same answers", async () => {
  await inFolder(async (path) => {
    for (const [name, [layer, shape]] of Object.entries(CASES)) {
      const { network, x, y } = answerOf(layer, shape);
      await weights.writeOnnx(path, network);
      const file = await readOnnx(path, { keepSoftmax: true });
      assertEquals(file.inputShape, shape, name);
      const { model, params, state } = file.build().load();
      await assertClose(model.apply(params, state, x, {})[0], y, name);
    }
  });
});

onCpu("layers stay what they are, with their names", async () => {
  await inFolder(async (path) => {
    const model = sequential({
      conv1: conv({ features: 2, size: 3 }),
      relu1: relu(),
      block: sequential({ flatten: flatten(), logits: dense({ features: 3 }) }),
    });
    await weights.writeOnnx(path, init(model, key(0), [5, 6, 2]));
    const { nodes, tensors, inputs, outputs, opset } = await parseModel(
      await Deno.readFile(path),
      path,
    );
    assertEquals(nodes.map(({ name, op }) => `${name} ${op}`), [
      "conv1 Conv",
      "relu1 Relu",
      "block.flatten Flatten",
      "block.logits Gemm",
    ]);
    assertEquals(tensors.map(({ name, dims }) => `${name} [${dims}]`), [
      "conv1.kernel [2,2,3,3]",
      "conv1.bias [2]",
      "block.logits.kernel [24,3]",
      "block.logits.bias [3]",
    ]);
    assertEquals(inputs.map(({ name, dims }) => [name, dims]), [["input", ["batch", 2, 5, 6]]]);
    assertEquals(outputs.map(({ name, dims }) => [name, dims]), [["output", ["batch", 3]]]);
    assertEquals(opset, 17);
  });
});

onCpu("classes and preprocessing are said in the file, which opens with them", async () => {
  await inFolder(async (path) => {
    const network = init(lenet5(), key(0), [28, 28, 1]);
    const about = {
      classNames: [..."abcdefghij"],
      preprocessing: { crop: [28, 28], range: 255, mean: [128], std: [2] } as const,
    };
    await weights.writeOnnx(path, { ...network, ...about }, { metadata: { author: "A" } });
    const opened = await open(path);
    assertEquals(opened.classNames, about.classNames);
    assertEquals(opened.preprocessing, about.preprocessing);
    assertEquals(opened.metadata.author, "A");
    // What was opened goes out again.
    await weights.writeOnnx(path, opened);
    assertEquals((await open(path)).classNames, about.classNames);
    await assertRejects(
      () => weights.writeOnnx(path, network, { classNames: ["a"] }),
      RangeError,
      "there must be a name for each of its 10 classes, got 1",
    );
  });
});

onCpu("images may be laid out with their channels last", async () => {
  await inFolder(async (path) => {
    const [layer, shape] = CASES["residual"]!;
    const { network, x, y } = answerOf(layer, shape);
    await weights.writeOnnx(path, network, { layout: "NHWC" });
    const { inputs } = await parseModel(await Deno.readFile(path), path);
    assertEquals(inputs[0]!.dims, ["batch", ...shape]);
    const { model, params, state } = (await readOnnx(path)).build().load();
    await assertClose(model.apply(params, state, x, {})[0], y);
    await assertRejects(
      () => weights.writeOnnx(path, network, { layout: "HWC" as "NHWC" }),
      RangeError,
      "its layout must be NCHW or NHWC, got HWC",
    );
  });
});

onCpu(
  "kernels take half the bytes in 16 bits, and what is too large for them is refused",
  async () => {
    await inFolder(async (path) => {
      const { network, x, y } = answerOf(conv({ features: 40, size: 5 }) as Layer, [9, 9, 30]);
      await weights.writeOnnx(path, network);
      const { size } = await Deno.stat(path);
      await weights.writeOnnx(path, network, { float16: true });
      assert((await Deno.stat(path)).size < 0.51 * size);
      const { model, params, state } = (await readOnnx(path)).build().load();
      await assertClose(model.apply(params, state, x, {})[0], y, "output", 1e-3);
      const params2 = { kernel: tf.fill([5, 5, 30, 40], 1e5), bias: tf.zeros([40]) };
      await assertRejects(
        () => weights.writeOnnx(path, { ...network, params: params2 }, { float16: true }),
        RangeError,
        'Cannot write "kernel" in float16: its numbers must be at most 65504, got 100000',
      );
      // The file of before is still there.
      assertEquals((await readOnnx(path)).inputShape, [9, 9, 30]);
    });
  },
);

onCpu("layers that do not say what they consist of are refused, all at once, by path", async () => {
  await inFolder(async (path) => {
    const own: AnyLayer = { ...relu(), op: "own", apply: (_p, s, x) => [tf.square(x), s] };
    const larger = {
      name: "larger",
      shape: ([one]: readonly number[][]) => one!,
      join: tf.maximum,
    };
    const model = sequential({
      a: own,
      b: sequential({ c: conv({ features: 2, size: 1 }), d: own }),
      e: parallel({ f: relu(), g: relu() }, larger as never),
    });
    const error = await assertRejects(
      () => weights.writeOnnx(path, init(model, key(0), [3, 3, 2])),
      TypeError,
    );
    assert(error.message.endsWith('got "a" (own), "b/d" (own), "e" (join larger)'), error.message);
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
  });
});
