// MobileNetV3. Howard, Sandler, Chu, Chen, Chen, Tan, Wang, Zhu, Pang, Vasudevan, Le and Adam,
// "Searching for MobileNetV3", 2019, Tables 1 and 2. https://arxiv.org/abs/1905.02244
import { relu } from "../layers/activation.ts";
import { hardSigmoid, hardSwish } from "../layers/activations.ts";
import { dense } from "../layers/dense.ts";
import { dropout } from "../layers/dropout.ts";
import type { AnyLayer, Layer } from "../layers/layer.ts";
import { globalMeanPool } from "../layers/pool.ts";
import { sequential } from "../layers/sequential.ts";
import { requireOneOf } from "../text/require.ts";
import { convNorm, invertedResidual, roundChannels } from "./inverted_residual.ts";
import { requireModelOptions } from "./model_options.ts";

/** Options of {@linkcode mobilenetV3}. */
export type MobileNetV3Options = {
  /** The paper's Table 1 or Table 2. Default: `"large"`. */
  readonly size?: "large" | "small";
  /** Rate of dropout before the output layer. Default: 0.2. */
  readonly dropout?: number;
  /** Number of classes. Default: 1000. */
  readonly numClasses?: number;
  /** Whether there is the output layer; without it the output is the features before it. Default: `true`. */
  readonly head?: boolean;
};

/** A row of a table: window, exp size, #out, SE, NL, s. */
type Row = readonly [
  window: number,
  expanded: number,
  features: number,
  squeezes: boolean,
  activation: "RE" | "HS",
  stride: number,
];

const SIZES: Readonly<Record<"large" | "small", { rows: readonly Row[]; hidden: number }>> = {
  large: {
    rows: [
      [3, 16, 16, false, "RE", 1],
      [3, 64, 24, false, "RE", 2],
      [3, 72, 24, false, "RE", 1],
      [5, 72, 40, true, "RE", 2],
      [5, 120, 40, true, "RE", 1],
      [5, 120, 40, true, "RE", 1],
      [3, 240, 80, false, "HS", 2],
      [3, 200, 80, false, "HS", 1],
      [3, 184, 80, false, "HS", 1],
      [3, 184, 80, false, "HS", 1],
      [3, 480, 112, true, "HS", 1],
      [3, 672, 112, true, "HS", 1],
      [5, 672, 160, true, "HS", 2],
      [5, 960, 160, true, "HS", 1],
      [5, 960, 160, true, "HS", 1],
    ],
    hidden: 1280,
  },
  small: {
    rows: [
      [3, 16, 16, true, "RE", 2],
      [3, 72, 24, false, "RE", 2],
      [3, 88, 24, false, "RE", 1],
      [5, 96, 40, true, "HS", 2],
      [5, 240, 40, true, "HS", 1],
      [5, 240, 40, true, "HS", 1],
      [5, 120, 48, true, "HS", 1],
      [5, 144, 48, true, "HS", 1],
      [5, 288, 96, true, "HS", 2],
      [5, 576, 96, true, "HS", 1],
      [5, 576, 96, true, "HS", 1],
    ],
    hidden: 1024,
  },
};

/** As in torchvision, whose weights were trained with these. */
const NORM = { epsilon: 1e-3, momentum: 0.01 };

/**
 * MobileNetV3: MobileNetV2's blocks, some with squeeze-and-excite, with hard swish from the middle
 * on, and a hidden dense layer after the global mean. 5,483,032 parameters (large) or 2,542,856
 * (small).
 *
 * @param options size, rate of dropout; number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`, or features `[N, 1280]` (large) or
 * `[N, 1024]` (small) without head; made for `[224, 224, 3]`
 * @throws {RangeError} if an option is not in its range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, findModel } from "@neocog/neocog";
 *
 * const model = findModel("mobilenet-v3-small").build();
 * assertEquals(countParameters(model.declare([224, 224, 3]).params), 2542856);
 * ```
 */
export function mobilenetV3(options: MobileNetV3Options = {}): Layer {
  requireModelOptions("make a MobileNetV3", options, {
    size: true,
    dropout: true,
    numClasses: true,
    head: true,
  });
  const { size = "large", dropout: rate = 0.2, numClasses = 1000, head = true } = options;
  requireOneOf("make a MobileNetV3", "its size", Object.keys(SIZES), size);
  const { rows, hidden } = SIZES[size];
  const style = { norm: NORM, squeeze: { activation: relu(), gate: hardSigmoid() } };
  const layers: { [name: string]: AnyLayer } = {
    first: convNorm({ features: 16, size: 3, stride: 2, padding: 1 }, hardSwish(), NORM),
  };
  let inputs = 16;
  for (const [i, [window, expanded, features, squeezes, activation, stride]] of rows.entries()) {
    layers[`block${i + 1}`] = invertedResidual({
      inputs,
      expanded,
      features,
      size: window,
      stride,
      activation: activation === "RE" ? relu() : hardSwish(),
      ...(squeezes ? { squeezed: roundChannels(expanded / 4) } : {}),
    }, style);
    inputs = features;
  }
  layers.last = convNorm({ features: 6 * inputs, size: 1 }, hardSwish(), NORM);
  layers.pool = globalMeanPool();
  layers.hidden = dense({ features: hidden });
  layers.activation = hardSwish();
  if (head) Object.assign(layers, { drop: dropout(rate), logits: dense({ features: numClasses }) });
  return sequential(layers) as Layer;
}
