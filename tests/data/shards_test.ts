// Pictures in tar archives as WebDataset writes them.
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { imageFolder, type ImageFolderOptions } from "../../lib/data/sources/image_folder.ts";
import { expandShards } from "../../lib/data/sources/shards.ts";
import { readExamples } from "../../lib/data/image_source.ts";
import { ALONE, type World } from "../../lib/world/world.ts";
import { tar } from "../files/tar_fixture.ts";
import golden from "../golden/tars.json" with { type: "json" };
import { plainFiles, plainPng, withFolder } from "./picture_folder.ts";

const TINY = { size: 1, channels: 1, workers: 0 } as const satisfies ImageFolderOptions;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** A shard of pictures, each with a label; its gray is its number. */
function shard(from: number, labels: readonly string[], ending = "cls"): Uint8Array {
  return tar(labels.flatMap((label, i) => [
    [`${from + i}.png`, plainPng([from + i])],
    [`${from + i}.${ending}`, text(label)],
  ]));
}

const PLAIN = {
  "train-00.tar": shard(0, ["0", "1", "1"]),
  "train-01.tar": shard(10, ["2", "0"]),
  "test-00.tar": shard(20, ["1", "2", "0"]),
};

Deno.test("shards are read by their names' parts, in order, with the classes of their labels", async () => {
  await withFolder(PLAIN, async (folder) => {
    using images = await imageFolder(folder, TINY);
    const { train, test, cache } = images;
    assertEquals(cache.decodes, 0); // Nothing is decoded before it is needed.
    assertEquals(train.classNames, ["0", "1", "2"]);
    assertEquals([...train.labels], [0, 1, 1, 2, 0]);
    assertEquals([...(await readExamples(train)).images], [0, 1, 2, 10, 11]);
    assertEquals([...test.labels, ...(await readExamples(test)).images], [1, 2, 0, 20, 21, 22]);
    assertEquals(images.files.test[1], `${folder}/test-00.tar/21.png`);
    assertEquals([cache.decodes, cache.heldBytes], [8, 8]);
    await readExamples(train);
    assertEquals(cache.decodes, 8);
    const cacheDir = await Deno.makeTempDir();
    using again = await imageFolder(folder, { ...TINY, cacheDir });
    assertEquals([...(await readExamples(again.train)).images], [0, 1, 2, 10, 11]);
    using kept = await imageFolder(folder, { ...TINY, cacheDir, memoryLimit: 0 });
    assertEquals([...(await readExamples(kept.test)).images], [20, 21, 22]);
    await Deno.remove(cacheDir, { recursive: true });
    assertEquals(kept.cache.decodes, 0);
    assert(kept.train.contents === train.contents && kept.test.contents !== train.contents);
  });
});

Deno.test("a pattern names shards; without parts they are split by class", async () => {
  assertEquals(expandShards("a-{08..10}.tar"), ["a-08.tar", "a-09.tar", "a-10.tar"]);
  assertEquals(expandShards("{0..1}/{2..3}.tar"), ["0/2.tar", "0/3.tar", "1/2.tar", "1/3.tar"]);
  assertEquals(expandShards("a.tar"), ["a.tar"]);
  assertThrows(() => expandShards("a-{3..2}.tar"), RangeError, "a range must go up");
  const files = {
    "photos-000.tar": shard(0, ["cat", "dog", "cat"], "txt"),
    "photos-001.tar": shard(10, ["dog", "cat"], "txt"),
    "photos-002.tar": shard(20, ["bird", "bird"], "txt"),
  };
  await withFolder(files, async (folder) => {
    using two = await imageFolder(`${folder}/photos-{000..001}.tar`, TINY);
    assertEquals(two.train.classNames, ["cat", "dog"]);
    assertEquals([two.train.labels.length, two.test.labels.length], [3, 2]);
    using all = await imageFolder(folder, TINY);
    assertEquals(all.train.classNames, ["bird", "cat", "dog"]);
    await assertRejects(
      () => imageFolder(`${folder}/photos-{000..009}.tar`, TINY),
      Deno.errors.NotFound,
      "photos-003.tar",
    );
  });
});

