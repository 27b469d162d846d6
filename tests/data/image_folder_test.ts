// Tests of lib/data/sources/image_folder.ts and of what it is made of.
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { batches } from "../../lib/data/dataset.ts";
import { imageFolder, type ImageFolderOptions } from "../../lib/data/sources/image_folder.ts";
import { type ImageSource, readExamples } from "../../lib/data/image_source.ts";
import { decodeImage } from "../../lib/image/codecs/decode.ts";
import { encodePng } from "../../lib/image/codecs/encode.ts";
import { preprocess } from "../../lib/image/preprocess.ts";
import { resize } from "../../lib/image/resize.ts";
import { key } from "../../lib/tensor/random.ts";
import { tf } from "../../lib/tensor/tf.ts";
import { JPEGS } from "../image/jpeg_fixture.ts";
import { plainFiles, plainPng, withFolder } from "./picture_folder.ts";

await tf.setBackend("cpu");

/** On this thread, at a size of one pixel, and gray: what is read are the numbers of the files. */
const TINY = { size: 1, channels: 1, workers: 0 } as const satisfies ImageFolderOptions;

/** Cats from 0 on, dogs from 100 on. */
const cats = (count: number, folder = "cat"): Record<string, Uint8Array> =>
  plainFiles(folder, 0, count);
const dogs = (count: number, folder = "dog"): Record<string, Uint8Array> =>
  plainFiles(folder, 100, count);

async function valuesOf(source: ImageSource): Promise<number[]> {
  const { images, labels } = await readExamples(source);
  images.forEach((value, i) => assertEquals(labels[i], Number(value >= 100)));
  return [...images];
}

async function refuses(
  files: Readonly<Record<string, Uint8Array | string>>,
  ErrorClass: new (message: string) => Error,
  message: string,
  options: ImageFolderOptions = {},
): Promise<void> {
  await withFolder(files, async (folder) => {
    await assertRejects(
      () => imageFolder(folder, { ...TINY, ...options }),
      ErrorClass,
      message,
    );
  });
}

Deno.test("a folder is split by the key, the same fraction of each class", async () => {
  await withFolder({ ...cats(10), ...dogs(20) }, async (folder) => {
    using images = await imageFolder(folder, TINY);
    const [train, test] = [await valuesOf(images.train), await valuesOf(images.test)];
    assertEquals(images.classCounts, [8, 16]);
    assertEquals(images.imbalance, 2);
    assertEquals([test.filter((n) => n < 100).length, test.filter((n) => n >= 100).length], [2, 4]);
    const all = [...train, ...test].toSorted((a, b) => a - b);
    assertEquals(all, [
      ...Array.from({ length: 10 }, (_, i) => i),
      ...Array.from({ length: 20 }, (_, i) => 100 + i),
    ]);
    assertEquals(images.train.classNames, ["cat", "dog"]);
    assertEquals(images.train.imageShape, [1, 1, 1]);
    assertEquals(images.train.name, `${folder.split("/").at(-1)}/train`);
    assertEquals(
      images.files.test.map((file) => Number(file.slice(-8, -4))),
      test,
    );
    using again = await imageFolder(new URL(`file://${folder}`), TINY);
    assertEquals(await valuesOf(again.test), test);
    using other = await imageFolder(folder, { ...TINY, key: key(1) });
    assertNotEquals(await valuesOf(other.test), test);
    using half = await imageFolder(folder, { ...TINY, testFraction: 0.5 });
    assertEquals(half.classCounts, [5, 10]);
    using least = await imageFolder(folder, { ...TINY, testFraction: 0.999 });
    assertEquals(least.classCounts, [1, 1]);
  });
});

Deno.test("another class does not change the draws of the others", async () => {
  await withFolder({ ...cats(10), ...dogs(20) }, async (folder) => {
    using few = await imageFolder(folder, TINY);
    await Deno.mkdir(`${folder}/ant`);
    for (const n of [0, 1, 2]) await Deno.writeFile(`${folder}/ant/${n}.png`, plainPng([n]));
    using more = await imageFolder(folder, TINY);
    assertEquals(more.files.test.filter((file) => !file.includes("/ant/")), few.files.test);
  });
});

