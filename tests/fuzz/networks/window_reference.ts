// Where windows lie, written from PyTorch's and TensorFlow's documentation and not from lib/.

type Pair = number | readonly [number, number];

/** Options of all layers that slide a window. */
export type WindowOptions = {
  readonly size?: Pair;
  readonly stride?: Pair;
  readonly padding?: "same" | "valid" | number;
  readonly dilation?: Pair;
  readonly rounding?: "floor" | "ceil";
};

/** A tap of a window: the output's and the input's place along an axis, and the tap's number. */
type Tap = readonly [output: number, input: number, tap: number];

/** All taps along an axis that lie in the image, and how many outputs there are. */
type Along = { readonly count: number; readonly before: number; readonly taps: readonly Tap[] };

/** One number for both axes, or one each. */
export function pairOf(pair: Pair): readonly [number, number] {
  return typeof pair === "number" ? [pair, pair] : pair;
}

function along(length: number, axis: 0 | 1, options: WindowOptions): Along {
  const size = pairOf(options.size ?? 2)[axis];
  const stride = pairOf(options.stride ?? options.size ?? 2)[axis];
  const dilation = pairOf(options.dilation ?? 1)[axis];
  const { padding = "valid", rounding = "floor" } = options;
  const reach = (size - 1) * dilation + 1;
  let [before, count] = [0, 0];
  if (padding === "same") {
    count = Math.ceil(length / stride);
    before = Math.floor(Math.max((count - 1) * stride + reach - length, 0) / 2);
  } else {
    before = padding === "valid" ? 0 : padding;
    const space = length + 2 * before - reach;
    count = Math.floor(space / stride) + 1;
    // PyTorch's ceil_mode: one more, if it begins before the padding behind.
    const next = count * stride;
    if (rounding === "ceil" && space % stride > 0 && next < length + before) count++;
  }
  const taps: Tap[] = [];
  for (let i = 0; i < count; i++) {
    for (let u = 0; u < size; u++) {
      const at = i * stride + u * dilation - before;
      if (at >= 0 && at < length) taps.push([i, at, u]);
    }
  }
  return { count, before, taps };
}

/** A window's pixel: the places `(image · height + row) · width + column` of output and input. */
export type Place = { readonly to: number; readonly from: number; readonly tap: number };

/** Every pixel that each window covers. */
export function placesOf(
  [images, height, width]: readonly number[],
  options: WindowOptions,
): { readonly places: readonly Place[]; readonly output: readonly [number, number] } {
  const [down, across] = [along(height!, 0, options), along(width!, 1, options)];
  const columns = pairOf(options.size ?? 2)[1];
  const places: Place[] = [];
  for (let n = 0; n < images!; n++) {
    for (const [i, row, u] of down.taps) {
      for (const [j, column, v] of across.taps) {
        places.push({
          to: (n * down.count + i) * across.count + j,
          from: (n * height! + row) * width! + column,
          tap: u * columns + v,
        });
      }
    }
  }
  return { places, output: [down.count, across.count] };
}

/** By how many pixels a mean is divided, for each window of one image. */
export function divisorsOf(
  [, height, width]: readonly number[],
  options: WindowOptions,
  countPadding: boolean,
): number[] {
  const counts = ([0, 1] as const).map((axis) => {
    const length = axis === 0 ? height! : width!;
    const size = pairOf(options.size ?? 2)[axis];
    const stride = pairOf(options.stride ?? options.size ?? 2)[axis];
    const { count, before } = along(length, axis, options);
    const { padding } = options;
    return Array.from({ length: count }, (_, i) => {
      const start = i * stride - before;
      if (!countPadding) return Math.min(start + size, length) - Math.max(start, 0);
      // Padding behind that "same" adds belongs to the last window whole.
      const frame = padding === "same" ? size : typeof padding === "number" ? padding : 0;
      return Math.min(start + size, length + frame) - start;
    });
  });
  return counts[0]!.flatMap((down) => counts[1]!.map((across) => down * across));
}
