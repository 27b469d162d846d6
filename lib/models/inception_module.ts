// The Inception module of GoogLeNet. Szegedy et al., "Going deeper with convolutions",
// 2014, §4 and Figure 2. https://arxiv.org/abs/1409.4842
import { relu } from "../layers/activation.ts";
import { conv } from "../layers/conv.ts";
import type { Layer } from "../layers/layer.ts";
import { batchNorm } from "../layers/norm.ts";
import { parallel } from "../layers/parallel.ts";
import { maxPool } from "../layers/pool.ts";
import { sequential } from "../layers/sequential.ts";
import type { Padding, Pair } from "../layers/window.ts";

/** Filters of a convolution, their size, and how they slide. */
export type UnitOptions = {
  readonly features: number;
  readonly size: Pair;
  /** Default: 1. */
  readonly stride?: number;
  /** Default: `"valid"`, none. */
  readonly padding?: Padding;
};

/** Makes a convolution and the layers that follow it. */
export type Unit = (options: UnitOptions) => Layer;

/** A convolution with biases and its ReLU, as in 2014. */
export function plainUnit(options: UnitOptions): Layer {
  return sequential({ conv: conv(options), relu: relu() }) as Layer;
}

/** A normalized convolution without bias and its ReLU, as in torchvision. */
export function normalizedUnit(options: UnitOptions): Layer {
  return sequential({
    conv: conv({ ...options, bias: false }),
    norm: batchNorm({ epsilon: 1e-3 }),
    relu: relu(),
  }) as Layer;
}

/**
 * Filters of an Inception module, as in a row of the paper's Table 1: "#1×1", "#3×3 reduce",
 * "#3×3", "#5×5 reduce", "#5×5", "pool proj".
 */
export type InceptionWidths = readonly [
  one: number,
  reduceThree: number,
  three: number,
  reduceFive: number,
  five: number,
  project: number,
];

/**
 * An Inception module: filters of three sizes and a pooling beside one another, each but the
 * smallest behind or before a convolution of 1 × 1 that keeps the number of features down.
 *
 * @param large size of the third branch's filters: 5 in the paper, 3 in torchvision
 * @returns the layer, `[N, H, W, C] → [N, H, W, one + three + five + project]`
 */
export function inceptionModule(unit: Unit, widths: InceptionWidths, large: 3 | 5): Layer {
  const [one, reduceThree, three, reduceFive, five, project] = widths;
  return parallel({
    branch1: sequential({ main: unit({ features: one, size: 1 }) }),
    branch2: sequential({
      reduce: unit({ features: reduceThree, size: 1 }),
      main: unit({ features: three, size: 3, padding: 1 }),
    }),
    branch3: sequential({
      reduce: unit({ features: reduceFive, size: 1 }),
      main: unit({ features: five, size: large, padding: (large - 1) / 2 }),
    }),
    branch4: sequential({
      pool: maxPool({ size: 3, stride: 1, padding: 1 }),
      project: unit({ features: project, size: 1 }),
    }),
  }) as Layer;
}
