// The images of the data set that are looked through: as many of each class.
import { sampleIndices, select } from "../../lib/data/select_examples.ts";
import { type Examples, fold, key, type Normalization } from "../../mod.ts";
import { datasetMoments } from "../datasets.ts";
import type { Subject } from "./subject.ts";

/** The most images that are looked through, as by default in the tasks. */
const MOST = 2000;

/** Images, their numbers in the data set, and how the network takes them. */
export type Sample = {
  readonly examples: Examples;
  readonly indices: Uint32Array;
  readonly normalize: Normalization;
};

/**
 * The sample that deno task explain takes too.
 *
 * @throws {Error} if there is no data set
 */
export function sampleOf({ data, opened }: Subject): Sample {
  if (!data) {
    throw new Error(
      "Cannot look through images: --dataset and --data-dir name a data set, also a folder of your own",
    );
  }
  const { examples } = data;
  const count = Math.min(MOST, examples.labels.length);
  const source = opened.settings.preprocessing!;
  const normalize = datasetMoments({ how: opened.units, source }, examples.imageShape);
  const isAll = count === examples.labels.length;
  const indices = isAll
    ? Uint32Array.from(examples.labels, (_, i) => i)
    : sampleIndices(examples.labels, count, fold(key(0), "limit"));
  return { examples: isAll ? examples : select(examples, indices), indices, normalize };
}
