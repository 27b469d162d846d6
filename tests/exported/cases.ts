// Layers with odd sizes that every writer writes, each by itself.
import {
  adaptiveMeanPool,
  auxiliary,
  batchNorm,
  conv,
  dense,
  dropout,
  flatten,
  globalMeanPool,
  graph,
  identity,
  leakyRelu,
  localResponseNorm,
  maxPool,
  meanPool,
  type Network,
  normPool,
  padTo,
  parallel,
  relu,
  residual,
  sequential,
  type Shape,
  sigmoid,
  softmax,
  tanh,
  tf,
  zeroPadShortcut,
} from "../../mod.ts";
import { joinBy } from "../../lib/imported/layers.ts";
import { scaledTanh } from "../../lib/layers/activation.ts";
import * as more from "../../lib/layers/namespace.ts";
import { radialBasis } from "../../lib/layers/radial_basis.ts";
import { subsample } from "../../lib/layers/subsample.ts";
import { tableConv } from "../../lib/layers/table_conv.ts";

/** A layer, and the shape of one input. */
export type Case = readonly [layer: Network["model"], shape: Shape];

const IMAGE = [7, 9, 6];
const VECTOR = [11];

const shared = conv({ features: 4, size: 3, padding: 1 });

const cases: Readonly<Record<string, readonly [layer: object, shape: Shape]>> = {
  "conv": [conv({ features: 5, size: [3, 2] }), IMAGE],
  "conv without bias": [conv({ features: 5, size: 1, bias: false }), IMAGE],
  "conv with stride and padding": [conv({ features: 5, size: 3, stride: 2, padding: 1 }), IMAGE],
  "conv of padding same": [
    conv({ features: 3, size: [4, 3], stride: [2, 3], padding: "same" }),
    IMAGE,
  ],
  "conv with gaps": [conv({ features: 3, size: 2, dilation: [2, 3], padding: 1 }), IMAGE],
  "conv with stride and gaps": [conv({ features: 3, size: 2, dilation: 2, stride: 2 }), IMAGE],
  "conv of groups": [conv({ features: 9, size: 3, groups: 3 }), IMAGE],
  "depthwise conv": [conv({ features: 6, size: 3, groups: 6, padding: 1 }), IMAGE],
  "depthwise conv of several": [
    conv({ features: 12, size: 3, groups: 6, stride: 2, padding: "same" }),
    IMAGE,
  ],
  "depthwise conv with gaps": [conv({ features: 6, size: 3, groups: 6, dilation: 2 }), IMAGE],
  "depthwise conv of uneven stride": [
    conv({ features: 6, size: 3, groups: 6, stride: [1, 2] }),
    IMAGE,
  ],
  "convTranspose": [more.convTranspose({ features: 4, size: 3, stride: 2 }), IMAGE],
  "convTranspose with padding": [
    more.convTranspose({ features: 4, size: 3, stride: 2, padding: 1, outputPadding: [1, 0] }),
    IMAGE,
  ],
  "convTranspose of groups, with gaps": [
    more.convTranspose({ features: 4, size: 2, groups: 2, dilation: 2, bias: false }),
    IMAGE,
  ],
  "convTranspose with holes": [
    more.convTranspose({ features: 2, size: 2, stride: 3, outputPadding: 1 }),
    IMAGE,
  ],
  "dense": [dense({ features: 5 }), VECTOR],
  "dense without bias": [dense({ features: 5, bias: false }), VECTOR],
  "dense of an image": [
    sequential({
      flatten: flatten(),
      drop: dropout(0.5),
      relu: relu(),
      logits: dense({ features: 4 }),
    }),
    [3, 5, 2],
  ],
  "norm of a flat image": [
    sequential({ flatten: flatten(), norm: batchNorm(), logits: dense({ features: 4 }) }),
    [3, 5, 2],
  ],
  "flat image": [flatten(), [3, 5, 2]],
  "maxPool": [maxPool(), IMAGE],
  "maxPool with padding": [maxPool({ size: 3, stride: 2, padding: 1 }), IMAGE],
  "maxPool of padding same": [maxPool({ size: 3, stride: 2, padding: "same" }), IMAGE],
  "maxPool rounded up": [maxPool({ size: 2, stride: [3, 2], rounding: "ceil" }), IMAGE],
  "meanPool": [meanPool({ size: 3, stride: 2 }), IMAGE],
  "meanPool with padding": [meanPool({ size: 3, stride: 2, padding: 1 }), IMAGE],
  "meanPool that counts padding": [
    meanPool({ size: 3, stride: 2, padding: 1, countPadding: true }),
    IMAGE,
  ],
  "meanPool of padding same": [meanPool({ size: [2, 3], stride: 2, padding: "same" }), IMAGE],
  "meanPool rounded up": [meanPool({ size: 2, rounding: "ceil" }), IMAGE],
  "meanPool rounded up that counts": [
    meanPool({ size: 3, stride: 3, padding: 1, rounding: "ceil", countPadding: true }),
    IMAGE,
  ],
  "maxPool of uneven padding": [maxPool({ size: 3, stride: 2, padding: 1 }), [8, 6, 3]],
  "maxPool of uneven padding after a ReLU": [
    sequential({ relu: relu(), pool: maxPool({ size: 3, stride: 2, padding: 1 }) }),
    [8, 6, 3],
  ],
  "meanPool of uneven padding": [meanPool({ size: 3, stride: 2, padding: 1 }), [8, 6, 3]],
  "normPool": [normPool({ size: 3, stride: 2 }), IMAGE],
  "normPool of sums": [normPool({ norm: 1 }), IMAGE],
  "globalMeanPool": [globalMeanPool(), IMAGE],
  "adaptiveMeanPool": [adaptiveMeanPool(3, 2), IMAGE],
  "adaptiveMeanPool of whole windows": [adaptiveMeanPool(7, 3), IMAGE],
  "batchNorm": [batchNorm(), IMAGE],
  "batchNorm of vectors": [batchNorm({ epsilon: 0.01 }), VECTOR],
  "groupNorm": [more.groupNorm({ groups: 3 }), IMAGE],
  "groupNorm of vectors": [more.groupNorm({ groups: 2, affine: false }), [12]],
  "instanceNorm": [more.instanceNorm(), IMAGE],
  "instanceNorm with scale": [more.instanceNorm({ affine: true }), IMAGE],
  "layerNorm": [more.layerNorm(), IMAGE],
  "layerNorm of vectors": [more.layerNorm({ affine: false }), VECTOR],
  "layerNorm of four axes": [more.layerNorm(), [2, 3, 4, 5]],
  "layerNorm of all": [more.layerNorm({ axes: "all" }), IMAGE],
  "localResponseNorm": [localResponseNorm({ size: 3, alpha: 0.5, k: 2 }), IMAGE],
  "localResponseNorm of an even size": [localResponseNorm({ size: 4, alpha: 0.5 }), IMAGE],
  "localResponseNorm of vectors": [localResponseNorm({ size: 3, alpha: 0.5 }), VECTOR],
  ...Object.fromEntries(
    Object.entries({
      relu: relu(),
      tanh: tanh(),
      scaledTanh: scaledTanh(),
      sigmoid: sigmoid(),
      leakyRelu: leakyRelu(0.2),
      relu6: more.relu6(),
      elu: more.elu(0.7),
      selu: more.selu(),
      gelu: more.gelu(),
      geluTanh: more.gelu({ approximate: "tanh" }),
      silu: more.silu(),
      hardSwish: more.hardSwish(),
      hardSigmoid: more.hardSigmoid(),
      softplus: more.softplus(),
      prelu: more.prelu(),
      sharedPrelu: more.prelu({ shared: true }),
      softmax: softmax(),
      logSoftmax: more.logSoftmax(),
    }).flatMap(([name, layer]) => [
      [name, [layer, IMAGE]],
      [`${name} of vectors`, [layer, VECTOR]],
    ]),
  ),
  "difference of two": [
    graph({
      one: { layer: conv({ features: 4, size: 1 }) },
      other: { layer: conv({ features: 4, size: 1 }), from: "input" },
      sum: { layer: identity(), from: ["one", "other"], join: joinBy("Sub", tf.sub) },
    }),
    IMAGE,
  ],
  "identity": [identity(), IMAGE],
  "dropout": [dropout(0.5), VECTOR],
  "what is random in training": [
    sequential({
      a: more.spatialDropout(0.5),
      b: more.stochasticDepth(0.5),
      c: more.gaussianNoise(1),
    }),
    IMAGE,
  ],
  "padTo": [padTo(10, 12), IMAGE],
  "padBy": [more.padBy({ amount: { top: 1, left: 2, right: 3 } }), IMAGE],
  "padBy reflections": [
    more.padBy({ amount: { top: 2, left: 1, right: 3 }, mode: "reflect" }),
    IMAGE,
  ],
  "padBy edges": [more.padBy({ amount: { bottom: 2, left: 1, right: 3 }, mode: "edge" }), IMAGE],
  "zeroPadShortcut": [zeroPadShortcut({ features: 9, stride: 2 }), IMAGE],
  "subsample": [subsample(), IMAGE],
  "tableConv": [tableConv({ table: [[0, 1], [2], [3, 4, 5]], size: 3 }), IMAGE],
  "radialBasis": [radialBasis([[1, -1, 1], [-1, 1, 1]]), [3]],
  "radialBasis of what a layer gives": [
    sequential({ act: tanh(), codes: radialBasis([[1, -1, 1], [-1, 1, 1]]) }),
    [3],
  ],
  "squeezeExcite": [more.squeezeExcite({ channels: 6, squeezed: 2 }), IMAGE],
  "squeezeExcite of hard sigmoids": [
    more.squeezeExcite({ channels: 6, gate: more.hardSigmoid() }),
    IMAGE,
  ],
  "reduce": [more.reduce({ axes: [0], by: "max" }), IMAGE],
  "reduce and keep": [more.reduce({ axes: [1, -1], by: "sum", keep: true }), IMAGE],
  "transpose": [more.transpose([1, 2, 0]), IMAGE],
  "transpose and conv": [
    sequential({ turn: more.transpose([2, 0, 1]), conv: conv({ features: 2, size: 2 }) }),
    IMAGE,
  ],
  "slice": [more.slice({ begin: [1, 2, 3], size: [4, -1, 2] }), IMAGE],
  "slice of vectors": [more.slice({ begin: [3], size: [5] }), VECTOR],
  "reshape": [more.reshape([3, 7, 18]), IMAGE],
  "reshape of a vector": [
    sequential({ flat: flatten(), act: relu(), image: more.reshape([9, 7, -1]) }),
    IMAGE,
  ],
  "concatAlong": [parallel({ a: identity(), b: relu() }, more.concatAlong(0)), IMAGE],
  ...Object.fromEntries(
    (["nearest", "bilinear"] as const).flatMap((method) =>
      (["half-pixel", "align-corners", "asymmetric"] as const).flatMap((align) => [
        [`upsample ${method} ${align}`, [more.upsample({ method, align, factor: [2, 3] }), IMAGE]],
        [`upsample ${method} ${align} to a size`, [
          more.upsample({ method, align, size: [10, 5] }),
          IMAGE,
        ]],
      ])
    ),
  ),
  "pixelShuffle": [more.pixelShuffle(2), [3, 5, 8]],
  "pixelUnshuffle": [more.pixelUnshuffle(2), [4, 6, 3]],
  "parallel": [
    parallel({ a: conv({ features: 2, size: 1 }), b: maxPool({ size: 3, stride: 1, padding: 1 }) }),
    IMAGE,
  ],
  "product": [parallel({ a: sigmoid(), b: identity() }, "product"), IMAGE],
  "residual": [residual(conv({ features: 6, size: 3, padding: 1 })), IMAGE],
  "auxiliary": [
    sequential({
      aux: auxiliary(sequential({ f: flatten(), d: dense({ features: 2 }) })),
      r: relu(),
    }),
    IMAGE,
  ],
  "checkpoint": [more.checkpoint(conv({ features: 2, size: 3 })), IMAGE],
  "shared layers of a graph": [
    graph({
      first: { layer: conv({ features: 4, size: 1 }) },
      one: { layer: shared, from: "first" },
      two: { layer: shared, from: "one" },
      sum: { from: ["one", "two", "first"], join: "sum" },
    }),
    IMAGE,
  ],
};

/** The layers by name. */
export const CASES = cases as unknown as Readonly<Record<string, Case>>;
