// The ImageNet ResNets of He et al. 2015 (Table 1) by their depths; see resnet.ts.
import type { Layer } from "../layers/layer.ts";
import { resnet, type ResnetParams, type ResnetVariantOptions } from "./resnet.ts";

/**
 * {@linkcode resnet} of 18 layers: 11,689,512 parameters for 1,000 classes.
 *
 * @param options number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`; made for `[224, 224, 3]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, resnet18 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(resnet18().declare([224, 224, 3]).params), 11689512);
 * ```
 */
export function resnet18(options: ResnetVariantOptions = {}): Layer<ResnetParams> {
  return resnet({ ...options, blocks: [2, 2, 2, 2] });
}

/**
 * {@linkcode resnet} of 34 layers: 21,797,672 parameters for 1,000 classes.
 *
 * @param options number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`; made for `[224, 224, 3]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, resnet34 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(resnet34().declare([224, 224, 3]).params), 21797672);
 * ```
 */
export function resnet34(options: ResnetVariantOptions = {}): Layer<ResnetParams> {
  return resnet({ ...options, blocks: [3, 4, 6, 3] });
}

/**
 * {@linkcode resnet} of 50 layers: 25,557,032 parameters for 1,000 classes.
 *
 * @param options number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`; made for `[224, 224, 3]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, resnet50 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(resnet50().declare([224, 224, 3]).params), 25557032);
 * ```
 */
export function resnet50(options: ResnetVariantOptions = {}): Layer<ResnetParams> {
  return resnet({ ...options, blocks: [3, 4, 6, 3], bottleneck: true });
}

/**
 * {@linkcode resnet} of 101 layers: 44,549,160 parameters for 1,000 classes.
 *
 * @param options number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`; made for `[224, 224, 3]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, resnet101 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(resnet101().declare([224, 224, 3]).params), 44549160);
 * ```
 */
export function resnet101(options: ResnetVariantOptions = {}): Layer<ResnetParams> {
  return resnet({ ...options, blocks: [3, 4, 23, 3], bottleneck: true });
}

/**
 * {@linkcode resnet} of 152 layers: 60,192,808 parameters for 1,000 classes.
 *
 * @param options number of classes, head
 * @returns the model, `[N, H, W, C] → logits [N, numClasses]`; made for `[224, 224, 3]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, resnet152 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(resnet152().declare([224, 224, 3]).params), 60192808);
 * ```
 */
export function resnet152(options: ResnetVariantOptions = {}): Layer<ResnetParams> {
  return resnet({ ...options, blocks: [3, 8, 36, 3], bottleneck: true });
}
