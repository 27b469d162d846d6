// Writes a ResNet-18 under torchvision's names and reads it back. The model is recognized by the
// file's keys alone, and outputs the same logits, bit for bit.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/06_torch_weights.ts
import { assertEquals } from "@std/assert";
import * as nc from "../mod.ts";

await nc.start();
const [layout] = nc.weights.torchLayouts.resnet18!; // torchvision's
const inputShape = [224, 224, 3];
const network = nc.init(nc.resnet18({ numClasses: 3 }), nc.key(0), inputShape);

// In Python: model.load_state_dict(safetensors.torch.load_file(file), strict=True).
const file = "resnet18.safetensors";
await nc.weights.writeTorch(file, network, inputShape, layout!, {
  preprocessing: JSON.stringify(nc.image.preprocessings.torchvision),
});

// The file is enough: its keys and shapes tell the model, the number of classes and the layout.
const opened = await nc.open(file);
const { name, classNames, origin, preprocessing } = opened;
console.log(`${name} with ${classNames.length} classes, in ${origin}'s layout`);
assertEquals([name, classNames.length, origin], ["resnet18", 3, "torchvision"]);

// Prepare a picture as the weights expect it: resized, cropped at the center, normalized.
const pixels = nc.tensor.uniformArray(nc.key(1), 300 * 400 * 3);
const picture = { width: 400, height: 300, channels: 3, pixels } as const;
const values = nc.image.preprocess(picture, preprocessing);
const x = nc.tf.tensor(values, [1, ...nc.image.inputShapeOf(preprocessing)]);

const [before] = network.model.apply(network.params, network.state, x, {});
const [after] = opened.model.apply(opened.params, opened.state, x, {});
const logits = await after.data();
console.log("logits", [...logits]);
assertEquals(logits, await before.data());
await Deno.remove(file);
