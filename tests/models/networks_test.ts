// The networks beyond the chapter's: their tensors are torchvision's, their maps the papers'.
import { assertEquals, assertThrows } from "@std/assert";
import { findModel, networks, resnet, squeezenet } from "../../mod.ts";
import { torchLayouts } from "../../lib/weights/mod.ts";
import { sizeOfModel } from "../../lib/sizing/mod.ts";
import { torchKeys } from "../golden/torch_keys.ts";
import { MODELS } from "./table.ts";
import { sorted, torchTensors } from "./torch_tensors.ts";

/** Some of each network's maps, by layer. */
const MAPS = {
  "squeezenet1-1": { conv1: [111, 111, 64], pool3: [27, 27, 128], pool5: [13, 13, 256] },
  "resnext50": { stage1: [56, 56, 256], stage4: [7, 7, 2048] },
  "wide-resnet50": { stage1: [56, 56, 256], stage4: [7, 7, 2048] },
  "densenet121": { block1: [56, 56, 256], transition3: [7, 7, 512], block4: [7, 7, 1024] },
  "mobilenet-v2": { first: [112, 112, 32], block3: [56, 56, 24], last: [7, 7, 1280] },
  "mobilenet-v3-small": { first: [112, 112, 16], block4: [14, 14, 40], last: [7, 7, 576] },
  "mobilenet-v3-large": { block7: [14, 14, 80], block13: [7, 7, 160], last: [7, 7, 960] },
  "shufflenet-v2": { pool1: [56, 56, 24], stage2: [28, 28, 116], stage4: [7, 7, 464] },
  "efficientnet-b0": { stage2: [56, 56, 24], stage5: [14, 14, 112], stage7: [7, 7, 320] },
  "convnext-tiny": { patches: [56, 56, 96], stage2: [28, 28, 192], stage4: [7, 7, 768] },
} as const;

for (const [name, maps] of Object.entries(MAPS)) {
  Deno.test(`${name} has torchvision's tensors and the paper's maps`, () => {
    const { build, inputShape } = findModel(name);
    const { torchvision } = MODELS[name as keyof typeof MAPS];
    assertEquals(
      torchTensors(build(), inputShape, torchLayouts[name]![0]!),
      sorted(torchKeys(torchvision!)),
    );
    const shapes = new Map<string, readonly number[]>();
    const { children } = build().declare(inputShape);
    for (const { name, declaration } of children!) shapes.set(name, declaration.shape);
    assertEquals(Object.fromEntries(Object.keys(maps).map((one) => [one, shapes.get(one)])), maps);
  });
}

Deno.test("MobileNet has the multiply-adds of the paper's Table 1, and fewer features by its width", () => {
  const { flops, parameters } = sizeOfModel(networks.mobilenetV1(), [224, 224, 3]);
  // 569 million, and what bias, normalization and ReLUs add.
  assertEquals(Math.round(flops / 2e6 / 10), 57 + 1);
  assertEquals(parameters, 4231976);
  const quarter = networks.mobilenetV1({ width: 0.25, head: false });
  assertEquals(quarter.declare([96, 96, 3]).shape, [256]);
});

Deno.test("options of networks that are out of range are refused", () => {
  assertThrows(() => networks.densenet({ blocks: [6, 12] }), RangeError, "four, got [6,12]");
  assertThrows(() => networks.densenet({ growth: 0 }), RangeError, "got 0");
  assertThrows(() => networks.mobilenetV1({ width: 0.01 }), RangeError, "got 0.01");
  assertThrows(() => squeezenet({ version: "1.2" as "1.1" }), RangeError, 'got "1.2"');
  assertThrows(() => resnet({ depth: 18, groups: 2 }), RangeError, "got 2 of 64");
  assertThrows(() => resnet({ depth: 50, groupWidth: 0.5 }), RangeError, "got 0.5");
});
