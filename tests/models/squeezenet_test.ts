// SqueezeNet: count, shapes, options.
import { assertEquals, assertThrows } from "@std/assert";
import { dense, sequential, type Shape, squeezenet } from "../../mod.ts";
import { countOf, shapesOf } from "./sizes.ts";
import { MODELS } from "./table.ts";

const IMAGE: Shape = [224, 224, 3];

Deno.test("SqueezeNet has as many parameters for images of any size", () => {
  const { parameters } = MODELS.squeezenet;
  assertEquals(countOf(squeezenet(), [227, 300, 3]), parameters);
  assertEquals(countOf(squeezenet({ head: false }), IMAGE), parameters - 1000 * 513);
});

Deno.test("SqueezeNet's layers have the sizes of torchvision's", () => {
  assertEquals(Object.entries(shapesOf(squeezenet(), IMAGE)), [
    ["conv1", [109, 109, 96]],
    ["relu1", [109, 109, 96]],
    ["pool1", [54, 54, 96]],
    ["fire2", [54, 54, 128]],
    ["fire3", [54, 54, 128]],
    ["fire4", [54, 54, 256]],
    ["pool4", [27, 27, 256]],
    ["fire5", [27, 27, 256]],
    ["fire6", [27, 27, 384]],
    ["fire7", [27, 27, 384]],
    ["fire8", [27, 27, 512]],
    ["pool8", [13, 13, 512]],
    ["fire9", [13, 13, 512]],
    ["drop", [13, 13, 512]],
    ["conv10", [13, 13, 1000]],
    ["relu10", [13, 13, 1000]],
    ["pool10", [1000]],
  ]);
});

Deno.test("SqueezeNet's pooling rounds up: windows cut short at the edge are taken", () => {
  // Of an even size, such as the 112 that conv1 leaves, 3 × 3 windows at stride 2 miss one pixel.
  const sizes = shapesOf(squeezenet(), [229, 229, 3]);
  assertEquals([sizes.conv1![0], sizes.pool1![0], sizes.pool4![0], sizes.pool8![0]], [
    112,
    56,
    28,
    14,
  ]);
});

Deno.test("a fire module squeezes, then expands by 1 × 1 and 3 × 3 filters", () => {
  const { fire2, fire9 } = squeezenet().declare(IMAGE).params;
  const kernels = ({ squeeze, expand }: typeof fire2) =>
    [squeeze, expand.one.conv, expand.three.conv].map(({ kernel }) => kernel.shape);
  assertEquals(kernels(fire2), [[1, 1, 96, 16], [1, 1, 16, 64], [3, 3, 16, 64]]);
  assertEquals(kernels(fire9), [[1, 1, 512, 64], [1, 1, 64, 256], [3, 3, 64, 256]]);
});

Deno.test("without a head SqueezeNet ends in features that a dense layer takes", () => {
  const body = squeezenet({ head: false });
  assertEquals(Object.keys(shapesOf(body, IMAGE)).slice(-2), ["fire9", "pool10"]);
  const whole = sequential({ body, logits: dense({ features: 5 }) });
  assertEquals([body.declare(IMAGE).shape, whole.declare(IMAGE).shape], [[512], [5]]);
});

Deno.test("images too small for SqueezeNet, and options that are none, are refused", () => {
  assertEquals(squeezenet().declare([29, 29, 3]).shape, [1000]);
  assertThrows(
    () => squeezenet().declare([28, 28, 3]),
    RangeError,
    'In "pool8": Cannot apply a maxPool layer to [2,2,512]: its window must fit into the padded input, got 3 over 2',
  );
  for (const numClasses of [0, -1, 1.5, NaN]) {
    assertThrows(() => squeezenet({ numClasses }), RangeError, `got ${numClasses}`);
  }
  assertThrows(() => squeezenet({ dropout: 1.5 }), RangeError, "got 1.5");
});