Deno.test("a folder with train and test, or val, or all three, is split by them", async () => {
  const parts = (name: string, from: number): Record<string, Uint8Array> => ({
    ...plainFiles(`${name}/cat`, from, 2),
    ...plainFiles(`${name}/dog`, 100 + from, 3),
  });
  const train = { ...parts("train", 0), ...plainFiles("train/dog", 150, 4) };
  for (const name of ["test", "val", "Validation"]) {
    await withFolder({ ...train, ...parts(name, 10) }, async (folder) => {
      using images = await imageFolder(folder, TINY);
      assertEquals(await valuesOf(images.test), [10, 11, 110, 111, 112]);
      assertEquals(await valuesOf(images.train), [0, 1, 100, 101, 102, 150, 151, 152, 153]);
      assertEquals([images.classCounts, images.validation], [[2, 7], undefined]);
    });
  }
  await withFolder({ ...train, ...parts("val", 10), ...parts("test", 20) }, async (folder) => {
    using images = await imageFolder(folder, TINY);
    assertEquals(await valuesOf(images.test), [20, 21, 120, 121, 122]);
    assertEquals(await valuesOf(images.validation!), [10, 11, 110, 111, 112]);
  });
});

Deno.test("classes may be called train and test, if they hold pictures", async () => {
  await withFolder({ ...cats(3, "bus"), ...dogs(3, "train") }, async (folder) => {
    using images = await imageFolder(folder, TINY);
    assertEquals(images.train.classNames, ["bus", "train"]);
  });
});

Deno.test("workers and this thread give the same pixels, of PNG and of JPEG", async () => {
  const files = Object.fromEntries(
    JPEGS.flatMap(({ name, jpeg, png }, i) => [
      [`a/${i}_${name}.jpg`, jpeg],
      [`b/${i}_${name}.PNG`, png],
    ]),
  );
  await withFolder(files, async (folder) => {
    const options = { size: [9, 7], memoryLimit: 0 } as const;
    using here = await imageFolder(folder, { ...options, workers: 0 });
    using there = await imageFolder(folder, { ...options, workers: 2 });
    assertEquals(there.files, here.files);
    for (const part of ["train", "test"] as const) {
      assertEquals(await readExamples(there[part]), await readExamples(here[part]));
    }
    const { images } = await readExamples(here.train);
    assert(new Set(images).size > 100);
  });
});

Deno.test("pictures get their size as preprocess, or resize, does it", async () => {
  const [width, height] = [31, 20];
  const pixels = Float32Array.from(
    { length: width * height * 3 },
    (_, i) => Math.round(255 * (0.5 + 0.5 * Math.sin(i * i / 900))) / 255,
  );
  const image = { width, height, channels: 3, pixels } as const;
  const bytes = (numbers: ArrayLike<number>): number[] =>
    Array.from(numbers, (value) => Math.round(value));
  const unit = { range: 255, mean: [0, 0, 0], std: [1, 1, 1] } as const;
  const cases: [ImageFolderOptions, number[]][] = [
    [{ size: 8 }, bytes(preprocess(image, { resize: 8, crop: 8, ...unit }))],
    [{ size: 8, resize: 11 }, bytes(preprocess(image, { resize: 11, crop: 8, ...unit }))],
    [
      { size: 8, resize: 11, filter: "bicubic", channels: 1 },
      bytes(
        preprocess(image, {
          resize: 11,
          crop: 8,
          filter: "bicubic",
          range: 255,
          mean: [0],
          std: [1],
        }),
      ),
    ],
    [
      { size: [5, 9], resize: "stretch" },
      bytes(resize(image, 9, 5).pixels.map((value) => 255 * value)),
    ],
    // Of a size that is no square the side that needs it most decides: 20 to 16, 31 to 24.
    [{ size: [16, 6] }, bytes(preprocess(image, { resize: 16, crop: [16, 6], ...unit }))],
    [{ size: [6, 24] }, bytes(preprocess(image, { resize: 16, crop: [6, 24], ...unit }))],
  ];
  const file = encodePng(image);
  await withFolder({ "a/1.png": file, "a/2.png": file, ...dogs(2) }, async (folder) => {
    for (const [options, expected] of cases) {
      using images = await imageFolder(folder, { workers: 0, ...options });
      assertEquals([...await images.train.read(new Uint32Array([0]))], expected);
    }
  });
});

