// The modules of Inception v3. Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, "Rethinking the Inception
// architecture for computer vision", 2015, Figures 5 to 7 and 10. https://arxiv.org/abs/1512.00567
import type { Layer } from "../layers/layer.ts";
import { parallel } from "../layers/parallel.ts";
import { maxPool, meanPool } from "../layers/pool.ts";
import { sequential } from "../layers/sequential.ts";
import { normalizedUnit as unit } from "./inception_module.ts";

/** A convolution that keeps the size. */
function even(features: number, size: number | readonly [number, number]): Layer {
  return unit({ features, size, padding: "same" });
}

/** A convolution of 3 × 3 that halves it. */
function halving(features: number): Layer {
  return unit({ features, size: 3, stride: 2 });
}

/** The mean around each pixel, zeros beyond the edge counted as in PyTorch, and a 1 × 1. */
function pooled(features: number): Layer {
  return sequential({
    pool: meanPool({ size: 3, stride: 1, padding: 1, countPadding: true }),
    project: even(features, 1),
  }) as Layer;
}

/** As pooled, at half the size and without weights. */
function halvingPool(): Layer {
  return maxPool({ size: 3, stride: 2 }) as Layer;
}

/** Figure 5: one 5 × 5, and two 3 × 3 instead of another (torchvision's A). */
export function mixedA(poolFeatures: number): Layer {
  return parallel({
    branch1x1: even(64, 1),
    branch5x5: sequential({ conv1: even(48, 1), conv2: even(64, 5) }),
    branch3x3dbl: sequential({ conv1: even(64, 1), conv2: even(96, 3), conv3: even(96, 3) }),
    branchPool: pooled(poolFeatures),
  }) as Layer;
}

/** Figure 10 on 35 × 35 pixels: convolutions and a pooling halve the size (B). */
export function mixedB(): Layer {
  return parallel({
    branch3x3: halving(384),
    branch3x3dbl: sequential({ conv1: even(64, 1), conv2: even(96, 3), conv3: halving(96) }),
    branchPool: halvingPool(),
  }) as Layer;
}

/** Figure 6: 7 × 7 as 1 × 7 and 7 × 1 (C). */
export function mixedC(narrow: number): Layer {
  return parallel({
    branch1x1: even(192, 1),
    branch7x7: sequential({
      conv1: even(narrow, 1),
      conv2: even(narrow, [1, 7]),
      conv3: even(192, [7, 1]),
    }),
    branch7x7dbl: sequential({
      conv1: even(narrow, 1),
      conv2: even(narrow, [7, 1]),
      conv3: even(narrow, [1, 7]),
      conv4: even(narrow, [7, 1]),
      conv5: even(192, [1, 7]),
    }),
    branchPool: pooled(192),
  }) as Layer;
}

/** Figure 10 on 17 × 17 pixels (D). */
export function mixedD(): Layer {
  return parallel({
    branch3x3: sequential({ conv1: even(192, 1), conv2: halving(320) }),
    branch7x7x3: sequential({
      conv1: even(192, 1),
      conv2: even(192, [1, 7]),
      conv3: even(192, [7, 1]),
      conv4: halving(192),
    }),
    branchPool: halvingPool(),
  }) as Layer;
}

/** Figure 7: 1 × 3 and 3 × 1 beside each other, for more features on 8 × 8 pixels (E). */
export function mixedE(): Layer {
  const split = (): Layer => parallel({ a: even(384, [1, 3]), b: even(384, [3, 1]) }) as Layer;
  return parallel({
    branch1x1: even(320, 1),
    branch3x3: sequential({ conv1: even(384, 1), conv2: split() }),
    branch3x3dbl: sequential({ conv1: even(448, 1), conv2: even(384, 3), conv3: split() }),
    branchPool: pooled(192),
  }) as Layer;
}
