// Weights from PyTorch and back: a ResNet-18 goes out by torchvision's names, is known by its keys
// alone when it comes back, and answers the same, to the last bit.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/06_torch_weights.ts
import { assertEquals } from "@std/assert";
import * as nc from "../mod.ts";

await nc.start();
const [layout] = nc.weights.torchLayouts.resnet18!; // torchvision's
const model = nc.resnet18({ numClasses: 3 });
const shape = [224, 224, 3];
const network = nc.init(model, nc.key(0), shape);

// In Python: load_state_dict(safetensors.torch.load_file(file), strict=True).
const file = "resnet18.safetensors";
await nc.weights.writeTorch(file, network, shape, layout!, {
  preprocessing: JSON.stringify(nc.image.preprocessings.torchvision),
});

// Nothing but the file is needed: model, classes and names are found out by its keys and shapes.
const found = await nc.open(file);
const { name, classNames, origin, preprocessing: how } = found;
console.log(`${name} with ${classNames.length} classes, by ${origin}'s names`);
assertEquals([name, classNames.length, origin], ["resnet18", 3, "torchvision"]);

// A picture goes in as the weights expect: resized, cut out of the middle, normalized.
const pixels = nc.uniformArray(nc.key(1), 300 * 400 * 3);
const picture = nc.image.preprocess({ width: 400, height: 300, channels: 3, pixels }, how);
const x = nc.tf.tensor(picture, [1, ...nc.image.inputShapeOf(how)]);
const before = await model.apply(network.params, network.state, x, {})[0].data();
const after = await found.model.apply(found.params, found.state, x, {})[0].data();
console.log("logits", [...after]);
assertEquals(after, before);
await Deno.remove(file);
