// tfjs's programs whose text computes wrong numbers, with the text that computes the right ones.

/** What is wrong in a program's text, and what it is to be. */
type Mend = readonly [wrong: RegExp, right: string];

const MENDS: Readonly<Record<string, readonly Mend[]>> = {
  // Of equal numbers in a long row the first is found, not the one of the first invocation.
  ArgMinMax: [[
    /(candidate [<>] bestValue)(?=\) \{\s+bestValue = candidate;\s+xBestValues)/,
    "$1 || (candidate == bestValue && " +
    "xBestIndices[localId.x + interval] < xBestIndices[localId.x])",
  ]],
  // Boxes are of any image of the batch, not of as many as there are boxes; of none they are zero.
  CropAndResize: [[
    /bInd >= uniforms\.outShape\[0\]\) \{/,
    "bInd >= uniforms.imageShape[0]) {\n          setOutputAtIndex(index, 0.0);",
  ]],
  // The nearest pixel of two is the next: WGSL rounds halves to even ones, so that pixels come twice.
  Rotate: [[/\bround\(/g, "floor(0.5 + "]],
  Transform: [[/\bround\(/g, "floor(0.5 + "]],
};

/**
 * The text of a program of tfjs's, mended if it is wrong.
 *
 * @param operation the program's name
 */
export function mendedText(operation: string, code: string): string {
  return (MENDS[operation] ?? []).reduce(
    (text, [wrong, right]) => text.replace(wrong, right),
    code,
  );
}
