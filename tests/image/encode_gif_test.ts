// Animated GIFs, read back by a reader of the tests' own.
import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { encodeGif, type Image } from "../../lib/image/mod.ts";
import { readGif } from "./gif_reader.ts";

/** A picture whose numbers are multiples of 1/255. */
function image(
  width: number,
  height: number,
  channels: 1 | 3 | 4,
  byteAt: (i: number) => number,
): Image {
  const pixels = Float32Array.from(
    { length: width * height * channels },
    (_, i) => byteAt(i) / 255,
  );
  return { width, height, channels, pixels };
}

Deno.test("frames of gray come back exactly, with their times and for ever", () => {
  const frames = [0, 1, 2].map((n) => image(31, 17, 1, (i) => (i * (n + 3) + n) % 256));
  const gif = readGif(encodeGif(frames, { delay: 40, hold: 1500 }));
  assertEquals([gif.width, gif.height, gif.loops], [31, 17, 0]);
  assertEquals(gif.frames.map(({ delay }) => delay), [40, 40, 1500]);
  gif.frames.forEach(({ rgb }, n) => {
    const gray = frames[n]!.pixels;
    assertEquals([...rgb], [...gray].flatMap((value) => Array(3).fill(Math.round(value * 255))));
  });
});

Deno.test("frames of color come back near, each with colors of its own", () => {
  // Smooth ramps in red and green: more colors than 256, and others in each frame.
  const frames = [0, 255].map((blue) =>
    image(64, 64, 3, (i) => {
      const [x, y, c] = [Math.floor(i / 3) % 64, Math.floor(i / 192), i % 3];
      return c === 0 ? 4 * x : c === 1 ? 4 * y : blue;
    })
  );
  const gif = readGif(encodeGif(frames));
  gif.frames.forEach(({ rgb }, n) => {
    const errors = [...frames[n]!.pixels].map((value, i) => Math.abs(value * 255 - rgb[i]!));
    assertLess(errors.reduce((sum, error) => sum + error) / errors.length, 6);
    assertLess(Math.max(...errors), 32);
  });
});

Deno.test("few colors are kept, and transparent parts are white", () => {
  const frame = image(2, 1, 4, (i) => [248, 0, 0, 255, 0, 0, 0, 0][i]!);
  assertEquals([...readGif(encodeGif([frame])).frames[0]!.rgb], [248, 0, 0, 255, 255, 255]);
});

Deno.test("it is played as often as is said", () => {
  const frame = image(1, 1, 1, () => 7);
  const loops = (plays: number): number | undefined =>
    readGif(encodeGif([frame, frame], { plays })).loops;
  assertEquals([loops(1), loops(3), loops(Infinity)], [undefined, 2, 0]);
});

Deno.test("the same frames make the same bytes", () => {
  const frame = image(40, 40, 3, (i) => (i * 7919) % 256);
  assertEquals(encodeGif([frame]), encodeGif([frame]));
});

Deno.test("a GIF without frames, of several sizes, with numbers or times out of range is refused", () => {
  const frame = image(2, 2, 1, () => 0);
  assertThrows(() => encodeGif([]), RangeError, "must have a frame");
  assertThrows(
    () => encodeGif([frame, image(2, 3, 1, () => 0)]),
    TypeError,
    "got 2×3",
  );
  assertThrows(() => encodeGif([image(1, 1, 1, () => 300)]), RangeError, "from 0 to 1");
  assertThrows(() => encodeGif([image(1, 1, 3, () => NaN)]), RangeError, "NaN");
  for (const delay of [0, 10, NaN, 1e6]) {
    assertThrows(() => encodeGif([frame], { delay }), RangeError, "its delay must be");
  }
  for (const plays of [0, 1.5, -1, 1e6]) {
    assertThrows(() => encodeGif([frame], { plays }), RangeError, `${plays}`);
  }
});
