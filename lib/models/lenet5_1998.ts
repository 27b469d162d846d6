// LeNet-5 as in its paper. LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to
// document recognition", Proceedings of the IEEE, 1998, §II.B and Figure 2.
// http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf
import { scaledTanh } from "../layers/activation.ts";
import { conv, type ConvParams } from "../layers/conv.ts";
import { dense, type DenseParams } from "../layers/dense.ts";
import { lecunNormal } from "../layers/initializers.ts";
import type { Empty, Layer, NamedLayers } from "../layers/layer.ts";
import { radialBasis, type RadialBasisState } from "../layers/radial_basis.ts";
import { flatten, padTo } from "../layers/reshape.ts";
import { sequential } from "../layers/sequential.ts";
import { requireRange } from "../text/require.ts";
import { subsample, type SubsampleParams } from "../layers/subsample.ts";
import { type ConnectionTable, tableConv, type TableConvParams } from "../layers/table_conv.ts";
import { DIGIT_CODES } from "./digit_codes.ts";
import { requireModelOptions } from "./model_options.ts";

/** Options of {@linkcode lenet5Of1998}. */
export type LeNet5Of1998Options = {
  /** Number of classes: 10, as the code of each is the picture of a digit. Default: 10. */
  readonly numClasses?: number;
  /** Whether there is the output layer; without it the output is the 84 features. Default: `true`. */
  readonly head?: boolean;
};

/** Parameters of {@linkcode lenet5Of1998}, named by the paper's numbers of layers. */
export type LeNet5Of1998Params = {
  readonly pad: Empty;
  readonly conv1: ConvParams;
  readonly act1: Empty;
  readonly subsample2: SubsampleParams;
  readonly act2: Empty;
  readonly conv3: TableConvParams;
  readonly act3: Empty;
  readonly subsample4: SubsampleParams;
  readonly act4: Empty;
  readonly conv5: ConvParams;
  readonly act5: Empty;
  readonly flatten: Empty;
  readonly dense6: DenseParams;
  readonly act6: Empty;
  readonly logits: Empty;
};

/** State of {@linkcode lenet5Of1998}: the fixed codes; absent without head. */
export type LeNet5Of1998State = { readonly logits: RadialBasisState };

/** Table I: the maps of S2 that each map of C3 sees. */
const TABLE: ConnectionTable = [
  [0, 1, 2],
  [1, 2, 3],
  [2, 3, 4],
  [3, 4, 5],
  [0, 4, 5],
  [0, 1, 5],
  [0, 1, 2, 3],
  [1, 2, 3, 4],
  [2, 3, 4, 5],
  [0, 3, 4, 5],
  [0, 1, 4, 5],
  [0, 1, 2, 5],
  [0, 1, 3, 4],
  [1, 2, 4, 5],
  [0, 2, 3, 5],
  [0, 1, 2, 3, 4, 5],
];

/**
 * The authors' later recommendation for this tanh (LeCun, Bottou, Orr and Müller, "Efficient
 * BackProp", 1998). The paper's uniform numbers within ±2.4 / fan in needed its second-order step
 * sizes: an epoch of Adam on MNIST, at the best of the rates tried for each, reaches 91 % with those
 * and 96 % with these (one seed).
 */
const initializer = lecunNormal;

/**
 * LeNet-5 as its paper describes it (§12.7.1): trainable sub-sampling, a table of
 * connections between S2 and C3, 1.7159 · tanh(2x / 3) after every layer, and an
 * output layer that compares 84 features with a fixed picture of each digit, 7 × 12
 * pixels of ±1. 60,000 parameters. Images smaller than 32 × 32 are padded to that size.
 *
 * The outputs are the distances with their sign turned, so that they are logits:
 * with `softmaxCrossEntropy` the loss is the paper's Equation 9 without
 * its constant e⁻ʲ. In the paper, the background is −0.1 and ink is 1.175.
 *
 * @param options head; number of classes, which is 10
 * @returns the model, `[N, H ≤ 32, W ≤ 32, C] → logits [N, 10]`, or features `[N, 84]` without head
 * @throws {RangeError} if the number of classes is not 10
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, lenet5Of1998 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(lenet5Of1998().declare([28, 28, 1]).params), 60000);
 * ```
 */
export function lenet5Of1998(
  options: LeNet5Of1998Options = {},
): Layer<LeNet5Of1998Params, LeNet5Of1998State> {
  requireModelOptions("make LeNet-5 of 1998", options, { numClasses: true, head: true });
  const { numClasses = 10, head = true } = options;
  requireRange(
    "make LeNet-5 of 1998",
    "its numClasses must be 10, one for each digit that it has a picture of",
    numClasses === DIGIT_CODES.length,
    numClasses,
  );
  const layers: NamedLayers = {
    pad: padTo(32),
    conv1: conv({ features: 6, size: 5, initializer }),
    act1: scaledTanh(),
    subsample2: subsample({ initializer }),
    act2: scaledTanh(),
    conv3: tableConv({ table: TABLE, size: 5, initializer }),
    act3: scaledTanh(),
    subsample4: subsample({ initializer }),
    act4: scaledTanh(),
    conv5: conv({ features: 120, size: 5, initializer }),
    act5: scaledTanh(),
    flatten: flatten(),
    dense6: dense({ features: 84, initializer }),
    act6: scaledTanh(),
    ...(head ? { logits: radialBasis(DIGIT_CODES) } : {}),
  };
  return sequential(layers) as Layer as Layer<LeNet5Of1998Params, LeNet5Of1998State>;
}
