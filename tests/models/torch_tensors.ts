// What the tensors of a model are called, and of what shapes, in a layout of PyTorch's.
import type { Layer, Shape } from "../../mod.ts";
import { slotEntries } from "../../lib/layers/layer.ts";
import type { TorchLayout } from "../../lib/weights/torch_layout.ts";

/** Names of our parameters and statistics in PyTorch. */
const LEAVES: Readonly<Record<string, string>> = {
  kernel: "weight",
  bias: "bias",
  scale: "weight",
  shift: "bias",
  mean: "running_mean",
  variance: "running_var",
  layerScale: "layer_scale",
};

/** Our order of axes in PyTorch's: HWIO → OIHW, [in, out] → [out, in]. */
function torchShape(shape: Shape, layer: string, leaf: string, layout: TorchLayout): Shape {
  const [height, width, inputs, outputs] = shape;
  const isKernel = leaf === "kernel";
  if (isKernel && layout.isDense?.(layer)) return [outputs!, inputs!];
  if (isKernel && shape.length === 2 && layout.isConv?.(layer)) return [width!, height!, 1, 1];
  if (leaf === "layerScale") return [...shape, 1, 1];
  return shape.length === 4 ? [outputs!, inputs!, height!, width!] : [...shape].reverse();
}

/**
 * The `state_dict` that a model has by a layout: keys with shapes, sorted by key.
 *
 * @param model the model
 * @param inputShape shape of one input, without the batch
 * @param layout PyTorch's names
 */
export function torchTensors(
  model: Layer,
  inputShape: Shape,
  layout: TorchLayout,
): Map<string, Shape> {
  const { params, state } = model.declare(inputShape);
  const found = [...slotEntries(params), ...slotEntries(state)].flatMap(([path, { shape }]) => {
    const at = path.lastIndexOf("/");
    const [layer, leaf] = [path.slice(0, at), path.slice(at + 1)];
    const module = layout.module(layer);
    const theirs = torchShape(shape, layer, leaf, layout);
    const tensor: [string, Shape] = [`${module}.${LEAVES[leaf]}`, theirs];
    const counter: [string, Shape] = [`${module}.num_batches_tracked`, []];
    return leaf === "mean" ? [tensor, counter] : [tensor];
  });
  return sorted(new Map(found));
}

/** The same entries in the order of their keys. */
export function sorted<T>(map: ReadonlyMap<string, T>): Map<string, T> {
  return new Map([...map].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0));
}
