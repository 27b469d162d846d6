// Layers that move, repeat, mix or drop numbers without learning, in double precision, with bounds.
import { normalArray } from "../../../lib/tensor/mod.ts";
import { word } from "../../../lib/tensor/random.ts";
import {
  add,
  type Bounded,
  each,
  products,
  rounding,
  sizeOf,
  sums,
  U,
  zerosOf,
} from "./bounded.ts";
import type { Flow, Passed, Place } from "./flow.ts";

/** The place of each of an output's numbers in the input. */
type Source = (to: readonly number[]) => readonly number[] | undefined;

function unravel(i: number, shape: readonly number[]): number[] {
  const places: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    places.unshift(i % shape[axis]!);
    i = Math.floor(i / shape[axis]!);
  }
  return places;
}

function ravel(places: readonly number[], shape: readonly number[]): number {
  return places.reduce((at, place, axis) => at * shape[axis]! + place, 0);
}

/** Numbers taken from places of the input, some perhaps several times, or zeros. */
function taken(x: Bounded, shape: readonly number[], source: Source): Passed {
  const from = Array.from({ length: sizeOf(shape) }, (_, i) => {
    const places = source(unravel(i, shape));
    return places ? ravel(places, x.shape) : -1;
  });
  const y = each(shape, (i) => from[i]! < 0 ? [0, 0] : [x.value[from[i]!]!, x.error[from[i]!]!]);
  return [y, (dy) =>
    sums(x.shape, dy, (visit) => {
      from.forEach((at, i) => at >= 0 && visit(at, i));
    })];
}

/** Pads by zeros, reflections or edges. */
export function padded(
  x: Bounded,
  { amount, mode = "zeros" }: {
    amount: number | readonly number[] | Readonly<Record<string, number>>;
    mode?: string;
  },
): Passed {
  const sides = typeof amount === "number"
    ? [[amount, amount], [amount, amount]]
    : Array.isArray(amount)
    ? [[amount[0], amount[0]], [amount[1], amount[1]]]
    : (({ top = 0, bottom = 0, left = 0, right = 0 }) => [[top, bottom], [left, right]])(
      amount as Record<string, number>,
    );
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const along = (place: number, length: number): number | undefined => {
    if (place >= 0 && place < length) return place;
    if (mode === "zeros") return undefined;
    if (mode === "edge") return place < 0 ? 0 : length - 1;
    return place < 0 ? -place : 2 * (length - 1) - place;
  };
  const shape = [
    batch,
    height + sides[0]![0]! + sides[0]![1]!,
    width + sides[1]![0]! + sides[1]![1]!,
    channels,
  ];
  return taken(x, shape, ([n, i, j, c]) => {
    const row = along(i! - sides[0]![0]!, height);
    const column = along(j! - sides[1]![0]!, width);
    return row === undefined || column === undefined ? undefined : [n!, row, column, c!];
  });
}

/** Another order of an example's axes. */
export function transposed(x: Bounded, order: readonly number[]): Passed {
  const shape = [x.shape[0]!, ...order.map((axis) => x.shape[axis + 1]!)];
  return taken(x, shape, ([n, ...places]) => {
    const from = [n!];
    order.forEach((axis, i) => from[axis + 1] = places[i]!);
    return from;
  });
}

/** A block of each example. */
export function sliced(x: Bounded, { begin, size }: { begin: number[]; size: number[] }): Passed {
  const sizes = size.map((length, axis) =>
    length === -1 ? x.shape[axis + 1]! - begin[axis]! : length
  );
  return taken(x, [x.shape[0]!, ...sizes], ([n, ...places]) => [
    n!,
    ...places.map((place, axis) => place + begin[axis]!),
  ]);
}

/** Channels as pixels, after PyTorch's PixelShuffle: channel c r² + i r + j is pixel (i, j) of c. */
export function shuffled(x: Bounded, r: number): Passed {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  return taken(x, [n, h * r, w * r, c / r ** 2], ([image, i, j, channel]) => [
    image!,
    Math.floor(i! / r),
    Math.floor(j! / r),
    channel! * r * r + (i! % r) * r + j! % r,
  ]);
}

/** The inverse. */
export function unshuffled(x: Bounded, r: number): Passed {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  return taken(x, [n, h / r, w / r, c * r ** 2], ([image, i, j, channel]) => [
    image!,
    i! * r + Math.floor(channel! % (r * r) / r),
    j! * r + channel! % r,
    Math.floor(channel! / (r * r)),
  ]);
}

type Upsampling = {
  readonly factor?: number | readonly [number, number];
  readonly size?: number | readonly [number, number];
  readonly method?: "nearest" | "bilinear";
  readonly align?: "half-pixel" | "align-corners" | "asymmetric";
};