Deno.test("gray becomes three channels, colors become gray, and alpha is dropped", async () => {
  const files = {
    "a/1.png": plainPng([10]),
    "a/2.png": plainPng([10]),
    "b/1.png": plainPng([200, 100, 50, 0]),
    "b/2.png": plainPng([200, 100, 50, 128]),
  };
  await withFolder(files, async (folder) => {
    using colors = await imageFolder(folder, { size: 1, workers: 0 });
    const pixels = await colors.train.read(new Uint32Array([0, 1]));
    assertEquals([...pixels], [10, 10, 10, 200, 100, 50]);
    using grays = await imageFolder(folder, TINY);
    const gray = Math.round(0.299 * 200 + 0.587 * 100 + 0.114 * 50);
    assertEquals([...await grays.train.read(new Uint32Array([0, 1]))], [10, gray]);
  });
});

Deno.test("photos that were taken on their side are upright", async () => {
  const turned = JPEGS.filter(({ name }) => /orient|exif/.test(name));
  assert(turned.length > 0);
  for (const { jpeg, name } of turned) {
    const { width, height, channels, pixels } = await decodeImage(jpeg, name);
    const options = { workers: 0, size: [height, width], channels: channels as 1 | 3 } as const;
    await withFolder({ "a/1.jpg": jpeg, "a/2.jpg": jpeg, ...dogs(2) }, async (folder) => {
      using images = await imageFolder(folder, options);
      const read = await images.train.read(new Uint32Array([0]));
      assertEquals([...read], Array.from(pixels, (value) => Math.round(255 * value)));
    });
  }
});

Deno.test("no more pixels are held than the limit allows; the others are decoded again", async () => {
  await withFolder({ ...cats(10), ...dogs(10) }, async (folder) => {
    const size = 4 * 4 * 3;
    using images = await imageFolder(folder, { size: 4, workers: 0, memoryLimit: 5 * size + 1 });
    assertEquals([images.cache.decodes, images.cache.heldBytes], [20, 5 * size]);
    for (let epoch = 1; epoch <= 3; epoch++) {
      let seen = 0;
      for (const part of [images.train, images.test]) {
        for await (const batch of batches(part, { batchSize: 4, key: key(epoch) })) {
          tf.dispose([batch.images, batch.labels]);
          seen += batch.size;
          assert(images.cache.heldBytes <= 5 * size + 1);
        }
      }
      assertEquals([seen, images.cache.decodes], [20, 20 + 15 * epoch]);
    }
    using all = await imageFolder(folder, { size: 4, workers: 0 });
    await readExamples(all.train);
    assertEquals([all.cache.decodes, all.cache.heldBytes], [20, 20 * size]);
    using none = await imageFolder(folder, { size: 4, workers: 0, memoryLimit: 0 });
    assertEquals(await readExamples(none.train), await readExamples(all.train));
    assertEquals([none.cache.decodes, none.cache.heldBytes], [36, 0]);
  });
});

Deno.test("100 broken files among 1,000 are counted, and the first ones named", async () => {
  const files: Record<string, Uint8Array> = { ...cats(100), ...plainFiles("dog", 100, 100) };
  const good = { ...files };
  for (let i = 0; i < 800; i++) {
    files[`dog/x${String(i).padStart(3, "0")}.png`] = i % 8 === 0
      ? plainPng([100]).subarray(0, 40)
      : plainPng([100]);
  }
  await withFolder(files, async (folder) => {
    const error = await assertRejects(() => imageFolder(folder, TINY), SyntaxError);
    const { message } = error as Error;
    assert(message.includes("got 100 broken of 1000 files: "), message);
    for (const name of ["dog/x000.png", "dog/x008.png", "dog/x016.png", "and 97 more"]) {
      assert(message.includes(name), message);
    }
    assert(message.length < 1500, `${message.length}`);
    using images = await imageFolder(folder, { ...TINY, skipBroken: true });
    assertEquals(images.broken.length, 100);
    assertEquals(images.broken[1]!.file, `${folder}/dog/x008.png`);
    assert(images.broken[1]!.reason.includes("Cannot decode PNG"), images.broken[1]!.reason);
    assertEquals(images.train.labels.length + images.test.labels.length, 900);
    assertEquals(images.classCounts, [80, 640]);
    const [train, test] = [await valuesOf(images.train), await valuesOf(images.test)];
    assertEquals(train.length + test.length, 900);
  });
  assertEquals(Object.keys(good).length, 200);
});

