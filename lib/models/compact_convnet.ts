// A small batch-normalized network for small pictures, quick to train on a processor.
// Batch normalization: https://arxiv.org/abs/1502.03167. The network itself is from no paper.
import { relu } from "../layers/activation.ts";
import { conv } from "../layers/conv.ts";
import { dense } from "../layers/dense.ts";
import { dropout } from "../layers/dropout.ts";
import type { Layer, NamedLayers } from "../layers/layer.ts";
import { batchNorm } from "../layers/norm.ts";
import { maxPool } from "../layers/pool.ts";
import { flatten } from "../layers/reshape.ts";
import { sequential } from "../layers/sequential.ts";
import { requireModelOptions } from "./model_options.ts";

/** Options of {@linkcode compactConvnet}. */
export type CompactConvnetOptions = {
  /** Number of classes. Default: 10. */
  readonly numClasses?: number;
  /** Share of the features that is dropped before the classes, from 0. Default: 0.25. */
  readonly dropout?: number;
  /** Whether there is the output layer; without it the output is the features before it. Default: `true`. */
  readonly head?: boolean;
};

/**
 * Convolution without bias, pooling by 2, batch normalization, which has a bias, ReLU. Pooled
 * first, there are a quarter of the features to normalize.
 */
function block(number: number, features: number, size: number): NamedLayers {
  return {
    [`conv${number}`]: conv({ features, size, padding: "same", bias: false }),
    [`pool${number}`]: maxPool(),
    [`norm${number}`]: batchNorm(),
    [`relu${number}`]: relu(),
  };
}

/**
 * Three batch-normalized convolutions of 16, 32 and 64 filters (5 × 5, 3 × 3, 3 × 3), each
 * max-pooled, then the classes. 29,434 parameters for images of 28 × 28 × 1, fewer than half of
 * LeNet-5's.
 *
 * @param options number of classes, dropout, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`, height and width from 8
 * @throws {RangeError} if an option is not in its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compactConvnet, countParameters } from "@neocog/neocog";
 *
 * assertEquals(countParameters(compactConvnet().declare([28, 28, 1]).params), 29434);
 * ```
 */
export function compactConvnet(options: CompactConvnetOptions = {}): Layer {
  requireModelOptions("make a compact network", options, {
    numClasses: true,
    dropout: true,
    head: true,
  });
  const { numClasses = 10, dropout: share = 0.25, head = true } = options;
  return sequential({
    ...block(1, 16, 5),
    ...block(2, 32, 3),
    ...block(3, 64, 3),
    flatten: flatten(),
    dropout: dropout(share),
    ...(head ? { logits: dense({ features: numClasses }) } : {}),
  }) as unknown as Layer;
}
