// PyTorch's names of the layers of AlexNet, VGG and SqueezeNet, against torchvision's own keys.
import { assertEquals, assertThrows } from "@std/assert";
import { findModel, type Layer, type Path, type Shape, vgg, vgg16 } from "../../mod.ts";
import { slotEntries } from "../../lib/layers/layer.ts";
import type { TorchLayout } from "../../lib/weights/torch_layout.ts";
import {
  timmVgg,
  torchvisionAlexnet,
  torchvisionSqueezeNet,
  torchvisionVgg,
} from "../../lib/weights/torch_names/by_number.ts";
import { torchKeys, type TorchvisionModel } from "../golden/torch_keys.ts";
import { BY_TORCHVISION } from "../models/table.ts";

const IMAGE: Shape = [224, 224, 3];

/** What PyTorch calls a tensor of a layer. */
const TENSORS: Readonly<Record<string, string>> = {
  kernel: "weight",
  bias: "bias",
  scale: "weight",
  shift: "bias",
  mean: "running_mean",
  variance: "running_var",
};

/** HWIO to OIHW, `[in, out]` to `[out, in]`. */
function torchShape(shape: Shape): Shape {
  return shape.length === 4
    ? [3, 2, 0, 1].map((axis) => shape[axis]!)
    : shape.length === 2
    ? shape.toReversed()
    : shape;
}

/** The paths of what a model learns or keeps, with their shapes. */
function slotsOf(model: Layer): [Path, Shape][] {
  const { params, state } = model.declare(IMAGE);
  return [...slotEntries(params), ...slotEntries(state)].map(([path, { shape }]) => [path, shape]);
}

/** A model's tensors as a layout names them, sorted. */
function named(model: Layer, layout: TorchLayout): [string, Shape][] {
  return slotsOf(model).map(([path, shape]): [string, Shape] => {
    const at = path.lastIndexOf("/");
    const key = `${layout.module(path.slice(0, at))}.${TENSORS[path.slice(at + 1)]}`;
    return [key, torchShape(shape)];
  }).sort();
}

const LAYOUTS: readonly (readonly [TorchvisionModel, TorchLayout])[] = [
  ["alexnet", torchvisionAlexnet],
  ["vgg11", torchvisionVgg({ depth: 11 })],
  ["vgg16", torchvisionVgg({ depth: 16 })],
  ["vgg11_bn", torchvisionVgg({ depth: 11, batchNorm: true })],
  ["squeezenet1_0", torchvisionSqueezeNet({})],
];

const CASES = LAYOUTS.map(([name, layout]) =>
  [name, findModel(BY_TORCHVISION[name]).build(), layout] as const
);

for (const [name, model, layout] of CASES) {
  Deno.test(`every tensor of ${name} has torchvision's name and shape, and there is no other`, () => {
    const keys = torchKeys(name);
    for (const key of keys.keys()) if (key.endsWith("num_batches_tracked")) keys.delete(key);
    assertEquals(layout.name, "torchvision");
    assertEquals(named(model, layout), [...keys].sort());
  });
}

Deno.test("each layer that learns has a module of its own, in timm's VGG too", () => {
  const timm = [
    [vgg16() as Layer, timmVgg({ depth: 16 })],
    [vgg({ depth: 11, batchNorm: true }) as Layer, timmVgg({ depth: 11, batchNorm: true })],
  ] as const;
  for (const [model, layout] of [...timm, ...CASES.map(([, ...rest]) => rest)]) {
    const layers = new Set(slotsOf(model).map(([path]) => path.slice(0, path.lastIndexOf("/"))));
    const modules = new Set([...layers].map((layer) => layout.module(layer)));
    assertEquals(modules.size, layers.size);
  }
});

Deno.test("timm's VGG has torchvision's features, and a head with names of its own", () => {
  const [timm, torchvision] = [timmVgg({ depth: 16 }), torchvisionVgg({ depth: 16 })];
  assertEquals(timm.name, "timm");
  for (const layer of ["conv1_1", "conv3_2", "conv5_3"]) {
    assertEquals(timm.module(layer), torchvision.module(layer));
  }
  assertEquals(
    ["conv5_3", "fc6", "fc7", "logits"].map((layer) => timm.module(layer)),
    ["features.28", "pre_logits.fc1", "pre_logits.fc2", "head.fc"],
  );
});

Deno.test("layers that a network lacks have no name", () => {
  const wrong = [
    [torchvisionAlexnet, "conv6"],
    [torchvisionVgg({ depth: 11 }), "conv1_2"],
    [torchvisionVgg({ depth: 16 }), "norm1_1"],
    [timmVgg({ depth: 11 }), "fc8"],
    [torchvisionSqueezeNet({}), "fire2"],
    [torchvisionSqueezeNet({}), "fire2/expand/one"],
    [torchvisionSqueezeNet({}), ""],
  ] as const;
  for (const [layout, layer] of wrong) {
    assertThrows(() => layout.module(layer), RangeError, `got "${layer}"`);
  }
});