Deno.test("a file that is named as a picture and is not one, or a broken link, is a broken file", async () => {
  const files = {
    ...cats(4),
    ...dogs(4),
    "cat/a.webp": "RIFF0000WEBP",
    "cat/b.jpg": "<html></html>",
    "cat/c.png": "",
  };
  await withFolder(files, async (folder) => {
    await Deno.symlink(`${folder}/nowhere.png`, `${folder}/cat/d.png`);
    await Deno.symlink(`${folder}/cat/e.png`, `${folder}/cat/e.png`); // Leads to itself.
    using images = await imageFolder(folder, { ...TINY, skipBroken: true });
    const names = images.broken.map(({ file }) => file.split("/").at(-1));
    assertEquals(names, ["a.webp", "b.jpg", "c.png", "d.png", "e.png"]);
    const kinds = ["WebP", "HTML", "empty"];
    kinds.forEach((kind, i) => {
      assert(images.broken[i]!.reason.includes(`got ${kind}`));
    });
    assertEquals(images.classCounts, [3, 3]);
  });
});

Deno.test("a JPEG named .png is read as a JPEG", async () => {
  const { jpeg } = JPEGS[0]!;
  await withFolder({ "a/1.png": jpeg, "a/2.png": jpeg, ...dogs(2) }, async (folder) => {
    using images = await imageFolder(folder, TINY);
    assertEquals(images.broken, []);
  });
});

Deno.test("other files and deeper folders are ignored and named, hidden ones passed over", async () => {
  const files = {
    ...cats(2),
    ...dogs(2),
    "readme.txt": "",
    "cat/notes.txt": "",
    "cat/deeper/1.png": plainPng([1]),
    ".hidden/1.png": plainPng([1]),
    "dog/.DS_Store": "",
    "dog/._1.png": "",
  };
  await withFolder(files, async (folder) => {
    using images = await imageFolder(folder, TINY);
    assertEquals(images.ignored, [
      `${folder}/readme.txt`,
      `${folder}/cat/notes.txt`,
      `${folder}/cat/deeper`,
    ]);
    assertEquals(images.train.classNames, ["cat", "dog"]);
  });
});

Deno.test("pictures are found by their first bytes, whatever they are called", async () => {
  const { jpeg } = JPEGS[0]!;
  const files = {
    "a/1.jfif": jpeg,
    "a/2.jpe": jpeg,
    "a/noending": plainPng([7]),
    "a/photo.txt": plainPng([8]),
    "a/notes": "BM is how a BMP file begins too",
    "a/rows.csv": "1,2",
    "a/empty": "",
    ...dogs(3, "b"),
  };
  await withFolder(files, async (folder) => {
    using images = await imageFolder(folder, TINY);
    assertEquals(images.files.train.length + images.files.test.length, 7);
    const ignored = ["empty", "notes", "rows.csv"].map((name) => `${folder}/a/${name}`);
    assertEquals([images.ignored, images.broken], [ignored, []]);
  });
  // A picture of a kind that is not read is a broken file, not an ignored one.
  await refuses(
    { ...cats(3), ...dogs(3), "cat/moving": "GIF89a" },
    SyntaxError,
    "cat/moving: it must be a PNG or JPEG file, got GIF",
  );
});

Deno.test("a JPEG without an end marker is read, and named with a warning, from a cache too", async () => {
  const { jpeg } = JPEGS.find(({ name }) => name === "gray")!;
  const cut = jpeg.subarray(0, jpeg.length - 2);
  const files = { "a/1.jpg": jpeg, "a/2.jpg": cut, "a/3.jpg": jpeg, ...dogs(3, "b") };
  await withFolder(files, async (folder) => {
    const file = `${folder}/a/2.jpg`;
    for (const workers of [0, 1, 0]) {
      using images = await imageFolder(folder, { ...TINY, workers, cacheDir: `${folder}/.cache` });
      assertEquals(images.warnings, [{ file, reason: `${file} has no end marker (EOI)` }]);
      assertEquals([images.broken, images.classCounts], [[], [2, 2]]);
      await Deno.utime(`${folder}/b/0100.png`, workers, workers); // Reads anew with a worker.
    }
  });
});

