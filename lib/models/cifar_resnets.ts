// The CIFAR ResNets and plain networks of He et al. 2015 (§4.2) by their depths; see cifar_resnet.ts.
import type { Layer } from "../layers/layer.ts";
import {
  cifarResnet,
  type CifarResnetParams,
  type CifarResnetVariantOptions,
} from "./cifar_resnet.ts";

/**
 * {@linkcode cifarResnet} of 20 layers with shortcuts: 269,722 parameters for CIFAR-10.
 *
 * @param options number of classes, head
 * @returns the model, `[N, 32, 32, 3] → logits [N, numClasses]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, resnet20 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(resnet20().declare([32, 32, 3]).params), 269722);
 * ```
 */
export function resnet20(options: CifarResnetVariantOptions = {}): Layer<CifarResnetParams> {
  return cifarResnet({ ...options, depth: 20 });
}

/**
 * {@linkcode cifarResnet} of 32 layers with shortcuts: 464,154 parameters for CIFAR-10.
 *
 * @param options number of classes, head
 * @returns the model, `[N, 32, 32, 3] → logits [N, numClasses]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, resnet32 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(resnet32().declare([32, 32, 3]).params), 464154);
 * ```
 */
export function resnet32(options: CifarResnetVariantOptions = {}): Layer<CifarResnetParams> {
  return cifarResnet({ ...options, depth: 32 });
}

/**
 * {@linkcode cifarResnet} of 44 layers with shortcuts: 658,586 parameters for CIFAR-10.
 *
 * @param options number of classes, head
 * @returns the model, `[N, 32, 32, 3] → logits [N, numClasses]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, resnet44 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(resnet44().declare([32, 32, 3]).params), 658586);
 * ```
 */
export function resnet44(options: CifarResnetVariantOptions = {}): Layer<CifarResnetParams> {
  return cifarResnet({ ...options, depth: 44 });
}

/**
 * {@linkcode cifarResnet} of 56 layers with shortcuts: 853,018 parameters for CIFAR-10.
 *
 * @param options number of classes, head
 * @returns the model, `[N, 32, 32, 3] → logits [N, numClasses]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, resnet56 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(resnet56().declare([32, 32, 3]).params), 853018);
 * ```
 */
export function resnet56(options: CifarResnetVariantOptions = {}): Layer<CifarResnetParams> {
  return cifarResnet({ ...options, depth: 56 });
}

/**
 * {@linkcode cifarResnet} of 110 layers with shortcuts: 1,727,962 parameters for CIFAR-10.
 *
 * @param options number of classes, head
 * @returns the model, `[N, 32, 32, 3] → logits [N, numClasses]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, resnet110 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(resnet110().declare([32, 32, 3]).params), 1727962);
 * ```
 */
export function resnet110(options: CifarResnetVariantOptions = {}): Layer<CifarResnetParams> {
  return cifarResnet({ ...options, depth: 110 });
}

/**
 * {@linkcode cifarResnet} of 20 layers without shortcuts: 269,722 parameters for CIFAR-10.
 *
 * @param options number of classes, head
 * @returns the model, `[N, 32, 32, 3] → logits [N, numClasses]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, plain20 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(plain20().declare([32, 32, 3]).params), 269722);
 * ```
 */
export function plain20(options: CifarResnetVariantOptions = {}): Layer<CifarResnetParams> {
  return cifarResnet({ ...options, depth: 20, plain: true });
}

/**
 * {@linkcode cifarResnet} of 32 layers without shortcuts: 464,154 parameters for CIFAR-10.
 *
 * @param options number of classes, head
 * @returns the model, `[N, 32, 32, 3] → logits [N, numClasses]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, plain32 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(plain32().declare([32, 32, 3]).params), 464154);
 * ```
 */
export function plain32(options: CifarResnetVariantOptions = {}): Layer<CifarResnetParams> {
  return cifarResnet({ ...options, depth: 32, plain: true });
}

/**
 * {@linkcode cifarResnet} of 44 layers without shortcuts: 658,586 parameters for CIFAR-10.
 *
 * @param options number of classes, head
 * @returns the model, `[N, 32, 32, 3] → logits [N, numClasses]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, plain44 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(plain44().declare([32, 32, 3]).params), 658586);
 * ```
 */
export function plain44(options: CifarResnetVariantOptions = {}): Layer<CifarResnetParams> {
  return cifarResnet({ ...options, depth: 44, plain: true });
}

/**
 * {@linkcode cifarResnet} of 56 layers without shortcuts: 853,018 parameters for CIFAR-10.
 *
 * @param options number of classes, head
 * @returns the model, `[N, 32, 32, 3] → logits [N, numClasses]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, plain56 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(plain56().declare([32, 32, 3]).params), 853018);
 * ```
 */
export function plain56(options: CifarResnetVariantOptions = {}): Layer<CifarResnetParams> {
  return cifarResnet({ ...options, depth: 56, plain: true });
}

/**
 * {@linkcode cifarResnet} of 110 layers without shortcuts: 1,727,962 parameters for CIFAR-10.
 *
 * @param options number of classes, head
 * @returns the model, `[N, 32, 32, 3] → logits [N, numClasses]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { countParameters, plain110 } from "@neocog/neocog";
 *
 * assertEquals(countParameters(plain110().declare([32, 32, 3]).params), 1727962);
 * ```
 */
export function plain110(options: CifarResnetVariantOptions = {}): Layer<CifarResnetParams> {
  return cifarResnet({ ...options, depth: 110, plain: true });
}
