// What kinds of layers are to methods that pass something back layer by layer.

/** Weighted sums with weights and biases named `kernel` and `bias`. */
export const WEIGHTED: ReadonlySet<string> = new Set([
  "conv",
  "convTranspose",
  "dense",
  "tableConv",
]);

/** Layers that are linear or affine outside training: means, scales, and what only moves numbers. */
export const LINEAR: ReadonlySet<string> = new Set([
  ...WEIGHTED,
  "adaptiveMeanPool",
  "auxiliary",
  "batchNorm",
  "dropout",
  "flatten",
  "globalMeanPool",
  "identity",
  "meanPool",
  "padBy",
  "padTo",
  "pixelShuffle",
  "pixelUnshuffle",
  "reshape",
  "slice",
  "subsample",
  "transpose",
  "upsample",
  "zeroPadShortcut",
]);

/** Functions of each number by itself. */
export const ELEMENTWISE: ReadonlySet<string> = new Set([
  "elu",
  "gelu",
  "hardSigmoid",
  "hardSwish",
  "leakyRelu",
  "prelu",
  "relu",
  "relu6",
  "scaledTanh",
  "selu",
  "sigmoid",
  "silu",
  "softplus",
  "tanh",
]);

/** How outputs are joined so that each part of the whole is known: one after another, or added. */
export const ADDITIVE: ReadonlySet<string> = new Set(["concat", "residual", "sum"]);
