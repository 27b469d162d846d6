// Preprocessing gives torchvision's numbers, and any picture becomes what a network takes.
import { assert, assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { decodeImage, decodeRaster } from "../../lib/image/codecs/decode.ts";
import type { Image } from "../../lib/image/image.ts";
import { inputShapeOf, preprocess, preprocessRaster } from "../../lib/image/preprocess.ts";
import { type Preprocessing, preprocessings } from "../../lib/image/preprocessing.ts";
import { resize } from "../../lib/image/resize.ts";
import golden from "../golden/preprocess.json" with { type: "json" };
import { sharedDataTest, sharedPath } from "../shared_data.ts";
import { JPEGS } from "./jpeg_fixture.ts";

/** The file of a picture, drawn here or a photo. */
function fileOf(picture: string): Uint8Array {
  if (picture !== "wave") return Deno.readFileSync(sharedPath(`photos/${picture}.png`));
  return JPEGS.find(({ name }) => name === "color 4:4:4")!.png;
}

const numbers = (text: string): number[] => text.split(" ").map(Number);

golden.forEach(({ picture, how, places, values }) => {
  const size = `${how.resize ?? "no"} resize ${how.filter}, crop ${how.crop}`;
  const name = `preprocessing gives torchvision's numbers: ${picture}, ${size}`;
  (picture === "wave" ? Deno.test : sharedDataTest)(name, async () => {
    const { resize, ...rest } = how;
    const sized = resize === null ? rest : { ...rest, resize };
    const asked = { range: 1, ...sized } as unknown as Preprocessing;
    const found = preprocess(await decodeImage(fileOf(picture), picture), asked);
    const [height, width, channels] = inputShapeOf(asked);
    assertEquals(found.length, height * width * channels);
    const at = numbers(places);
    numbers(values).forEach((value, i) => {
      const [y, x] = [at[2 * Math.floor(i / 3)]!, at[2 * Math.floor(i / 3) + 1]!];
      const c = i % 3;
      const level = Math.abs(found[(y * width + x) * 3 + c]! - value) * how.std[c]! * 255;
      // PIL rounds to whole levels after each of two passes.
      assertLess(level, how.resize === null ? 0.01 : 1.5, `${y}, ${x}, ${c}`);
    });
  });
});

function imageOf(width: number, height: number, channels: 1 | 3 | 4): Image {
  const pixels = Float32Array.from(
    { length: width * height * channels },
    (_, i) => (i * 37 % 101) / 100,
  );
  return { width, height, channels, pixels };
}

const PLAIN = { range: 1, mean: [0, 0, 0], std: [1, 1, 1] } as const;

Deno.test("the presets have their networks' sizes, and torchvision's is the one compared", () => {
  const shapes = Object.entries(preprocessings).map(([name, how]) => [name, inputShapeOf(how)]);
  assertEquals(Object.fromEntries(shapes), {
    torchvision: [224, 224, 3],
    inception: [299, 299, 3],
    googlenet: [224, 224, 3],
    caffe: [227, 227, 3],
    cifar: [32, 32, 3],
  });
  const compared = golden.find(({ picture, how }) => picture === "coffee" && how.resize === 256)!;
  const { resize, mean, std } = preprocessings.torchvision;
  assertEquals(
    { resize, mean, std, crop: [224, 224], filter: "bilinear" } as unknown,
    compared.how,
  );
});

Deno.test("without resizing the middle of the picture is cut out as it is", () => {
  const image = imageOf(7, 5, 3);
  const found = preprocess(image, { ...PLAIN, crop: [3, 4] });
  // (7 − 4) / 2 = 1.5 rounds to 2, as in Python; (5 − 3) / 2 = 1.
  const expected = [1, 2, 3].flatMap((y) =>
    [2, 3, 4, 5].flatMap((x) => [0, 1, 2].map((c) => image.pixels[(y * 7 + x) * 3 + c]!))
  );
  assertEquals(found, new Float32Array(expected));
});

Deno.test("a window of a resized picture is the resized picture's", () => {
  for (const filter of ["bilinear", "bicubic"] as const) {
    for (const size of [9, 40]) {
      const image = imageOf(31, 17, 3);
      const whole = resize(image, Math.floor(size * 31 / 17), size, filter);
      const crop = [Math.min(size, 8), 8] as const;
      const found = preprocess(image, { ...PLAIN, resize: size, filter, crop });
      assertEquals(found, preprocess(whole, { ...PLAIN, crop }));
    }
  }
});

Deno.test("pictures smaller than the crop grow until both sides reach it", () => {
  const one: Image = { width: 1, height: 1, channels: 3, pixels: new Float32Array([1, 0.5, 0]) };
  for (const how of Object.values(preprocessings) as Preprocessing[]) {
    const found = preprocess(one, how);
    const [height, width] = inputShapeOf(how);
    assertEquals(found.length, height * width * 3);
    for (let i = 0; i < found.length; i++) {
      const c = i % 3;
      const expected = (how.range * [1, 0.5, 0][c]! - how.mean[c]!) / how.std[c]!;
      if (Math.abs(found[i]! - expected) > 1e-4) assertAlmostEquals(found[i]!, expected, 1e-4);
    }
  }
  const small = imageOf(3, 6, 3);
  const grown = preprocess(small, { ...PLAIN, crop: 9 });
  assertEquals(grown, preprocess(resize(small, 9, 18), { ...PLAIN, crop: 9 }));
  assertEquals(grown, preprocess(small, { ...PLAIN, resize: 4, crop: 9 }));
});

Deno.test("a picture of 1 × 1,000,000 pixels takes no more memory than its crop", () => {
  const pixels = new Float32Array(1_000_000).fill(0.25);
  const tall: Image = { width: 1, height: 1_000_000, channels: 1, pixels };
  const wide: Image = { width: 1_000_000, height: 1, channels: 1, pixels };
  for (const image of [tall, wide]) {
    for (const how of [preprocessings.torchvision, preprocessings.caffe] as Preprocessing[]) {
      const found = preprocess(image, { ...how, mean: [0, 0, 0], std: [1, 1, 1] });
      assert(found.every((value) => Math.abs(value - 0.25 * how.range) < 1e-4));
    }
  }
});

Deno.test("alpha is dropped, gray becomes three channels, and three become gray", () => {
  const rgba = imageOf(4, 4, 4);
  const rgb: Image = {
    ...rgba,
    channels: 3,
    pixels: rgba.pixels.filter((_, i) => i % 4 !== 3),
  };
  assertEquals(preprocess(rgba, { ...PLAIN, crop: 4 }), rgb.pixels);
  const gray = imageOf(4, 4, 1);
  assertEquals(
    preprocess(gray, { ...PLAIN, crop: 4 }),
    Float32Array.from({ length: 48 }, (_, i) => gray.pixels[Math.floor(i / 3)]!),
  );
  const one = { range: 1, mean: [0], std: [1], crop: 4 } as const;
  assertEquals(preprocess(gray, one), gray.pixels);
  const [r, g, b] = rgb.pixels;
  assertAlmostEquals(preprocess(rgb, one)[0]!, 0.299 * r! + 0.587 * g! + 0.114 * b!, 1e-6);
  assertEquals(preprocess(rgba, one), preprocess(rgb, one));
});

Deno.test("range, mean and deviation are of the channels in their order", () => {
  const image: Image = {
    width: 1,
    height: 1,
    channels: 3,
    pixels: new Float32Array([1, 0.5, 0]),
  };
  const how = { crop: 1, range: 255, mean: [5, 27.5, 55], std: [10, 100, 20] } as const;
  assertEquals([...preprocess(image, how)], [25, 1, -2.75]);
  assertEquals([...preprocess(image, { ...how, order: "bgr" })], [-0.5, 1, 10]);
});

Deno.test("wrong preprocessing is refused by the name of its wrong field", () => {
  const good = { ...PLAIN, crop: 2 };
  const cases: [object, string][] = [
    [{ crop: 0 }, "its crop must be a whole number from 1 to 8192, or"],
    [{ crop: [2, 2.5] }, "got [2,2.5]"],
    [{ crop: [2, 2, 2] }, "its crop"],
    [{ crop: undefined }, "got undefined"],
    [{ resize: 9000 }, 'its resize must be a whole number from 1 to 8192, or "cover", got 9000'],
    [{ filter: "lanczos" }, 'its filter must be "bilinear" or "bicubic"'],
    [{ range: 2 }, "its range must be 1 or 255, got 2"],
    [{ mean: [0, 0] }, "its mean must be one or three numbers, got [0,0]"],
    [{ mean: [0, 0, NaN] }, "its mean"],
    [{ mean: [0] }, 'as many means as deviations, got "1 and 3"'],
    [{ std: [1, 0, 1] }, "its std must be one or three numbers above 0"],
    [{ order: "rbg" }, 'its order must be "rgb" or "bgr", got "rbg"'],
    [{ sacle: 1 }, "its parts must be of resize, filter, crop, range, mean, std, order, got"],
  ];
  for (const [change, message] of cases) {
    const how = { ...good, ...change } as Preprocessing;
    const error = assertThrows(() => preprocess(imageOf(2, 2, 3), how), RangeError);
    assert(error.message.includes(message), `"${error.message}": "${message}"`);
  }
  const wrong = { ...imageOf(2, 2, 3), width: 3 };
  assertThrows(() => preprocess(wrong, good), TypeError, "must hold 18 numbers");
});

Deno.test("a picture's bytes are prepared to the numbers that its floats are", async () => {
  for (const { name, jpeg } of JPEGS) {
    for (const how of [{ ...PLAIN, crop: 3 }, { ...PLAIN, resize: 12, crop: [10, 9] as const }]) {
      const found = preprocessRaster(await decodeRaster(jpeg, name), how);
      const expected = preprocess(await decodeImage(jpeg, name), how);
      found.forEach((value, i) => assertAlmostEquals(value, expected[i]!, 1e-6, name));
    }
  }
});