Deno.test("symbolic links to classes and to files are followed", async () => {
  await withFolder(
    { ...cats(3, "real/cat"), ...dogs(3, "real/dog"), "set/": "" },
    async (folder) => {
      await Deno.symlink(`${folder}/real/cat`, `${folder}/set/cat`);
      await Deno.mkdir(`${folder}/set/dog`);
      for (const n of [100, 101]) {
        await Deno.symlink(`${folder}/real/dog/0${n}.png`, `${folder}/set/dog/${n}.png`);
      }
      using images = await imageFolder(`${folder}/set`, TINY);
      assertEquals(images.classCounts, [2, 1]);
      await valuesOf(images.train);
    },
  );
});

Deno.test("a folder that is not there, is a file, or has no classes is refused", async () => {
  await refuses({}, RangeError, "2 to 65536 classes, got nothing in it");
  await refuses(plainFiles(".", 0, 2), RangeError, "got 2 files (0000.png, 0001.png)");
  await refuses(cats(3), RangeError, "got one class, cat");
  await withFolder(cats(2), async (folder) => {
    for (const path of [`${folder}/none`, `${folder}/cat/0000.png`]) {
      await assertRejects(() => imageFolder(path, TINY), Deno.errors.NotFound, "must be a folder");
    }
  });
});

Deno.test("a class without images, or with one and nothing to test with, is refused", async () => {
  await refuses({ ...cats(3), "dog/": "" }, RangeError, "dog too, got nothing in it");
  await refuses(
    { ...cats(3), "dog/deeper/1.png": plainPng([1]), "dog/x.txt": "" },
    RangeError,
    "dog too, got 1 folders (deeper) and 1 files (x.txt)",
  );
  await refuses({ ...cats(3), ...dogs(1) }, RangeError, "got fewer of dog");
  const onlyBroken = { ...cats(3), "dog/1.png": "no", "dog/2.png": "no" };
  await refuses(onlyBroken, SyntaxError, "got 2 broken of 5 files");
  await refuses(onlyBroken, RangeError, "got fewer of dog", { skipBroken: true });
});

Deno.test("parts of other classes, or none to test with, are refused", async () => {
  const train = { ...cats(2, "train/cat"), ...dogs(2, "train/dog") };
  await refuses(
    train,
    RangeError,
    "beside train there must be test or val, got train",
  );
  const test = { ...cats(2, "test/cat"), ...dogs(2, "test/cow") };
  await refuses(
    { ...train, ...test },
    RangeError,
    "the same, got dog only in train, cow not in train",
  );
  await refuses(
    { ...train, ...cats(2, "val/cat"), ...dogs(2, "val/dog"), ...cats(2, "valid/cat") },
    RangeError,
    "one folder to be its val part",
  );
});

Deno.test("options out of range are refused before anything is read", async () => {
  const bad: [ImageFolderOptions, string][] = [
    [{ size: 0 }, "size must be"],
    [{ size: 8193 }, "size must be"],
    [{ size: 1.5 }, "size must be"],
    [{ size: [8, 0] }, "got 8,0"],
    [{ size: [8] as unknown as [number, number] }, "size must be"],
    [{ channels: 2 as 1 }, "channels must be 1 or 3, got 2"],
    [{ resize: "fill" as "cover" }, "resize must be"],
    [{ resize: 0 }, "resize must be"],
    [{ filter: "nearest" as "bicubic" }, "filter must be"],
    [{ testFraction: 0 }, "testFraction must be between 0 and 1, got 0"],
    [{ testFraction: 1 }, "testFraction"],
    [{ testFraction: NaN }, "testFraction"],
    [{ memoryLimit: -1 }, "memoryLimit must be"],
    [{ workers: -1 }, "workers must be"],
    [{ workers: 65 }, "workers must be"],
  ];
  for (const [options, message] of bad) {
    await assertRejects(() => imageFolder("/nowhere", options), RangeError, message);
  }
});

