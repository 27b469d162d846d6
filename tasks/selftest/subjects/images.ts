// What changes images: affine maps with their gradient, and colors.
import { type Augmentation, colorJitter } from "../../../lib/augment/mod.ts";
import { randomRotate } from "../../../lib/generate/mod.ts";
import { tf } from "../../../mod.ts";
import type { Numbers } from "../reference.ts";
import { constant, type Draw, type Subject, type Trial } from "../subject.ts";

/** The pixel that an axis and its mirror images show at a place. */
function mirrored(place: number, size: number): number {
  const period = 2 * (size - 1);
  const within = ((place % period) + period) % period;
  return Math.min(within, period - within);
}

/** Images `[N, H, W, C]` seen through a map each, between four pixels. */
function throughMaps(x: Numbers, maps: Numbers, shape: readonly number[]): Float64Array {
  const [, height, width, channels] = shape as [number, number, number, number];
  return Float64Array.from({ length: x.length }, (_, flat) => {
    const pixel = Math.floor(flat / channels);
    const n = Math.floor(pixel / (height * width));
    const [right, down] = [pixel % width, Math.floor(pixel / width) % height];
    const [a, b, c, d, e, f] = Array.from({ length: 6 }, (_, i) => maps[6 * n + i]!);
    const across = a! * right + b! * down + c!;
    const along = d! * right + e! * down + f!;
    let sum = 0;
    for (const [row, rowShare] of between(along)) {
      for (const [column, columnShare] of between(across)) {
        const at = (n * height + mirrored(row, height)) * width + mirrored(column, width);
        sum += rowShare * columnShare * x[at * channels + flat % channels]!;
      }
    }
    return sum;
  });
}

/** The two whole places about one, each with its share. */
function between(place: number): [place: number, share: number][] {
  const first = Math.floor(place);
  return [[first, 1 - (place - first)], [first + 1, place - first]];
}

function mapTrial(draw: Draw): Trial {
  const shape = [draw.whole(1, 3), draw.whole(2, 9), draw.whole(2, 9), draw.whole(1, 3)];
  // A pixel that lies on a whole place would be seen half from either side by rounding alone.
  const maps = constant(draw.between([shape[0]!, 6], 0.31, 1.07));
  return {
    inputs: [draw.normal(shape), maps],
    run: (x, own) => randomRotate(0).apply(x!, own!),
    reference: (x, own) => throughMaps(x!, own!, shape),
    gradients: "differences",
  };
}

const GRAY = [0.2989, 0.587, 0.114] as const;

const clipped = (value: number): number => Math.min(1, Math.max(0, value));

/** A pixel's gray. */
function grayAt(x: Numbers, pixel: number, channels: number): number {
  if (channels === 1) return x[pixel]!;
  return GRAY.reduce((sum, share, c) => sum + share * x[3 * pixel + c]!, 0);
}

/** Each image's mean gray. */
function meanGrays(x: Numbers, [count, height, width, channels]: readonly number[]): number[] {
  const size = height! * width!;
  return Array.from({ length: count! }, (_, n) => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += grayAt(x, n * size + i, channels!);
    return sum / size;
  });
}

type Recoloring = {
  readonly make: (factors: readonly [number, number]) => Augmentation;
  /** What a value is mixed with, by its place. */
  readonly other: (x: Numbers, shape: readonly number[]) => (flat: number) => number;
};

const RECOLORINGS: Readonly<Record<string, Recoloring>> = {
  brightness: { make: (brightness) => colorJitter({ brightness }), other: () => () => 0 },
  contrast: {
    make: (contrast) => colorJitter({ contrast }),
    other(x, shape) {
      const means = meanGrays(x, shape);
      return (flat) => means[Math.floor(flat / (x.length / means.length))]!;
    },
  },
  saturation: {
    make: (saturation) => colorJitter({ saturation }),
    other: (x, shape) => (flat) => grayAt(x, Math.floor(flat / shape[3]!), shape[3]!),
  },
};

function recolorTrial(draw: Draw, { make, other }: Recoloring): Trial {
  const shape = [draw.whole(1, 3), draw.whole(1, 9), draw.whole(1, 9), draw.pick([1, 3])];
  const factor = draw.pick([0.4, 1.3, 2]);
  return {
    inputs: [constant(draw.between(shape, 0, 1))],
    options: `by ${factor}`,
    run(x) {
      const labels = tf.ones([shape[0]!, 1]) as tf.Tensor2D;
      const own = make([factor, factor]);
      const drawn = own.draw([0, 1], shape as [number, number, number, number]);
      return own.apply({ images: x as tf.Tensor4D, labels }, drawn).images;
    },
    reference(x) {
      const mixed = other(x!, shape);
      return Float64Array.from(x!, (v, i) => clipped(factor * v + (1 - factor) * mixed(i)));
    },
    gradients: "none",
  };
}

/** Changes of images. */
export const images: readonly Subject[] = [
  { name: "affine map of each image", draw: mapTrial },
  ...Object.entries(RECOLORINGS).map(([name, recoloring]): Subject => ({
    name,
    draw: (draw) => recolorTrial(draw, recoloring),
  })),
];
