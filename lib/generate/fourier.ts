// Images as sums of waves, with decorrelated colors: Lucid's parametrization.
import { type Key, normalArray } from "../tensor/random.ts";
import { type Shape, sizeOf, type Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { requireOptions, requireRange } from "../text/require.ts";
import { correlated, uncorrelated } from "./decorrelated_colors.ts";
import { alongLast, matrixOf } from "./matrix_products.ts";
import { type Parametrization, requireStart } from "./parametrization.ts";

/** Options of {@linkcode fourier}. */
export type FourierOptions = {
  /** Whether the three channels are the principal axes of the colors of photos. Default: `true`. */
  readonly decorrelate?: boolean;
  /** Standard deviation of the initial spectrum. Default: 0.01. */
  readonly sd?: number;
  /** Waves are weighted by frequency to the power of −decay. Default: 1, as in photos. */
  readonly decay?: number;
  /** Initial images, pixels from 0 to 1, `[N, H, W, C]` or `[H, W, C]`. Default: noise. */
  readonly start?: Tensor;
};

/**
 * The parameters, `[N, C, H, W]`: the coefficient of each product of a vertical and a horizontal
 * wave. Along an axis of n pixels the waves are 1, then cos and sin of 2πkx / n for k = 1, 2, …, and
 * last (−1)^x if n is even, each of length 1.
 */
export type Spectrum = { readonly spectrum: Tensor };

/** Lucid's divisor of the sum of waves. */
const DIVISOR = 4;

/**
 * Images as the sigmoid of an inverse real Fourier transform. A step in the spectrum changes all
 * scales of an image alike, while steps in pixels favor the finest; decorrelated colors do the same
 * for color.
 *
 * The transform is two matrix products, one along each axis, with orthogonal matrices of cosines
 * and sines. A wave of f cycles per pixel has the weight √2 / (4 max(f, 1 / max(H, W))^decay), which
 * gives noise the power spectrum that it has in Lucid.
 *
 * Olah, Mordvintsev and Schubert, "Feature visualization", Distill 2017.
 *
 * @param options colors, standard deviation, decay, initial images
 * @returns the parametrization
 * @throws {RangeError} if the standard deviation is not finite and at least 0, or the decay is not finite
 * @throws {TypeError} by `init`, if there are neither one nor three channels to decorrelate, or the
 * initial images are of another shape
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { fourier } from "@neocog/neocog/generate";
 * import { key, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const noise = fourier();
 * const images = noise.images(noise.init(key(0), [1, 6, 9, 3]));
 * assertEquals(images.shape, [1, 6, 9, 3]);
 * assert((await images.data()).every((pixel) => pixel > 0 && pixel < 1));
 * ```
 */
export function fourier(options: FourierOptions = {}): Parametrization<Spectrum> {
  requireOptions("write images as waves", options, {
    decorrelate: true,
    sd: true,
    decay: true,
    start: true,
  });
  const { decorrelate = true, sd = 0.01, decay = 1, start } = options;
  const rule = "the standard deviation must be finite and at least 0, the decay finite";
  const holds = Number.isFinite(sd) && sd >= 0 && Number.isFinite(decay);
  requireRange("write images as waves", rule, holds, `${sd} and ${decay}`);
  return {
    name: `fourier${decorrelate ? ", decorrelated" : ""}`,
    init(key, shape) {
      requireStart(start, shape);
      if (decorrelate && shape[3] !== 3 && shape[3] !== 1) {
        throw new TypeError(
          `Cannot decorrelate colors: there must be one or three channels, got ${shape[3]}`,
        );
      }
      return start
        ? { spectrum: spectrumOf(tf.reshape(start, [...shape]), decorrelate, decay) }
        : noise(key, shape, sd);
    },
    images({ spectrum }) {
      const waves = wavesOf(spectrum, decay);
      return tf.sigmoid(decorrelate && waves.shape[3] === 3 ? correlated(waves) : waves);
    },
  };
}

function noise(key: Key, [count, height, width, channels]: Shape, sd: number): Spectrum {
  const shape = [count!, channels!, height!, width!];
  return { spectrum: tf.tensor(normalArray(key, sizeOf(shape), 0, sd), shape) };
}

/** Cycles of the i-th wave along an axis, see {@linkcode Spectrum}. */
const cycles = (i: number): number => (i + 1) >> 1;

/** The waves of an axis as rows, an orthogonal matrix `[size, size]`. */
function wavesAlong(size: number): Tensor {
  return matrixOf(size, size, (i, x) => {
    const angle = 2 * Math.PI * ((cycles(i) * x) % size) / size;
    const isLone = i === 0 || 2 * cycles(i) === size;
    return (i % 2 === 1 || i === 0 ? Math.cos(angle) : Math.sin(angle)) *
      Math.sqrt((isLone ? 1 : 2) / size);
  });
}

/** The weights of the waves, `[H, W]`. */
function weightsOf(height: number, width: number, decay: number): Tensor {
  const least = 1 / Math.max(height, width);
  return matrixOf(height, width, (i, j) => {
    const perPixel = Math.hypot(cycles(i) / height, cycles(j) / width);
    return Math.SQRT2 / DIVISOR / Math.max(perPixel, least) ** decay;
  });
}

/** The sums of the waves of a spectrum, `[N, H, W, C]`. */
function wavesOf(spectrum: Tensor, decay: number): Tensor {
  const [height, width] = spectrum.shape.slice(2) as [number, number];
  const scaled = tf.mul(spectrum, weightsOf(height, width, decay));
  const across = tf.transpose(alongLast(scaled, wavesAlong(width)), [0, 1, 3, 2]);
  return tf.transpose(alongLast(across, wavesAlong(height)), [0, 3, 2, 1]);
}

/** The margin of initial images to black and white, which the sigmoid never reaches. */
const MARGIN = 1 / 255;

/** The spectrum of images. */
function spectrumOf(images: Tensor, decorrelate: boolean, decay: number): Tensor {
  return tf.tidy(() => {
    const [, height, width, channels] = images.shape as [number, number, number, number];
    const clipped = tf.clipByValue(images, MARGIN, 1 - MARGIN);
    const logits = tf.log(tf.div(clipped, tf.sub(1, clipped)));
    const sums = decorrelate && channels === 3 ? uncorrelated(logits) : logits;
    const rows = tf.transpose(sums, [0, 3, 2, 1]); // [N, C, W, H]
    const down = tf.transpose(alongLast(rows, tf.transpose(wavesAlong(height))), [0, 1, 3, 2]);
    const waves = alongLast(down, tf.transpose(wavesAlong(width)));
    return tf.div(waves, weightsOf(height, width, decay));
  });
}
