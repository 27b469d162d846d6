// Every kind of PNG decodes to the numbers it was made of; nothing else decodes at all.
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { deflateSync } from "node:zlib";
import { decodeImage } from "../../lib/image/codecs/decode.ts";
import { chunk, header, png, pngOf, type PngParts, raw, samplesOf } from "./png_fixture.ts";

const SIZES = [[1, 1], [3, 2], [13, 11], [5, 17]] as const;

/** Decodes PNGs of several sizes, and compares them with `pixel` of each pixel's samples. */
async function check(
  parts: Omit<PngParts, "width" | "height">,
  channels: number,
  pixel: (samples: readonly number[]) => readonly number[],
): Promise<void> {
  for (const [width, height] of SIZES) {
    const whole = { ...parts, width, height };
    const samples = samplesOf(whole);
    const step = samples.length / (width * height);
    const expected = Array.from(
      { length: width * height },
      (_, i) => pixel(samples.slice(i * step, i * step + step)),
    ).flat();
    const image = await decodeImage(png(whole), "a.png");
    assertEquals([image.width, image.height, image.channels], [width, height, channels]);
    assertEquals(image.pixels, new Float32Array(expected), JSON.stringify(parts));
  }
}

const scaled = (depth: number) => (samples: readonly number[]): number[] =>
  samples.map((sample) => sample / (2 ** depth - 1));

Deno.test("gray of 1, 2, 4, 8 and 16 bits has one channel", async () => {
  for (const depth of [1, 2, 4, 8, 16]) await check({ depth, color: 0 }, 1, scaled(depth));
});

Deno.test("color, and color with alpha, of 8 and 16 bits have three and four channels", async () => {
  for (const depth of [8, 16]) {
    await check({ depth, color: 2 }, 3, scaled(depth));
    await check({ depth, color: 6 }, 4, scaled(depth));
  }
});

Deno.test("gray with alpha has four channels, of which the colors are equal", async () => {
  for (const depth of [8, 16]) {
    await check({ depth, color: 4 }, 4, ([y, a]) => scaled(depth)([y!, y!, y!, a!]));
  }
});

Deno.test("a palette of 1, 2, 4 and 8 bits becomes its colors, with their alphas if it has some", async () => {
  for (const depth of [1, 2, 4, 8]) {
    const count = Math.min(2 ** depth, 200);
    const palette = Array.from({ length: 3 * count }, (_, i) => (i * 37 + 5) % 256);
    const rgb = (i: number): number[] => palette.slice(3 * i, 3 * i + 3);
    await check({ depth, color: 3, palette }, 3, ([i]) => scaled(8)(rgb(i!)));
    const transparency = Array.from({ length: count / 2 }, (_, i) => (i * 91) % 256);
    await check(
      { depth, color: 3, palette, transparency },
      4,
      ([i]) => scaled(8)([...rgb(i!), transparency[i!] ?? 255]),
    );
  }
});

Deno.test("the one clear color of a picture without alpha becomes alpha 0", async () => {
  const clear = (samples: readonly number[], color: readonly number[]): number =>
    samples.every((sample, c) => sample === color[c]) ? 0 : 1;
  for (const depth of [1, 4, 8, 16]) {
    const gray = 13 % 2 ** depth;
    await check({ depth, color: 0, transparency: [0, gray] }, 4, ([y]) => [
      ...scaled(depth)([y!, y!, y!]),
      clear([y!], [gray]),
    ]);
  }
  const color = [13, (7919 + 13) % 256, (4 * 7919 + 13) % 256];
  const transparency = color.flatMap((value) => [0, value]);
  await check({ depth: 8, color: 2, transparency }, 4, (rgb) => [
    ...scaled(8)(rgb),
    clear(rgb, color),
  ]);
});

Deno.test("interlaced pictures decode as others do", async () => {
  for (const depth of [1, 2, 4, 8, 16]) {
    await check({ depth, color: 0, interlaced: true }, 1, scaled(depth));
  }
  for (const depth of [8, 16]) {
    await check({ depth, color: 2, interlaced: true }, 3, scaled(depth));
    await check({ depth, color: 6, interlaced: true }, 4, scaled(depth));
  }
  for (const depth of [1, 2, 4, 8]) {
    const palette = Array.from({ length: 3 * 2 ** depth }, (_, i) => (i * 37 + 5) % 256);
    await check(
      { depth, color: 3, palette, interlaced: true },
      3,
      ([i]) => scaled(8)(palette.slice(3 * i!, 3 * i! + 3)),
    );
  }
});

/** Pillow 13.0.0's file of [[0, 128], [255, 64]] in mode "L". */
const BY_PIL =
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR4nGNgaGD47wAABEQBwOpq4d8AAAAASUVORK5CYII=";

