// `deno task test:look`: SqueezeNet predicts each of ten classes for its class image, with a probability above 0.9.
import { assertGreater } from "@std/assert";
import { classImage } from "../../lib/generate/mod.ts";
import { key, start, tf } from "../../mod.ts";
import { open } from "../../lib/weights/open.ts";
import { preprocessings } from "../../lib/image/mod.ts";
import { toInputs } from "../../lib/explain/mod.ts";
import { hasAdapter } from "../device/adapter.ts";
import { sharedDataTest, sharedPath } from "../shared_data.ts";

/** Goldfish, flamingo, beagle, tabby, monarch, cup, fountain, mountain bike, daisy, strawberry. */
const CLASSES = [1, 130, 162, 281, 323, 968, 562, 671, 985, 949];

for (const index of CLASSES) {
  sharedDataTest(`SqueezeNet takes its image of class ${index} for it`, async () => {
    await start();
    const net = await open(sharedPath("squeezenet1_0-imagenet.safetensors"));
    const preprocessing = preprocessings.caffe;
    const options = { shape: [227, 227, 3], preprocessing, key: key(index) };
    const { images } = await classImage(net, index, options);
    const inputs = toInputs(images, preprocessing);
    const logits = net.model.apply(net.params, net.state, inputs, {})[0];
    const probability = (await tf.softmax(logits).data())[index]!;
    console.log(`class ${index}: p = ${probability.toFixed(4)}`);
    assertGreater(probability, 0.9);
  }, { ignore: !hasAdapter });
}
