// A run is resumed on the data that it began with, and on no other unnoticed.
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  type Checkpoint,
  disposeTraining,
  type Examples,
  fit,
  type FitOptions,
  imageFolder,
  type ImageSource,
  key,
  lenet5,
  restoreTraining,
  restoreTransfer,
  sgd,
  snapshot,
  snapshotTransfer,
  splitValidation,
  takeExamples,
  transfer,
  type TransferOptions,
} from "../../mod.ts";
import { parseCheckpoint, serializeCheckpoint } from "../../lib/weights/checkpoint.ts";
import { onCpu } from "../backends.ts";
import { plainFiles, withFolder } from "../data/picture_folder.ts";
import { toyExamples, toyModel } from "./toy.ts";

const examples = toyExamples(24);
const options: FitOptions = { batchSize: 8, optimizer: sgd({ learningRate: 0.01 }) };

/** A run of an epoch as it comes back from a file. */
async function oneEpoch(
  data: Examples | ImageSource,
  more: Partial<FitOptions> = {},
): Promise<Checkpoint> {
  let checkpoint: Checkpoint | undefined;
  for await (const { network } of fit(toyModel(), data, { ...options, ...more })) {
    checkpoint = await snapshot(network);
    disposeTraining(network);
  }
  return parseCheckpoint(serializeCheckpoint(checkpoint!), "test");
}

/** Resumes it for a second epoch. */
async function resume(
  checkpoint: Checkpoint,
  data: Examples | ImageSource,
  more: Partial<FitOptions> = {},
): Promise<number> {
  const { imageShape } = data;
  const from = restoreTraining(toyModel(), options.optimizer!, imageShape, checkpoint, "test");
  let loss = NaN;
  for await (const report of fit(toyModel(), data, { ...options, epochs: 2, from, ...more })) {
    loss = report.loss;
    disposeTraining(report.network);
  }
  return loss;
}

async function refused(work: Promise<unknown>, message: string): Promise<void> {
  const error = await assertRejects(() => work, RangeError);
  assertStringIncludes(error.message, "Cannot resume a run: its data must be the same as before");
  assertStringIncludes(error.message, message);
}

onCpu(
  "other examples, labels, classes, counts and normalizations are refused by name",
  async () => {
    const checkpoint = await oneEpoch(examples);
    const same = { ...examples, images: examples.images.slice(), name: "by another name" };
    const loss = await resume(checkpoint, same);
    const images = examples.images.slice();
    images[77] = images[77]! ^ 1;
    const labels = examples.labels.slice();
    labels[3] = (labels[3]! + 1) % 3;
    const classNames = [...examples.classNames].reverse();
    const others: [Examples, string][] = [
      [{ ...examples, images }, "other images, files or labels"],
      [{ ...examples, labels }, "other images, files or labels"],
      [{ ...examples, classNames }, `classes ["${classNames.join('","')}"] instead of`],
      [takeExamples(examples, 23), "number of examples 23 instead of 24"],
    ];
    for (const [other, message] of others) {
      await refused(resume(checkpoint, other), message);
      assertEquals(typeof await resume(checkpoint, other, { otherData: true }), "number");
    }
    const normalize = { std: [1], mean: [0.5] };
    await refused(
      resume(checkpoint, examples, { normalize }),
      'normalization {"mean":[0.5],"std":[1]} instead of "unit"',
    );
    const normalized = await oneEpoch(examples, { normalize });
    await resume(normalized, examples, { normalize: { mean: [0.5], std: [1] } });
    // A checkpoint from before identities were recorded is not compared.
    const { data: _, ...old } = checkpoint.run as { readonly data: unknown };
    const again = await resume({ ...checkpoint, run: old as never }, same);
    assertEquals(again, loss);
  },
);

onCpu("a folder with a renamed class, or one picture more, is other data", async () => {
  const files = Object.assign({}, ...["a", "b", "c"].map((name, i) => plainFiles(name, 80 * i, 6)));
  const folder = { size: 8, channels: 1, workers: 0, testFraction: 0.2 } as const;
  await withFolder(files, async (dir) => {
    const open = async (where = dir): Promise<ImageSource & { readonly first: string }> => {
      using images = await imageFolder(where, folder);
      return { ...images.train, first: images.files.train[0]! };
    };
    const two = { batchSize: 5 };
    const checkpoint = await oneEpoch(await open(), two);
    const loss = await resume(checkpoint, await open(), two);
    // Wherever the folder is.
    const moved = await Deno.makeTempDir();
    await Deno.rename(dir, `${moved}/pictures`);
    assertEquals(await resume(checkpoint, await open(`${moved}/pictures`), two), loss);
    await Deno.rename(`${moved}/pictures`, dir);
    await Deno.remove(moved);

    await Deno.rename(`${dir}/a`, `${dir}/z`);
    const renamed = 'classes ["b","c","z"] instead of ["a","b","c"]';
    await refused(resume(checkpoint, await open(), two), renamed);
    await Deno.rename(`${dir}/z`, `${dir}/a`);
    const { first } = await open();
    const other = first.replace(/\.png$/, "_.png");
    await Deno.rename(first, other);
    await refused(resume(checkpoint, await open(), two), "other images, files or labels");
    await Deno.rename(other, first);
    assertEquals(await resume(checkpoint, await open(), two), loss);
    await Deno.copyFile(first, other);
    await refused(resume(checkpoint, await open(), two), "number of examples 16 instead of 15");
    await Deno.remove(other);

    // Parts of it are told apart as well.
    const [part] = splitValidation(await open(), 0.2, key(1));
    const [another] = splitValidation(await open(), 0.2, key(2));
    const ofPart = await oneEpoch(part, two);
    await resume(ofPart, splitValidation(await open(), 0.2, key(1))[0], two);
    await refused(resume(ofPart, another, two), "other images, files or labels");
  });
});

onCpu("a transfer is resumed on its own pictures, cached or not", async () => {
  const few = {
    name: "few",
    images: new Uint8Array(6 * 784).map((_, i) => i % 251),
    labels: new Uint8Array([0, 1, 0, 1, 0, 1]),
    imageShape: [28, 28, 1],
    classNames: ["even", "odd"],
  } as const;
  const model = lenet5({ numClasses: 2 });
  const begin = async (how: TransferOptions): Promise<Checkpoint> => {
    const source = (await Array.fromAsync(fit(lenet5(), {
      ...few,
      classNames: Array.from({ length: 10 }, (_, i) => `${i}`),
    })))[0]!.network;
    for await (const report of transfer(model, source, few, how)) {
      return await snapshotTransfer(report, few.classNames);
    }
    throw new Error("no epoch was done");
  };
  for (const cache of [true, false]) {
    const how: TransferOptions = { epochs: 2, cache };
    const checkpoint = await begin(how);
    const go = async (data: Examples, more: Partial<TransferOptions> = {}): Promise<number> => {
      const from = restoreTransfer(model, data, checkpoint, "test", how);
      const reports = await Array.fromAsync(transfer(model, from.network, data, {
        ...how,
        from,
        ...more,
      }));
      return reports.length;
    };
    assertEquals(await go(few), 1);
    const images = few.images.slice();
    images[5] = 255;
    await refused(go({ ...few, images }), "other images, files or labels");
    assertEquals(await go({ ...few, images }, { otherData: true }), 1);
    assertEquals(await go(few, { cache: !cache }), 1);
  }
});
