// JPEG files decode to what Pillow reads from them, upright; cut and damaged ones do not decode.
import { assert, assertEquals, assertLessOrEqual, assertMatch, assertRejects } from "@std/assert";
import { decodeImage } from "../../lib/image/codecs/decode.ts";
import { exifOrientation } from "../../lib/image/codecs/exif.ts";
import { jpegOf, JPEGS, markerIn, spliced, withBytes } from "./jpeg_fixture.ts";

const EOI = [0xff, 0xd9];
const SOF = 0xc0;
const SOS = 0xda;

async function refused(bytes: Uint8Array, ...includes: string[]): Promise<void> {
  const { message } = await assertRejects(() => decodeImage(bytes, "bad.jpg"), SyntaxError);
  assertMatch(message, /^Cannot decode JPEG bad\.jpg: /);
  for (const part of includes) assert(message.includes(part), `"${message}": "${part}"`);
}

for (const { name, jpeg, png } of JPEGS) {
  Deno.test(`a JPEG decodes to Pillow's pixels: ${name}`, async () => {
    const found = await decodeImage(jpeg, name);
    const expected = await decodeImage(png, name);
    assertEquals(
      [found.width, found.height, found.channels],
      [expected.width, expected.height, expected.channels],
    );
    // jpeg-js, which decodes these, repeats a color where Pillow interpolates, which counts where there
    // are fewer.
    const [most, mean] = /3x1|2x2,2x1,1x2/.test(name)
      ? [12, 1.5]
      : /cmyk|ycck/.test(name)
      ? [3.5, 0.75]
      : [0, 0];
    const levels = Array.from(
      found.pixels,
      (value, i) => 255 * Math.abs(value - expected.pixels[i]!),
    );
    assertLessOrEqual(Math.max(...levels), most);
    assertLessOrEqual(levels.reduce((sum, level) => sum + level) / levels.length, mean);
  });
}

Deno.test("the fixtures have all eight orientations, each another picture", async () => {
  const all = JPEGS.filter(({ name }) => name.startsWith("orientation"));
  assertEquals(all.length, 8);
  const pictures = await Promise.all(all.map(({ name, jpeg }) => decodeImage(jpeg, name)));
  assertEquals(pictures.map(({ width }) => width), [19, 19, 19, 19, 11, 11, 11, 11]);
  assertEquals(new Set(pictures.map(({ pixels }) => pixels.join())).size, 8);
});

Deno.test("gray JPEGs have one channel, all others three", async () => {
  for (const { name, jpeg } of JPEGS) {
    const gray = /gray|orientation/.test(name);
    assertEquals((await decodeImage(jpeg, name)).channels, gray ? 1 : 3, name);
  }
});

Deno.test("a gray JPEG's sampling factors mean nothing", async () => {
  for (const name of ["gray", "gray progressive", "gray with restarts"]) {
    const bytes = jpegOf(name);
    const frame = markerIn(bytes, name.includes("progressive") ? 0xc2 : SOF);
    for (const factors of [0x22, 0x41, 0x13]) {
      const same = withBytes(bytes, frame + 11, [factors]);
      assertEquals(await decodeImage(same, "a"), await decodeImage(bytes, "a"));
    }
  }
});

Deno.test("three components named R, G and B are those colors without Adobe's marker too", async () => {
  const bytes = jpegOf("rgb without a transform");
  const named = spliced(bytes, markerIn(bytes, 0xee), 16);
  assertEquals(markerIn(named, 0xee), -1);
  assertEquals(await decodeImage(named, "a"), await decodeImage(bytes, "a"));
});

Deno.test("EXIF is read in either byte order, and ignored if it is damaged", () => {
  const big = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0];
  const little = [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 5, 0, 0, 0];
  const of = (data: number[]): number => exifOrientation(new Uint8Array(data));
  assertEquals([of(big), of(little)], [6, 5]);
  for (let length = 0; length < big.length; length++) assertEquals(of(big.slice(0, length)), 1);
  assertEquals(of(big.with(19, 9).with(18, 0)), 1);
  assertEquals(of(big.with(19, 0)), 1);
  assertEquals(of(big.with(13, 4)), 1); // not a short
  assertEquals(of(big.with(17, 2)), 1); // not one number
  assertEquals(of(big.with(3, 43)), 1);
  assertEquals(of(big.with(4, 255)), 1); // the directory lies beyond the end
});

Deno.test("a JPEG cut at any byte is refused", async () => {
  for (const { name, jpeg } of JPEGS) {
    // Without its end marker alone, a baseline file has all its pixels.
    const whole = name.includes("progressive") ? jpeg.length : jpeg.length - 2;
    for (let length = 3; length < whole; length++) await refused(jpeg.subarray(0, length));
  }
  const bytes = jpegOf("color 4:2:0");
  await refused(bytes.subarray(0, bytes.length - 200), "is it cut short?", "bytes in all");
});

