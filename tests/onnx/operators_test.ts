// Each operator of ONNX in a small file, against what ONNX Runtime answers, on both backends.
import { assert, assertEquals } from "@std/assert";
import { readOnnx } from "../../lib/onnx/mod.ts";
import { tf } from "../../mod.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import golden from "../golden/onnx_files.json" with { type: "json" };
import { decoded, floats, onFile, toOnnxOrder, toOurOrder } from "./files.ts";

for (const [name, { model, x, xShape, y, yShape }] of Object.entries(golden.good)) {
  onEachBackend(`an ONNX file answers as in ONNX Runtime: ${name}`, async () => {
    await onFile(decoded(model), async (path) => {
      const file = await readOnnx(path, { keepSoftmax: true });
      const { model, params, state } = file.build().load();
      const input = toOurOrder(tf.tensor(floats(x), xShape));
      const output = toOnnxOrder(model.apply(params, state, input, {})[0]);
      // Of an image of one pixel the logits are left.
      const isVector = yShape.length === 4 && yShape[2] === 1 && yShape[3] === 1;
      assertEquals(output.shape, isVector ? yShape.slice(0, 2) : yShape);
      await assertClose(output, floats(y), name, 1e-5);
    });
  });
}

for (const [name, { model, x, xShape, y, yShape }] of Object.entries(golden.leftOut)) {
  onEachBackend(`a softmax at the end is left out, and can be made again: ${name}`, async () => {
    await onFile(decoded(model), async (path) => {
      const file = await readOnnx(path);
      const { model, params, state } = file.build().load();
      const [logits] = model.apply(params, state, toOurOrder(tf.tensor(floats(x), xShape)), {});
      const output = toOnnxOrder(tf.softmax(logits as tf.Tensor));
      assertEquals(output.shape, yShape);
      await assertClose(output, floats(y), name, 1e-5);
      const [all] = tf.tidy(
        () => [tf.max(tf.abs(tf.sub(toOnnxOrder(logits as tf.Tensor), output)))],
      );
      assert((await all!.data())[0]! > 0.1, "the softmax is still there");
    });
  });
}

for (const [name, { model, x, xShape, y, yShape }] of Object.entries(golden.kept)) {
  onEachBackend(`a softmax at the end stays if none could make it again: ${name}`, async () => {
    await onFile(decoded(model), async (path) => {
      const { model, params, state } = (await readOnnx(path)).build().load();
      const [output] = model.apply(params, state, toOurOrder(tf.tensor(floats(x), xShape)), {});
      assertEquals(toOnnxOrder(output as tf.Tensor).shape, yShape);
      await assertClose(toOnnxOrder(output as tf.Tensor), floats(y), name, 1e-5);
    });
  });
}
