// HDF5 files: what h5py writes is read, what is written is read back, and what is bad is refused.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Hdf5File, openHdf5 } from "../../lib/files/hdf5.ts";
import { serializeHdf5 } from "../../lib/files/hdf5_write.ts";
import { diceOf } from "../fuzz/files/mutate.ts";
import golden from "../golden/hdf5_files.json" with { type: "json" };

const decoded = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

/** All that a file has, down to some depth, as groups may be members of themselves. */
function readAll(file: Hdf5File, path = "", depth = 3): Record<string, number[]> {
  const all: Record<string, number[]> = {};
  for (const name of depth === 0 ? [] : file.names(path)) {
    const own = `${path}/${name}`;
    const dataset = file.dataset(own);
    for (const attribute of ["names", "texts", "count", "rates"]) file.attribute(own, attribute);
    if (dataset) all[own] = [...dataset.read()];
    else Object.assign(all, readAll(file, own, depth - 1));
  }
  return all;
}

for (const [version, text] of Object.entries(golden.good)) {
  Deno.test(`a file of h5py is read as Python has it (${version})`, async () => {
    using file = await openHdf5(decoded(text), "a.h5");
    assertEquals(file.names("").toSorted(), ["deep", "packed", "soft"]);
    assertEquals(file.names("deep/er").toSorted(), Object.keys(golden.numbers).toSorted());
    for (const [name, { shape, values }] of Object.entries(golden.numbers)) {
      const dataset = file.dataset(`soft/self/er/${name}`)!;
      assertEquals([...dataset.shape], shape);
      assertEquals([...dataset.read()], values.map(Math.fround));
    }
    const packed = Array.from({ length: 500 }, (_, i) => Math.floor(i / 100));
    assertEquals([...file.dataset("packed")!.read()], packed);
    assertEquals(file.attribute("", "text"), "héllo {}");
    assertEquals(file.attribute("", "bytes"), "bytes");
    assertEquals(file.attribute("deep", "names"), ["a", "longer"]);
    assertEquals(file.attribute("deep", "texts"), ["ä", "b"]);
    assertEquals(file.attribute("deep", "count"), 3);
    assertEquals(file.attribute("/deep/er/float", "rates"), [0.5, 0.25]);
    assertEquals(file.attribute("deep", "text"), undefined);
    assertEquals(file.attribute("missing", "text"), undefined);
    assertEquals(file.dataset("deep"), undefined);
    assertEquals(file.dataset("packed/x"), undefined);
    assertEquals(file.names("packed"), []);
  });
}

Deno.test("what is written is read back", async () => {
  const values = Float32Array.from([1.5, -0, 3e38, NaN, 1e-45, 2]);
  const bytes = await serializeHdf5({
    attributes: { config: "{ä}".repeat(50_000), names: ["a", "longer"], empty: [], rate: 0.5 },
    members: {
      "block 1": {
        members: {
          "kernel:0": { shape: [1, 2, 3], values, attributes: { trainable: 1 } },
          steps: { shape: [], values: Int32Array.of(7) },
          none: { shape: [0, 2], values: new Float32Array(0) },
        },
      },
    },
  });
  using file = await openHdf5(bytes, "a.h5");
  assertEquals(file.attribute("", "config"), "{ä}".repeat(50_000));
  assertEquals(file.attribute("", "names"), ["a", "longer"]);
  assertEquals(file.attribute("", "empty"), []);
  assertEquals(file.attribute("", "rate"), 0.5);
  assertEquals(file.attribute("block 1/kernel:0", "trainable"), 1);
  assertEquals(file.dataset("block 1/kernel:0")!.shape, [1, 2, 3]);
  assertEquals(file.dataset("block 1/kernel:0")!.read(), values);
  assertEquals(file.dataset("block 1/steps")!.read(), Float32Array.of(7));
  assertEquals(file.dataset("block 1/none")!.read(), new Float32Array(0));
});

Deno.test("an attribute that the format cannot hold is refused", async () => {
  const names = Array.from({ length: 5000 }, (_, i) => `a rather long name ${i}`);
  const rule = 'Cannot write attribute "names": it must be of at most 64000 bytes, got 115000';
  await assertRejects(() => serializeHdf5({ attributes: { names } }), RangeError, rule);
});

for (const [wanted, text] of Object.entries(golden.bad)) {
  Deno.test(`a file with what it must not have is refused: ${wanted}`, async () => {
    const { message } = await assertRejects(async () => {
      using file = await openHdf5(decoded(text), "a.h5");
      file.dataset("x")!.read();
    }, SyntaxError);
    assertStringIncludes(message, wanted.trim());
    assertStringIncludes(message, "Cannot read a.h5: ");
  });
}

Deno.test("a file that is cut, empty or of another kind is refused", async () => {
  for (const text of Object.values(golden.good)) {
    const whole = decoded(text);
    for (let length = 0; length < whole.length; length += 97) {
      await assertRejects(async () => {
        using file = await openHdf5(whole.slice(0, length), "a.h5");
        readAll(file);
      }, SyntaxError);
    }
  }
  const reason = "it must be a whole HDF5 file, got 5000 bytes that cannot be read: ";
  await assertRejects(() => openHdf5(new Uint8Array(5000), "a.h5"), SyntaxError, reason);
});

Deno.test("a damaged file is refused or has numbers, and others are read after it", async () => {
  const { below } = diceOf(6);
  let refused = 0;
  for (let i = 0; i < 400; i++) {
    const bytes = decoded(golden.good[i % 2 === 0 ? "earliest" : "latest"]);
    for (let j = below(3); j >= 0; j--) {
      bytes[below(bytes.length)] = below(10) < 3 ? 0xff : below(256);
    }
    try {
      using file = await openHdf5(bytes, "a.h5");
      readAll(file);
    } catch (error) {
      assert(error instanceof SyntaxError, String(error));
      refused++;
    }
  }
  assert(refused > 50, `${refused} of 400 were refused`);
  using file = await openHdf5(decoded(golden.good.latest), "a.h5");
  assertEquals([...file.dataset("deep/er/big")!.read()], [1.5, -2]);
});
