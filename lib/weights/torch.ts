// Weights from PyTorch and to PyTorch: names, order of axes and shapes.
import { fillSlots, type Layer, type Network } from "../layers/layer.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { entries, type Path, type Tree } from "../tensor/tree.ts";
import { download, upload } from "../tensor/transfer.ts";
import { fromOihw, toOihw } from "./axes.ts";
import { type LazyTensor, writeSafetensors } from "./safetensors_write.ts";
import type { TensorSource } from "./tensor_source.ts";
import { fitTorch, requireFit } from "./torch_fit.ts";
import { pathLayout, type TorchLayout } from "./torch_layout.ts";
import { type TorchSlot, torchSlots } from "./torch_slots.ts";
import { requireOptions } from "../text/require.ts";

/** Options of {@linkcode fromTorch}. */
export type FromTorchOptions = {
  /** Called after each tensor with the number of tensors done. */
  readonly onProgress?: (done: number, total: number) => void;
  /**
   * Whether tensors that the model does not have, such as the classifier's for a model made with
   * `head: false`, are refused, or ignored and listed in `ignored`. Default: `"refuse"`.
   */
  readonly extra?: "refuse" | "ignore";
};

/** What {@linkcode fromTorch} returns. */
export type TorchNetwork<P extends Tree, S extends Tree> = Network<P, S> & {
  /** Shape of one input, without the batch. */
  readonly inputShape: Shape;
  /** Names of the source's tensors that the model does not use: auxiliary heads. */
  readonly ignored: readonly string[];
};

/**
 * A network from tensors by PyTorch's names: kernels OIHW → HWIO, dense
 * ones `[out, in]` → `[in, out]`, after a flattened image from the order C, H, W to H, W, C;
 * one tensor after the other. A dense layer's weight may be a convolution's, as in timm's VGG;
 * `num_batches_tracked` and a wrapper's prefix (`module.`, `model.`, `backbone.`, `net.`) are ignored.
 *
 * @param model the model
 * @param inputShape shape of one input, without the batch
 * @param source an open file, see {@linkcode openSafetensors}, or a {@linkcode tensorSource}
 * @param layout PyTorch's names, see {@linkcode torchLayouts}. Default: our paths with dots
 * @param options progress
 * @returns the network, whose tensors the caller owns, and what was ignored
 * @throws {TypeError} if the tensors are not those of the model: all keys that are missing,
 * unexpected or of another shape; or if one is not of floats
 * @throws {SyntaxError} if a tensor can not be read
 * @throws {RangeError} if the layout does not have a layer of the model
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dense, sequential, start } from "@neocog/neocog";
 * import { fromTorch, tensorSource } from "@neocog/neocog/weights";
 *
 * await start({ backend: "cpu" });
 * const model = sequential({ logits: dense({ features: 2, bias: false }) });
 * const weight = { dtype: "float32", shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) } as const;
 * const layout = { name: "torch", module: () => "fc" };
 * const source = tensorSource(new Map([["fc.weight", weight]]));
 * const { params } = await fromTorch(model, [3], source, layout);
 * assertEquals(await params.logits.kernel.array(), [[1, 4], [2, 5], [3, 6]]);
 * ```
 */
export async function fromTorch<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  inputShape: Shape,
  source: TensorSource,
  layout: TorchLayout = pathLayout,
  options: FromTorchOptions = {},
): Promise<TorchNetwork<P, S>> {
  requireOptions("read weights", options, { onProgress: true, extra: true });
  const slots = torchSlots(model as unknown as Layer, inputShape, layout);
  const fit = fitTorch(slots, source, options.extra === "ignore");
  requireFit(fit, source.file);
  const made = { params: new Map<Path, Tensor>(), state: new Map<Path, Tensor>() };
  try {
    for (const [done, slot] of slots.entries()) {
      const values = await readFloats(source, fit.names.get(slot.key)!);
      made[slot.part].set(slot.path, upload(fromOihw(values, slot.sizes), slot.shape));
      options.onProgress?.(done + 1, slots.length);
    }
  } catch (error) {
    for (const tensor of [...made.params.values(), ...made.state.values()]) tensor.dispose();
    throw error;
  }
  const declaration = model.declare(inputShape);
  return {
    model,
    inputShape,
    params: fillSlots<P>(declaration.params, (_, path) => made.params.get(path)!),
    state: fillSlots<S>(declaration.state, (_, path) => made.state.get(path)!),
    ignored: fit.ignored,
  };
}

