// What is climbed in: the pixels themselves, or numbers that pixels are made of.
import type { Key } from "../tensor/random.ts";
import { normalArray } from "../tensor/random.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";

/** A way of writing images as trees of tensors. */
export type Parametrization<P extends Tree = Tree> = {
  /** What it is called, in records. */
  readonly name: string;
  /**
   * @param key the source of randomness
   * @param shape of the images, `[N, H, W, C]`
   * @returns the first parameters; the caller owns them
   */
  init(key: Key, shape: Shape): P;
  /**
   * @param params the parameters
   * @returns the images `[N, H, W, C]`, pixels from 0 to 1
   */
  images(params: P): Tensor;
};

/** Options of {@linkcode pixels}. */
export type PixelsOptions = {
  /** Images to begin with, `[N, H, W, C]` or `[H, W, C]`. Default: `level` everywhere. */
  readonly start?: Tensor;
  /** Brightness to begin with where no images are given, 0 to 1. Default: 0.5. */
  readonly level?: number;
  /** Deviation of the noise that is added at the beginning. Default: 0. */
  readonly noise?: number;
};

/**
 * The pixels themselves, held between 0 and 1.
 *
 * @param options images or brightness to begin with, noise
 * @returns the parametrization
 * @throws {TypeError} by `init`, where the images to begin with are of another shape
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { key, start } from "@neocog/neocog";
 * import { pixels } from "@neocog/neocog/generate";
 *
 * await start({ backend: "cpu" });
 * const gray = pixels();
 * assertEquals(await gray.images(gray.init(key(0), [1, 1, 2, 1])).flatten().array(), [0.5, 0.5]);
 * ```
 */
export function pixels(options: PixelsOptions = {}): Parametrization<{ readonly pixels: Tensor }> {
  const { start, level = 0.5, noise = 0 } = options;
  return {
    name: "pixels",
    init(key, shape) {
      const own = start?.shape.length === 3 ? [1, ...start.shape] : start?.shape;
      if (own && `${own}` !== `${shape}`) {
        throw new TypeError(
          `Cannot begin with images: they must be of shape [${shape}], got [${own}]`,
        );
      }
      return {
        pixels: tf.tidy(() => {
          const first = start ? tf.reshape(start, [...shape]) : tf.fill([...shape], level);
          if (noise === 0) return tf.clone(first);
          const drawn = normalArray(key, tf.util.sizeFromShape([...shape]));
          return tf.add(first, tf.mul(tf.tensor(drawn, [...shape]), noise));
        }),
      };
    },
    images: ({ pixels }) => tf.clipByValue(pixels, 0, 1),
  };
}
