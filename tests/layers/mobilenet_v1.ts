// MobileNet v1 (Howard et al., 2017), whose blocks are a depthwise convolution and one of 1 × 1.
import {
  batchNorm,
  conv,
  dense,
  flatten,
  globalMeanPool,
  type Layer,
  relu,
  sequential,
} from "../../mod.ts";

/** Features and stride of the thirteen blocks, at width 1 (Table 1). */
const BLOCKS = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  ...new Array<[number, number]>(5).fill([512, 1]),
  [1024, 2],
  [1024, 1],
] as const;

/**
 * Makes the network.
 *
 * @param width what its numbers of features are multiplied by, 0.25 to 1
 * @param classes number of classes
 */
export function mobilenetV1(width: number, classes: number): Layer {
  const stem = 32 * width;
  const layers: Record<string, Layer> = {
    stem: conv({ features: stem, size: 3, stride: 2, padding: 1, bias: false }) as Layer,
    stemNorm: batchNorm() as Layer,
    stemRelu: relu() as Layer,
  };
  let channels = stem;
  BLOCKS.forEach(([features, stride], i) => {
    layers[`block${i + 1}`] = sequential({
      depthwise: conv({
        features: channels,
        size: 3,
        stride,
        padding: 1,
        groups: channels,
        bias: false,
      }),
      norm1: batchNorm(),
      relu1: relu(),
      pointwise: conv({ features: features * width, size: 1, bias: false }),
      norm2: batchNorm(),
      relu2: relu(),
    }) as Layer;
    channels = features * width;
  });
  return sequential({
    ...layers,
    pool: globalMeanPool() as Layer,
    flatten: flatten() as Layer,
    logits: dense({ features: classes }) as Layer,
  }) as Layer;
}
