// What is made of a finished sum before it is written.

import type { Activation } from "../../tensor/activation.ts";
import { applied, functionText } from "./functions_text.ts";
import { SIMPLE } from "./unary.ts";

/**
 * The WGSL function `finish`; of NaN it makes NaN.
 *
 * @param activation the function, if any
 */
export function finishText(
  element: "f32" | "vec4<f32>",
  activation: Activation | undefined,
): string {
  const head = `fn finish(x: ${element}) -> ${element}`;
  if (!activation) return `${head} { return x; }`;
  if (activation === "tanh") {
    return `${functionText("tanh")}
${head} { return ${applied("tanh_of", element !== "f32")}; }`;
  }
  return `alias V = ${element};
${head} { var y: V; ${SIMPLE.Relu} return y; }`;
}
