// GoogLeNet, also called Inception v1. Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke
// and Rabinovich, "Going deeper with convolutions", 2014. https://arxiv.org/abs/1409.4842
import { relu } from "../layers/activation.ts";
import { adaptiveMeanPool } from "../layers/adaptive_pool.ts";
import { auxiliary } from "../layers/auxiliary.ts";
import { dense } from "../layers/dense.ts";
import { dropout } from "../layers/dropout.ts";
import type { Layer, NamedLayers } from "../layers/layer.ts";
import { localResponseNorm } from "../layers/local_response_norm.ts";
import { globalMeanPool, maxPool, meanPool } from "../layers/pool.ts";
import { flatten } from "../layers/reshape.ts";
import { sequential } from "../layers/sequential.ts";
import { requireOneOf } from "../text/require.ts";
import type { Tree } from "../tensor/tree.ts";
import {
  inceptionModule,
  type InceptionWidths,
  normalizedUnit,
  plainUnit,
  type Unit,
} from "./inception_module.ts";
import { requireModelOptions } from "./model_options.ts";

/** Options of {@linkcode googlenet}. */
export type GoogLeNetOptions = {
  /**
   * `"paper"`: the paper's Table 1. `"torchvision"`: after TensorFlow's Inception v1, with
   * batch-normalized convolutions without biases, 3 × 3 for the 5 × 5 filters, and 2 × 2 in the last
   * pooling between modules. Default: `"paper"`.
   */
  readonly variant?: "paper" | "torchvision";
  /** Number of classes. Default: 1000. */
  readonly numClasses?: number;
  /** Share of the last features that are dropped in training. Default: 0.4, of torchvision's 0.2. */
  readonly dropout?: number;
  /** Whether there is the output layer; without it the output is the features before it. Default: `true`. */
  readonly head?: boolean;
  /** Whether there are auxiliary heads, `aux1` and `aux2`, for training. Default: `false`. */
  readonly auxiliary?: boolean;
};

/** Parameters of a GoogLeNet by layer, `conv1`, `inception3a`, `logits`. */
export type GoogLeNetParams = { readonly [layer: string]: Tree };

/** What differs between the variants. */
type Variant = {
  readonly unit: Unit;
  /** Size of the modules' largest filters. */
  readonly large: 3 | 5;
  /** Size of the fourth pooling's window. */
  readonly lastPool: 2 | 3;
  /** Whether responses are normalized after the first pooling and before the second. */
  readonly responseNorm: boolean;
  /** The pooling to 4 × 4 pixels of the auxiliary heads. */
  readonly auxiliaryPool: Layer;
  readonly dropout: number;
};

const VARIANTS = {
  paper: {
    unit: plainUnit,
    large: 5,
    lastPool: 3,
    responseNorm: true,
    auxiliaryPool: meanPool({ size: 5, stride: 3 }) as Layer,
    dropout: 0.4,
  },
  torchvision: {
    unit: normalizedUnit,
    large: 3,
    lastPool: 2,
    responseNorm: false,
    auxiliaryPool: adaptiveMeanPool(4) as Layer,
    dropout: 0.2,
  },
} as const satisfies Record<string, Variant>;

/**
 * GoogLeNet as in the paper's Table 1 (§12.7.5): nine Inception modules with true
 * 5 × 5 filters, biases, and local response normalization around the second and
 * third convolution, which the authors' Caffe model has. Poolings round up. The
 * auxiliary heads (§5) are named `aux1` and `aux2`; the weight of their losses is 0.3 each.
 * 6,998,552 parameters, 13,378,280 with auxiliary heads; torchvision's 6,624,904 and 13,004,888.
 *
 * @param options variant, number of classes, dropout, head, auxiliary heads
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`, or features `[N, 1024]` without
 * head; made for `[224, 224, 3]`
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, googlenet } from "@neocog/neocog";
 *
 * assertEquals(countParameters(googlenet().declare([224, 224, 3]).params), 6998552);
 * ```
 */
export function googlenet(options: GoogLeNetOptions = {}): Layer<GoogLeNetParams> {
  requireModelOptions("make GoogLeNet", options, {
    variant: true,
    numClasses: true,
    dropout: true,
    head: true,
    auxiliary: true,
  });
  requireOneOf("make GoogLeNet", "its variant", Object.keys(VARIANTS), options.variant ?? "paper");
  const variant: Variant = VARIANTS[options.variant ?? "paper"];
  const { numClasses = 1000, dropout: rate = variant.dropout, head = true } = options;
  const mixed = (...widths: InceptionWidths): Layer =>
    inceptionModule(variant.unit, widths, variant.large);
  const side = (name: string): NamedLayers =>
    options.auxiliary ? { [name]: auxiliary(auxiliaryHead(variant, numClasses)) } : {};
  const layers: NamedLayers = {
    ...stem(variant),
    inception3a: mixed(64, 96, 128, 16, 32, 32),
    inception3b: mixed(128, 128, 192, 32, 96, 64),
    pool3: maxPool({ size: 3, stride: 2, rounding: "ceil" }),
    inception4a: mixed(192, 96, 208, 16, 48, 64),
    ...side("aux1"),
    inception4b: mixed(160, 112, 224, 24, 64, 64),
    inception4c: mixed(128, 128, 256, 24, 64, 64),
    inception4d: mixed(112, 144, 288, 32, 64, 64),
    ...side("aux2"),
    inception4e: mixed(256, 160, 320, 32, 128, 128),
    pool4: maxPool({ size: variant.lastPool, stride: 2, rounding: "ceil" }),
    inception5a: mixed(256, 160, 320, 32, 128, 128),
    inception5b: mixed(384, 192, 384, 48, 128, 128),
    pool: globalMeanPool(),
    drop: dropout(rate),
    ...(head ? { logits: dense({ features: numClasses }) } : {}),
  };
  return sequential(layers) as Layer<GoogLeNetParams>;
}

/** What comes before the modules: three convolutions, at a quarter of the size, then at an eighth. */
function stem({ unit, responseNorm }: Variant): NamedLayers {
  // Caffe's α of 1e-4 is divided by the number of channels summed over, as that of this layer is.
  const norm = (name: string): NamedLayers => responseNorm ? { [name]: localResponseNorm() } : {};
  return {
    conv1: unit({ features: 64, size: 7, stride: 2, padding: 3 }),
    pool1: maxPool({ size: 3, stride: 2, rounding: "ceil" }),
    ...norm("norm1"),
    conv2: unit({ features: 64, size: 1 }),
    conv3: unit({ features: 192, size: 3, padding: 1 }),
    ...norm("norm3"),
    pool2: maxPool({ size: 3, stride: 2, rounding: "ceil" }),
  };
}

/** A classifier on features of 14 × 14 pixels (§5). */
function auxiliaryHead({ unit, auxiliaryPool }: Variant, numClasses: number): Layer {
  return sequential({
    pool: auxiliaryPool,
    project: unit({ features: 128, size: 1 }),
    flatten: flatten(),
    fc1: dense({ features: 1024 }),
    relu1: relu(),
    drop: dropout(0.7),
    logits: dense({ features: numClasses }),
  }) as Layer;
}
