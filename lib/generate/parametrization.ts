// Parametrizations of images: the pixels themselves, or numbers that pixels are computed from.
import { type Key, normalArray } from "../tensor/random.ts";
import { type Shape, sizeOf, type Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Tree } from "../tensor/tree.ts";
import { requireOptions } from "../text/require.ts";

/** Images as functions of a tree of tensors. */
export type Parametrization<P extends Tree = Tree> = {
  /** Its name, for records. */
  readonly name: string;
  /**
   * @param key the source of randomness
   * @param shape of the images, `[N, H, W, C]`
   * @returns the initial parameters; the caller owns them
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
  /** The initial images, `[N, H, W, C]` or `[H, W, C]`. Default: `level` everywhere. */
  readonly start?: Tensor;
  /** Initial brightness without images, 0 to 1. Default: 0.5. */
  readonly level?: number;
  /** Standard deviation of the noise that is added to the initial images. Default: 0. */
  readonly noise?: number;
};

/**
 * The pixels themselves, clipped to 0 to 1.
 *
 * @param options initial images or brightness, noise
 * @returns the parametrization
 * @throws {TypeError} by `init`, if the initial images are of another shape
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
  requireOptions("write images as pixels", options, { start: true, level: true, noise: true });
  const { start, level = 0.5, noise = 0 } = options;
  return {
    name: "pixels",
    init(key, shape) {
      requireStart(start, shape);
      return {
        pixels: tf.tidy(() => {
          const first = start ? tf.reshape(start, [...shape]) : tf.fill([...shape], level);
          if (noise === 0) return tf.clone(first);
          const drawn = normalArray(key, sizeOf(shape));
          return tf.add(first, tf.mul(tf.tensor(drawn, [...shape]), noise));
        }),
      };
    },
    images: ({ pixels }) => tf.clipByValue(pixels, 0, 1),
  };
}

/**
 * Refuses initial images of another shape.
 *
 * @param start the initial images, if any
 * @param shape the shape they must be of, `[N, H, W, C]`
 * @throws {TypeError} if they are of another
 */
export function requireStart(start: Tensor | undefined, shape: Shape): void {
  const own = start?.shape.length === 3 ? [1, ...start.shape] : start?.shape;
  if (!own || `${own}` === `${shape}`) return;
  throw new TypeError(`Cannot start from images: they must be of shape [${shape}], got [${own}]`);
}
