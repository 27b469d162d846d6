// The three networks of the Python package rapidocr-onnxruntime 1.4: direction of text, recognition with a
// variable width and attention, detection with transposed convolutions and resizing.
import { assert, assertEquals, assertLess } from "@std/assert";
import { readOnnx } from "../../lib/onnx/mod.ts";
import { disposeTree, start, tf } from "../../mod.ts";
import { packageTest } from "../packages.ts";

/** A picture with black marks on white, whose pixels are from −1 to 1. */
function marks(height: number, width: number): tf.Tensor {
  const pixels = Float32Array.from({ length: height * width * 3 }, (_, i) => {
    const [row, column] = [Math.floor(i / 3 / width), Math.floor(i / 3) % width];
    const isText = row >= 20 && row < 44 && column >= 12 && column < width - 12;
    return isText && (Math.floor(column / 3) % 2 === 0 || Math.floor(row / 5) % 3 === 0) ? -1 : 1;
  });
  return tf.tensor(pixels, [1, height, width, 3]);
}

type Case = {
  readonly file: string;
  readonly size: readonly [height: number, width: number];
  readonly shape: readonly number[];
  /** The largest numbers of ONNX Runtime 1.32, by their places. */
  readonly largest: Readonly<Record<number, number>>;
};

const CASES: Readonly<Record<string, Case>> = {
  "the direction of text": {
    file: "ch_ppocr_mobile_v2.0_cls_infer",
    size: [48, 192],
    shape: [1, 2],
    largest: { 0: 0.480454, 1: 0.51954597 },
  },
  "recognition of 96 pixels": {
    file: "ch_PP-OCRv4_rec_infer",
    size: [48, 96],
    shape: [1, 12, 6625],
    largest: {
      0: 0.9885599,
      6625: 0.98171276,
      19875: 0.84514469,
      53000: 0.84197265,
      66250: 0.87548554,
      72875: 0.9620176,
    },
  },
  "recognition of 136 pixels": {
    file: "ch_PP-OCRv4_rec_infer",
    size: [48, 136],
    shape: [1, 17, 6625],
    largest: {
      0: 0.94519675,
      6625: 0.9440065,
      19875: 0.90846425,
      33125: 0.87811637,
      39750: 0.88687223,
      106000: 0.9306736,
    },
  },
  "detection": {
    file: "ch_PP-OCRv4_det_infer",
    size: [64, 96],
    shape: [1, 64, 96, 1],
    largest: {
      3859: 0.037501633,
      3912: 0.070397407,
      3913: 0.13787764,
      3914: 0.12315252,
      3915: 0.070948809,
      3916: 0.076998055,
    },
  },
};

for (const [name, { file, size, shape, largest }] of Object.entries(CASES)) {
  packageTest(
    `rapidocr's network answers as in ONNX Runtime: ${name}`,
    `rapidocr_onnxruntime/models/${file}.onnx`,
    async (path) => {
      await start({ backend: "webgpu" });
      const inputShape = [...size, 3];
      const read = await readOnnx(path, { keepSoftmax: true, inputShape });
      assertEquals(read.inputShape, inputShape);
      const { model, params, state } = read.build().load();
      const [y] = model.apply(params, state, marks(...size), {});
      assertEquals(y.shape, [...shape]);
      const got = await y.data();
      for (const [place, wanted] of Object.entries(largest)) {
        assertLess(Math.abs(got[Number(place)]! - wanted), 1e-5, `at ${place}`);
      }
      const least = Math.min(...Object.values(largest));
      const more = got.filter((number) => number > least + 1e-5).length;
      assert(more <= Object.keys(largest).length, `${more} numbers are above ${least}`);
      disposeTree(params);
      disposeTree(state);
    },
  );
}
