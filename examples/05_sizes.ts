// Computes sizes and costs before anything is allocated (§12.4 to §12.7): what small filters save,
// and how networks became deeper and smaller from AlexNet to ResNet (Figure 12.15).
// deno run --allow-read --allow-env=XDG_RUNTIME_DIR examples/05_sizes.ts
import { assertEquals, assertGreater, assertThrows } from "@std/assert";
import * as nc from "../mod.ts";

// §12.4: a window of 3 with stride 2 does not fit 10 pixels. The error says which sizes would fit.
assertEquals(nc.sizing.convOutput(7, { size: 3 }), 5);
const refusal = assertThrows(() => nc.sizing.convOutput(10, { size: 3, stride: 2 }), RangeError);
console.log(refusal.message);
assertEquals(nc.sizing.convOutput(10, { size: 3, stride: 2, rounding: "floor" }), 4);

// §12.6: three layers of 3×3 see as much as one of 7×7, with 45 % fewer parameters.
const shape = [56, 56, 64];
const conv = (size: number) => nc.conv({ features: 64, size, padding: "same" });
const small = nc.sizing.sizeOfModel(nc.sequential({ a: conv(3), b: conv(3), c: conv(3) }), shape);
const large = nc.sizing.sizeOfModel(nc.sequential({ a: conv(7) }), shape);
assertEquals(small.layers.at(-1)!.receptiveField, 7);
assertEquals(large.layers.at(-1)!.receptiveField, 7);
console.log(`three 3×3: ${small.parameters} parameters; one 7×7: ${large.parameters}`);
assertEquals(Math.round(100 * (1 - small.parameters / large.parameters)), 45);

// Figure 12.15: GoogLeNet is 22 layers deep and has a ninth of AlexNet's parameters.
const compared = ["alexnet", "vgg16", "googlenet", "resnet50"].map((name) => {
  const { build, inputShape } = nc.findModel(name);
  return { name, size: nc.sizing.sizeOfModel(build(), inputShape) };
});
console.log(nc.sizing.comparison(compared));
const [alexnet, vgg16, googlenet] = compared.map(({ size }) => size);
assertEquals([alexnet!.parameters, googlenet!.parameters], [60965224, 6998552]);
assertGreater(alexnet!.parameters / googlenet!.parameters, 8.7);

// The memory that training VGG-16 takes, at batch size 32 with Adam.
const memory = nc.sizing.trainingMemory(vgg16!, { batchSize: 32, optimizer: "adam" });
console.log("VGG-16 at batch size 32, in bytes:", memory);
