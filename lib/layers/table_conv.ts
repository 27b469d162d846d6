// Convolution whose feature maps each see some of the input's, by a table.
import { requireWhole } from "../text/require.ts";
import { convolve } from "../tensor/convolve.ts";
import { fold } from "../tensor/random.ts";
import { sizeOf, type Tensor, type Tensor1D, type Tensor4D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { placeWindow } from "./cost.ts";
import { heNormal, type Initializer, zeros } from "./initializers.ts";
import { defineLayer } from "./define_layer.ts";
import type { Empty, Layer, Slot } from "./layer.ts";
import { derived, slideOver } from "./operation.ts";
import { checkWindow, type Pair, requireImage, slide, type Window } from "./window.ts";

/** For each feature map of the output, the channels of the input that it sees. */
export type ConnectionTable = readonly (readonly number[])[];

/** Options of {@linkcode tableConv}. */
export type TableConvOptions = {
  /** For each feature map, the channels that it sees, from 0. */
  readonly table: ConnectionTable;
  /** Height and width of the filters. */
  readonly size: Pair;
  /** First values of a feature map's filters. Default: {@linkcode heNormal}. */
  readonly initializer?: Initializer;
};

/** Parameters of a convolution by a table. */
export type TableConvParams = {
  /** A filter for each connection, in the table's order, `[h, w, connections]`. */
  readonly kernel: Tensor;
  /** One number a feature map, `[features]`. */
  readonly bias: Tensor;
};

/**
 * A convolution in which each feature map sees the channels that a table says, as
 * C3 of LeNet-5 does "to break the symmetry" (LeCun, Bottou, Bengio and Haffner,
 * 1998, §II.B, Table I). Only the filters of the table's connections are parameters.
 *
 * @param options the table, the filters' size
 * @returns the layer, `[N, H, W, C] → [N, H', W', features]`
 * @throws {RangeError} if the table or the size is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters } from "@neocog/neocog";
 * import { tableConv } from "./table_conv.ts";
 *
 * const layer = tableConv({ table: [[0, 1], [1, 2], [0, 1, 2]], size: 5 });
 * const { shape, params } = layer.declare([14, 14, 3]);
 * assertEquals([shape, countParameters(params)], [[10, 10, 3], 7 * 25 + 3]);
 * ```
 */
export function tableConv(options: TableConvOptions): Layer<TableConvParams, Empty> {
  const { table, size, initializer = heNormal } = options;
  const window = checkWindow("tableConv", { size, stride: 1, padding: "valid" });
  const { stride, padding, dilation } = window;
  requireTable(table);
  return defineLayer<TableConvParams, Empty>({
    op: "tableConv",
    declare(shape) {
      requireChannels(table, shape);
      const kernel = kernelSlot(table, window, initializer);
      const bias: Slot = { shape: [table.length], initializer: zeros };
      const output = slide("tableConv", window, shape, table.length);
      // Of the table's connections; they are computed as a convolution with zeros between.
      const flops = 2 * sizeOf(kernel.shape) * sizeOf(output.slice(0, 2));
      const cost = { flops, window: placeWindow(window, shape) };
      return { shape: output, params: { kernel, bias }, state: {}, cost };
    },
    apply(params, state, x) {
      const kernel = spreadOut(params.kernel, table, x.shape[3]!);
      const bias = params.bias as Tensor1D;
      return [
        convolve(x as Tensor4D, kernel, { stride, padding, dilation, groups: 1 }, bias),
        state,
      ];
    },
    operations({ add, x, shape, weight }) {
      const [channels, features] = [x.shape[2]!, table.length];
      const places = placesOf(table);
      const sizes = [...window.size, channels, features];
      const kernel = derived(sizes, [weight("kernel")], ([own]) => {
        const whole = new Float32Array(sizeOf(sizes));
        own!.forEach((one, i) => {
          const tap = Math.floor(i / places.length);
          whole[tap * channels * features + places[i % places.length]!] = one;
        });
        return whole;
      });
      const slide = slideOver(window, x.shape);
      return add({ op: "conv", ...slide, groups: 1, kernel, bias: weight("bias") }, shape, x);
    },
  });
}

/** The filters of the connections, those of a feature map drawn together: its fan is its own. */
function kernelSlot(table: ConnectionTable, { size }: Window, initializer: Initializer): Slot {
  const count = table.flat().length;
  return {
    shape: [...size, count],
    initializer(key, shape) {
      const values = new Float32Array(size[0] * size[1] * shape[2]!);
      let first = 0;
      table.forEach((channels, map) => {
        const own = initializer(fold(key, map), [...size, channels.length, 1]);
        own.forEach((value, i) => {
          const [tap, channel] = [Math.floor(i / channels.length), i % channels.length];
          values[tap * count + first + channel] = value;
        });
        first += channels.length;
      });
      return values;
    },
  };
}

/**
 * The filters among zeros, `[h, w, C, features]`: a product with a matrix that has
 * a single 1 in each row, which is exact and has its transpose for a gradient.
 */
function spreadOut(kernel: Tensor, table: ConnectionTable, channels: number): Tensor4D {
  const [height, width, count] = kernel.shape as [number, number, number];
  const features = table.length;
  const places = placesOf(table);
  const selection = new Float32Array(count * channels * features);
  places.forEach((place, i) => selection[i * channels * features + place] = 1);
  const rows = tf.reshape(kernel, [height * width, count]);
  const whole = tf.matMul(rows, tf.tensor2d(selection, [count, channels * features]));
  return tf.reshape(whole, [height, width, channels, features]);
}

/** Where each connection is in a kernel's `[C, features]`. */
function placesOf(table: ConnectionTable): number[] {
  return table.flatMap((seen, map) => seen.map((channel) => channel * table.length + map));
}

function requireTable(table: ConnectionTable): void {
  if (table.length === 0 || table.some((channels) => channels.length === 0)) {
    throw new RangeError(
      `Cannot make a tableConv layer: each feature map of its table must see a channel, got ${
        JSON.stringify(table)
      }`,
    );
  }
  for (const channels of table) {
    for (const channel of channels) {
      requireWhole("make a tableConv layer", "its table's channels", channel, 0);
    }
    if (new Set(channels).size < channels.length) {
      throw new RangeError(
        `Cannot make a tableConv layer: a feature map must see a channel once, got [${channels}]`,
      );
    }
  }
}

function requireChannels(table: ConnectionTable, shape: readonly number[]): void {
  requireImage("tableConv", shape);
  const last = Math.max(...table.flat());
  if (last >= shape[2]!) {
    throw new RangeError(
      `Cannot apply a tableConv layer: its input must have the table's channels, 0 to ${last}, got [${shape}]`,
    );
  }
}
