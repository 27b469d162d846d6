// TensorBoard's event files: checksums and records against known ones, and read back by TensorBoard.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { crc32c, encodeEvent, eventRecord, openEventFile } from "../../lib/files/event_file.ts";
import { loadProtobuf } from "../../lib/files/protobuf.ts";
import { encodePng } from "../../lib/image/mod.ts";

const hex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

Deno.test("CRC-32C is that of RFC 3720, appendix B.4", () => {
  const vectors: [Uint8Array, number][] = [
    [new Uint8Array(), 0],
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(255), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    [Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    [new TextEncoder().encode("123456789"), 0xe3069283],
  ];
  for (const [bytes, expected] of vectors) assertEquals(crc32c(bytes), expected);
});

// By tensorboard 2.20: Event(wall_time=1.5, step=300, …).SerializeToString() with masked_crc32c.
const RECORDS = {
  scalar: "1800000000000000a37f4b2209000000000000f83f10ac022a0a0a080a0161150000803eb4fa9511",
  histogram:
    "6600000000000000723b876a09000000000000f83f10ac022a580a560a01682a5109000000000000f0bf" +
    "11000000000000004019000000000000084021000000000000f83f2900000000000015403210000000000000e03f" +
    "00000000000000403a10000000000000f03f0000000000000040a49e7a24",
  image:
    "2100000000000000017becf609000000000000f83f10ac022a130a110a0169220c080210031801220489504e" +
    "47132a8a6c",
};

Deno.test("events are, byte for byte, those that TensorBoard writes", async () => {
  const { default: { Writer } } = await loadProtobuf();
  const encoded = (value: Parameters<typeof encodeEvent>[2] & { values: unknown }): string =>
    hex(encodeEvent(Writer.create(), 1.5, value));
  assertEquals(encoded({ step: 300, values: [{ tag: "a", scalar: 0.25 }] }), RECORDS.scalar);
  const histogram = { min: -1, max: 2, count: 3, sum: 1.5, squares: 5.25 };
  const bins = { limits: [0.5, 2], counts: [1, 2] };
  assertEquals(
    encoded({ step: 300, values: [{ tag: "h", histogram: { ...histogram, ...bins } }] }),
    RECORDS.histogram,
  );
  const png = Uint8Array.from([0x89, 0x50, 0x4e, 0x47]);
  const image = { height: 2, width: 3, channels: 1, png };
  assertEquals(encoded({ step: 300, values: [{ tag: "i", image }] }), RECORDS.image);
  assertEquals(eventRecord(new Uint8Array()).length, 16);
});

Deno.test("a directory that cannot be written is named", async () => {
  const file = await Deno.makeTempFile();
  await assertRejects(() => openEventFile(`${file}/runs`), Error, "Cannot write");
  await Deno.remove(file);
});

const python = Deno.env.get("NEOCOG_PYTHON") ?? "python3";
const hasTensorBoard = await new Deno.Command(python, {
  args: ["-c", "import tensorboard"],
  stdout: "null",
  stderr: "null",
}).output().then(({ success }) => success, () => false);

const READ = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance=dict(scalars=0, histograms=0, images=0))
events.Reload()
tags = events.Tags()
histogram = lambda e: [e.step, e.histogram_value.num, e.histogram_value.sum, list(e.histogram_value.bucket)]
print(json.dumps(dict(
  scalars={tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags["scalars"]},
  histograms={tag: [histogram(e) for e in events.Histograms(tag)] for tag in tags["histograms"]},
  images={tag: [[e.step, e.width, e.height, len(e.encoded_image_string)] for e in events.Images(tag)] for tag in tags["images"]},
)))
`;

Deno.test({
  name: hasTensorBoard
    ? "TensorBoard reads scalars, histograms and images back"
    : "TensorBoard reads event files (ignored: NEOCOG_PYTHON must name a Python with tensorboard)",
  ignore: !hasTensorBoard,
  async fn() {
    const dir = await Deno.makeTempDir();
    const first = await openEventFile(dir);
    first.add(1, [{ tag: "loss", scalar: 0.5 }]);
    // More than 32 bits.
    first.add(2 ** 40, [{ tag: "loss", scalar: 0.25 }, { tag: "größe", scalar: -1 }]);
    const histogram = { min: 0, max: 3, count: 6, sum: 9, squares: 17 };
    first.add(3, [{
      tag: "h",
      histogram: { ...histogram, limits: [1, 2, 3], counts: [1, 2, 3] },
    }]);
    const pixels = Float32Array.from({ length: 6 }, (_, i) => i / 6);
    const png = encodePng({ height: 2, width: 3, channels: 1, pixels });
    first.add(4, [{ tag: "i", image: { height: 2, width: 3, channels: 1, png } }]);
    const { stdout, stderr } = await new Deno.Command(python, { args: ["-c", READ, dir] }).output();
    const text = new TextDecoder().decode(stdout);
    assert(text.includes("{"), new TextDecoder().decode(stderr));
    assertEquals(JSON.parse(text), {
      scalars: { loss: [[1, 0.5], [2 ** 40, 0.25]], "größe": [[2 ** 40, -1]] },
      histograms: { h: [[3, 6, 9, [1, 2, 3]]] },
      images: { i: [[4, 3, 2, png.length]] },
    });
    await Deno.remove(dir, { recursive: true });
  },
});
