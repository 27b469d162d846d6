// Labelled numbers that need no normalisation: what a network's lower part made of images.
import type { Examples } from "./examples.ts";

/** Labelled features, which are batches as they are: what {@linkcode cachedFeatures} answers. */
export type FeatureSource = Omit<Examples, "images"> & {
  /** The numbers of the examples at these places, `[B, H, W, C]`. */
  read(indices: Uint32Array): Promise<Float32Array>;
};
