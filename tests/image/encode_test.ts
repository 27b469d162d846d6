// Images come back from their files, and what a file cannot hold is refused.
import { assertEquals, assertThrows } from "@std/assert";
import { decodeImage } from "../../lib/image/codecs/decode.ts";
import { encodePng } from "../../lib/image/codecs/encode.ts";
import type { Image } from "../../lib/image/image.ts";

function image(channels: 1 | 3 | 4, width: number, height: number): Image {
  const pixels = Float32Array.from(
    { length: width * height * channels },
    (_, i) => ((i * i * 31) % 256) / 255,
  );
  return { width, height, channels, pixels };
}

Deno.test("images of 1, 3 and 4 channels come back from their files", async () => {
  for (const channels of [1, 3, 4] as const) {
    for (const [width, height] of [[1, 1], [7, 3], [64, 65]] as const) {
      const original = image(channels, width, height);
      assertEquals(await decodeImage(encodePng(original), "a.png"), original);
    }
  }
});

Deno.test("numbers are rounded to the nearest of 256 levels", async () => {
  const pixels = new Float32Array([0.4 / 255, 0.6 / 255, 254.4 / 255, 1.001, -0.001]);
  const { pixels: found } = await decodeImage(
    encodePng({ width: 5, height: 1, channels: 1, pixels }),
    "a.png",
  );
  assertEquals([...found].map((value) => Math.round(value * 255)), [0, 1, 254, 255, 0]);
});

Deno.test("NaN and numbers that are not from 0 to 1 are refused with their place", () => {
  for (const value of [NaN, 1.01, -0.01, Infinity, 255]) {
    const { pixels, ...size } = image(3, 4, 2);
    pixels[3 * 6 + 1] = value;
    assertThrows(
      () => encodePng({ ...size, pixels }),
      RangeError,
      `got ${Math.fround(value)} at column 2, row 1, channel 1`,
    );
  }
});

Deno.test("an image whose size and pixels disagree is refused", () => {
  const good = image(3, 2, 2);
  const refuse = (changes: object, type: ErrorConstructor, includes: string): void => {
    assertThrows(() => encodePng({ ...good, ...changes } as Image), type, includes);
  };
  refuse({ width: 3 }, TypeError, "3×2 with 3 channels must hold 18 numbers, got 12");
  refuse({ width: 0 }, RangeError, "whole numbers from 1, got 0×2");
  refuse({ height: 1.5 }, RangeError, "got 2×1.5");
  refuse({ channels: 2 }, RangeError, "1, 3 or 4 channels, got 2");
  refuse({ pixels: new Uint8Array(12) }, TypeError, "Float32Array");
  refuse({ pixels: undefined }, TypeError, "got undefined");
});
