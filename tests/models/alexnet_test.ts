// AlexNet's three versions: counts, shapes, options, what its normalization computes.
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  alexnet,
  type AlexNetOptions,
  dense,
  findModel,
  sequential,
  type Shape,
  tf,
} from "../../mod.ts";
import { onCpu } from "../backends.ts";
import { numbersOf } from "../closeness.ts";
import { countOf, layerOf, shapesOf } from "./sizes.ts";
import { MODELS } from "./table.ts";

const PAPER: Shape = [227, 227, 3];
const TORCHVISION: Shape = [224, 224, 3];

/** The variants by the registry's names. */
const VARIANTS = {
  "alexnet": "paper",
  "alexnet-ungrouped": "ungrouped",
  "alexnet-torchvision": "torchvision",
} as const;

Deno.test("AlexNet's variants are those of the registry, each with its parameters", () => {
  for (const [name, variant] of Object.entries(VARIANTS)) {
    const { inputShape } = findModel(name);
    const { parameters } = MODELS[name as keyof typeof VARIANTS];
    assertEquals(inputShape, variant === "torchvision" ? TORCHVISION : PAPER);
    assertEquals(countOf(alexnet({ variant }), inputShape), parameters);
    const ten = alexnet({ variant, numClasses: 10 });
    assertEquals(countOf(ten, inputShape), parameters - 990 * 4097);
  }
  assertEquals(countOf(alexnet(), PAPER), MODELS.alexnet.parameters);
});

Deno.test("AlexNet's layers have the sizes of §12.7.2 and of the paper", () => {
  assertEquals(Object.entries(shapesOf(alexnet(), PAPER)), [
    ["conv1", [55, 55, 96]],
    ["relu1", [55, 55, 96]],
    ["norm1", [55, 55, 96]],
    ["pool1", [27, 27, 96]],
    ["conv2", [27, 27, 256]],
    ["relu2", [27, 27, 256]],
    ["norm2", [27, 27, 256]],
    ["pool2", [13, 13, 256]],
    ["conv3", [13, 13, 384]],
    ["relu3", [13, 13, 384]],
    ["conv4", [13, 13, 384]],
    ["relu4", [13, 13, 384]],
    ["conv5", [13, 13, 256]],
    ["relu5", [13, 13, 256]],
    ["pool5", [6, 6, 256]],
    ["flatten", [9216]],
    ["fc6", [4096]],
    ["relu6", [4096]],
    ["drop6", [4096]],
    ["fc7", [4096]],
    ["relu7", [4096]],
    ["drop7", [4096]],
    ["logits", [1000]],
  ]);
});

Deno.test("torchvision's AlexNet has no normalization and drops before the dense layers", () => {
  const sizes = shapesOf(alexnet({ variant: "torchvision" }), TORCHVISION);
  assertEquals(Object.keys(sizes).filter((name) => name.startsWith("norm")), []);
  assertEquals(
    ["conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5"].map((name) =>
      sizes[name]
    ),
    [
      [55, 55, 64],
      [27, 27, 64],
      [27, 27, 192],
      [13, 13, 192],
      [13, 13, 384],
      [13, 13, 256],
      [13, 13, 256],
      [6, 6, 256],
    ],
  );
  assertEquals(
    Object.keys(sizes).slice(-8),
    ["flatten", "drop6", "fc6", "relu6", "drop7", "fc7", "relu7", "logits"],
  );
});

Deno.test("the second, fourth and fifth convolution are of the paper's two groups", () => {
  const { params } = alexnet().declare(PAPER);
  assertEquals(
    [params.conv1, params.conv2, params.conv3, params.conv4, params.conv5].map(({ kernel }) =>
      kernel.shape[2]
    ),
    [3, 96 / 2, 256, 384 / 2, 384 / 2],
  );
});

Deno.test("without a head AlexNet ends in features that a dense layer takes", () => {
  for (const variant of Object.values(VARIANTS)) {
    const build = (options: AlexNetOptions = {}) => alexnet({ ...options, variant });
    const body = build({ head: false });
    const shape = variant === "torchvision" ? TORCHVISION : PAPER;
    assertEquals(body.declare(shape).shape, [9216]);
    const whole = sequential({ body, logits: dense({ features: 5 }) });
    assertEquals(whole.declare(shape).shape, [5]);
    const withHead = countOf(build(), shape);
    assertEquals(countOf(body, shape), withHead - 9217 * 4096 - 4097 * 4096 - 4097 * 1000);
    const fc7 = build({ head: "fc7" });
    assertEquals([fc7.declare(shape).shape, countOf(fc7, shape)], [[4096], withHead - 4097 * 1000]);
  }
});

Deno.test("images too small for AlexNet, and options that are none, are refused", () => {
  assertEquals(alexnet({ head: false }).declare([67, 67, 3]).shape, [256]);
  assertThrows(
    () => alexnet().declare([66, 66, 3]),
    RangeError,
    'In "pool5": Cannot apply a maxPool layer to [2,2,256]: its window must fit into the padded input, got 3 over 2',
  );
  assertThrows(() => alexnet().declare([10, 227, 3]), RangeError, 'In "conv1": ');
  assertThrows(
    () => alexnet({ variant: "torchvision" }).declare([224, 224]),
    TypeError,
    'In "conv1": ',
  );
  for (const numClasses of [0, -1, 1.5, NaN]) {
    assertThrows(() => alexnet({ numClasses }), RangeError, `got ${numClasses}`);
  }
  assertThrows(() => alexnet({ dropout: 1 }), RangeError, "got 1");
  assertThrows(
    () => alexnet({ variant: "grouped" as "paper" }),
    RangeError,
    'Cannot make AlexNet: its variant must be "paper", "ungrouped" or "torchvision", got "grouped"',
  );
  assertThrows(
    () => alexnet({ variant: "torchvision", head: "mean" as "fc7" }),
    RangeError,
    'Cannot make AlexNet: its head must be "dense", "fc7" or false, got "mean"',
  );
});

onCpu("responses are normalized by the paper's formula with its constants", async () => {
  for (const name of ["norm1", "norm2"]) {
    const norm = layerOf(alexnet(), PAPER, name);
    const a = [40, 0, 90, 10, 70, 30, 0, 100];
    const got = await numbersOf(norm.apply({}, {}, tf.tensor2d([a]), {})[0]);
    a.forEach((x, i) => {
      // §3.3: b = a / (k + α Σ a²)^β, over the n = 5 maps around.
      const squares = a.slice(Math.max(0, i - 2), i + 3).reduce((sum, y) => sum + y * y, 0);
      assertAlmostEquals(got[i]!, x / (2 + 1e-4 * squares) ** 0.75, 1e-4);
    });
  }
});
