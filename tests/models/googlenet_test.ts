// GoogLeNet, the paper's and torchvision's: counts, shapes, auxiliary heads, PyTorch's names.
import { assertEquals, assertThrows } from "@std/assert";
import { auxiliaryWeights } from "../../lib/layers/auxiliary.ts";
import { countParameters } from "../../lib/layers/layer.ts";
import { countOf } from "./sizes.ts";
import { MODELS } from "./table.ts";
import { findModel, googlenet, type GoogLeNetOptions, type Layer, type Shape } from "../../mod.ts";
import { torchvisionGoogLeNet } from "../../lib/weights/torch_names/by_patterns.ts";
import { torchKeys } from "../golden/torch_keys.ts";
import { sorted, torchTensors } from "./torch_tensors.ts";

const IMAGENET: Shape = [224, 224, 3];

/** The variants with their rows of the models' table. */
const VARIANTS = [
  ["paper", MODELS.googlenet],
  ["torchvision", MODELS["googlenet-torchvision"]],
] as const;

Deno.test("GoogLeNet has the parameters of the paper and of torchvision, with and without heads", () => {
  for (const name of ["googlenet", "googlenet-torchvision"]) {
    assertEquals(findModel(name).inputShape, IMAGENET);
  }
  for (const [variant, { parameters, auxiliary }] of VARIANTS) {
    assertEquals(countOf(googlenet({ variant }), IMAGENET), parameters);
    assertEquals(countOf(googlenet({ variant, auxiliary: true }), IMAGENET), auxiliary?.[0]);
  }
  assertEquals(countOf(googlenet(), IMAGENET), MODELS.googlenet.parameters);
});

/** The paper's Table 1, and §5's exits. */
const SIZES: readonly (readonly [name: string, shape: Shape])[] = [
  ["conv1", [112, 112, 64]],
  ["pool1", [56, 56, 64]],
  ["norm1", [56, 56, 64]],
  ["conv2", [56, 56, 64]],
  ["conv3", [56, 56, 192]],
  ["norm3", [56, 56, 192]],
  ["pool2", [28, 28, 192]],
  ["inception3a", [28, 28, 256]],
  ["inception3b", [28, 28, 480]],
  ["pool3", [14, 14, 480]],
  ["inception4a", [14, 14, 512]],
  ["aux1", [14, 14, 512]],
  ["inception4b", [14, 14, 512]],
  ["inception4c", [14, 14, 512]],
  ["inception4d", [14, 14, 528]],
  ["aux2", [14, 14, 528]],
  ["inception4e", [14, 14, 832]],
  ["pool4", [7, 7, 832]],
  ["inception5a", [7, 7, 832]],
  ["inception5b", [7, 7, 1024]],
  ["pool", [1024]],
  ["drop", [1024]],
  ["logits", [1000]],
];

Deno.test("GoogLeNet's maps have the sizes of the paper's Table 1", () => {
  const sizes = (model: Layer): [string, Shape][] =>
    model.declare(IMAGENET).children!.map(({ name, declaration }) => [name, declaration.shape]);
  assertEquals(sizes(googlenet({ auxiliary: true }) as Layer), SIZES);
  const unheaded = SIZES.filter(([name]) => !name.startsWith("aux"));
  assertEquals(sizes(googlenet() as Layer), unheaded);
  assertEquals(
    sizes(googlenet({ variant: "torchvision" }) as Layer),
    unheaded.filter(([name]) => !name.startsWith("norm")),
  );
});

/** Rows of Table 1: features of the input, then of "#1×1", "#3×3 reduce" and so on. */
const ROWS = {
  inception3a: [192, 64, 96, 128, 16, 32, 32],
  inception3b: [256, 128, 128, 192, 32, 96, 64],
  inception4a: [480, 192, 96, 208, 16, 48, 64],
  inception4b: [512, 160, 112, 224, 24, 64, 64],
  inception4c: [512, 128, 128, 256, 24, 64, 64],
  inception4d: [512, 112, 144, 288, 32, 64, 64],
  inception4e: [528, 256, 160, 320, 32, 128, 128],
  inception5a: [832, 256, 160, 320, 32, 128, 128],
  inception5b: [832, 384, 192, 384, 48, 128, 128],
} as const;

Deno.test("GoogLeNet's modules have the weights that Table 1's rows come to", () => {
  const children = googlenet().declare(IMAGENET).children!;
  for (
    const [name, [inputs, one, reduce3, three, reduce5, five, project]] of Object.entries(ROWS)
  ) {
    const { inputShape, declaration } = children.find((child) => child.name === name)!;
    assertEquals(inputShape[2], inputs, name);
    const weights = inputs * (one + reduce3 + reduce5 + project) +
      9 * reduce3 * three + 25 * reduce5 * five;
    const biases = one + reduce3 + three + reduce5 + five + project;
    assertEquals(countParameters(declaration.params), weights + biases, name);
  }
});

Deno.test("GoogLeNet's heads see 4 × 4 pixels of 128 features, and count 0.3", () => {
  for (const [variant] of VARIANTS) {
    const build = (options: GoogLeNetOptions = {}) => googlenet({ ...options, variant });
    const model = build({ auxiliary: true });
    for (const name of ["aux1", "aux2"]) {
      const aux = model.declare(IMAGENET).children!.find((child) => child.name === name)!;
      const head = aux.declaration.children![0]!;
      assertEquals(
        head.declaration.children!.map(({ declaration }) => declaration.shape),
        [[4, 4, name === "aux1" ? 512 : 528], [4, 4, 128], [2048], [1024], [1024], [1024], [1000]],
      );
    }
    assertEquals(auxiliaryWeights(model, IMAGENET), { "aux1/head": 0.3, "aux2/head": 0.3 });
    assertEquals(auxiliaryWeights(build(), IMAGENET), {});
  }
});

Deno.test("without head GoogLeNet outputs the features before the classifier", () => {
  for (const [variant, { parameters }] of VARIANTS) {
    const { shape, params } = googlenet({ variant, head: false }).declare(IMAGENET);
    assertEquals([shape, countParameters(params)], [[1024], parameters - 1000 * 1025]);
  }
});

Deno.test("options of GoogLeNet that are out of range are refused", () => {
  for (const [variant] of VARIANTS) {
    assertThrows(() => googlenet({ variant, numClasses: 0 }), RangeError, "got 0");
    assertThrows(() => googlenet({ variant, dropout: 1 }), RangeError, "got 1");
  }
  assertThrows(
    () => googlenet({ variant: "caffe" as "paper" }),
    RangeError,
    'Cannot make GoogLeNet: its variant must be "paper" or "torchvision", got "caffe"',
  );
});

Deno.test("PyTorch's names and shapes of GoogLeNet's tensors are torchvision's", () => {
  const model = googlenet({ variant: "torchvision", auxiliary: true }) as Layer;
  assertEquals(torchTensors(model, IMAGENET, torchvisionGoogLeNet), sorted(torchKeys("googlenet")));
  for (
    const layer of [
      "",
      "conv4/conv",
      "conv1",
      "inception3c/branch1/main/conv",
      "inception3a/branch1/reduce/conv",
      "inception3a/branch2/project/conv",
      "inception3a/branch4/main/norm",
      "aux3/head/fc1",
    ]
  ) {
    assertThrows(() => torchvisionGoogLeNet.module(layer), RangeError, `got "${layer}"`);
  }
});
