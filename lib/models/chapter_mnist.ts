// The chapter's MNIST network (§12.10), which is the Keras example `mnist_cnn`.
// https://github.com/keras-team/keras/blob/2.0.0/examples/mnist_cnn.py
import { relu } from "../layers/activation.ts";
import { conv, type ConvParams } from "../layers/conv.ts";
import { dense, type DenseParams } from "../layers/dense.ts";
import { dropout } from "../layers/dropout.ts";
import { glorotUniform } from "../layers/initializers.ts";
import type { Empty, Layer, NamedLayers } from "../layers/layer.ts";
import { maxPool } from "../layers/pool.ts";
import { flatten } from "../layers/reshape.ts";
import { sequential } from "../layers/sequential.ts";
import { requireModelOptions } from "./model_options.ts";

/** Options of {@linkcode chapterMnist}. */
export type ChapterMnistOptions = {
  /** Number of classes. Default: 10. */
  readonly numClasses?: number;
  /** Whether there is the output layer; without it the output is the features before it. Default: `true`. */
  readonly head?: boolean;
};

/** Parameters of {@linkcode chapterMnist}; layers that learn nothing have empty records. */
export type ChapterMnistParams = {
  readonly conv1: ConvParams;
  readonly relu1: Empty;
  readonly conv2: ConvParams;
  readonly relu2: Empty;
  readonly pool: Empty;
  readonly dropout1: Empty;
  readonly flatten: Empty;
  readonly dense1: DenseParams;
  readonly relu3: Empty;
  readonly dropout2: Empty;
  /** Absent without head. */
  readonly logits: DenseParams;
};

/**
 * The network of §12.10: convolutions of 32 and 64 filters of 3 × 3, max
 * pooling, 25 % dropout, 128 units, 50 % dropout, 10 units. 1,199,882 parameters
 * for MNIST.
 *
 * @param options number of classes, head
 * @returns the model, `[N, 28, 28, 1] → logits [N, numClasses]`
 * @throws {RangeError} if the number of classes is not a whole number of at least 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { chapterMnist, countParameters } from "@neocog/neocog";
 *
 * assertEquals(countParameters(chapterMnist().declare([28, 28, 1]).params), 1199882);
 * ```
 */
export function chapterMnist(options: ChapterMnistOptions = {}): Layer<ChapterMnistParams> {
  requireModelOptions("make the chapter's network", options, { numClasses: true, head: true });
  const { numClasses = 10, head = true } = options;
  const initializer = glorotUniform; // Keras's default
  const layers: NamedLayers = {
    conv1: conv({ features: 32, size: 3, initializer }),
    relu1: relu(),
    conv2: conv({ features: 64, size: 3, initializer }),
    relu2: relu(),
    pool: maxPool(),
    dropout1: dropout(0.25),
    flatten: flatten(),
    dense1: dense({ features: 128, initializer }),
    relu3: relu(),
    dropout2: dropout(0.5),
    ...(head ? { logits: dense({ features: numClasses, initializer }) } : {}),
  };
  return sequential(layers) as Layer as Layer<ChapterMnistParams>;
}
