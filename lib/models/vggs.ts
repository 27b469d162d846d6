// The networks of Simonyan and Zisserman 2014 by their depths, with and without batch
// normalization; see vgg.ts.
import type { Layer } from "../layers/layer.ts";
import { vgg, type VggParams, type VggVariantOptions } from "./vgg.ts";

/**
 * {@linkcode vgg} of 11 layers: 132,863,336 parameters for ImageNet.
 *
 * @param options number of classes, rate of dropout, head
 * @returns the model, `[N, 224, 224, 3] → logits [N, numClasses]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, vgg11 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(vgg11().declare([224, 224, 3]).params), 132863336);
 * ```
 */
export function vgg11(options: VggVariantOptions = {}): Layer<VggParams> {
  return vgg({ ...options, depth: 11 });
}

/**
 * {@linkcode vgg} of 13 layers: 133,047,848 parameters for ImageNet.
 *
 * @param options number of classes, rate of dropout, head
 * @returns the model, `[N, 224, 224, 3] → logits [N, numClasses]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, vgg13 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(vgg13().declare([224, 224, 3]).params), 133047848);
 * ```
 */
export function vgg13(options: VggVariantOptions = {}): Layer<VggParams> {
  return vgg({ ...options, depth: 13 });
}

/**
 * {@linkcode vgg} of 16 layers: 138,357,544 parameters for ImageNet.
 *
 * @param options number of classes, rate of dropout, head
 * @returns the model, `[N, 224, 224, 3] → logits [N, numClasses]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, vgg16 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(vgg16().declare([224, 224, 3]).params), 138357544);
 * ```
 */
export function vgg16(options: VggVariantOptions = {}): Layer<VggParams> {
  return vgg({ ...options, depth: 16 });
}

/**
 * {@linkcode vgg} of 19 layers: 143,667,240 parameters for ImageNet.
 *
 * @param options number of classes, rate of dropout, head
 * @returns the model, `[N, 224, 224, 3] → logits [N, numClasses]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, vgg19 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(vgg19().declare([224, 224, 3]).params), 143667240);
 * ```
 */
export function vgg19(options: VggVariantOptions = {}): Layer<VggParams> {
  return vgg({ ...options, depth: 19 });
}

/**
 * {@linkcode vgg} of 11 layers, batch-normalized: 132,868,840 parameters for ImageNet.
 *
 * @param options number of classes, rate of dropout, head
 * @returns the model, `[N, 224, 224, 3] → logits [N, numClasses]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, vgg11Bn } from "@neocog/neocog";
 *
 * assertEquals(countParameters(vgg11Bn().declare([224, 224, 3]).params), 132868840);
 * ```
 */
export function vgg11Bn(options: VggVariantOptions = {}): Layer<VggParams> {
  return vgg({ ...options, depth: 11, batchNorm: true });
}

/**
 * {@linkcode vgg} of 13 layers, batch-normalized: 133,053,736 parameters for ImageNet.
 *
 * @param options number of classes, rate of dropout, head
 * @returns the model, `[N, 224, 224, 3] → logits [N, numClasses]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, vgg13Bn } from "@neocog/neocog";
 *
 * assertEquals(countParameters(vgg13Bn().declare([224, 224, 3]).params), 133053736);
 * ```
 */
export function vgg13Bn(options: VggVariantOptions = {}): Layer<VggParams> {
  return vgg({ ...options, depth: 13, batchNorm: true });
}

/**
 * {@linkcode vgg} of 16 layers, batch-normalized: 138,365,992 parameters for ImageNet.
 *
 * @param options number of classes, rate of dropout, head
 * @returns the model, `[N, 224, 224, 3] → logits [N, numClasses]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, vgg16Bn } from "@neocog/neocog";
 *
 * assertEquals(countParameters(vgg16Bn().declare([224, 224, 3]).params), 138365992);
 * ```
 */
export function vgg16Bn(options: VggVariantOptions = {}): Layer<VggParams> {
  return vgg({ ...options, depth: 16, batchNorm: true });
}

/**
 * {@linkcode vgg} of 19 layers, batch-normalized: 143,678,248 parameters for ImageNet.
 *
 * @param options number of classes, rate of dropout, head
 * @returns the model, `[N, 224, 224, 3] → logits [N, numClasses]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, vgg19Bn } from "@neocog/neocog";
 *
 * assertEquals(countParameters(vgg19Bn().declare([224, 224, 3]).params), 143678248);
 * ```
 */
export function vgg19Bn(options: VggVariantOptions = {}): Layer<VggParams> {
  return vgg({ ...options, depth: 19, batchNorm: true });
}
