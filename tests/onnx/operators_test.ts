// Each operator of ONNX in a small file, against what ONNX Runtime answers, on both backends.
import { assertEquals } from "@std/assert";
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