Deno.test("a baseline JPEG that lacks its end marker, or half of it, is read with a warning", async () => {
  for (const { name, jpeg } of JPEGS.filter(({ name }) => !name.includes("progressive"))) {
    const expected = await decodeImage(jpeg, name);
    assertEquals(expected.warning, undefined);
    for (const missing of [1, 2]) {
      const { warning, ...image } = await decodeImage(
        jpeg.subarray(0, jpeg.length - missing),
        name,
      );
      assertEquals(image, expected);
      assertEquals(warning, `${name} has no end marker (EOI)`);
    }
  }
});

Deno.test("a baseline JPEG that ends before all its blocks is refused, wherever it ends", async () => {
  const names = ["color 4:2:0", "gray", "gray with restarts", "color with restarts", "cmyk"];
  for (const name of names) {
    const bytes = jpegOf(name);
    for (let length = 3; length < bytes.length - 2; length++) {
      await refused(spliced(bytes, length, bytes.length - length, EOI));
    }
  }
});

Deno.test("bytes after the end of the image are ignored", async () => {
  const bytes = jpegOf("color 4:2:0");
  const longer = spliced(bytes, bytes.length, 0, [...EOI, 1, 2, 3]);
  assertEquals(await decodeImage(longer, "a"), await decodeImage(bytes, "a"));
});

Deno.test("a JPEG of 20,000 × 20,000 pixels is refused by its header", async () => {
  const bytes = jpegOf("color 4:4:4");
  const big = withBytes(bytes, markerIn(bytes, SOF) + 5, [0x4e, 0x20, 0x4e, 0x20]);
  const { message } = await assertRejects(() => decodeImage(big, "big.jpg"), RangeError);
  assertEquals(
    message,
    "Cannot decode JPEG big.jpg: it must have at most 67108864 pixels, " +
      "got 20000×20000",
  );
  // The header alone is enough to refuse it.
  const header = big.subarray(0, markerIn(bytes, SOF) + 19);
  await assertRejects(() => decodeImage(header, "big.jpg"), RangeError, "20000×20000");
});

Deno.test("a JPEG that claims more blocks than its bytes have bits is refused before decoding", async () => {
  const bytes = jpegOf("color 4:4:4");
  const large = withBytes(bytes, markerIn(bytes, SOF) + 5, [0x1f, 0xff, 0x1f, 0xff]);
  await refused(large, "3145728 blocks of its 8191×8191 pixels", "bit each", "1522 bytes");
});

Deno.test("coded data that lacks bytes in its middle is refused", async () => {
  const bytes = jpegOf("gray");
  await refused(spliced(bytes, markerIn(bytes, SOS) + 60, 60), "its data is damaged: ");
});

Deno.test("a frame of another kind, or that breaks a rule, is refused", async () => {
  const bytes = jpegOf("color 4:4:4");
  const at = markerIn(bytes, SOF);
  const kinds = [[0xc3, "lossless"], [0xc5, "hierarchical"], [0xc9, "arithmetic"]] as const;
  for (const [second, kind] of kinds) await refused(withBytes(bytes, at + 1, [second]), kind);
  await refused(withBytes(bytes, at + 4, [12]), "8 bits a sample, got 12");
  await refused(withBytes(bytes, at + 5, [0, 0]), "width and height, got 53×0");
  await refused(withBytes(bytes, at + 7, [0, 0]), "width and height, got 0×41");
  await refused(withBytes(bytes, at + 9, [4]), "4 components must fill its segment");
  await refused(withBytes(bytes, at + 11, [0x51]), "from 1 to 4, got 5×1, 1×1, 1×1");
  await refused(withBytes(bytes, at + 11, [0x10]), "from 1 to 4, got 1×0");
  await refused(withBytes(bytes, at + 13, [1]), "components must differ, got 1,1,3");
  await refused(
    spliced(bytes, at + 2, 17, Uint8Array.of(0, 2)),
    "0 components must fill its segment",
  );
  const two = [0xff, SOF, 0, 14, 8, 0, 41, 0, 53, 2, 1, 0x11, 0, 2, 0x11, 0];
  await refused(spliced(bytes, at, 19, two), "1, 3 or 4 components, got 2");
  await refused(spliced(bytes, at, 19), "a frame header (SOF) must stand before its scans");
  await refused(spliced(bytes, at, 0, bytes.subarray(at, at + 19)), "one frame header (SOF)");
});

