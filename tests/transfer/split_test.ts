// Where models are cut: the last boundary below which nothing is trained, dropped or watched.
import { assertEquals } from "@std/assert";
import {
  alexnet,
  batchNorm,
  conv,
  dense,
  dropout,
  googlenet,
  init,
  key,
  type Layer,
  layers,
  lenet5,
  residual,
  resnet18,
  sequential,
  splitFrozen,
  squeezenet,
  tf,
  vgg16,
} from "../../mod.ts";
import { pickNames } from "../../lib/transfer/split.ts";
import { assertClose } from "../closeness.ts";
import { onEachBackend } from "../backends.ts";
import { toyModel } from "../train/toy.ts";

const only = (...layers: string[]) => (path: string): boolean =>
  layers.some((layer) => path.startsWith(`${layer}/`));

/** The features' shape and the names of the tail's layers. */
function cut(model: Layer, shape: number[], ...trained: string[]): unknown {
  const split = splitFrozen(model, shape, only(...trained));
  return split && [split.featureShape, split.tailNames];
}

Deno.test("heads of any kind: a convolution before the mean, a dense layer after it, three dense ones", () => {
  assertEquals(cut(squeezenet() as Layer, [227, 227, 3], "conv10"), [
    [13, 13, 512],
    ["drop", "conv10", "relu10", "pool10"],
  ]);
  assertEquals(cut(resnet18() as Layer, [224, 224, 3], "logits"), [[512], ["logits"]]);
  assertEquals(cut(vgg16() as Layer, [224, 224, 3], "logits"), [
    [4096],
    ["drop6", "fc7", "relu7", "drop7", "logits"],
  ]);
  assertEquals(cut(alexnet({ variant: "torchvision" }) as Layer, [224, 224, 3], "logits"), [
    [9216],
    ["drop6", "fc6", "relu6", "drop7", "fc7", "relu7", "logits"],
  ]);
  assertEquals(cut(lenet5() as Layer, [28, 28, 1], "dense2", "logits"), [
    [120],
    ["dense2", "act4", "logits"],
  ]);
});

Deno.test("from any depth: the tail begins with the first layer in which something is trained", () => {
  assertEquals(cut(squeezenet() as Layer, [96, 96, 3], "fire9", "conv10"), [
    [5, 5, 512],
    ["fire9", "drop", "conv10", "relu10", "pool10"],
  ]);
  assertEquals(cut(resnet18() as Layer, [224, 224, 3], "stage4/block2", "logits"), [
    [14, 14, 256],
    ["stage4", "pool", "logits"],
  ]);
});

Deno.test("there is no split if the first layer is trained, nothing is, or the model is no chain", () => {
  assertEquals(cut(squeezenet() as Layer, [96, 96, 3], "conv1", "conv10"), undefined);
  assertEquals(cut(squeezenet() as Layer, [96, 96, 3]), undefined);
  assertEquals(cut(dense({ features: 2 }) as Layer, [4], "kernel"), undefined);
  const dropped = sequential({ drop: dropout(0.5), a: dense({ features: 2 }) });
  assertEquals(cut(dropped as Layer, [4], "b"), undefined);
});

Deno.test("what is random in training stays in the tail, of any kind and at any depth", () => {
  const model = (random: Layer): Layer =>
    sequential({
      conv: conv({ features: 2, size: 1 }),
      block: residual(sequential({ same: conv({ features: 2, size: 1 }), random }) as Layer),
      logits: conv({ features: 2, size: 1 }),
    }) as Layer;
  const { gaussianNoise, spatialDropout, stochasticDepth } = layers;
  for (const make of [dropout, spatialDropout, stochasticDepth, gaussianNoise]) {
    const tail = (amount: number): unknown =>
      splitFrozen(model(make(amount) as Layer), [4, 4, 2], only("logits"))?.tailNames;
    assertEquals(tail(0.5), ["block", "logits"], make.name);
    assertEquals(tail(0), ["logits"], make.name);
  }
});

Deno.test("a loss that is watched, and statistics that move, stay in the tail", () => {
  const watched = cut(googlenet({ auxiliary: true }) as Layer, [224, 224, 3], "logits");
  assertEquals((watched as [number[], string[]])[1][0], "aux1");
  const model = sequential({
    a: dense({ features: 4 }),
    norm: batchNorm(),
    logits: dense({ features: 2 }),
  }) as Layer;
  assertEquals(cut(model, [4], "logits"), [[4], ["logits"]]);
  // Its scale alone is trained: it is no frozen layer.
  assertEquals(splitFrozen(model, [4], (path) => /^norm\/scale|^logits/.test(path))?.tailNames, [
    "norm",
    "logits",
  ]);
});

onEachBackend("the tail of the body is the model", async () => {
  const model = toyModel();
  const { params, state } = init(model, key(3), [8, 8, 1]);
  const split = splitFrozen(model, [8, 8, 1], only("logits"))!;
  assertEquals(split.bodyNames, ["conv", "norm", "relu", "pool"]);
  const images = tf.randomUniform([5, 8, 8, 1]);
  const weights = (names: readonly string[]) =>
    [pickNames(params, names), pickNames(state, names)] as const;
  const [features] = split.body.apply(...weights(split.bodyNames), images, {});
  const [logits] = split.tail.apply(...weights(split.tailNames), features, {});
  const [whole] = model.apply(params, state, images, {});
  assertEquals(features.shape, [5, ...split.featureShape]);
  assertClose(await logits.data(), await whole.data());
});