Deno.test("a file that disappears or changes after the opening is an error when it is read", async () => {
  await withFolder({ ...cats(2), ...dogs(2) }, async (folder) => {
    using images = await imageFolder(folder, { ...TINY, memoryLimit: 0 });
    await Deno.writeTextFile(images.files.train[0]!, "no picture");
    await Deno.remove(images.files.train[1]!);
    const read = (place: number): Promise<unknown> => images.train.read(new Uint32Array([place]));
    await assertRejects(() => read(0), SyntaxError, images.files.train[0]!);
    await assertRejects(() => read(1), Deno.errors.NotFound, images.files.train[1]!);
  });
});

Deno.test("the opening reports its progress, and can be aborted", async () => {
  await withFolder({ ...cats(5), ...dogs(5) }, async (folder) => {
    const seen: string[] = [];
    const onProgress = (done: number, total: number): void => void seen.push(`${done}/${total}`);
    using _images = await imageFolder(folder, { ...TINY, onProgress });
    assertEquals([seen.length, seen[0], seen[9]], [10, "1/10", "10/10"]);
    const ending = new AbortController();
    const stop = (done: number): void => {
      if (done === 3) ending.abort(new Error("enough"));
    };
    const options = { ...TINY, onProgress: stop, signal: ending.signal };
    await assertRejects(() => imageFolder(folder, options), Error, "enough");
  });
});

/** The files in the cache of pixels by their endings, and their sizes. */
function cachedFiles(cacheDir: string): Record<string, number> {
  const names = [...Deno.readDirSync(`${cacheDir}/pixels`)].map(({ name }) => name).sort();
  return Object.fromEntries(names.map((name) => {
    const { size } = Deno.statSync(`${cacheDir}/pixels/${name}`);
    return [name.replace(/^[0-9a-f]{32}/, ""), name.endsWith(".bin") ? size : 0];
  }));
}

Deno.test("with a cache on the disk nothing is decoded twice, nor the next time", async () => {
  const files = { ...cats(9), ...dogs(9), "cat/broken.png": "no", "dog/a.png": "no" };
  await withFolder({ ...files, "cache/": "" }, async (folder) => {
    const cacheDir = `${folder}/.cache`;
    await Deno.remove(`${folder}/cache`);
    const options = { ...TINY, size: 4, skipBroken: true, memoryLimit: 5 * 16 } as const;
    using plain = await imageFolder(folder, options);
    using first = await imageFolder(folder, { ...options, cacheDir });
    assertEquals([first.cache.decodes, first.cache.heldBytes], [20, 5 * 16]);
    assertEquals(await readExamples(first.train), await readExamples(plain.train));
    assertEquals(first.cache.decodes, 20);
    assertEquals(cachedFiles(cacheDir), { ".bin": 20 * 16, ".json": 0 });
    const seen: string[] = [];
    const onProgress = (done: number, total: number): void => void seen.push(`${done}/${total}`);
    using second = await imageFolder(folder, { ...options, cacheDir, onProgress });
    for (const part of ["train", "test"] as const) {
      assertEquals(await readExamples(second[part]), await readExamples(plain[part]));
    }
    assertEquals([second.cache.decodes, second.cache.heldBytes, seen], [0, 80, ["20/20"]]);
    assertEquals([second.broken, second.files], [plain.broken, plain.files]);
    const twice = await second.train.read(new Uint32Array([15, 3, 15]));
    assertEquals(twice.slice(0, 16), twice.slice(32));
    const { skipBroken: _, ...strict } = options;
    await assertRejects(
      () => imageFolder(folder, { ...strict, cacheDir }),
      SyntaxError,
      "2 broken of 20",
    );
  });
});

