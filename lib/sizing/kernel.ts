// The window that a layer slides over its input, if it does.
import type { PlacedWindow } from "../layers/cost.ts";
import { type Declaration, slotEntries } from "../layers/layer.ts";

/**
 * A layer's window; nothing where it sees one pixel at a step of one and learns nothing, as
 * padding does.
 *
 * @param declaration what the layer declares
 */
export function kernelOf({ cost, params }: Declaration): PlacedWindow | null {
  const window = cost?.window;
  if (typeof window !== "object") return null;
  const slides = [...window.size, ...window.stride].some((side) => side !== 1);
  return slides || slotEntries(params).length > 0 ? window : null;
}
