// The data sets by name.
import { unknownName } from "../../text/nearest.ts";
import type { DataSplit } from "../image_source.ts";
import { cifar10, type Cifar10Options } from "./cifar10.ts";
import { fashionMnist } from "./fashion_mnist.ts";
import { type ImageFolder, imageFolder, type ImageFolderOptions } from "./image_folder.ts";
import { mnist } from "./mnist.ts";

/** A name of {@linkcode dataSets}. */
export type DataSetName = "mnist" | "fashion-mnist" | "cifar10" | "folder";

/** What {@linkcode DataSetEntry.open} needs; each data set uses its part. */
export type DataSetOptions = Cifar10Options & ImageFolderOptions;

/** An open data set: images in memory, or those of a folder. */
export type OpenDataSet = DataSplit & { readonly validation?: undefined } | ImageFolder;

/** A data set by name. */
export type DataSetEntry = {
  /** One line that says what it is. */
  readonly about: string;
  /** Whether `dataDir` must be given. */
  readonly needsDataDir: boolean;
  /**
   * Opens it.
   *
   * @param options where its files are; for a folder, how its pictures become images
   * @throws {RangeError} if `dataDir` must be given and is not
   */
  open(options?: DataSetOptions): Promise<OpenDataSet>;
};

/**
 * The data sets by name.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dataSets } from "@neocog/neocog/data";
 *
 * const { train } = await dataSets["mnist"].open();
 * assertEquals(train.imageShape, [28, 28, 1]);
 * ```
 */
export const dataSets: Readonly<Record<DataSetName, DataSetEntry>> = {
  "mnist": {
    about: "70,000 handwritten digits of 28 × 28 gray pixels",
    needsDataDir: false,
    open: mnist,
  },
  "fashion-mnist": {
    about: "70,000 pictures of clothes of 28 × 28 gray pixels",
    needsDataDir: false,
    open: fashionMnist,
  },
  "cifar10": {
    about: "60,000 photos of animals and vehicles of 32 × 32 pixels in color",
    needsDataDir: true,
    open: cifar10,
  },
  "folder": {
    about: "your own pictures, with a folder for each class",
    needsDataDir: true,
    async open({ dataDir, ...options } = {}) {
      if (dataDir !== undefined) return await imageFolder(dataDir, options);
      throw new RangeError("Cannot open a folder: dataDir must be given, got undefined");
    },
  },
};

/**
 * Finds a data set by name.
 *
 * @param name a key of {@linkcode dataSets}
 * @returns the data set, which is not open yet
 * @throws {RangeError} if there is none, with the nearest name
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { findDataSet } from "@neocog/neocog/data";
 *
 * assertThrows(() => findDataSet("minst"), RangeError, 'did you mean "mnist"?');
 * ```
 */
export function findDataSet(name: string): DataSetEntry {
  if (Object.hasOwn(dataSets, name)) return dataSets[name as DataSetName];
  const unknown = unknownName("data set", name, Object.keys(dataSets));
  throw new RangeError(`Cannot find a data set: ${unknown}`);
}
