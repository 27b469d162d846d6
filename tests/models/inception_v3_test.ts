// Inception v3: counts, shapes, the auxiliary head, PyTorch's names.
import { assertEquals, assertThrows } from "@std/assert";
import { auxiliaryWeights } from "../../lib/layers/auxiliary.ts";
import { countParameters } from "../../lib/layers/layer.ts";
import { findModel, inceptionV3, type Layer, type Shape } from "../../mod.ts";
import { torchvisionInception } from "../../lib/weights/torch_names/by_patterns.ts";
import { torchKeys } from "../golden/torch_keys.ts";
import { countOf } from "./sizes.ts";
import { MODELS } from "./table.ts";
import { sorted, torchTensors } from "./torch_tensors.ts";

const IMAGENET: Shape = [299, 299, 3];
const { parameters, auxiliary } = MODELS["inception-v3"];

Deno.test("Inception v3 has torchvision's parameters, with and without auxiliary head", () => {
  assertEquals(findModel("inception-v3").inputShape, IMAGENET);
  assertEquals(countOf(inceptionV3(), IMAGENET), parameters);
  assertEquals(countOf(inceptionV3({ auxiliary: true }), IMAGENET), auxiliary?.[0]);
});

Deno.test("Inception v3's maps have the sizes of the paper's Table 1 and of torchvision", () => {
  const sizes = inceptionV3({ auxiliary: true }).declare(IMAGENET).children!
    .map(({ name, declaration }) => [name, declaration.shape]);
  assertEquals(sizes, [
    ["conv1", [149, 149, 32]],
    ["conv2", [147, 147, 32]],
    ["conv3", [147, 147, 64]],
    ["pool1", [73, 73, 64]],
    ["conv4", [73, 73, 80]],
    ["conv5", [71, 71, 192]],
    ["pool2", [35, 35, 192]],
    ["mixed5b", [35, 35, 256]],
    ["mixed5c", [35, 35, 288]],
    ["mixed5d", [35, 35, 288]],
    ["mixed6a", [17, 17, 768]],
    ["mixed6b", [17, 17, 768]],
    ["mixed6c", [17, 17, 768]],
    ["mixed6d", [17, 17, 768]],
    ["mixed6e", [17, 17, 768]],
    ["aux", [17, 17, 768]],
    ["mixed7a", [8, 8, 1280]],
    ["mixed7b", [8, 8, 2048]],
    ["mixed7c", [8, 8, 2048]],
    ["pool", [2048]],
    ["drop", [2048]],
    ["logits", [1000]],
  ]);
});

Deno.test("Inception v3's head sees 5 × 5 pixels, and counts 0.4", () => {
  const model = inceptionV3({ auxiliary: true, numClasses: 7 });
  const aux = model.declare(IMAGENET).children!.find(({ name }) => name === "aux")!;
  assertEquals(
    aux.declaration.children![0]!.declaration.children!.map(({ declaration }) => declaration.shape),
    [[5, 5, 768], [5, 5, 128], [1, 1, 768], [768], [7]],
  );
  assertEquals(auxiliaryWeights(model, IMAGENET), { "aux/head": 0.4 });
  assertEquals(auxiliaryWeights(inceptionV3(), IMAGENET), {});
});

Deno.test("without head Inception v3 outputs the features before the classifier", () => {
  const { shape, params } = inceptionV3({ head: false }).declare(IMAGENET);
  assertEquals([shape, countParameters(params)], [[2048], parameters - 1000 * 2049]);
});

Deno.test("Inception v3 takes 75 pixels and refuses 74, and options that are out of range", () => {
  assertEquals(inceptionV3().declare([75, 75, 3]).shape, [1000]);
  assertThrows(() => inceptionV3().declare([74, 74, 3]), RangeError, 'In "mixed7a/');
  assertThrows(() => inceptionV3({ numClasses: 0 }), RangeError, "got 0");
  assertThrows(() => inceptionV3({ dropout: -1 }), RangeError, "got -1");
});

Deno.test("PyTorch's names and shapes of Inception v3's tensors are torchvision's", () => {
  const ours = torchTensors(
    inceptionV3({ auxiliary: true }) as Layer,
    IMAGENET,
    torchvisionInception,
  );
  assertEquals(ours, sorted(torchKeys("inception_v3")));
  for (
    const layer of [
      "",
      "conv6/conv",
      "mixed5b/branchPool/conv",
      "mixed8a/branch1x1/conv",
      "aux/head/fc",
    ]
  ) {
    assertThrows(() => torchvisionInception.module(layer), RangeError, `got "${layer}"`);
  }
});
