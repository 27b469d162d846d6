// What is made of a finished sum before it is written.

/** Functions of a result's elements that cost no pass of their own. */
export type Activation = "relu";

/**
 * The WGSL function `finish`; of NaN it makes NaN.
 *
 * @param element what it is given
 * @param activation the function, if any
 */
export function finishText(
  element: "f32" | "vec4<f32>",
  activation: Activation | undefined,
): string {
  const value = activation === "relu" ? `select(x, ${element}(), x < ${element}())` : "x";
  return `fn finish(x: ${element}) -> ${element} { return ${value}; }`;
}