async function inflated(gzip: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([Uint8Array.fromBase64(gzip)]).stream();
  return new Uint8Array(
    await new Response(stream.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer(),
  );
}

Deno.test("shards by webdataset and by Python are read; names in them reach no file", async () => {
  const files = {
    "train-0.tar": await inflated(golden.read.webdataset.gzip),
    "test-0.tar": await inflated(golden.read.webdataset.gzip),
  };
  await withFolder(files, async (folder) => {
    using images = await imageFolder(folder, TINY);
    assertEquals([...images.train.labels], [0, 1, 2, 0, 1]);
    assertEquals([...(await readExamples(images.train)).images], [0, 10, 20, 30, 40]);
  });
  const opened: string[] = [];
  const { open, readFile, stat } = Deno;
  await withFolder({ "a.tar": await inflated(golden.read.gnu.gzip) }, async (folder) => {
    Object.assign(Deno, {
      open: (path: string, ...rest: []) => (opened.push(path), open(path, ...rest)),
      readFile: (path: string) => (opened.push(path), readFile(path)),
      stat: (path: string) => (opened.push(path), stat(path)),
    });
    try {
      using images = await imageFolder(folder, { ...TINY, cacheDir: `${folder}/cache` });
      const all = [...images.files.train, ...images.files.test];
      assertEquals(all.filter((file) => file.includes("../../etc/passwd.png")).length, 1);
      const found = [images.train, images.test].map(async (part) =>
        (await readExamples(part)).images
      );
      const pixels = (await Promise.all(found)).flatMap((images) => [...images]);
      assertEquals(pixels.toSorted(), [1, 2, 3, 4, 5, 6]);
      const places = opened.filter((path) => !path.startsWith(`${folder}/cache/`));
      assertEquals([...new Set(places)], [`${folder}/a.tar`]);
    } finally {
      Object.assign(Deno, { open, readFile, stat });
    }
  });
});

Deno.test("samples and labels that are none are refused, with the shard and the sample", async () => {
  const png = plainPng([1]);
  const one = (...files: [string, Uint8Array][]): Uint8Array => tar(files);
  const sample: [string, Uint8Array][] = [["a.png", png], ["a.cls", text("0")]];
  const cases: [Record<string, Uint8Array>, string | RegExp][] = [
    [{ "a.tar": one(["a.png", png]) }, "each sample must have a picture"],
    [{ "a.tar": one(["a.cls", text("0")]) }, "each sample must have a picture"],
    [{ "a.tar": one(...sample, ["a.cls", text("1")]) }, "one file of each ending"],
    [{ "a.tar": one(["a.png", png], ["a.cls", text("")]) }, "a label must be a class's number"],
    [{ "a.tar": one(["a.png", png], ["a.json", text("{")]) }, "a label must be a class's number"],
    [{ "a.tar": one(["a.png", png], ["a.json", text('{"label":-1}')]) }, "a label must be"],
    [{ "a.tar": one(["a.png", png], ["a.json", text('{"label":1.5}')]) }, "a label must be"],
    [
      { "a.tar": one(...sample, ["b.png", png], ["b.txt", text("cat")]) },
      "all numbers or all names",
    ],
    [{ "a.tar": one(...sample) }, "pictures of 2 to 65536 classes"],
    [{ "a.tar": one(...sample, ["b.png", png], ["b.cls", text("2")]) }, /each class must have/],
    [{ "train-0.tar": shard(0, ["0", "1"]), "more.tar": shard(5, ["0"]) }, "got more.tar"],
    [{ "train-0.tar": shard(0, ["0", "1"]) }, "there must be some of test or val"],
  ];
  for (const [files, message] of cases) {
    await withFolder(files, async (folder) => {
      const refused = await assertRejects(() => imageFolder(folder, TINY), Error);
      assertMatch((refused as Error).message, new RegExp(message));
    });
  }
  // A broken picture is found when it is needed, or before, if broken ones are to be left out.
  const broken = {
    ...PLAIN,
    "train-02.tar": one(["9.png", png.subarray(0, 40)], ["9.cls", text("0")]),
  };
  await withFolder(broken, async (folder) => {
    using images = await imageFolder(folder, TINY);
    await assertRejects(() => readExamples(images.train), SyntaxError, "train-02.tar/9.png");
    using whole = await imageFolder(folder, { ...TINY, skipBroken: true });
    assertEquals([...(await readExamples(whole.train)).images], [0, 1, 2, 10, 11]);
    assertMatch(whole.broken[0]!.file, /train-02\.tar\/9\.png$/);
  });
});

/** Worlds whose ranks gather what each gives. */
function worlds(size: number): World[] {
  let given: Uint8Array<ArrayBuffer>[] = [];
  let all = Promise.withResolvers<Uint8Array<ArrayBuffer>[]>();
  return Array.from({ length: size }, (_, rank) => ({
    ...ALONE,
    rank,
    size,
    allGather(bytes: Uint8Array<ArrayBuffer>) {
      given[rank] = bytes;
      const { promise } = all;
      if (Object.keys(given).length === size) {
        all.resolve(given);
        given = [];
        all = Promise.withResolvers();
      }
      return promise;
    },
  }));
}

Deno.test("ranks divide the headers of shards, and see the same images", async () => {
  await withFolder(PLAIN, async (folder) => {
    const opened: string[][] = [];
    const { open } = Deno;
    const ranks = worlds(2);
    using one = await imageFolder(folder, TINY);
    Object.assign(Deno, { open: (path: string) => (opened[0]!.push(path), open(path)) });
    try {
      opened.unshift([]);
      const both = await Promise.all(ranks.map((world) => imageFolder(folder, { ...TINY, world })));
      assertEquals(
        opened[0]!.toSorted(),
        Object.keys(PLAIN).map((name) => `${folder}/${name}`).toSorted(),
      );
      for (const images of both) {
        assertEquals([images.files, images.train.labels], [one.files, one.train.labels]);
        assertEquals(images.train.contents, one.train.contents);
        images[Symbol.dispose]();
      }
      const read = await Promise.all(
        both.map(({ train }, i) => readExamples(train, { world: ranks[i]! })),
      );
      for (const { images } of read) assertEquals([...images], [0, 1, 2, 10, 11]);
      assertEquals(both.map(({ cache }) => cache.decodes), [2, 3]);
    } finally {
      Object.assign(Deno, { open });
    }
  });
});

Deno.test("ranks divide the decoding of a folder, and know of each other's broken files", async () => {
  const files = {
    ...plainFiles("cat", 0, 5),
    ...plainFiles("dog", 100, 6),
    "dog/x.png": text("no"),
  };
  await withFolder(files, async (folder) => {
    using one = await imageFolder(folder, { ...TINY, skipBroken: true });
    const both = await Promise.all(
      worlds(3).map((world) => imageFolder(folder, { ...TINY, skipBroken: true, world })),
    );
    assertEquals(both.map(({ cache }) => cache.decodes), [4, 4, 4]);
    for (const images of both) {
      assertEquals([images.broken, images.files], [one.broken, one.files]);
      assertEquals(
        (await readExamples(images.train)).images,
        (await readExamples(one.train)).images,
      );
      images[Symbol.dispose]();
    }
    // What a rank reads is kept, as far as there is room.
    assertEquals(both.map(({ cache }) => cache.decodes < 12), [true, true, true]);
  });
});
