// ImageNet ResNets: counts, shapes, PyTorch's names.
import { assertEquals, assertThrows } from "@std/assert";
import { countParameters } from "../../lib/layers/layer.ts";
import { findModel, type Layer, resnet, resnet18, resnet50, type Shape } from "../../mod.ts";
import { torchvisionResnet } from "../../lib/weights/torch_names/by_patterns.ts";
import { torchKeys } from "../golden/torch_keys.ts";
import { MODELS } from "./table.ts";
import { sorted, torchTensors } from "./torch_tensors.ts";

const IMAGENET: Shape = [224, 224, 3];

/** How often the stages' blocks occur. */
const BLOCKS = [
  [18, [2, 2, 2, 2]],
  [34, [3, 4, 6, 3]],
  [50, [3, 4, 6, 3]],
  [101, [3, 4, 23, 3]],
  [152, [3, 8, 36, 3]],
] as const;

Deno.test("the ImageNet ResNets have the parameters and blocks of the paper's Table 1", () => {
  for (const [depth, blocks] of BLOCKS) {
    const { parameters } = MODELS[`resnet${depth}`];
    assertEquals(findModel(`resnet${depth}`).inputShape, IMAGENET);
    const { params, children } = resnet({ depth }).declare(IMAGENET);
    assertEquals(countParameters(params), parameters);
    const stages = children!.filter(({ name }) => name.startsWith("stage"));
    assertEquals(stages.map(({ declaration }) => declaration.children!.length), [...blocks]);
    const same = resnet({ blocks, bottleneck: depth >= 50 });
    assertEquals(countParameters(same.declare(IMAGENET).params), parameters);
  }
});

Deno.test("a ResNet of depth d has d layers with weights besides the projections", () => {
  const weighted = (layer: Layer, shape: Shape): number =>
    (layer.declare(shape).children ?? [])
      .filter(({ name }) => name !== "shortcut")
      .reduce((sum, { layer, inputShape }) => sum + weighted(layer, inputShape), 0) +
    Number(layer.op === "conv" || layer.op === "dense");
  for (const [depth] of BLOCKS) {
    assertEquals(weighted(findModel(`resnet${depth}`).build(), IMAGENET), depth);
  }
});

Deno.test("the stages' maps are 56, 28, 14 and 7 pixels wide, as in Table 1", () => {
  for (const [model, widening] of [[resnet18(), 1], [resnet50(), 4]] as const) {
    assertEquals(
      model.declare(IMAGENET).children!.map(({ name, declaration }) => [name, declaration.shape]),
      [
        ["conv1", [112, 112, 64]],
        ["norm1", [112, 112, 64]],
        ["relu1", [112, 112, 64]],
        ["pool1", [56, 56, 64]],
        ["stage1", [56, 56, 64 * widening]],
        ["stage2", [28, 28, 128 * widening]],
        ["stage3", [14, 14, 256 * widening]],
        ["stage4", [7, 7, 512 * widening]],
        ["pool", [512 * widening]],
        ["logits", [1000]],
      ],
    );
  }
});

Deno.test("a bottleneck's 3 × 3 strides, and only shapes that change are projected", () => {
  const stages = (blocks: number[], bottleneck: boolean) =>
    resnet({ blocks, bottleneck }).declare(IMAGENET).children!.filter(({ name }) =>
      name.startsWith("stage")
    );
  const blocks = stages([2, 2, 2, 2], true)[1]!.declaration.children!;
  const body = blocks[0]!.declaration.children![0]!.declaration.children![0]!;
  assertEquals(
    ["conv1", "conv2", "conv3"].map((name) =>
      body.declaration.children!.find((child) => child.name === name)!.declaration.shape
    ),
    [[56, 56, 128], [28, 28, 128], [28, 28, 512]],
  );
  for (const bottleneck of [false, true]) {
    const projected = stages([2, 2, 2, 2], bottleneck).map(({ declaration }) =>
      declaration.children!.map((block) =>
        block.declaration.children![0]!.declaration.children![1]!.layer.op === "sequential"
      )
    );
    assertEquals(projected, [[bottleneck, false], [true, false], [true, false], [true, false]]);
  }
});

Deno.test("without head a ResNet outputs the features before the classifier", () => {
  const { shape, params } = resnet50({ head: false }).declare(IMAGENET);
  assertEquals([shape, countParameters(params)], [
    [2048],
    MODELS.resnet50.parameters - 1000 * 2049,
  ]);
});

Deno.test("blocks that are not four whole numbers, and class counts that are none, are refused", () => {
  for (const blocks of [[], [2, 2, 2], [2, 2, 2, 2, 2], [2, 0, 2, 2], [2, 1.5, 2, 2]]) {
    assertThrows(() => resnet({ blocks }), RangeError, `got [${blocks}]`);
  }
  assertThrows(() => resnet18({ numClasses: 0 }), RangeError, "got 0");
  for (const depth of [20, 0, NaN, "50"]) {
    assertThrows(
      () => resnet({ depth: depth as 18 }),
      RangeError,
      `Cannot make a ResNet: its depth must be 18, 34, 50, 101 or 152, got ${
        typeof depth === "string" ? `"${depth}"` : depth
      }`,
    );
  }
});

Deno.test("PyTorch's names and shapes of a ResNet's tensors are torchvision's", () => {
  const layout = torchvisionResnet;
  assertEquals(torchTensors(resnet18() as Layer, IMAGENET, layout), sorted(torchKeys("resnet18")));
  assertEquals(torchTensors(resnet50() as Layer, IMAGENET, layout), sorted(torchKeys("resnet50")));
  for (
    const layer of [
      "",
      "conv2",
      "stage1/block1/sum/body/conv",
      "stage1/block1/sum/shortcut/conv1",
      "toString",
    ]
  ) {
    assertThrows(() => torchvisionResnet.module(layer), RangeError, `got "${layer}"`);
  }
});
