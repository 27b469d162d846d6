// Between pixels from 0 to 1, in which pictures are made, and the inputs of a network.
import type { Preprocessing } from "../image/preprocessing.ts";
import type { Network } from "../layers/layer.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Tree } from "../tensor/tree.ts";

/** How pixels become a network's inputs; any {@linkcode Preprocessing} is one. */
export type PixelScaling = Pick<Preprocessing, "range" | "mean" | "std" | "order">;

/** A network with what is known of its inputs, as `open` and `init` return it. */
export type ImageNetwork<P extends Tree = Tree, S extends Tree = Tree> = Network<P, S> & {
  /** Shape of one input, `[H, W, C]`. */
  readonly inputShape?: Shape;
  /** How pixels become its inputs. Default: they are the inputs. */
  readonly preprocessing?: PixelScaling;
};

/** That of networks whose inputs are the pixels, as of those trained with `fit` by default. */
const UNSCALED: PixelScaling = { range: 1, mean: [0], std: [1] };

/** The scaling that an option names, else the network's own, as `open` returns it, else none. */
export function scalingFor(
  network: Pick<ImageNetwork, "preprocessing">,
  preprocessing?: PixelScaling,
): PixelScaling {
  return preprocessing ?? network.preprocessing ?? UNSCALED;
}

/**
 * The shape that an option names, else that of the network's inputs, as `init` returns it.
 *
 * @throws {TypeError} if neither says it
 */
export function shapeFor(network: Pick<ImageNetwork, "inputShape">, shape?: Shape): Shape {
  const found = shape ?? network.inputShape;
  if (found) return found;
  throw new TypeError(
    "Cannot make images: their shape must be an option, { shape: [height, width, channels] }, or " +
      "the network's inputShape, got neither",
  );
}

/** Red, green and blue in the other order. */
function reordered(images: Tensor, { order }: PixelScaling): Tensor {
  return order === "bgr" ? tf.reverse(images, -1) : images;
}

/**
 * The network's inputs for pixels: `(range · pixel − mean) / std`, in the order of its channels.
 *
 * @param pixels images `[N, H, W, C]`, from 0 to 1, in RGB order
 * @param preprocessing range, mean, standard deviation and channel order
 * @returns inputs `[N, H, W, C]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { preprocessings } from "@neocog/neocog/image";
 * import { start, tf } from "@neocog/neocog";
 * import { toInputs } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const white = tf.ones([1, 1, 1, 3]);
 * assertEquals(await toInputs(white, preprocessings.caffe).flatten().array(), [132, 138, 151]);
 * ```
 */
export function toInputs(pixels: Tensor, preprocessing: PixelScaling): Tensor {
  return tf.tidy(() => {
    const { range, mean, std } = preprocessing;
    const ordered = reordered(pixels, preprocessing);
    const centered = tf.sub(tf.mul(ordered, range), tf.tensor1d([...mean]));
    return tf.div(centered, tf.tensor1d([...std]));
  });
}

/**
 * The pixels of a network's inputs: the inverse of {@linkcode toInputs}.
 *
 * @param inputs inputs `[N, H, W, C]`
 * @param preprocessing range, mean, standard deviation and channel order
 * @returns pixels `[N, H, W, C]`, in RGB order, from 0 to 1 if the inputs are of a picture
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { preprocessings } from "@neocog/neocog/image";
 * import { start, tf } from "@neocog/neocog";
 * import { toPixels } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const white = tf.tensor4d([132, 138, 151], [1, 1, 1, 3]);
 * assertEquals(await toPixels(white, preprocessings.caffe).flatten().array(), [1, 1, 1]);
 * ```
 */
export function toPixels(inputs: Tensor, preprocessing: PixelScaling): Tensor {
  return tf.tidy(() => {
    const { range, mean, std } = preprocessing;
    const scaled = tf.add(tf.mul(inputs, tf.tensor1d([...std])), tf.tensor1d([...mean]));
    return reordered(tf.div(scaled, range), preprocessing);
  });
}
