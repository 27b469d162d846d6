// Images as sums of waves, whose colors need not be correlated: Lucid's parametrization.
import type { Key } from "../tensor/random.ts";
import { normalArray } from "../tensor/random.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { alongLast, matrixOf } from "./axis_products.ts";
import { correlated, uncorrelated } from "./colors.ts";
import type { Parametrization } from "./parametrization.ts";

/** Options of {@linkcode fourier}. */
export type FourierOptions = {
  /** Whether a step in one of three channels is one along a principal axis of photos' colors. Default: `true`. */
  readonly decorrelate?: boolean;
  /** Deviation of the spectrum's first numbers. Default: 0.01. */
  readonly sd?: number;
  /** The spectrum's numbers count by frequency to the power of −decay. Default: 1, as in photos. */
  readonly decay?: number;
  /** Images to begin with, pixels 0 to 1, `[N, H, W, C]` or `[H, W, C]`. Default: noise. */
  readonly start?: Tensor;
};

/**
 * The parameters, `[N, C, H, W]`: what each product of a wave down and a wave across counts. Along
 * an axis of n pixels these are 1, then cos and sin of 2πkx / n for k = 1, 2, …, and (−1)^x last
 * where n is even, each of length 1.
 */
export type Spectrum = { readonly spectrum: Tensor };

/** What Lucid divides the waves' sum by. */
const DIVISOR = 4;

/**
 * Images as the sigmoid of an inverse real Fourier transform. Steps of one size in the spectrum
 * change all scales of an image alike, where steps in pixels favor the finest; with decorrelated
 * colors, those of a photo too.
 *
 * The transform is two dense products, one along each axis, with orthogonal matrices of cosines
 * and sines. A wave of f cycles per pixel counts √2 / (4 max(f, 1 / max(H, W))^decay), which gives
 * noise the powers that it has in Lucid.
 *
 * Olah, Mordvintsev and Schubert, "Feature visualization", Distill 2017.
 *
 * @param options colors, deviation, decay, images to begin with
 * @returns the parametrization
 * @throws {RangeError} where deviation or decay are not finite, or the deviation is below 0
 * @throws {TypeError} by `init`, where colors to be decorrelated are not three, or the images to begin with are of another shape
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
  const { decorrelate = true, sd = 0.01, decay = 1, start } = options;
  if (!(Number.isFinite(sd) && sd >= 0 && Number.isFinite(decay))) {
    throw new RangeError(
      `Cannot write images: waves as deviation and decay must be finite, and the deviation not below 0, got ${sd} and ${decay}`,
    );
  }
  return {
    name: `fourier${decorrelate ? ", decorrelated" : ""}`,
    init(key, shape) {
      requireStart(shape, start, decorrelate);
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

function requireStart(shape: Shape, start: Tensor | undefined, decorrelate: boolean): void {
  const own = start?.shape.length === 3 ? [1, ...start.shape] : start?.shape;
  if (own && `${own}` !== `${shape}`) {
    throw new TypeError(
      `Cannot begin with images: they must be of shape [${shape}], got [${own}]`,
    );
  }
  if (decorrelate && shape[3] !== 3 && shape[3] !== 1) {
    throw new TypeError(
      `Cannot decorrelate colors: there must be three, or one gray, got ${shape[3]}`,
    );
  }
}

function noise(key: Key, [count, height, width, channels]: Shape, sd: number): Spectrum {
  const shape = [count!, channels!, height!, width!];
  return { spectrum: tf.tensor(normalArray(key, tf.util.sizeFromShape(shape), 0, sd), shape) };
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

/** What the waves count, `[H, W]`. */
function countsOf(height: number, width: number, decay: number): Tensor {
  const least = 1 / Math.max(height, width);
  return matrixOf(height, width, (i, j) => {
    const perPixel = Math.hypot(cycles(i) / height, cycles(j) / width);
    return Math.SQRT2 / DIVISOR / Math.max(perPixel, least) ** decay;
  });
}

/** The sums of a spectrum's waves, `[N, H, W, C]`. */
function wavesOf(spectrum: Tensor, decay: number): Tensor {
  const [height, width] = spectrum.shape.slice(2) as [number, number];
  const scaled = tf.mul(spectrum, countsOf(height, width, decay));
  const across = tf.transpose(alongLast(scaled, wavesAlong(width)), [0, 1, 3, 2]);
  return tf.transpose(alongLast(across, wavesAlong(height)), [0, 3, 2, 1]);
}

/** How near to black and white images to begin with may be, which the sigmoid never reaches. */
const LEAST = 1 / 255;

/** The spectrum whose images are the given ones. */
function spectrumOf(images: Tensor, decorrelate: boolean, decay: number): Tensor {
  return tf.tidy(() => {
    const [, height, width, channels] = images.shape as [number, number, number, number];
    const held = tf.clipByValue(images, LEAST, 1 - LEAST);
    const logits = tf.log(tf.div(held, tf.sub(1, held)));
    const sums = decorrelate && channels === 3 ? uncorrelated(logits) : logits;
    const rows = tf.transpose(sums, [0, 3, 2, 1]); // [N, C, W, H]
    const down = tf.transpose(alongLast(rows, tf.transpose(wavesAlong(height))), [0, 1, 3, 2]);
    const waves = alongLast(down, tf.transpose(wavesAlong(width)));
    return tf.div(waves, countsOf(height, width, decay));
  });
}
