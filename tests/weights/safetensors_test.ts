// Safetensors: what Python's package writes is read, what is written is what Python writes.
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import type { HostTensor } from "../../lib/weights/host_tensor.ts";
import { hostTensor, parseSafetensors } from "../../lib/weights/safetensors.ts";
import { openSafetensors } from "../../lib/weights/safetensors_file.ts";
import { serializeSafetensors } from "../../lib/weights/safetensors_write.ts";
import { sharedDataTest, sharedPath } from "../shared_data.ts";
import { bits, float32, fromBase64 } from "./fixtures.ts";

// safetensors 0.8.0, numpy.save of tensors() below with the metadata {"made": "by Python"}.
const PYTHON =
  "SAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJtYWRlIjoiYnkgUHl0aG9uIn0sImEvZjMyIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyLDNdLCJkYXRhX29mZnNldHMiOlswLDI0XX0sInplcm8iOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzAsM10sImRhdGFfb2Zmc2V0cyI6WzI0LDI0XX0sIsOpIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOltdLCJkYXRhX29mZnNldHMiOlsyNCwyOF19LCJiLmkzMiI6eyJkdHlwZSI6IkkzMiIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzI4LDM2XX0sImMiOnsiZHR5cGUiOiJCT09MIiwic2hhcGUiOlszXSwiZGF0YV9vZmZzZXRzIjpbMzYsMzldfX0gAADAPwAAAIAAAMB/AACAfwAAgP8BAAAAzczMPQAAAID///9/AQAB";

// The same, of one small tensor for each other numpy type.
const PYTHON_TYPES =
  "AAIAAAAAAAB7InU2NCI6eyJkdHlwZSI6IlU2NCIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzAsOF19LCJpNjQiOnsiZHR5cGUiOiJJNjQiLCJzaGFwZSI6WzJdLCJkYXRhX29mZnNldHMiOls4LDI0XX0sImY2NCI6eyJkdHlwZSI6IkY2NCIsInNoYXBlIjpbM10sImRhdGFfb2Zmc2V0cyI6WzI0LDQ4XX0sInUzMiI6eyJkdHlwZSI6IlUzMiIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzQ4LDUyXX0sImYxNiI6eyJkdHlwZSI6IkYxNiIsInNoYXBlIjpbNl0sImRhdGFfb2Zmc2V0cyI6WzUyLDY0XX0sInUxNiI6eyJkdHlwZSI6IlUxNiIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzY0LDY2XX0sImkxNiI6eyJkdHlwZSI6IkkxNiIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzY2LDcwXX0sImk4Ijp7ImR0eXBlIjoiSTgiLCJzaGFwZSI6WzJdLCJkYXRhX29mZnNldHMiOls3MCw3Ml19LCJ1OCI6eyJkdHlwZSI6IlU4Iiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbNzIsNzRdfX0gICAgIAkAAAAAAAAA+/////////////9/AAAAAJqZmZmZmbk/AAAAAAAAAICxoRYq087SRwcAAAAAPgCAAQD/ewB8AH7//9T+LAGAfwD/";

/** In an order of their own: the file's order must not depend on it. */
function tensors(): Map<string, HostTensor> {
  return new Map<string, HostTensor>([
    ["c", { dtype: "bool", shape: [3], values: new Uint8Array([1, 0, 1]) }],
    ["zero", float32([], [0, 3])],
    ["é", float32([0.1], [])],
    ["a/f32", float32([1.5, -0, NaN, Infinity, -Infinity, 1e-45], [2, 3])],
    ["b.i32", { dtype: "int32", shape: [2], values: new Int32Array([-(2 ** 31), 2 ** 31 - 1]) }],
  ]);
}

Deno.test("a file by Python's package reads as the tensors it was made of, to the bit", () => {
  const contents = parseSafetensors(fromBase64(PYTHON), "python.safetensors");
  assertEquals(contents.metadata, { made: "by Python" });
  assertEquals([...contents.tensors.keys()].sort(), [...tensors().keys()].sort());
  for (const [name, expected] of tensors()) {
    const found = hostTensor(contents, name);
    assertEquals([found.dtype, found.shape], [expected.dtype, expected.shape]);
    assertEquals(bits(found), bits(expected), name);
  }
});

Deno.test("the bytes that are written are those that Python's package writes", () => {
  const bytes = serializeSafetensors(tensors(), { made: "by Python" });
  assertEquals(bytes.toBase64(), PYTHON);
});

