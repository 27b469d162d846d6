// A data set small and easy enough to be learned in a test: which half of an image is bright.
import {
  batchNorm,
  conv,
  dense,
  dropout,
  type Examples,
  flatten,
  fold,
  key,
  type Layer,
  maxPool,
  relu,
  sequential,
} from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";

/** Images of 8 × 8 with a bright left (0), right (1) or lower (2) half, under noise. */
export function toyExamples(count: number, seed = 0): Examples {
  const images = new Uint8Array(count * 64);
  const labels = new Uint8Array(count);
  const noise = uniformArray(fold(key(seed), "noise"), count * 64, 0, 60);
  for (let n = 0; n < count; n++) {
    labels[n] = n % 3;
    for (let i = 0; i < 64; i++) {
      const [row, column] = [i >> 3, i & 7];
      const bright = [column < 4, column >= 4, row >= 4][n % 3]!;
      images[n * 64 + i] = noise[n * 64 + i]! + (bright ? 150 : 0);
    }
  }
  return {
    name: "toy",
    images,
    labels,
    imageShape: [8, 8, 1],
    classNames: ["left", "right", "lower"],
  };
}

/** A network with every kind of state: batch statistics, dropped units. */
export function toyModel(): Layer {
  return sequential({
    conv: conv({ features: 4, size: 3, bias: false }),
    norm: batchNorm(),
    relu: relu(),
    pool: maxPool(),
    dropout: dropout(0.2),
    flatten: flatten(),
    logits: dense({ features: 3 }),
  }) as Layer;
}
