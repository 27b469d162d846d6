// How deep a model is, counted as its papers do.
import { type Declaration, slotEntries } from "../layers/layer.ts";

/**
 * Layers with weights on the longest way through a model: those with a parameter that is a
 * matrix or filters, so that normalization's scales do not count. AlexNet has 8, ResNet-50 has 50.
 *
 * @param declaration what the model declares
 */
export function weightLayers({ params, children, arrangement }: Declaration): number {
  if (arrangement === "aside") return 0;
  if (!children) return slotEntries(params).some(([, { shape }]) => shape.length > 1) ? 1 : 0;
  const depths = children.map((child) => weightLayers(child.declaration));
  if (arrangement === "branches") return Math.max(0, ...depths);
  return depths.reduce((sum, depth) => sum + depth, 0);
}