async function readFloats(source: TensorSource, name: string): Promise<Float32Array> {
  const { dtype, values } = await source.read(name);
  if (values instanceof Float32Array) return values;
  throw new TypeError(
    `Cannot load ${source.file}: "${name}" must be of floats, got ${dtype}`,
  );
}

/**
 * A network's weights as tensors by PyTorch's names, in PyTorch's order: the reverse of
 * {@linkcode fromTorch}. Their values are read from the device and transposed when they are
 * needed; until then, the network's tensors must be alive.
 *
 * @param network the network
 * @param inputShape shape of one input, without the batch
 * @param layout PyTorch's names. Default: our paths with dots, {@linkcode pathLayout}
 * @returns all that PyTorch's `load_state_dict` wants with `strict=True`, for
 * {@linkcode writeSafetensors}; `num_batches_tracked` is 0
 * @throws {RangeError} if the layout does not have a layer of the model
 * @throws {TypeError} if the parameters are not the model's
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dense, init, key, sequential, start } from "@neocog/neocog";
 * import { toTorch } from "@neocog/neocog/weights";
 *
 * await start({ backend: "cpu" });
 * const model = sequential({ logits: dense({ features: 2 }) });
 * const tensors = toTorch(init(model, key(0), [3]), [3], {
 *   name: "torch",
 *   module: () => "fc",
 * });
 * assertEquals([...tensors].map(([name, { shape }]) => [name, shape]), [
 *   ["fc.weight", [2, 3]],
 *   ["fc.bias", [2]],
 * ]);
 * assertEquals(await tensors.get("fc.bias")!.values(), new Float32Array(2));
 * ```
 */
export function toTorch<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  inputShape: Shape,
  layout: TorchLayout = pathLayout,
): Map<string, LazyTensor> {
  const slots = torchSlots(network.model as unknown as Layer, inputShape, layout);
  const held = {
    params: new Map(entries(network.params)),
    state: new Map(entries(network.state)),
  };
  const tensors = new Map<string, LazyTensor>();
  for (const slot of slots) {
    tensors.set(slot.key, lazyTensor(slot, held[slot.part].get(slot.path)));
    if (slot.leaf === "mean") {
      tensors.set(slot.key.replace(/running_mean$/, "num_batches_tracked"), COUNTER);
    }
  }
  return tensors;
}

const COUNTER: LazyTensor = { dtype: "int64", shape: [], values: () => new BigInt64Array(1) };

function lazyTensor({ path, shape, sizes, torchShape }: TorchSlot, tensor?: Tensor): LazyTensor {
  if (`${tensor?.shape}` !== `${shape}`) {
    throw new TypeError(
      `Cannot translate weights for PyTorch: "${path}" must be of shape [${shape}], got ${
        tensor ? `[${tensor.shape}]` : "absent"
      }`,
    );
  }
  const values = async (): Promise<Float32Array> => toOihw(await download(tensor!), sizes);
  return { dtype: "float32", shape: torchShape, values };
}

/**
 * Writes a network's weights as a safetensors file by PyTorch's names, one tensor after the other;
 * in full, or not at all. Python reads it by `safetensors.torch.load_file`.
 *
 * Needs `--allow-read` and `--allow-write` for the directory of `path`.
 *
 * @param path the file; its old contents stay if this throws
 * @param network the network
 * @param inputShape shape of one input, without the batch
 * @param layout PyTorch's names. Default: our paths with dots, {@linkcode pathLayout}
 * @param metadata the file's metadata, besides `format: "pt"`
 * @throws as {@linkcode toTorch} and {@linkcode writeSafetensors} do
 */
export async function writeTorch<P extends Tree, S extends Tree>(
  path: string,
  network: Network<P, S>,
  inputShape: Shape,
  layout: TorchLayout = pathLayout,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const tensors = toTorch(network, inputShape, layout);
  await writeSafetensors(path, tensors, { format: "pt", ...metadata });
}
