// tfjs's programs whose text computes wrong numbers, with the text that computes the right ones.

/** What is wrong in a program's text, and what it is to be. */
type Mend = readonly [wrong: RegExp, right: string];

/** A power of tfjs's, which of zero is infinite below zero: WGSL leaves that open. */
export const POWER = "select(pow(abs(a), b), -b / abs(a), (a == a - a) & (b < a - a))";

const MENDS: Readonly<Record<string, readonly Mend[]>> = {
  // Of equal numbers in a long row the first is found, not the one of the first invocation.
  ArgMinMax: [[
    /(candidate [<>] bestValue)(?=\) \{\s+bestValue = candidate;\s+xBestValues)/,
    "$1 || (candidate == bestValue && " +
    "xBestIndices[localId.x + interval] < xBestIndices[localId.x])",
  ]],
  BinaryOp: [
    [/\bpow\(abs\(a\), b\)/g, POWER],
    // The sign of zero would make a zero of what is infinite.
    [/\bsign\(a\)(?= \* select\()/, "select(-1.0, 1.0, a >= 0.0)"],
    [
      /\bsign\(a\)(?= \* isModRound1)/,
      "select(vec4<f32>(-1.0), vec4<f32>(1.0), a >= vec4<f32>(0.0))",
    ],
    // A quotient by zero is zero, as on the CPU, not one less than the number.
    [/\(a - remainder\) \/ b;/, "select((a - remainder) / b, b, b == b - b);"],
    [/sign\(remainder\) == -sign\(b\)/, "(sign(remainder) == -sign(b)) & (b != b - b)"],
    // WGSL leaves it open what the angle of no distance is.
    [/\batan2\(a, b\);/, "select(atan2(a, b), a * 0.0, (a == a * 0.0) & (b == b * 0.0));"],
  ],
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
