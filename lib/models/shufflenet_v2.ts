// ShuffleNet V2. Ma, Zhang, Zheng and Sun, "ShuffleNet V2: practical guidelines for efficient CNN
// architecture design", 2018, Figure 3 and Table 5. https://arxiv.org/abs/1807.11164
import { relu } from "../layers/activation.ts";
import { defineLayer } from "../layers/define_layer.ts";
import { dense } from "../layers/dense.ts";
import { type AnyLayer, type Empty, type Layer, stateless } from "../layers/layer.ts";
import { parallel } from "../layers/parallel.ts";
import { globalMeanPool, maxPool } from "../layers/pool.ts";
import { slice } from "../layers/rearrange.ts";
import { sequential } from "../layers/sequential.ts";
import { requireImage } from "../layers/window.ts";
import { tf } from "../tensor/tf.ts";
import { convNorm } from "./inverted_residual.ts";
import { requireModelOptions } from "./model_options.ts";

/** Options of {@linkcode shufflenetV2}. */
export type ShuffleNetV2Options = {
  /** Number of classes. Default: 1000. */
  readonly numClasses?: number;
  /** Whether there is the output layer; without it the output is the features before it. Default: `true`. */
  readonly head?: boolean;
};

/** Channels and units of the stages, of the network of width 1. */
const STAGES = [[116, 4], [232, 8], [464, 4]] as const;

/**
 * ShuffleNet V2 of width 1: in each unit one half of the channels passes by, the other is filtered,
 * and both are interleaved. 2,278,604 parameters.
 *
 * @param options number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`, or features `[N, 1024]` without head;
 * made for `[224, 224, 3]`
 * @throws {RangeError} if the number of classes is not a whole number of at least 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, findModel } from "@neocog/neocog";
 *
 * const model = findModel("shufflenet-v2").build();
 * assertEquals(countParameters(model.declare([224, 224, 3]).params), 2278604);
 * ```
 */
export function shufflenetV2(options: ShuffleNetV2Options = {}): Layer {
  requireModelOptions("make a ShuffleNetV2", options, { numClasses: true, head: true });
  const { numClasses = 1000, head = true } = options;
  const layers: { [name: string]: AnyLayer } = {
    first: convNorm({ features: 24, size: 3, stride: 2, padding: 1 }, relu()),
    pool1: maxPool({ size: 3, stride: 2, padding: 1 }),
  };
  let inputs = 24;
  for (const [i, [features, count]] of STAGES.entries()) {
    const units: { [name: string]: AnyLayer } = { unit1: downUnit(inputs, features / 2) };
    for (let j = 2; j <= count; j++) units[`unit${j}`] = unit(features / 2);
    layers[`stage${i + 2}`] = sequential(units);
    inputs = features;
  }
  layers.last = convNorm({ features: 1024, size: 1 }, relu());
  layers.pool = globalMeanPool();
  if (head) layers.logits = dense({ features: numClasses });
  return sequential(layers) as Layer;
}

/** Figure 3 (c): half of the channels pass by. */
function unit(half: number): Layer {
  return sequential({
    join: parallel({
      passed: channels(0, half),
      filtered: sequential({ half: channels(half, half), ...filtered(half, 1) }),
    }),
    shuffle: interleave(),
  }) as Layer;
}

/** Figure 3 (d): both branches take all channels and halve the size. */
function downUnit(inputs: number, half: number): Layer {
  return sequential({
    join: parallel({
      passed: sequential({
        depthwise: depthwise(inputs, 2),
        pointwise: convNorm({ features: half, size: 1 }, relu()),
      }),
      filtered: sequential(filtered(half, 2)),
    }),
    shuffle: interleave(),
  }) as Layer;
}

/** A 3 × 3 convolution of each channel by itself, between two of 1 × 1. */
function filtered(half: number, stride: number): Record<string, AnyLayer> {
  return {
    reduce: convNorm({ features: half, size: 1 }, relu()),
    depthwise: depthwise(half, stride),
    expand: convNorm({ features: half, size: 1 }, relu()),
  };
}

function depthwise(features: number, stride: number): Layer {
  return convNorm({ features, size: 3, stride, padding: 1, groups: features }, undefined);
}

/** Some of the channels, from one on. */
function channels(from: number, count: number): Layer {
  return slice({ begin: [0, 0, from], size: [-1, -1, count] }) as Layer;
}

/** Puts the two halves of the channels between each other (Zhang et al. 2017, Figure 1). */
function interleave(): Layer<Empty, Empty> {
  return defineLayer({
    op: "channelShuffle",
    declare(shape) {
      requireImage("channelShuffle", shape);
      const window = { size: [1, 1], stride: [1, 1], dilation: [1, 1], before: [0, 0] } as const;
      return stateless(shape, { flops: 0, window });
    },
    apply(_params, state, x) {
      const [batch, height, width, count] = x.shape as [number, number, number, number];
      const halves = tf.reshape(x, [batch * height * width, 2, count / 2]);
      return [tf.reshape(tf.transpose(halves, [0, 2, 1]), x.shape), state];
    },
    operations({ add, x, shape: [height, width, count] }) {
      const parts = [height!, width!, 2, count! / 2];
      const halves = add({ op: "reshape" }, parts, x);
      const turned = add(
        { op: "transpose", order: [0, 1, 3, 2] },
        [height!, width!, count! / 2, 2],
        halves,
      );
      return add({ op: "reshape" }, x.shape, turned);
    },
  });
}
