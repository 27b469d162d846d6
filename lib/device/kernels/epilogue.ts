// What is made of a finished sum before it is written.

import type { Activation } from "../../tensor/activation.ts";
import { ACTIVATION_TEXTS } from "./unary.ts";

/**
 * The WGSL function `finish`; of NaN it makes NaN.
 *
 * @param activation the function, if any
 */
export function finishText(
  element: "f32" | "vec4<f32>",
  activation: Activation | undefined,
): string {
  if (!activation) return `fn finish(x: ${element}) -> ${element} { return x; }`;
  return `alias V = ${element};
fn finish(x: V) -> V {
  var y: V;
  ${ACTIVATION_TEXTS[activation]}
  return y;
}`;
}