/** Images of another size, after PyTorch's and ONNX's Resize. */
export function upsampled(x: Bounded, options: Upsampling = {}): Passed {
  const { factor = 2, size, method = "nearest" } = options;
  const { align = method === "nearest" ? "asymmetric" : "half-pixel" } = options;
  const both = (value: number | readonly [number, number], axis: 0 | 1): number =>
    typeof value === "number" ? value : value[axis];
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const output = ([height, width] as const).map((length, axis) =>
    size === undefined ? length * both(factor, axis as 0 | 1) : both(size, axis as 0 | 1)
  );
  /** The pixels behind one, and their shares. */
  const behind = (i: number, length: number, count: number): [pixel: number, share: number][] => {
    // In whole numbers of halves of the output's distance, so that no half is missed.
    const [over, under] = align === "half-pixel"
      ? [(2 * i + 1) * length - count, 2 * count]
      : align === "asymmetric" || count === 1
      ? [align === "asymmetric" ? i * length : 0, count]
      : [i * (length - 1), count - 1];
    if (method === "nearest") {
      // A half belongs to the larger of corners, and half-pixels begin half a pixel before.
      const pixel = align === "align-corners"
        ? Math.floor((2 * over + under) / (2 * under))
        : align === "half-pixel"
        ? Math.floor((2 * i + 1) * length / (2 * count))
        : Math.floor(over / under);
      return [[Math.min(Math.max(pixel, 0), length - 1), 1]];
    }
    const inside = Math.min(Math.max(over / under, 0), length - 1);
    const first = Math.floor(inside);
    return [[first, 1 - (inside - first)], [Math.min(first + 1, length - 1), inside - first]];
  };
  const shares: number[] = [];
  const terms: [to: number, from: number, share: number][] = [];
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < output[0]!; i++) {
      for (let j = 0; j < output[1]!; j++) {
        for (const [row, down] of behind(i, height, output[0]!)) {
          for (const [column, across] of behind(j, width, output[1]!)) {
            if (down * across === 0) continue;
            const share = shares.push(down * across) - 1;
            for (let c = 0; c < channels; c++) {
              const to = ((n * output[0]! + i) * output[1]! + j) * channels + c;
              terms.push([to, ((n * height + row) * width + column) * channels + c, share]);
            }
          }
        }
      }
    }
  }
  const weights = each([shares.length], (i) => [shares[i]!, shares[i] === 1 ? 0 : 6 * U]);
  const shape = [batch, ...output, channels];
  const y = products(shape, x, weights, (visit) => terms.forEach((term) => visit(...term)));
  return [
    y,
    (dy) =>
      products(
        x.shape,
        dy,
        weights,
        (visit) => terms.forEach(([to, from, share]) => visit(from, to, share)),
      ),
  ];
}

/** Units that share a random word are dropped together. */
export function droppedTogether(
  flow: Flow,
  x: Bounded,
  rate: number,
  { key }: Place,
  wordOf: (places: readonly number[]) => number,
): Passed {
  if (!flow.training || rate === 0) return [x, (dy) => dy];
  const threshold = Math.min(Math.round(rate * 2 ** 32), 2 ** 32 - 1);
  const factor = each(x.shape, (i) => {
    const kept = word(key, wordOf(unravel(i, x.shape))) >= threshold;
    return [kept ? 1 / (1 - rate) : 0, kept ? 2 * U / (1 - rate) : 0];
  });
  const scale = (z: Bounded): Bounded =>
    products(x.shape, z, factor, (visit) => {
      for (let i = 0; i < x.value.length; i++) visit(i, i, i);
    });
  return [scale(x), scale];
}

/** Adds normally distributed numbers of a key. */
export function noised(flow: Flow, x: Bounded, deviation: number, { key }: Place): Passed {
  if (!flow.training || deviation === 0) return [x, (dy) => dy];
  const noise = normalArray(key, x.value.length);
  // Their radius is up to 6.7, and the angle's cosine as good as that.
  const added = each(x.shape, (i) => [deviation * noise[i]!, rounding(7 * deviation, 24)]);
  return [add(x, added), (dy) => dy];
}

/** One number of each of the axes' numbers; of equals, the largest's slope is shared out. */
export function reduced(
  flow: Flow,
  x: Bounded,
  { axes, by = "mean", keep = false }: { axes: number[]; by?: string; keep?: boolean },
): Passed {
  const rank = x.shape.length - 1;
  const own = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis) + 1));
  const whole = x.shape.map((size, axis) => own.has(axis) ? 1 : size);
  const shape = keep ? whole : x.shape.filter((_, axis) => !own.has(axis));
  const to = (i: number): number =>
    ravel(unravel(i, x.shape).map((place, axis) => own.has(axis) ? 0 : place), whole);
  const count = x.value.length / sizeOf(whole);
  const all = (visit: (to: number, from: number) => void): void => {
    for (let i = 0; i < x.value.length; i++) visit(to(i), i);
  };
  if (by === "mean" || by === "sum") {
    const share = by === "mean" ? 1 / count : 1;
    return [sums(shape, x, all, () => share), (dy) =>
      each(x.shape, (i) => {
        const value = dy.value[to(i)]! * share;
        return [value, dy.error[to(i)]! * share + rounding(share === 1 ? 0 : Math.abs(value), 4)];
      })];
  }
  const sign = by === "max" ? 1 : -1;
  const groups: number[][] = Array.from({ length: sizeOf(whole) }, () => []);
  all((group, i) => groups[group]!.push(i));
  const candidates = groups.map((group) => {
    const least = Math.max(...group.map((i) => sign * x.value[i]! - x.error[i]!));
    return group.filter((i) => sign * x.value[i]! + x.error[i]! >= least);
  });
  const y = each(shape, (group) => {
    const own = candidates[group]!;
    return [
      sign * Math.max(...own.map((i) => sign * x.value[i]!)),
      Math.max(...own.map((i) => x.error[i]!)),
    ];
  });
  return [y, (dy) => {
    const dx = zerosOf(x.shape);
    candidates.forEach((own, group) => {
      const isDecided = own.length === 1 || own.every((i) => x.error[i] === 0);
      if (!isDecided) flow.undecided++;
      const slope = dy.value[group]! / own.length;
      for (const i of own) {
        dx.value[i] = slope;
        dx.error[i] = dy.error[group]! + (isDecided ? 0 : Math.abs(dy.value[group]!)) +
          rounding(Math.abs(slope), 4);
      }
    });
    return dx;
  }];
}