Deno.test("a file by PIL decodes to its pixels", async () => {
  const bytes = Uint8Array.from(atob(BY_PIL), (c) => c.charCodeAt(0));
  const pixels = new Float32Array([0, 128 / 255, 1, 64 / 255]);
  assertEquals(await decodeImage(bytes, "a.png"), { width: 2, height: 2, channels: 1, pixels });
});

const GRAY = { width: 5, height: 7, depth: 8, color: 0 } as const;

/** A file of a header, of this data deflated, and of other chunks before it. */
function fileOf(data: Uint8Array, parts: PngParts = GRAY, ...before: Uint8Array[]): Uint8Array {
  const idat = chunk("IDAT", deflateSync(data));
  return pngOf(header(parts), ...before, idat, chunk("IEND", []));
}

async function refused(bytes: Uint8Array, ...includes: string[]): Promise<void> {
  const { message } = await assertRejects(() => decodeImage(bytes, "bad.png"), SyntaxError);
  assertMatch(message, /^Cannot decode (PNG|image) bad\.png: /);
  for (const part of includes) assert(message.includes(part), `"${message}": "${part}"`);
}

Deno.test("a file that is not PNG or JPEG is refused with the kind it seems to be", async () => {
  const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
  const kinds: [string, string][] = [
    ["", "empty"],
    ["This is a text file.\n", "text"],
    ["\xc3\xa9t\xc3\xa9 ".repeat(205), "text"],
    ["\n <!DOCTYPE html><title>404</title>", "HTML"],
    ["<html>", "HTML"],
    ['<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"],
    ["GIF89a\x01\0", "GIF"],
    ["RIFF\x10\0\0\0WEBPVP8 ", "WebP"],
    ["BM\x46\0\0\0\0\0", "BMP"],
    ["II*\0\x08\0\0\0", "TIFF"],
    ["%PDF-1.7\n", "PDF"],
    ["\x1f\x8b\x08\0", "gzip"],
    ["\0\x01\x02\x03\xff", "unknown"],
    ["\x89PNG\n\x1a\n\0\0\0\x0dIHDR", "damaged PNG (was it transferred as text?)"],
  ];
  for (const [text, kind] of kinds) {
    await refused(latin1(text), `must be a PNG or JPEG file, got ${kind}`);
  }
});

Deno.test("a PNG cut at any byte is refused", async () => {
  const bytes = png({ ...GRAY, color: 2 });
  for (let length = 0; length < bytes.length; length++) await refused(bytes.subarray(0, length));
});

Deno.test("a PNG with any bit flipped after its signature is refused", async () => {
  const bytes = png({ ...GRAY, color: 2 });
  for (let bit = 64; bit < 8 * bytes.length; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    await refused(flipped);
  }
});

Deno.test("a header that claims 60,000 × 60,000 pixels is refused before anything is decoded", async () => {
  const bytes = fileOf(new Uint8Array(10), { ...GRAY, width: 60_000, height: 60_000 });
  const { message } = await assertRejects(() => decodeImage(bytes, "big.png"), RangeError);
  assertEquals(
    message,
    "Cannot decode PNG big.png: it must have at most 67108864 pixels, " +
      "got 60000×60000",
  );
  // The header alone is enough to refuse it.
  await assertRejects(
    () => decodeImage(bytes.subarray(0, 33), "big.png"),
    RangeError,
    "60000×60000",
  );
  const wide = fileOf(new Uint8Array(10), { ...GRAY, width: 2 ** 26 + 1, height: 1 });
  await assertRejects(() => decodeImage(wide, "wide.png"), RangeError, "67108865×1");
});

Deno.test("a PNG of 20,000 × 20,000 pixels is refused by its header", async () => {
  const bytes = fileOf(new Uint8Array(10), { ...GRAY, width: 20_000, height: 20_000 });
  await assertRejects(() => decodeImage(bytes, "big.png"), RangeError, "got 20000×20000");
});

Deno.test("a page of HTML that is called a picture is named as such", async () => {
  const page = new TextEncoder().encode("<!DOCTYPE html>\n<html><body>Not found</body></html>");
  for (const file of ["photo.jpg", "photo.png"]) {
    const { message } = await assertRejects(() => decodeImage(page, file), SyntaxError);
    assertEquals(
      message,
      `Cannot decode image ${file}: it must be a PNG or JPEG file, got HTML`,
    );
  }
});

Deno.test("a PNG that was taken on its side is turned upright", async () => {
  const samples = [0, 51, 102, 153, 204, 255];
  const parts = { width: 3, height: 2, depth: 8, color: 0, samples };
  const exif = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0];
  const bytes = fileOf(raw(parts), parts, chunk("eXIf", exif));
  assertEquals(await decodeImage(bytes, "a.png"), {
    width: 2,
    height: 3,
    channels: 1,
    pixels: Float32Array.from([153, 0, 204, 51, 255, 102], (level) => level / 255),
  });
});

