// ZFNet in both widths: counts, shapes, options.
import { assertEquals, assertThrows } from "@std/assert";
import { dense, sequential, type Shape, zfnet } from "../../mod.ts";
import { countOf, shapesOf } from "./sizes.ts";
import { MODELS } from "./table.ts";

const IMAGE: Shape = [224, 224, 3];

Deno.test("ZFNet has 62,357,608 parameters, 107,627,624 with the chapter's widths", () => {
  assertEquals(countOf(zfnet(), IMAGE), 62357608);
  for (const [variant, name] of [["paper", "zfnet"], ["wide", "zfnet-wide"]] as const) {
    const { parameters } = MODELS[name];
    assertEquals(countOf(zfnet({ variant }), IMAGE), parameters);
    assertEquals(countOf(zfnet({ variant, numClasses: 10 }), IMAGE), parameters - 990 * 4097);
  }
});

Deno.test("ZFNet's layers have the sizes of Figure 12.17", () => {
  const sizes = shapesOf(zfnet(), IMAGE);
  assertEquals(Object.entries(sizes), [
    ["conv1", [110, 110, 96]],
    ["relu1", [110, 110, 96]],
    ["pool1", [55, 55, 96]],
    ["norm1", [55, 55, 96]],
    ["conv2", [26, 26, 256]],
    ["relu2", [26, 26, 256]],
    ["pool2", [13, 13, 256]],
    ["norm2", [13, 13, 256]],
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

Deno.test("the wide ZFNet has 512, 1024 and 512 filters (§12.7.3)", () => {
  const sizes = shapesOf(zfnet({ variant: "wide" }), IMAGE);
  assertEquals(
    ["conv2", "conv3", "conv4", "conv5", "pool5"].map((name) => sizes[name]),
    [[26, 26, 256], [13, 13, 512], [13, 13, 1024], [13, 13, 512], [6, 6, 512]],
  );
});

Deno.test("without a head ZFNet ends in features that a dense layer takes", () => {
  assertEquals(zfnet({ head: false }).declare(IMAGE).shape, [9216]);
  assertEquals(Object.entries(shapesOf(zfnet({ head: "fc7" }), IMAGE)).at(-1), ["drop7", [4096]]);
  const whole = sequential({
    body: zfnet({ variant: "wide", head: false }),
    logits: dense({ features: 5 }),
  });
  assertEquals(whole.declare(IMAGE).shape, [5]);
  assertEquals(whole.declare(IMAGE).params.logits.kernel.shape, [18432, 5]);
});

Deno.test("images too small for ZFNet, and options that are none, are refused", () => {
  assertEquals(zfnet({ head: false }).declare([63, 63, 3]).shape, [256]);
  assertThrows(
    () => zfnet().declare([62, 62, 3]),
    RangeError,
    'In "pool5": Cannot apply a maxPool layer to [2,2,256]',
  );
  assertThrows(() => zfnet({ numClasses: 0 }), RangeError, "got 0");
  assertThrows(
    () => zfnet({ variant: "narrow" as "wide" }),
    RangeError,
    'Cannot make ZFNet: its variant must be "paper" or "wide", got "narrow"',
  );
  assertThrows(() => zfnet({ variant: "wide", dropout: -0.1 }), RangeError, "got -0.1");
});
