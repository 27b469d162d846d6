// Squeeze-and-excitation: channels weighted by what the whole map shows.
import { requireWhole } from "../text/require.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { identity, relu, sigmoid } from "./activation.ts";
import { dense, type DenseParams } from "./dense.ts";
import type { Empty, Layer } from "./layer.ts";
import { type Join, parallel } from "./parallel.ts";
import { globalMeanPool } from "./pool.ts";
import { sequential } from "./sequential.ts";
import { requireLayerOptions } from "./define_layer.ts";

/** Options of {@linkcode squeezeExcite}. */
export type SqueezeExciteOptions = {
  /** Channels of the input. */
  readonly channels: number;
  /** Units between the two dense layers. Default: a sixteenth of the channels, at least 1. */
  readonly squeezed?: number;
  /** The activation of these units. Default: `relu()`. */
  readonly activation?: Layer<Empty, Empty>;
  /** What makes weights of the second layer's numbers. Default: `sigmoid()`. */
  readonly gate?: Layer<Empty, Empty>;
};

/** Parameters of {@linkcode squeezeExcite}. */
export type SqueezeExciteParams = {
  readonly input: Empty;
  readonly gate: {
    readonly pool: Empty;
    readonly squeeze: DenseParams;
    readonly activation: Empty;
    readonly excite: DenseParams;
    readonly gate: Empty;
  };
};

/** Multiplies each channel of maps by its weight. */
const WEIGHTED: Join = {
  name: "squeezeExcite",
  shape([maps, weights]) {
    if (maps!.at(-1) === weights![0]) return maps!;
    throw new TypeError(
      `Cannot apply a squeezeExcite layer to [${maps}]: its channels must be the input's, got ${
        weights![0]
      }`,
    );
  },
  flops: ([maps]) => sizeOf(maps!),
  join: ([maps, weights]) => {
    const [batch, channels] = weights!.shape as [number, number];
    return tf.mul(maps!, tf.reshape(weights!, [batch, 1, 1, channels]));
  },
  operations({ add, outputs: [maps, weights], shape }) {
    const factors = add({ op: "reshape" }, [1, 1, shape[2]!], weights!);
    return add({ op: "join", by: "mul" }, shape, maps!, factors);
  },
};

/**
 * Squeeze-and-excitation (Hu, Shen and Sun, 2018): the mean of each channel over all positions, two
 * dense layers on these, and each channel multiplied by the weight that comes out.
 *
 * @param options channels, units between the layers, activations
 * @returns the layer, `[N, H, W, C] → [N, H, W, C]`; its children are `input` and `gate`, of which
 * the latter has `pool`, `squeeze`, `activation`, `excite` and `gate`
 * @throws {RangeError} if an option is not a whole number of at least 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, layers } from "@neocog/neocog";
 *
 * const layer = layers.squeezeExcite({ channels: 32, squeezed: 8 });
 * const { shape, params } = layer.declare([14, 14, 32]);
 * assertEquals([shape, countParameters(params)], [[14, 14, 32], 32 * 8 + 8 + 8 * 32 + 32]);
 * ```
 */
export function squeezeExcite(
  options: SqueezeExciteOptions,
): Layer<SqueezeExciteParams, SqueezeExciteState> {
  requireLayerOptions("squeezeExcite", options, {
    channels: true,
    squeezed: true,
    activation: true,
    gate: true,
  });
  const action = "make a squeezeExcite layer";
  const channels = requireWhole(action, "its channels", options.channels);
  const { squeezed = Math.max(1, Math.floor(channels / 16)) } = options;
  requireWhole(action, "its squeezed", squeezed);
  const gate = sequential({
    pool: globalMeanPool(),
    squeeze: dense({ features: squeezed }),
    activation: options.activation ?? relu(),
    excite: dense({ features: channels }),
    gate: options.gate ?? sigmoid(),
  });
  return parallel({ input: identity(), gate }, WEIGHTED) as Layer<
    SqueezeExciteParams,
    SqueezeExciteState
  >;
}

/** The state of {@linkcode squeezeExcite}: none of its layers has any. */
export type SqueezeExciteState = {
  readonly input: Empty;
  readonly gate: { readonly [Name in keyof SqueezeExciteParams["gate"]]: Empty };
};