Deno.test("image data of fewer or more bytes than the picture has is refused", async () => {
  const data = raw(GRAY);
  assertEquals((await decodeImage(fileOf(data), "a.png")).width, 5);
  await refused(fileOf(data.subarray(0, -1)), "must inflate to 42 bytes, got 41");
  await refused(fileOf(new Uint8Array([...data, 0])), "must inflate to 42 bytes: there is more");
  await refused(fileOf(new Uint8Array(0)), "got 0");
  const bomb = fileOf(new Uint8Array(50_000_000));
  await refused(bomb, "there is more");
  const cut = chunk("IDAT", deflateSync(data).subarray(0, -5));
  await refused(pngOf(header(GRAY), cut, chunk("IEND", [])), "must inflate to 42 bytes: ");
  const broken = deflateSync(data);
  broken[broken.length - 1]! ^= 1; // the checksum of the inflated data
  await refused(pngOf(header(GRAY), chunk("IDAT", broken), chunk("IEND", [])), "must inflate");
  await refused(
    fileOf(data.map((byte, i) => i % 6 === 0 ? 5 : byte)),
    "from 0 to 4 (it is damaged), got 5",
  );
});

Deno.test("a header that the format does not have is refused", async () => {
  const data = raw(GRAY);
  await refused(fileOf(data, { ...GRAY, width: 0 }), "from 1 to 2^31 - 1, got 0×7");
  await refused(fileOf(data, { ...GRAY, height: 2 ** 31 }), "2147483648");
  await refused(fileOf(data, { ...GRAY, depth: 3 }), "bit depth of 1,2,4,8,16, got 3");
  await refused(fileOf(data, { ...GRAY, color: 2, depth: 4 }), "bit depth of 8,16, got 4");
  await refused(fileOf(data, { ...GRAY, color: 5 }), "color type must be 0, 2, 3, 4 or 6");
  for (const at of [10, 11, 12]) {
    const fields = header(GRAY).slice(8, 21);
    fields[at] = 2;
    const idat = chunk("IDAT", deflateSync(data));
    await refused(pngOf(chunk("IHDR", fields), idat, chunk("IEND", [])), "interlacing 0 or 1");
  }
  await refused(pngOf(chunk("IHDR", new Uint8Array(12))), "IHDR must have 13 bytes");
  await refused(pngOf(chunk("IDAT", new Uint8Array(13))), "first chunk must be IHDR");
});

Deno.test("chunks that are missing, unknown and critical, twice or in another order are refused", async () => {
  const [ihdr, iend] = [header(GRAY), chunk("IEND", [])];
  const idat = chunk("IDAT", deflateSync(raw(GRAY)));
  await refused(pngOf(ihdr, iend), "in this order, got IHDR IEND");
  await refused(pngOf(ihdr, idat), "is it cut short?");
  await refused(pngOf(ihdr, ihdr, idat, iend), "got IHDR IHDR");
  await refused(pngOf(ihdr, idat, chunk("PLTE", [0, 0, 0]), iend), "in this order");
  await refused(pngOf(ihdr, chunk("CgBI", [0]), idat, iend), "critical chunk", "CgBI");
  await refused(pngOf(ihdr, chunk("ab1d", []), idat, iend), "four letters");
  assertEquals((await decodeImage(pngOf(ihdr, chunk("abCd", [1]), idat, iend), "a")).width, 5);
});

Deno.test("a palette or transparency that does not fit the picture is refused", async () => {
  const indexed = { width: 2, height: 1, depth: 8, color: 3, samples: [0, 2] };
  const file = (palette?: number[], transparency?: number[], parts: PngParts = indexed) =>
    png({ ...parts, palette, transparency });
  await refused(file(), "must have a palette (PLTE)");
  await refused(file([0, 0, 0, 1, 1, 1]), "index must be below 2, the palette's, got 2");
  await refused(file([0, 0, 0, 1]), "1 to 256 colors of 3 bytes, got 4");
  await refused(file([]), "1 to 256 colors");
  await refused(file(Array(9).fill(0), [1, 2, 3, 4]), "at most 3 bytes, got 4");
  await refused(file(undefined, [0], GRAY), "tRNS must have 2 bytes, got 1");
  await refused(file(undefined, [0, 0], { ...GRAY, color: 4 }), "alpha must have no tRNS");
});

Deno.test("a color profile that would inflate without a bound is passed over", async () => {
  const profile = new Uint8Array([0x61, 0, 0, ...deflateSync(new Uint8Array(20_000_000))]);
  assertEquals((await decodeImage(fileOf(raw(GRAY), GRAY, chunk("iCCP", profile)), "a")).width, 5);
});
