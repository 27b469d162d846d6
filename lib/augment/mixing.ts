// Augmentations that mix the images of a batch, and their labels.
import { blend, BLEND_ROW } from "../tensor/blend.ts";
import type { Box } from "../tensor/box.ts";
import { fold, type Key, permutation } from "../tensor/random.ts";
import { requireOptions, requireRange } from "../text/require.ts";
import type { Tensor, Tensor2D, Tensor4D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Augmentation, BatchShape } from "./augmentation.ts";
import { beta, chosen, requireProbability } from "./draws.ts";

/** Options of {@linkcode mixup} and {@linkcode cutmix}. */
export type MixingOptions = {
  /** The parameter α of the beta distribution of λ, above 0. */
  readonly alpha?: number;
  /** The probability of each image to be mixed, from 0 to 1. Default: 1. */
  readonly probability?: number;
};

/** What an image takes from its partner. */
export type Mixture = {
  /** The rectangle that it takes completely, if any. */
  readonly box?: Box;
  /** The fraction that it takes elsewhere, from 0 to 1. */
  readonly share: number;
  /** The fraction that its label takes, from 0 to 1. */
  readonly labelShare: number;
};

/**
 * An augmentation that mixes each image with a partner; the partners are a permutation of the batch.
 *
 * @param mixtureOf returns what an image takes, given a key and λ from Beta(α, α), its own fraction
 */
export function mixing(
  name: string,
  options: MixingOptions & { readonly alpha: number },
  mixtureOf: (key: Key, own: number, shape: BatchShape) => Mixture,
): Augmentation {
  const what = `mix images by ${name}`;
  requireOptions(what, options, { alpha: true, probability: true });
  const { alpha, probability = 1 } = options;
  const rule = "its alpha must be finite and above 0";
  requireRange(what, rule, alpha > 0 && alpha < Infinity, alpha);
  requireProbability(what, probability);
  return {
    name: `${name} ${alpha}`,
    mixes: true,
    draw: (key, shape) => {
      const count = shape[0];
      const partners = permutation(fold(key, "partners"), count);
      const isMixed = chosen(fold(key, "chosen"), count, probability);
      const mixtures = isMixed.map((is, n): Mixture => {
        const own = fold(key, n);
        return is ? mixtureOf(fold(own, 1), beta(fold(own, 0), alpha), shape) : UNMIXED;
      });
      return {
        images: rowsOf(mixtures.map(({ box, share }, n) => row(partners[n]!, share, box))),
        labels: rowsOf(mixtures.map(({ labelShare }, n) => row(partners[n]!, labelShare))),
      };
    },
    apply: ({ images, labels }, drawn) => {
      const rows = drawn as { images: Tensor; labels: Tensor };
      return {
        images: blend(images, rows.images) as Tensor4D,
        labels: tf.tidy(() => blendLabels(labels, rows.labels)),
      };
    },
  };
}

const UNMIXED: Mixture = { share: 0, labelShare: 0 };

/** A row of `blend`. */
function row(partner: number, share: number, box?: Box): number[] {
  const { left, top, width, height } = box ?? { left: 0, top: 0, width: 0, height: 0 };
  return [partner, left, top, width, height, 1, share, 0];
}

function rowsOf(rows: readonly (readonly number[])[]): Tensor2D {
  return tf.tensor2d(Float32Array.from(rows.flat()), [rows.length, BLEND_ROW]);
}

/** Labels are blended as images of one pixel, whose channels are the classes. */
function blendLabels(labels: Tensor2D, rows: Tensor): Tensor2D {
  const [count, classes] = labels.shape;
  const pixels = tf.reshape(labels, [count, 1, 1, classes]);
  return tf.reshape(blend(pixels, rows), [count, classes]);
}