Deno.test("a cache on the disk is not used for files that changed, or for another size", async () => {
  await withFolder({ ...cats(3), ...dogs(3) }, async (folder) => {
    const options = { ...TINY, cacheDir: `${folder}/.cache` };
    const decodesOf = async (more: ImageFolderOptions = {}): Promise<number> => {
      using images = await imageFolder(folder, { ...options, ...more });
      return images.cache.decodes;
    };
    assertEquals([await decodesOf(), await decodesOf()], [6, 0]);
    for (const more of [{ size: 2 }, { channels: 3 }, { resize: 9 }, { filter: "bicubic" }]) {
      assertEquals(await decodesOf(more as ImageFolderOptions), 6, JSON.stringify(more));
    }
    await Deno.writeFile(`${folder}/cat/0001.png`, plainPng([99]));
    await Deno.utime(`${folder}/cat/0001.png`, 1, 1);
    assertEquals([await decodesOf(), await decodesOf()], [6, 0]);
    await Deno.remove(`${folder}/cat/0002.png`);
    assertEquals([await decodesOf(), await decodesOf()], [5, 0]);
  });
});

Deno.test("a file that cannot be opened just now is not remembered as broken", async () => {
  await withFolder({ ...cats(3), ...dogs(3) }, async (folder) => {
    await Deno.symlink(`${folder}/cat/e.png`, `${folder}/cat/e.png`); // In a circle.
    const options = { ...TINY, skipBroken: true, cacheDir: `${folder}/.cache` };
    for (let time = 1; time <= 2; time++) {
      using images = await imageFolder(folder, options);
      assertEquals([images.cache.decodes, images.broken.length], [6, 1]);
      assertEquals(cachedFiles(options.cacheDir), {});
    }
    await Deno.remove(`${folder}/cat/e.png`);
    await Deno.symlink(`${folder}/nowhere`, `${folder}/cat/e.png`);
    for (const decodes of [6, 0]) {
      using images = await imageFolder(folder, options);
      assertEquals([images.cache.decodes, images.broken.length], [decodes, 1]);
    }
    await Deno.writeFile(`${folder}/nowhere`, plainPng([9]));
    using images = await imageFolder(folder, options);
    assertEquals([images.cache.decodes, images.broken.length], [7, 0]);
  });
});

Deno.test("a cache on the disk that is cut, damaged or cannot be written is no wrong pixels", async () => {
  await withFolder({ ...cats(3), ...dogs(3) }, async (folder) => {
    const options = { ...TINY, memoryLimit: 0, cacheDir: `${folder}/.cache` };
    using whole = await imageFolder(folder, options);
    const expected = await readExamples(whole.train);
    const [bin, json] = ["bin", "json"].map((ending) => {
      const all = [...Deno.readDirSync(`${folder}/.cache/pixels`)];
      return `${folder}/.cache/pixels/${all.find(({ name }) => name.endsWith(ending))!.name}`;
    }) as [string, string];
    const spoil: (() => void)[] = [
      () => Deno.truncateSync(bin, 4),
      () => Deno.removeSync(bin),
      ...[
        "[[",
        "null",
        "1",
        "[]",
        "[[],[],[]]",
        "[1,2]",
        "[[1],[]]",
        "[[[0,1]],[]]",
        '[[[6,"x"]],[]]',
      ]
        .map((text) => () => Deno.writeTextFileSync(json, text)),
      () => Deno.removeSync(json),
    ];
    for (const change of spoil) {
      change();
      using images = await imageFolder(folder, options);
      assertEquals([images.cache.decodes, await readExamples(images.train)], [6, expected]);
    }
    Deno.truncateSync(bin, 4); // While it is in use.
    await assertRejects(() => readExamples(whole.train), SyntaxError, "decoded anew");
    const bad = [[`${folder}/cat/0000.png/a`, "0000.png/a"], [
      "/proc/neocog",
      "Cannot keep pixels",
    ]];
    for (const [cacheDir, message] of bad) {
      const unwritable = { ...options, cacheDir: cacheDir! };
      await assertRejects(() => imageFolder(folder, unwritable), Error, message);
    }
    const ending = new AbortController();
    const stop = (done: number): void => done === 2 ? ending.abort(new Error("enough")) : undefined;
    const stopped = { ...options, size: 3, onProgress: stop, signal: ending.signal };
    await assertRejects(() => imageFolder(folder, stopped), Error, "enough");
    const parts = [...Deno.readDirSync(`${folder}/.cache/pixels`)].map(({ name }) => name);
    assertEquals(parts.filter((name) => name.endsWith(".part")), []);
  });
});
