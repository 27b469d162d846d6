// The parametrization by waves, against a plain inverse Fourier transform.
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { fourier, type Spectrum } from "../../lib/generate/mod.ts";
import { key, type Tensor, tf } from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { assertGradients } from "../finite_differences.ts";

type Complex = readonly [re: number, im: number];

/** The real wave i of an axis as complex amplitudes of whole cycles over an axis of `size`. */
function harmonics(i: number, size: number): readonly (readonly [number, Complex])[] {
  const k = Math.ceil(i / 2);
  if (k === 0 || 2 * k === size) return [[k, [1 / Math.sqrt(size), 0]]];
  const half = Math.SQRT2 / Math.sqrt(size) / 2;
  // cos = (e + ē) / 2, sin = (e − ē) / 2i.
  const isCosine = i % 2 === 1;
  return [[k, isCosine ? [half, 0] : [0, -half]], [size - k, isCosine ? [half, 0] : [0, half]]];
}

/** The complex spectrum of one channel, by row and column frequency. */
function complexSpectrum(values: ArrayLike<number>, height: number, width: number): Complex[] {
  const spectrum: [number, number][] = Array.from({ length: height * width }, () => [0, 0]);
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const [ky, kx] = [Math.ceil(i / 2) / height, Math.ceil(j / 2) / width];
      const count = Math.SQRT2 / 4 / Math.max(Math.hypot(ky, kx), 1 / Math.max(height, width));
      const value = values[i * width + j]! * count;
      for (const [down, [a, b]] of harmonics(i, height)) {
        for (const [across, [c, d]] of harmonics(j, width)) {
          spectrum[down * width + across]![0] += value * (a * c - b * d);
          spectrum[down * width + across]![1] += value * (a * d + b * c);
        }
      }
    }
  }
  return spectrum;
}

/** Σ S e^(2πi (ky y / H + kx x / W)), whose imaginary part must vanish. */
function inverseTransform(spectrum: readonly Complex[], height: number, width: number): number[] {
  return Array.from({ length: height * width }, (_, place) => {
    const [y, x] = [Math.floor(place / width), place % width];
    let [re, im] = [0, 0];
    spectrum.forEach(([a, b], i) => {
      const angle = 2 * Math.PI * (Math.floor(i / width) * y / height + (i % width) * x / width);
      re += a * Math.cos(angle) - b * Math.sin(angle);
      im += a * Math.sin(angle) + b * Math.cos(angle);
    });
    assertAlmostEquals(im, 0, 1e-9);
    return re;
  });
}

const SIZES = [[6, 8], [7, 5], [4, 9], [1, 2]] as const;

onEachBackend(
  "images are the sigmoid of an inverse Fourier transform of the spectrum",
  async () => {
    for (const [height, width] of SIZES) {
      const gray = fourier({ decorrelate: false, sd: 1 });
      const params = gray.init(key(3), [2, height, width, 2]);
      const values = await params.spectrum.data();
      const images = await gray.images(params).data();
      const size = height * width;
      for (let channel = 0; channel < 4; channel++) {
        const part = values.slice(channel * size, (channel + 1) * size);
        const sums = inverseTransform(complexSpectrum(part, height, width), height, width);
        const expected = sums.map((x) => 1 / (1 + Math.exp(-x)));
        const [n, c] = [channel >> 1, channel & 1];
        const got = expected.map((_, i) => images[(n * size + i) * 2 + c]!);
        await assertClose(got, expected, `${height}×${width}, channel ${channel}`, 5e-6);
      }
    }
  },
);

onEachBackend("the principal axes of colors are Lucid's", async () => {
  const params = fourier({ sd: 0.3 }).init(key(4), [1, 4, 4, 3]);
  const plain = await tf.log(odds(fourier({ decorrelate: false }).images(params))).data();
  const images = await fourier().images(params).data();
  const root = [[0.26, 0.09, 0.02], [0.27, 0, -0.05], [0.27, -0.09, 0.03]];
  const norm = Math.max(...[0, 1, 2].map((j) => Math.hypot(...root.map((row) => row[j]!))));
  const expected = Array.from(images, (_, i) => {
    const sum = [0, 1, 2].reduce((s, j) => s + root[i % 3]![j]! * plain[i - i % 3 + j]!, 0);
    return 1 / (1 + Math.exp(-sum / norm));
  });
  await assertClose(images, expected, "colors", 5e-6);
});

const odds = (pixels: Tensor): Tensor => tf.div(pixels, tf.sub(1, pixels));

onEachBackend("initial images are reproduced, between black and white", async () => {
  for (const [height, width] of SIZES) {
    const own = tf.tensor(normalArray(key(5), height * width * 3, 0.5, 0.1), [1, height, width, 3]);
    const waves = fourier({ start: own });
    await assertClose(waves.images(waves.init(key(0), own.shape)), own, "start", 1e-5);
  }
});

onEachBackend("gradients with respect to the spectrum equal finite differences", async () => {
  const waves = fourier({ sd: 0.5 });
  const params = waves.init(key(6), [1, 3, 4, 3]);
  await assertGradients((tree: Spectrum) => waves.images(tree), params, { tolerance: 3e-3 });
});

onCpu("noise falls with frequency, and depends on the key", async () => {
  const shape = [1, 32, 32, 1];
  const [a, b] = [0, 0].map(() => fourier().init(key(1), shape).spectrum);
  assertEquals(await a!.data(), await b!.data());
});

onCpu("bad options and shapes are refused", () => {
  assertThrows(() => fourier({ sd: -1 }), RangeError, "at least 0");
  assertThrows(() => fourier().init(key(0), [1, 4, 4, 4]), TypeError, "must be one or three");
  const start = tf.zeros([4, 5, 3]);
  assertThrows(() => fourier({ start }).init(key(0), [1, 4, 4, 3]), TypeError, "[1,4,5,3]");
});
