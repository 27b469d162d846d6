// Preprocessing beside weights is read from JSON of two kinds and from metadata, or refused.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { parsePreprocessing, preprocessingOf } from "../../lib/image/parse_preprocessing.ts";
import { preprocessings } from "../../lib/image/preprocessing.ts";
import { parseSafetensors } from "../../lib/weights/safetensors.ts";
import { sharedDataTest, sharedPath } from "../shared_data.ts";

/** The part of timm/resnet50.a1_in1k's config.json that is about pictures, and some more. */
const TIMM = {
  architecture: "resnet50",
  num_classes: 1000,
  pretrained_cfg: {
    tag: "a1_in1k",
    input_size: [3, 224, 224],
    fixed_input_size: false,
    interpolation: "bicubic",
    crop_pct: 0.95,
    crop_mode: "center",
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  },
};

function refused(value: unknown, ...includes: string[]): void {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const { message } = assertThrows(() => parsePreprocessing(text, "a.json"), SyntaxError);
  for (const part of ["Cannot read the preprocessing of a.json", ...includes]) {
    assert(message.includes(part), `"${message}": "${part}"`);
  }
}

Deno.test("every preset is read back from its JSON", () => {
  for (const how of Object.values(preprocessings)) {
    assertEquals(parsePreprocessing(JSON.stringify(how), "a.json"), how);
  }
});

Deno.test("timm's config.json is read, whole or its inner part", () => {
  const { mean, std } = preprocessings.torchvision;
  const expected = { resize: 235, filter: "bicubic", crop: 224, range: 1, mean, std } as const;
  assertEquals(parsePreprocessing(JSON.stringify(TIMM), "config.json"), expected);
  assertEquals(parsePreprocessing(JSON.stringify(TIMM.pretrained_cfg), "a.json"), expected);
});

Deno.test("timm's configurations that mean something else are refused", () => {
  const inner = TIMM.pretrained_cfg;
  refused({ ...inner, input_size: [3, 224, 256] }, "its input_size must be", "[3,224,256]");
  refused({ ...inner, input_size: undefined, pretrained_cfg: {} }, "its input_size must be");
  refused({ ...inner, crop_pct: undefined }, "its crop_pct must be above 0 and at most 1");
  refused({ ...inner, crop_pct: 1.5 }, "got 1.5");
  refused({ ...inner, crop_mode: "squash" }, 'its crop_mode must be "center"', "squash");
  refused({ ...inner, interpolation: "lanczos" }, 'its filter must be "bilinear" or "bicubic"');
  refused({ ...inner, mean: [0.5] }, "its mean must have 3 numbers, got [0.5]");
  refused({ ...inner, std: [0.5] }, "as many means as deviations");
});

Deno.test("text that is not JSON, not an object, or not preprocessing is refused", () => {
  refused("{", "it must be JSON: ");
  refused("", "it must be JSON: ");
  refused("[1]", "it must be an object, got [1]");
  refused("null", "it must be an object");
  refused({}, "its crop must be");
  refused({ ...preprocessings.caffe, mean: "123" }, "its mean must be one or three numbers");
  refused({ ...preprocessings.caffe, crop_size: 3 }, "its parts must be of", "crop_size");
});

Deno.test("metadata is read by its key preprocessing, before its text input", () => {
  const preprocessing = JSON.stringify(preprocessings.inception);
  const input = "RGB 0..255 minus (123,117,104), 227x227";
  assertEquals(preprocessingOf({ preprocessing, input }, "a"), preprocessings.inception);
  assertEquals(preprocessingOf({ input }, "a"), { ...preprocessings.caffe, crop: [227, 227] });
  assertThrows(() => preprocessingOf({ preprocessing: "{}" }, "a"), SyntaxError, "its crop");
});

Deno.test("the text under input has order, range, means, height and width", () => {
  assertEquals(preprocessingOf({ input: "BGR 0..1 minus (0.5, -1, .25), 20x30" }, "a"), {
    crop: [20, 30],
    range: 1,
    mean: [0.5, -1, 0.25],
    std: [1, 1, 1],
    order: "bgr",
  });
  for (const input of ["", "RGB", "RGB 0..255, 227x227", "rgb 0..255 minus (1,2,3), 4x4"]) {
    assertEquals(preprocessingOf({ input }, "a"), undefined);
  }
  for (const means of ["1,2", "1,,3", "1,2,3.4.5"]) {
    const input = `RGB 0..255 minus (${means}), 4x4`;
    assertThrows(() => preprocessingOf({ input }, "a"), SyntaxError, "its mean must be");
  }
  const input = "RGB 0..255 minus (1,2,3), 0x4";
  assertThrows(() => preprocessingOf({ input }, "a"), SyntaxError, "its crop must be");
});

sharedDataTest("the real SqueezeNet says how it sees pictures", () => {
  const file = Deno.readFileSync(sharedPath("squeezenet1_0-imagenet.safetensors"));
  const { metadata } = parseSafetensors(file, "squeezenet");
  assertEquals(preprocessingOf(metadata, "a"), { ...preprocessings.caffe, crop: [227, 227] });
});
