// Labeled numbers that need no normalization: what a network's lower part made of images.
import type { ImageSource } from "./image_source.ts";

/**
 * Labeled features in the form of images, which become batches as they are: what
 * {@linkcode cachedFeatures} answers.
 */
export type FeatureSource = Omit<ImageSource, "read"> & {
  /** The numbers of the examples at these places, `[B, H, W, C]`. */
  read(indices: Uint32Array): Promise<Float32Array>;
};