Deno.test("a file reads the same at any alignment of its bytes", () => {
  const bytes = fromBase64(PYTHON);
  const shifted = new Uint8Array(bytes.length + 3).subarray(3);
  shifted.set(bytes);
  const found = hostTensor(parseSafetensors(shifted, "shifted"), "a/f32");
  assertEquals(bits(found), bits(tensors().get("a/f32")!));
});

Deno.test("every numpy type converts to float32 or int32", () => {
  const contents = parseSafetensors(fromBase64(PYTHON_TYPES), "types.safetensors");
  const read = (name: string): [string, number[]] => {
    const { dtype, values } = hostTensor(contents, name);
    return [dtype, [...values]];
  };
  assertEquals(read("f64"), ["float32", [Math.fround(0.1), -0, Math.fround(1e38)]]);
  assertEquals(read("f16"), ["float32", [1.5, -0, 2 ** -24, 65504, Infinity, NaN]]);
  assertEquals(read("i64"), ["int32", [-5, 2 ** 31 - 1]]);
  assertEquals(read("u64"), ["int32", [9]]);
  assertEquals(read("u32"), ["int32", [7]]);
  assertEquals(read("i16"), ["int32", [-300, 300]]);
  assertEquals(read("u16"), ["int32", [65535]]);
  assertEquals(read("i8"), ["int32", [-128, 127]]);
  assertEquals(read("u8"), ["int32", [0, 255]]);
});

Deno.test("all 65,536 halves and brain floats convert as their definitions say", () => {
  const halves = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const bytes = new Uint8Array(halves.buffer);
  const read = (dtype: string): Float32Array => {
    const file = fileOf({ w: { dtype, shape: [65536], data_offsets: [0, 131072] } }, bytes);
    return hostTensor(parseSafetensors(file, dtype), "w").values as Float32Array;
  };
  const [half, brain] = [read("F16"), read("BF16")];
  for (let i = 0; i < 65536; i++) {
    const sign = i < 32768 ? 1 : -1;
    assertEquals(half[i], sign * magnitude((i >> 10) & 31, i & 1023, 5, 10), `half ${i}`);
    assertEquals(brain[i], sign * magnitude((i >> 7) & 255, i & 127, 8, 7), `bfloat16 ${i}`);
  }
});

/** IEEE 754 §3.4, in arithmetic rather than bits. */
function magnitude(exponent: number, fraction: number, width: number, precision: number): number {
  const bias = 2 ** (width - 1) - 1;
  if (exponent === 2 ** width - 1) return fraction === 0 ? Infinity : NaN;
  if (exponent === 0) return fraction * 2 ** (1 - bias - precision);
  return (1 + fraction / 2 ** precision) * 2 ** (exponent - bias);
}

// By numpy: numbers of tensors and of values, the sum of all, the first of conv1.weight.
const RESNET = {
  tensors: 97,
  count: 271_098,
  sum: 139.78264955982075,
  first: [-0.13818146288394928, -0.1624176800251007, 0.8207383155822754],
};

sharedDataTest("ResNet-20's weights of PyTorch read with Python's sums", () => {
  const contents = parseSafetensors(
    Deno.readFileSync(sharedPath("resnet20-cifar10.safetensors")),
    "resnet20",
  );
  assertEquals(contents.tensors.size, RESNET.tensors);
  let sum = 0;
  let count = 0;
  for (const name of contents.tensors.keys()) {
    const { values } = hostTensor(contents, name);
    count += values.length;
    for (const value of values) sum += value;
  }
  assertEquals(count, RESNET.count);
  assert(Math.abs(sum - RESNET.sum) < 1e-6, `sum ${sum}`);
  const kernel = hostTensor(contents, "conv1.weight");
  assertEquals(kernel.shape, [16, 3, 3, 3]);
  assertEquals([...kernel.values.subarray(0, 3)], RESNET.first);
});

const GOOD = { w: { dtype: "F32", shape: [2], data_offsets: [0, 8] } };

/** A file with this header, an object or a text, and this data. */
function fileOf(header: object | string, data: Uint8Array | number = 8): Uint8Array {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const json = new TextEncoder().encode(text);
  const body = typeof data === "number" ? new Uint8Array(data) : data;
  return framed(BigInt(json.length), json, body);
}

