// Random windows over images, and by hand the places that each covers.
import { fold, key } from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import type { Windows } from "../../lib/tensor/windows.ts";

/** Windows, and the images' shape. */
export type Case = Windows & { readonly shape: readonly [number, number, number, number] };

/**
 * Shape of what pooling answers, and for each of its elements the places it covers, in order, and
 * how many it covers with those in the padding.
 */
export function windowsOf(
  { shape, size, stride, padding, rounding }: Case,
): { readonly shape: number[]; readonly covered: number[][]; readonly padded: number[] } {
  const [images, height, width, channels] = shape;
  const length = [height, width];
  const count = [0, 1].map((axis) => {
    const zeros = padding === "same" || padding === "valid" ? 0 : padding;
    if (padding === "same") return Math.ceil(length[axis]! / stride[axis]!);
    if (rounding !== "ceil") {
      return Math.floor((length[axis]! + 2 * zeros - size[axis]!) / stride[axis]!) + 1;
    }
    // A further window for as long as something is left over and the window begins in the image.
    let windows = 1;
    const end = (): number => (windows - 1) * stride[axis]! + size[axis]!;
    while (
      end() < length[axis]! + 2 * zeros && windows * stride[axis]! < length[axis]! + zeros
    ) windows++;
    return windows;
  });
  const before = [0, 1].map((axis) =>
    padding !== "same"
      ? padding === "valid" ? 0 : padding
      : Math.max(0, (count[axis]! - 1) * stride[axis]! + size[axis]! - length[axis]!) >> 1
  );
  const covered: number[][] = [];
  const padded: number[] = [];
  // With "same", the windows end where the padding ends.
  const after = padding === "same" ? Infinity : padding === "valid" ? 0 : padding;
  for (let n = 0; n < images; n++) {
    for (let i = 0; i < count[0]!; i++) {
      for (let j = 0; j < count[1]!; j++) {
        for (let c = 0; c < channels; c++) {
          const places: number[] = [];
          let inPadding = 0;
          for (let u = 0; u < size[0]; u++) {
            for (let v = 0; v < size[1]; v++) {
              const row = i * stride[0] + u - before[0]!;
              const column = j * stride[1] + v - before[1]!;
              if (row < height + after && column < width + after) inPadding++;
              if (row < 0 || row >= height || column < 0 || column >= width) continue;
              places.push(((n * height + row) * width + column) * channels + c);
            }
          }
          covered.push(places);
          padded.push(inPadding);
        }
      }
    }
  }
  return { shape: [images, ...count, channels], covered, padded };
}

function randomCase(seed: number): Case {
  const whole = (name: string, least: number, most: number): number =>
    least + Math.floor(uniformArray(fold(key(seed), name), 1)[0]! * (most - least + 1));
  const size = [whole("u", 1, 4), whole("v", 1, 4)] as const;
  const most = Math.min(...size) - 1;
  const kinds = ["same", "valid", whole("padding", 0, most)] as const;
  return {
    shape: [whole("n", 1, 3), whole("h", 4, 11), whole("w", 4, 11), whole("c", 1, 9)],
    size,
    stride: [whole("down", 1, 4), whole("across", 1, 4)],
    padding: kinds[whole("kind", 0, 2)]!,
    rounding: whole("rounding", 0, 1) ? "ceil" : "floor",
  };
}

/** Windows of all kinds: apart and overlapping, padded and not, channels in fours and not. */
export const CASES: readonly Case[] = [
  ...Array.from({ length: 30 }, (_, seed) => randomCase(seed)),
  { shape: [2, 6, 8, 8], size: [2, 2], stride: [2, 2], padding: "valid" },
  { shape: [1, 20, 20, 4], size: [9, 8], stride: [3, 4], padding: "valid" },
  // Side by side, of channels that several pixels together make fours of.
  { shape: [3, 8, 12, 6], size: [2, 2], stride: [2, 2], padding: "valid" },
  { shape: [2, 4, 8, 3], size: [2, 2], stride: [2, 2], padding: "same" },
  { shape: [2, 9, 12, 1], size: [2, 1], stride: [3, 3], padding: "valid" },
  { shape: [1, 6, 12, 5], size: [3, 2], stride: [3, 3], padding: "valid" },
];
