// Inception v3. Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, "Rethinking the Inception architecture
// for computer vision", 2015. https://arxiv.org/abs/1512.00567
import { auxiliary } from "../layers/auxiliary.ts";
import { dense } from "../layers/dense.ts";
import { dropout } from "../layers/dropout.ts";
import type { Layer, NamedLayers } from "../layers/layer.ts";
import { globalMeanPool, maxPool, meanPool } from "../layers/pool.ts";
import { sequential } from "../layers/sequential.ts";
import type { Tree } from "../tensor/tree.ts";
import { normalizedUnit as unit } from "./inception_module.ts";
import { mixedA, mixedB, mixedC, mixedD, mixedE } from "./inception_v3_modules.ts";
import { requireModelOptions } from "./model_options.ts";

/** Options of {@linkcode inceptionV3}. */
export type InceptionV3Options = {
  /** Number of classes. Default: 1000. */
  readonly numClasses?: number;
  /** Share of the last features that are dropped in training. Default: 0.5. */
  readonly dropout?: number;
  /** Whether there is the output layer; without it the output is the features before it. Default: `true`. */
  readonly head?: boolean;
  /** Whether there is an auxiliary head, `aux`, for training. Default: `false`. */
  readonly auxiliary?: boolean;
};

/** Parameters of Inception v3 by layer, `conv1`, `mixed5b`, `logits`. */
export type InceptionV3Params = { readonly [layer: string]: Tree };

/**
 * Inception v3 (§12.7.5) as torchvision has it, after the authors' TensorFlow
 * model: five convolutions, eleven modules in which large filters are products of
 * small ones, batch normalization everywhere. The auxiliary head (§4) is named
 * `aux`; its loss counts 0.4. 23,834,568 parameters, 27,161,264 with it.
 *
 * @param options number of classes, dropout, head, auxiliary head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`, or features `[N, 2048]` without
 * head; made for `[299, 299, 3]`, and for no less than 75 pixels
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, inceptionV3 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(inceptionV3().declare([299, 299, 3]).params), 23834568);
 * ```
 */
export function inceptionV3(options: InceptionV3Options = {}): Layer<InceptionV3Params> {
  requireModelOptions("make Inception v3", options, {
    numClasses: true,
    dropout: true,
    head: true,
    auxiliary: true,
  });
  const { numClasses = 1000, dropout: rate = 0.5, head = true } = options;
  const layers: NamedLayers = {
    conv1: unit({ features: 32, size: 3, stride: 2 }),
    conv2: unit({ features: 32, size: 3 }),
    conv3: unit({ features: 64, size: 3, padding: 1 }),
    pool1: maxPool({ size: 3, stride: 2 }),
    conv4: unit({ features: 80, size: 1 }),
    conv5: unit({ features: 192, size: 3 }),
    pool2: maxPool({ size: 3, stride: 2 }),
    mixed5b: mixedA(32),
    mixed5c: mixedA(64),
    mixed5d: mixedA(64),
    mixed6a: mixedB(),
    mixed6b: mixedC(128),
    mixed6c: mixedC(160),
    mixed6d: mixedC(160),
    mixed6e: mixedC(192),
    ...(options.auxiliary ? { aux: auxiliary(auxiliaryHead(numClasses), { weight: 0.4 }) } : {}),
    mixed7a: mixedD(),
    mixed7b: mixedE(),
    mixed7c: mixedE(),
    pool: globalMeanPool(),
    drop: dropout(rate),
    ...(head ? { logits: dense({ features: numClasses }) } : {}),
  };
  return sequential(layers) as Layer<InceptionV3Params>;
}

/** A classifier on features of 17 × 17 pixels (§4, Figure 8). */
function auxiliaryHead(numClasses: number): Layer {
  return sequential({
    pool: meanPool({ size: 5, stride: 3 }),
    conv1: unit({ features: 128, size: 1 }),
    conv2: unit({ features: 768, size: 5 }),
    mean: globalMeanPool(),
    logits: dense({ features: numClasses }),
  }) as Layer;
}
