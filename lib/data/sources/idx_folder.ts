// A folder of four IDX files, the form of MNIST and similar sets, read as a data split.

import { badFile } from "./bad_file.ts";
import type { Examples } from "../examples.ts";
import type { DataSplit } from "../image_source.ts";
import { findFile, listFolder, withGzip } from "./folder.ts";
import { fileName, type Idx, readIdx } from "./idx.ts";

/** Height and width of the images of MNIST and similar sets. */
export const SIDE = 28;

/**
 * Reads the four IDX files of a data set in MNIST's form: `train-` and `t10k-`
 * before `images-idx3-ubyte` and `labels-idx1-ubyte`. The last hyphen may be a dot
 * (`images.idx3-ubyte`), and `.gz` may follow. Plain files are preferred.
 *
 * @param classNames the name of each class; labels must be below their count
 * @returns training and test images of shape [28, 28, 1], in the order of the files
 * @throws {SyntaxError} if a file is not whole and valid IDX, has another rank or image size, a
 * label out of range, or another number of labels than of images
 * @throws {Deno.errors.NotFound} if there is no such folder, or a file is missing
 */
export async function readIdxFolder(
  directory: string | URL,
  name: string,
  classNames: readonly string[],
): Promise<DataSplit> {
  const names = await listFolder(directory, name, "IDX files such as train-images-idx3-ubyte.gz");
  const find = (stem: string, ending: string): string | URL =>
    findFile(directory, names, withGzip([`${stem}-${ending}`, `${stem}.${ending}`]), name);
  const read = async (part: string, prefix: string): Promise<Examples> => {
    const imageFile = find(`${prefix}-images`, "idx3-ubyte");
    const labelFile = find(`${prefix}-labels`, "idx1-ubyte");
    const images = checkImages(await readIdx(imageFile), imageFile);
    const labels = checkLabels(await readIdx(labelFile), labelFile, images.shape[0]!, classNames);
    return {
      name: `${name}/${part}`,
      images: images.values,
      labels: labels.values,
      imageShape: [SIDE, SIDE, 1],
      classNames,
    };
  };
  return { train: await read("train", "train"), test: await read("test", "t10k") };
}

/** Refuses anything but `[N, 28, 28]` with N of at least 1. */
function checkImages(idx: Idx, path: string | URL): Idx {
  const file = fileName(path);
  checkRank(idx, 3, file);
  const [count, height, width] = idx.shape;
  if (count === 0) throw badFile(file, "it must hold an image", 4, "1 or more", 0);
  if (height !== SIDE) {
    throw badFile(file, "images must be 28×28", 8, SIDE, `a height of ${height}`);
  }
  if (width !== SIDE) throw badFile(file, "images must be 28×28", 12, SIDE, `a width of ${width}`);
  return idx;
}

/** Refuses anything but one label for each image, each of a known class. */
function checkLabels(
  idx: Idx,
  path: string | URL,
  count: number,
  classNames: readonly string[],
): Idx {
  const file = fileName(path);
  checkRank(idx, 1, file);
  if (idx.shape[0] !== count) {
    const rule = "there must be a label for each image";
    throw badFile(file, rule, 4, `${count} labels`, `${idx.shape[0]}`);
  }
  const wrong = idx.values.findIndex((label): boolean => label >= classNames.length);
  if (wrong >= 0) {
    const expected = `0 to ${classNames.length - 1}`;
    throw badFile(file, "a label must be a class", 8 + wrong, expected, idx.values[wrong]!);
  }
  return idx;
}

/** Refuses another number of dimensions. */
function checkRank(idx: Idx, rank: number, file: string): void {
  if (idx.shape.length !== rank) {
    throw badFile(file, `it must have ${rank} dimensions`, 3, rank, idx.shape.length);
  }
}
