// Torchvision's names of its networks' tensors, which torch_keys.py wrote to torch_keys.json.
import type { Shape } from "../../mod.ts";
import file from "./torch_keys.json" with { type: "json" };

/** Networks, as torchvision calls them, that torch_keys.json has. */
export type TorchvisionModel = keyof typeof file.models;

/**
 * The keys of a network's `state_dict`, in torchvision's order, with the tensors' shapes in
 * PyTorch's layout; `num_batches_tracked` has none, `[]`. GoogLeNet and Inception v3 have their
 * auxiliary heads.
 *
 * @param model the network
 */
export function torchKeys(model: TorchvisionModel): Map<string, Shape> {
  return new Map(
    Object.entries(file.models[model]).map(([key, text]) => [
      key,
      text === "" ? [] : text.split(" ").map(Number),
    ]),
  );
}
