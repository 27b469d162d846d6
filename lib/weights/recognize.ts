// Recognizes the network of a PyTorch file by its keys and shapes.
import type { Layer } from "../layers/layer.ts";
import { findModel, type ModelEntry, models } from "../models/registry.ts";
import type { Shape } from "../tensor/tensor.ts";
import type { ShapeFaults } from "./require_shapes.ts";
import { firstNames } from "./safetensors.ts";
import type { TensorSource } from "./tensor_source.ts";
import { fitTorch, requireFit, torchFaults, type TorchFit } from "./torch_fit.ts";
import { pathLayout, type TorchLayout } from "./torch_layout.ts";
import { torchLayouts } from "./torch_layouts.ts";
import { torchSlots } from "./torch_slots.ts";

/** The network that a PyTorch file belongs to. */
export type RecognizedNetwork = {
  /** The model's name in {@linkcode models}. */
  readonly name: string;
  /** The model, for as many classes as the file has. */
  readonly model: Layer;
  /** Shape of one input that the model was made for. */
  readonly inputShape: Shape;
  /** Number of classes. */
  readonly numClasses: number;
  /** Whose names the file's keys are. */
  readonly layout: TorchLayout;
};

/**
 * Finds the layout of a PyTorch file, and the model if none is named, by keys and shapes.
 * The number of classes is that of the last layer.
 *
 * @param source the file, see {@linkcode openSafetensors}
 * @param name the model's name in {@linkcode models}. Default: the first of
 * {@linkcode torchLayouts} that fits
 * @returns model, layout and number of classes
 * @throws {TypeError} if no layout fits: the keys of the nearest that are missing, unexpected
 * or of another shape
 * @throws {RangeError} if there is no such model, or no PyTorch names for it are known
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { init, key, resnet20, start } from "@neocog/neocog";
 * import { recognize, tensorSource, toTorch } from "@neocog/neocog/weights";
 * import { torchLayouts } from "@neocog/neocog/weights";
 *
 * await start({ backend: "cpu" });
 * const model = resnet20({ numClasses: 7 });
 * const network = init(model, key(0), [32, 32, 3]);
 * const lazy = toTorch(network, [32, 32, 3], torchLayouts.resnet20![0]!);
 * const tensors = new Map([...lazy].map(([name, { shape }]) =>
 *   [name, { dtype: "float32", shape, values: new Float32Array() } as const]
 * ));
 * const { name, numClasses, layout } = recognize(tensorSource(tensors));
 * assertEquals([name, numClasses, layout.name], ["resnet20", 7, "akamaster"]);
 * ```
 */
export function recognize(source: TensorSource, name?: string): RecognizedNetwork {
  const fits = candidates(name).map(([model, layout]) => fitOf(source, model, layout));
  const best = fits.reduce((a, b) => count(b.faults) < count(a.faults) ? b : a);
  if (count(best.faults) === 0) return best.recognized;
  // If a file shares little with any network, its missing keys say nothing.
  const shared = best.fit.expected.size - best.faults.missing.length;
  if (name !== undefined || 2 * shared > best.fit.expected.size) {
    const nearest = `${source.file} (as ${best.recognized.layout.name}'s ${best.recognized.name})`;
    requireFit(best.fit, nearest);
  }
  const { tensors } = source;
  throw new TypeError(
    `Cannot recognize ${source.file}: its keys must be those of a known network (${
      Object.keys(torchLayouts).join(", ")
    }), got ${tensors.size} tensors, ${
      firstNames(tensors.keys(), tensors.size)
    }. Of a network of your own, give the model whose layers have these names (--model ./net.ts), or export it to ONNX`,
  );
}

function count({ missing, unexpected, misshapen }: ShapeFaults): number {
  return missing.length + unexpected.length + misshapen.length;
}

function candidates(name?: string): [model: string, layout: TorchLayout][] {
  const names = name === undefined ? Object.keys(torchLayouts) : [name];
  return names.flatMap((one) =>
    layoutsOf(one).map((layout): [string, TorchLayout] => [one, layout])
  );
}

function layoutsOf(name: string): readonly TorchLayout[] {
  findModel(name);
  if (Object.hasOwn(torchLayouts, name)) return torchLayouts[name]!;
  throw new RangeError(
    `Cannot load a PyTorch file: its model must be one of ${
      Object.keys(torchLayouts).join(", ")
    }, got ${name}`,
  );
}

/** A network that a file may belong to, and how well it fits. */
type Candidate = {
  readonly recognized: RecognizedNetwork;
  readonly fit: TorchFit;
  readonly faults: ShapeFaults;
};

/**
 * A given model for a file by our own paths, with as many classes as the file has.
 *
 * @param source the file's tensors
 * @param name what messages call the model
 * @param entry what builds it, and the shape of one input
 * @returns the model, its classes and the layout of its names
 * @throws {TypeError} if the file is another model's: with the keys that do not fit
 */
export function recognizeAs(
  source: TensorSource,
  name: string,
  entry: Pick<ModelEntry, "build" | "inputShape">,
): RecognizedNetwork {
  const { fit, recognized } = fitOf(source, name, pathLayout, entry);
  requireFit(fit, `${source.file} (as ${name})`);
  return recognized;
}

/** A model with as many classes as the source has, beside the source. */
function fitOf(
  source: TensorSource,
  name: string,
  layout: TorchLayout,
  { build, inputShape }: Pick<ModelEntry, "build" | "inputShape"> = models[name]!,
): Candidate {
  const usual = build();
  const usualSlots = torchSlots(usual, inputShape, layout);
  const usualFit = fitTorch(usualSlots, source);
  const classifier = usualSlots.findLast(({ leaf }) => leaf === "kernel");
  const usualClasses = classifier?.sizes[0] ?? usual.declare(inputShape).shape.at(-1)!;
  const classes = classifier && usualFit.found.get(classifier.key)?.shape[0] || 0;
  const isUsual = classes < 1 || classes === usualClasses;
  const numClasses = isUsual ? usualClasses : classes;
  const model = isUsual ? usual : build({ numClasses });
  const fit = isUsual ? usualFit : fitTorch(torchSlots(model, inputShape, layout), source);
  return {
    recognized: { name, model, inputShape, numClasses, layout },
    fit,
    faults: torchFaults(fit),
  };
}