function framed(length: bigint, ...parts: Uint8Array[]): Uint8Array {
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, length, true);
  return new Uint8Array([prefix, ...parts].flatMap((part) => [...part]));
}

function changed(changes: object): object {
  return { w: { ...GOOD.w, ...changes } };
}

/** Refused with these words, in memory and on the disk alike. */
async function refused(bytes: Uint8Array, ...includes: string[]): Promise<void> {
  const { message } = assertThrows(() => parseSafetensors(bytes, "bad.st"), SyntaxError);
  for (const part of ["Cannot read bad.st", ...includes]) {
    assert(message.includes(part), `"${message}" must contain "${part}"`);
  }
  const path = await Deno.makeTempFile({ suffix: ".st" });
  try {
    await Deno.writeFile(path, bytes);
    const onDisk = await assertRejects(() => openSafetensors(path), SyntaxError);
    assertEquals(onDisk.message.replace(path, "bad.st"), message);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("the least file reads, and so does one padded with spaces", () => {
  assertEquals(parseSafetensors(fileOf("{}", 0), "a").tensors.size, 0);
  assertEquals(parseSafetensors(fileOf(JSON.stringify(GOOD) + "     "), "a").tensors.size, 1);
});

Deno.test("a header length that the file cannot have is refused before anything is allocated", async () => {
  await refused(new Uint8Array(0), "at least 8 bytes", "got 0");
  await refused(new Uint8Array(7), "at least 8 bytes", "got 7");
  await refused(framed(100_000_001n), "at most 100000000 bytes", "got 100000001");
  await refused(framed(10_000_000_000n), "at most 100000000 bytes", "got 10000000000");
  await refused(framed(2n ** 64n - 1n, new Uint8Array(9)), "at most 100000000 bytes");
  await refused(framed(99_999_999n, new Uint8Array(9)), "end within the file of 17 bytes");
  await refused(framed(3n, new TextEncoder().encode("{}")), "header of 3 bytes must end within");
  await refused(framed(0n), "must begin with");
});

Deno.test("a header that is no JSON object in UTF-8 is refused", async () => {
  await refused(fileOf("[]", 0), 'offset 8 must begin with "{"', "got 91");
  await refused(fileOf(" []", 0), "must begin with", "got 91");
  await refused(fileOf("  ", 0), "must begin with", "got missing");
  await refused(fileOf('{"w":', 0), "valid JSON");
  await refused(fileOf("{} {}", 0), "valid JSON");
  await refused(framed(3n, new Uint8Array([0x7b, 0xff, 0x7d])), "valid UTF-8");
});

Deno.test("a key that stands twice is refused, also within an entry or spelt with an escape", async () => {
  const entry = JSON.stringify(GOOD.w);
  await refused(fileOf(`{"w":${entry},"w":${entry}}`), 'twice in the header, got "w"');
  await refused(fileOf(`{"w":${entry}, "\\u0077" : ${entry}}`), 'got "w"');
  await refused(
    fileOf(`{"w":${entry.replace("{", '{"dtype":"I32",')}}`),
    'got "dtype"',
  );
  await refused(fileOf('{"__metadata__":{"a\\"":"1","a\\"":"2"}}', 0), "twice");
  const alike = `{"__metadata__":{"w":"\\"w\\":{","x":"w"},"w":${entry}}`;
  assertEquals(parseSafetensors(fileOf(alike), "a").tensors.size, 1);
});

Deno.test("metadata must map strings to strings", async () => {
  await refused(fileOf({ __metadata__: { epoch: 3 } }, 0), 'map "epoch" to a string', "got 3");
  for (const number of ["0.5", "2.0", "2e0", "-1"]) {
    const file = fileOf(`{"__metadata__":{"epoch":${number}}}`, 0);
    await refused(file, 'map "epoch" to a string', `got "${number}"`);
  }
  await refused(fileOf('{"__metadata__":0.5}', 0), '"__metadata__" must be an object');
  await refused(fileOf({ __metadata__: ["a"] }, 0), '"__metadata__" must be an object');
  await refused(fileOf('{"__metadata__":{"a":"\\ud800"}}', 0), 'map "a" to a string of UTF-16');
});

Deno.test("an entry that has not dtype, shape and data_offsets is refused", async () => {
  await refused(fileOf({ w: 3 }), 'tensor "w" must be an object', "got 3");
  await refused(fileOf({ w: null }), 'tensor "w" must be an object');
  await refused(fileOf(changed({ dtype: "F33" })), 'dtype of tensor "w" must be one of', '"F33"');
  await refused(fileOf(changed({ dtype: undefined })), "dtype", "got missing");
  await refused(fileOf(changed({ dtype: "toString" })), "dtype of tensor");
  await refused(fileOf(changed({ shape: undefined })), "shape", "got missing");
  await refused(fileOf(changed({ data_offsets: undefined })), "data_offsets", "missing");
  await refused(fileOf('{"\\ud800":{}}'), "UTF-16");
});

Deno.test("a shape of other than whole numbers, or one that overflows, is refused", async () => {
  for (const shape of [[-2], [1.5], ["2"], [null], 2, { 0: 2 }, [1e300], [2 ** 53]]) {
    await refused(fileOf(changed({ shape })), 'shape of tensor "w" must be of whole numbers');
  }
  await refused(fileOf(changed({ shape: [2 ** 40, 2 ** 40] })), "must not overflow");
  await refused(
    fileOf(changed({ shape: [2 ** 40, 2 ** 40, 0], data_offsets: [0, 0] })),
    "overflow",
  );
});

Deno.test("offsets of other than two whole numbers in order are refused", async () => {
  for (const data_offsets of [[0], [0, 4, 8], [-8, 0], [0.5, 8.5], ["0", "8"], null]) {
    await refused(
      fileOf(changed({ data_offsets })),
      'data_offsets of tensor "w" must be two whole',
    );
  }
  await refused(fileOf(changed({ data_offsets: [8, 0] })), "must not run backwards", "[8,0]");
});

Deno.test("a size that is not the shape's is refused", async () => {
  await refused(
    fileOf(changed({ shape: [3] })),
    "shape [3] must have 12 bytes",
    "got 8",
  );
  await refused(fileOf(changed({ dtype: "F64" })), "must have 16 bytes");
  await refused(fileOf(changed({ shape: [] })), "must have 4 bytes");
  await refused(fileOf(changed({ shape: [0] })), "must have 0 bytes");
});

Deno.test("data with a hole, an overlap, an end too soon or too late is refused", async () => {
  const two = (begin: number): object => ({
    ...GOOD,
    v: { dtype: "F32", shape: [2], data_offsets: [begin, begin + 8] },
  });
  await refused(fileOf(two(12), 20), 'data of tensor "v" must begin at 8 (a hole)', "got 12");
  await refused(fileOf(two(4), 12), 'data of tensor "v" must begin at 8 (an overlap)', "got 4");
  await refused(fileOf(two(0), 8), "(an overlap)");
  await refused(fileOf(changed({ data_offsets: [4, 12] }), 12), "must begin at 0 (a hole)");
  await refused(fileOf(changed({ data_offsets: [8, 16] }), 8), "must begin at 0 (a hole)");
  const far = { ...GOOD, v: { dtype: "U8", shape: [2 ** 40], data_offsets: [8, 8 + 2 ** 40] } };
  await refused(fileOf(far), "must have 1099511627784 bytes (it is cut short)", "got 8");
  await refused(fileOf(GOOD, 7), "must have 8 bytes (it is cut short)", "got 7");
  await refused(fileOf(GOOD, 9), "must have 8 bytes (bytes are left over)", "got 9");
  await refused(fileOf("{}", 1), "must have 0 bytes (bytes are left over)");
});

Deno.test("a file cut at any byte is refused", async () => {
  const bytes = fromBase64(PYTHON);
  for (let length = 0; length < bytes.length; length++) await refused(bytes.subarray(0, length));
});

Deno.test("a header of many quotes and braces is read without trouble", () => {
  const text = '{"w":"\\"}'.repeat(50_000);
  const contents = parseSafetensors(fileOf({ __metadata__: { text } }, 0), "long");
  assertEquals(contents.metadata.text, text);
});

Deno.test("values beyond int32 or float32, other bools and other types are refused on conversion", () => {
  const read = (dtype: string, data: ArrayBufferView, width: number): () => HostTensor => {
    const bytes = new Uint8Array(data.buffer);
    const shape = [bytes.length / width];
    const file = fileOf({ w: { dtype, shape, data_offsets: [0, bytes.length] } }, bytes);
    return () => hostTensor(parseSafetensors(file, "bad.st"), "w");
  };
  const cases: [() => HostTensor, string][] = [
    [read("I64", new BigInt64Array([1n, 2n ** 31n]), 8), "2147483648"],
    [read("I64", new BigInt64Array([-(2n ** 31n) - 1n]), 8), "-2147483649"],
    [read("U64", new BigUint64Array([2n ** 64n - 1n]), 8), "18446744073709551615"],
    [read("U32", new Uint32Array([2 ** 32 - 1]), 4), "4294967295"],
    [read("F64", new Float64Array([1, -1e39]), 8), "-1e+39"],
    [read("BOOL", new Uint8Array([0, 2]), 1), "bools must be 0 or 1, got 2 at 1"],
    [read("F8_E4M3", new Uint8Array(3), 1), "got F8_E4M3"],
  ];
  for (const [convert, includes] of cases) {
    const { message } = assertThrows(convert, SyntaxError, includes);
    assertMatch(message, /^Cannot read tensor "w" of bad.st: /);
  }
});

Deno.test("a name that the file has not is refused with the names that it has", () => {
  const contents = parseSafetensors(fileOf(GOOD), "a.st");
  assertThrows(() => hostTensor(contents, "bias"), RangeError, "one of w, got bias");
});

Deno.test("what cannot be read back is not written", () => {
  const write = (tensor: unknown, name = "w"): () => Uint8Array => () =>
    serializeSafetensors(new Map([[name, tensor as HostTensor]]));
  const good = float32([1], [1]);
  assertThrows(write({ ...good, shape: [2] }), TypeError, "shape [2] must hold 2 values");
  assertThrows(write({ ...good, shape: [-1] }), TypeError, "whole numbers from 0");
  assertThrows(write({ ...good, shape: [0.5, 2] }), TypeError, "whole numbers from 0");
  assertThrows(write({ ...good, dtype: "string" }), TypeError, "got string");
  assertThrows(write({ ...good, dtype: "int32" }), TypeError, "must be of class Int32Array");
  assertThrows(write({ ...good, values: [1] }), TypeError, "got Array");
  const bools = { dtype: "bool", shape: [1], values: new Uint8Array([255]) };
  assertThrows(write(bools), RangeError, "got 255");
  assertThrows(write(good, "__metadata__"), TypeError, '"__metadata__"');
  assertThrows(write(good, "\ud800"), TypeError, "UTF-16");
  const metadata = { a: 3 } as unknown as Record<string, string>;
  assertThrows(() => serializeSafetensors(new Map(), metadata), TypeError, 'metadata "a"');
  assertThrows(() => serializeSafetensors(new Map(), { a: "\udc00" }), TypeError, "UTF-16");
});

Deno.test("names that objects treat apart are names like others", () => {
  const names = ["__proto__", "1", "0", "constructor", ""];
  const metadata = JSON.parse('{"__proto__": "a", "2": "b"}');
  const map = new Map(names.map((name, i) => [name, float32([i], [1])]));
  const contents = parseSafetensors(serializeSafetensors(map, metadata), "a");
  names.forEach((name, i) => assertEquals([...hostTensor(contents, name).values], [i]));
  assertEquals(Object.entries(contents.metadata), [["2", "b"], ["__proto__", "a"]]);
});

/**
 * What Python's package accepts and this one refuses: the format forbids keys that stand twice, and
 * says that entries are objects; JavaScript has no whole numbers beyond 2^53 − 1.
 */
const REFUSED_HERE = [
  ...["meta_dup", "dup_same", "array_entry"],
  ...["huge_zero_first", "big_dim_zero", "big_dim_zero53", "big_dim_zero_f"],
];

/** What Python's package refuses and this one accepts: deep nesting in a field that nobody reads. */
const ACCEPTED_HERE = ["deep_extra"];

Deno.test("files are accepted and refused as by Python's package, but for those listed", async () => {
  const path = new URL("../golden/safetensors_files.json", import.meta.url);
  const files = JSON.parse(await Deno.readTextFile(path)) as {
    readonly name: string;
    readonly bytes: string;
    readonly refused: string | null;
  }[];
  const differing = files.filter(({ name, bytes, refused }) => {
    try {
      parseSafetensors(Uint8Array.fromBase64(bytes), name);
      return refused !== null;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return refused === null;
    }
  });
  assert(files.length >= 120);
  assertEquals(
    differing.map(({ name }) => name).sort(),
    [...REFUSED_HERE, ...ACCEPTED_HERE].sort(),
  );
});