Deno.test("four components without Adobe's marker are refused", async () => {
  const bytes = jpegOf("cmyk");
  const at = markerIn(bytes, 0xee);
  await refused(spliced(bytes, at, 16), "four components must have an Adobe marker (APP14)");
});

Deno.test("segments that lie about themselves are refused", async () => {
  const bytes = jpegOf("gray");
  await refused(withBytes(bytes, 20, [0x12]), "a marker must stand at byte 20, got byte 18");
  await refused(withBytes(bytes, 4, [0, 1]), "must have a length, got 1");
  await refused(withBytes(bytes, 4, [255, 255]), "is it cut short?");
  const scan = markerIn(bytes, SOS);
  await refused(withBytes(bytes, scan + 4, [3]), "a scan of 3 components must fill its header");
  await refused(
    withBytes(bytes, scan + 5, [9]),
    "the components of a scan must be of 1, the frame's",
  );
  await refused(spliced(bytes, scan, bytes.length - scan, EOI), "a scan must hold each");
  await refused(new Uint8Array([0xff, 0xd8, ...EOI]), "must have a frame header (SOF), got");
});

Deno.test("tables that are missing are refused, and those after a scan are not its own", async () => {
  const bytes = jpegOf("gray");
  const table = markerIn(bytes, 0xdb);
  await refused(spliced(bytes, table, 69), "must stand before it, got no quantization 0");
  const other = withBytes(bytes.subarray(table, table + 69), 5, Array(64).fill(255));
  const late = spliced(bytes, bytes.length - 2, 0, other);
  assertEquals(await decodeImage(late, "a"), await decodeImage(bytes, "a"));
  const print = jpegOf("cmyk");
  const mixed = spliced(print, print.length - 2, 0, other);
  await refused(mixed, "quantization tables must stand before its scans, got one after them");
  const huffman = markerIn(bytes, 0xc4);
  const length = 2 + (bytes[huffman + 2]! << 8 | bytes[huffman + 3]!);
  await refused(spliced(bytes, huffman, length), "must stand before it, got no DC 0");
});

Deno.test("tables that do not fill their segment, or are of no known kind, are refused", async () => {
  const bytes = jpegOf("gray");
  const table = markerIn(bytes, 0xdb);
  // What was read past the end would be taken for the rest of the file.
  await refused(
    withBytes(bytes, table + 4, [0x10]),
    "must fill their segment of 65 bytes, got 129",
  );
  await refused(withBytes(bytes, table + 4, [0x20]), "must be of kind 0 or 1");
  await refused(withBytes(bytes, table + 4, [0x04]), "a number from 0 to 3, got kind 0, number 4");
  await refused(withBytes(bytes, table + 4, [0x01]), "must stand before it, got no quantization 0");
  const huffman = markerIn(bytes, 0xc4);
  await refused(withBytes(bytes, huffman + 5, [1]), "must fill their segment");
  await refused(withBytes(bytes, huffman + 21, [16]), "must have values of at most 15, got 16");
  const counts = [3, 0, ...Array(14).fill(0)];
  const many = [0xff, 0xc4, 0, 22, 0, ...counts, 0, 1, 2];
  await refused(spliced(bytes, markerIn(bytes, SOS), 0, many), "its data is damaged: ");
  const interval = [0xff, 0xdd, 0, 5, 0, 1, 0];
  await refused(spliced(bytes, table, 0, Uint8Array.from(interval)), "must have 2 bytes, got 3");
});

Deno.test("a progressive file whose later scans are missing is read with a warning", async () => {
  const bytes = jpegOf("gray progressive");
  assertEquals((await decodeImage(bytes, "a.jpg")).warning, undefined);
  const scan = markerIn(bytes, SOS);
  const second = scan + 4 + markerIn(bytes.subarray(scan + 4), 0xc4);
  const { warning } = await decodeImage(spliced(bytes, second, bytes.length - 2 - second), "a.jpg");
  assertEquals(warning, "a.jpg lacks scans of its detail");
});

Deno.test("a scan whose parameters are not those of its frame's kind is refused", async () => {
  const bytes = jpegOf("gray progressive");
  const scan = markerIn(bytes, SOS);
  const end = scan + 2 + (bytes[scan + 2]! << 8 | bytes[scan + 3]!);
  const whole = jpegOf("gray");
  const once = markerIn(whole, SOS);
  const twice = spliced(whole, whole.length - 2, 0, whole.subarray(once, whole.length - 2));
  // The numbers of both would be mixed.
  await refused(twice, "a scan must go on where those before it ended, got component 1 again");
  for (const band of [[0, 5, 1], [9, 3, 0], [0, 0, 14], [0, 0, 0x31]]) {
    await refused(withBytes(bytes, end - 3, band), "a progressive scan must be");
  }
});
