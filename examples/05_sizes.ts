// The arithmetic of §12.4 to §12.7 before anything is allocated: what two 3×3 filters in the place
// of a 5×5 save, and how networks became deeper and smaller from AlexNet to ResNet (Figure 12.15).
// deno run --allow-read --allow-env=XDG_RUNTIME_DIR examples/05_sizes.ts
import { assertEquals, assertGreater, assertThrows } from "@std/assert";
import * as nc from "../mod.ts";

// §12.4: a window of 3 with stride 2 does not fit into 10 pixels, and which sizes would is said.
assertEquals(nc.sizing.convOutput(7, { size: 3 }), 5);
const refusal = assertThrows(() => nc.sizing.convOutput(10, { size: 3, stride: 2 }), RangeError);
console.log(refusal.message);
assertEquals(nc.sizing.convOutput(10, { size: 3, stride: 2, rounding: "floor" }), 4);

// §12.6: three layers of 3×3 see as much as one of 7×7, and learn 45 % less.
const conv = (size: number) => nc.conv({ features: 64, size, padding: "same" });
const small = nc.sizing.sizeOfModel(nc.sequential({ a: conv(3), b: conv(3), c: conv(3) }), [
  56,
  56,
  64,
]);
const large = nc.sizing.sizeOfModel(nc.sequential({ a: conv(7) }), [56, 56, 64]);
assertEquals([small.layers.at(-1)!.receptiveField, large.layers[0]!.receptiveField], [7, 7]);
console.log(`3 × 3×3: ${small.parameters} parameters; 7×7: ${large.parameters}`);
assertEquals(Math.round(100 * (1 - small.parameters / large.parameters)), 45);

// Figure 12.15: the counts are exact, and GoogLeNet is 22 layers deep with a ninth of AlexNet's.
const compared = ["alexnet", "vgg16", "googlenet", "resnet50"].map((name) => {
  const { build, inputShape } = nc.findModel(name);
  return { name, size: nc.sizing.sizeOfModel(build(), inputShape) };
});
console.log(nc.sizing.comparison(compared));
const [alexnet, , googlenet] = compared.map(({ size }) => size.parameters);
assertEquals([alexnet, googlenet], [60965224, 6998552]);
assertGreater(alexnet! / googlenet!, 8.7);

// What training takes, too: VGG-16's memory at batch 32 with Adam, without a byte of it asked for.
const memory = nc.sizing.trainingMemory(compared[1]!.size, { batchSize: 32, optimizer: "adam" });
console.log("VGG-16 at batch 32, in bytes:", memory);
