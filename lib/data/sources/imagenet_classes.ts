// The names of ImageNet's thousand classes, in the order that all networks trained on it use.
import names from "./imagenet_classes.json" with { type: "json" };

/**
 * The classes of ImageNet's classification task of 2012 (§12.7.2) by the index of their logit: one
 * name each, as in torchvision's `ResNet50_Weights.DEFAULT.meta["categories"]` (BSD 3-Clause).
 *
 * Source: O. Russakovsky et al., "ImageNet large scale visual recognition challenge", 2015.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { imagenetClasses } from "@neocog/neocog/data";
 *
 * assertEquals([imagenetClasses.length, imagenetClasses[281]], [1000, "tabby"]);
 * ```
 */
export const imagenetClasses: readonly string[] = names;
