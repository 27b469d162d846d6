// Small pictures, as digits are, as large as people look at them.
import { enlarge, type Image } from "../../lib/image/mod.ts";

/** By what a picture is enlarged to be about as wide as wanted; 1 where it is wider. */
export const scaleOf = ({ width }: Image, wanted: number): number =>
  Math.max(1, Math.round(wanted / width));

/** A picture about as wide as wanted, or wider: its pixels as squares. */
export function enlarged(image: Image, wanted = 224): Image {
  return enlarge(image, scaleOf(image, wanted));
}
