// Tests of lib/data/sources/registry.ts.
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { dataSets, findDataSet } from "../../lib/data/mod.ts";
import { soundFiles, withFolder as withFiles } from "./idx_files.ts";
import { plainFiles, withFolder } from "./picture_folder.ts";

Deno.test("a data set of the registry opens as its function does", async () => {
  assertEquals(Object.keys(dataSets), ["mnist", "fashion-mnist", "cifar10", "folder"]);
  await withFiles(soundFiles(), async (dataDir) => {
    for (const name of ["mnist", "fashion-mnist"] as const) {
      const { train, test } = await dataSets[name].open({ dataDir });
      assertEquals([train.name, test.name], [`${name}/train`, `${name}/test`]);
    }
  });
  await withFolder({ ...plainFiles("a", 0, 2), ...plainFiles("b", 9, 2) }, async (dataDir) => {
    const images = await dataSets.folder.open({ dataDir, size: 3, workers: 0 });
    assert("ignored" in images);
    assertEquals([images.train.imageShape, images.classCounts], [[3, 3, 3], [1, 1]]);
    images[Symbol.dispose]();
  });
});

Deno.test("a data set that needs a directory says so, and an unknown name is refused", async () => {
  const needy = Object.entries(dataSets).filter(([, { needsDataDir }]) => needsDataDir);
  assertEquals(needy.map(([name]) => name), ["cifar10", "folder"]);
  await assertRejects(() => dataSets.cifar10.open(), Deno.errors.NotFound, "dataDir");
  await assertRejects(() => dataSets.folder.open(), RangeError, "dataDir must be given");
  assertThrows(() => findDataSet("fashon-mnist"), RangeError, 'did you mean "fashion-mnist"?');
  assertEquals(findDataSet("mnist"), dataSets.mnist);
});
