// The nine networks of the Python package onnx, against the answers beside them. Their weights are
// constants, which the files compute.
import { assertEquals, assertLess } from "@std/assert";
import { readOnnx } from "../../lib/onnx/mod.ts";
import { constantOf } from "../../lib/onnx/constant.ts";
import { disposeTree } from "../../lib/tensor/tree.ts";
import { sizeOf } from "../../lib/tensor/tensor.ts";
import { start, tf } from "../../mod.ts";
import { packageTest } from "../packages.ts";

const NETWORKS = [
  "bvlc_alexnet",
  "densenet121",
  "inception_v1",
  "inception_v2",
  "resnet50",
  "shufflenet",
  "squeezenet",
  "vgg19",
  "zfnet512",
];

/** The numbers of a tensor in a file of its own: dims, type and raw bytes, as these files have them. */
function tensorIn(bytes: Uint8Array): ArrayLike<number> {
  // The raw bytes are the last 4000, of 1000 numbers.
  const raw = bytes.slice(-4000);
  const tensor = { name: "y", dims: [1000], type: 1, raw, numbers: [], strings: 0 };
  return constantOf({ ...tensor, external: undefined }, "the output").values();
}

for (const name of NETWORKS) {
  packageTest(
    `ONNX's ${name} answers as the file beside it says`,
    `onnx/backend/test/data/light/light_${name}.onnx`,
    async (path) => {
      await start({ backend: "webgpu" });
      const { model, params, state } = (await readOnnx(path, { keepSoftmax: true })).build().load();
      const shape = [1, 3, 224, 224];
      const size = sizeOf(shape);
      const x = tf.tensor(Float32Array.from({ length: size }, (_, i) => i / size), shape);
      const [y] = model.apply(params, state, tf.transpose(x, [0, 2, 3, 1]), {});
      const answer = await Deno.readFile(path.replace(/\.onnx$/, "_output_0.pb"));
      const [got, wanted] = [await y.data(), tensorIn(answer)];
      assertEquals(got.length, wanted.length);
      const largest = Math.max(...Array.from(wanted, Math.abs));
      got.forEach((number, i) => assertLess(Math.abs(number - wanted[i]!), 1e-5 * largest));
      disposeTree(params);
      disposeTree(state);
    },
  );
}
