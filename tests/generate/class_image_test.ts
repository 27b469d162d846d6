// Class images: rising scores, SqueezeNet's predictions, and bad input.
import {
  assert,
  assertEquals,
  assertGreater,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { classScore } from "../../lib/generate/class_image.ts";
import { classImage } from "../../lib/generate/mod.ts";
import { key, lenet5, relu, sequential, softmax, squeezenet, start, tf } from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { open } from "../../lib/weights/open.ts";
import { preprocessings } from "../../lib/image/mod.ts";
import { toInputs } from "../../lib/explain/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { hasAdapter } from "../device/adapter.ts";
import { sharedDataTest, sharedPath } from "../shared_data.ts";
import { SHAPE, untrained } from "./untrained.ts";

onEachBackend(
  "either style increases the score, and the same key gives the same bytes",
  async () => {
    for (const style of ["l2", "natural"] as const) {
      const make = () => classImage(untrained(), 3, { shape: SHAPE, steps: 5, style, key: key(2) });
      const [first, again] = [await make(), await make()];
      assertGreater(first.scores.at(-1)!, first.scores[0]!);
      assertEquals(await first.images.data(), await again.images.data());
      assertEquals(first.images.shape, [1, 28, 28, 1]);
    }
  },
);

onCpu(
  "the initial image can be the mean of the class, and several images are made as a batch",
  async () => {
    const mean = tf.tensor3d(uniformArray(key(3), 28 * 28, 0.2, 0.8), [28, 28, 1]);
    for (const style of ["l2", "natural"] as const) {
      let first: Float32Array | undefined;
      const { images } = await classImage(untrained(), 3, {
        shape: SHAPE,
        steps: 1,
        style,
        start: mean,
        count: 2,
        onStep: async ({ step, images }) => {
          if (step === 0) first = (await images.data() as Float32Array).slice();
        },
      });
      assertEquals(images.shape, [2, 28, 28, 1]);
      const wanted = await mean.data();
      assert(first!.every((x, i) => Math.abs(x - wanted[i % wanted.length]!) < 1e-5));
    }
  },
);

onCpu("feature maps with a ReLU before their mean are maximized before it", () => {
  assertEquals(classScore(squeezenet(), [224, 224, 3], 7).paths, ["conv10"]);
  assertEquals(classScore(lenet5(), SHAPE, 7).paths, [""]);
});

onCpu("unknown classes, probabilities and zero steps are refused", async () => {
  const net = untrained();
  const make = (index: number, steps = 1) => classImage(net, index, { shape: SHAPE, steps });
  await assertRejects(() => make(10), RangeError, "from 0 to 9");
  await assertRejects(() => make(1.5), RangeError, "whole number");
  await assertRejects(() => make(1, 0), RangeError, "at least 1, got 0");
  const ends = sequential({ relu: relu(), softmax: softmax() });
  assertThrows(() => classScore(ends, [10], 1), RangeError, "softmax");
  await assertRejects(
    () => classImage(net, 1, { shape: [64, 64, 1], steps: 1 }),
    Error,
    "must not be larger",
  );
});

onCpu("the network's own shape and preprocessing are the defaults", async () => {
  const net = untrained();
  const preprocessing = { range: 255, mean: [127.5], std: [100] } as const;
  const options = { steps: 1, style: "l2" } as const;
  const given = await classImage(net, 3, { ...options, shape: SHAPE, preprocessing });
  const own = await classImage({ ...net, inputShape: SHAPE, preprocessing }, 3, options);
  const plain = await classImage(net, 3, { ...options, shape: SHAPE });
  assertEquals(own.scores, given.scores);
  assertNotEquals(own.scores, plain.scores);
  const bare = { model: net.model, params: net.params, state: net.state };
  await assertRejects(
    () => classImage(bare, 3, options),
    TypeError,
    "their shape must be an option",
  );
});

sharedDataTest("SqueezeNet predicts a flamingo for its image of one", async () => {
  await start();
  const net = await open(sharedPath("squeezenet1_0-imagenet.safetensors"));
  const preprocessing = preprocessings.caffe;
  const { images } = await classImage(net, 130, {
    shape: [227, 227, 3],
    preprocessing,
    steps: 20,
  });
  const inputs = toInputs(images, preprocessing);
  const logits = net.model.apply(net.params, net.state, inputs, {})[0];
  const probability = (await tf.softmax(logits).data())[130]!;
  assertGreater(probability, 0.9);
}, { ignore: !hasAdapter });
