// A layer that is computed again in the backward pass, for less memory.
import { recomputed } from "../tensor/recompute.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Context, Layer } from "./layer.ts";

/**
 * A layer that keeps its input alone for the backward pass, and is computed again there: less memory
 * for one more forward pass of it (Chen et al., "Training deep nets with sublinear memory cost",
 * 2016). Its numbers, parameters and paths are those of the layer; dropped units are the same both
 * times. Best around blocks, `checkpoint(block)`, each of which then holds its activations only
 * while its own gradient is taken. The same as PyTorch's `torch.utils.checkpoint`. If the layers
 * within are looked at by an `intercept`, as auxiliary losses do, it is computed once.
 *
 * @param layer the layer, usually one made of layers
 * @returns the layer, whose inner activations training does not keep
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { conv, layers, relu, sequential, sizing } from "@neocog/neocog";
 *
 * const block = sequential({ conv: conv({ features: 8, size: 3, padding: "same" }), relu: relu() });
 * const plain = sequential({ one: block, two: block, three: block });
 * const { checkpoint } = layers;
 * const lean = sequential({ one: checkpoint(block), two: checkpoint(block), three: block });
 * const [before, after] = [plain, lean].map((model) => sizing.sizeOfModel(model, [32, 32, 8]));
 * assert(after!.kept < before!.kept && after!.recomputedFlops > 0);
 * ```
 */
export function checkpoint<P extends Tree, S extends Tree>(layer: Layer<P, S>): Layer<P, S> {
  const { fusion: _, operations, ...rest } = layer;
  const again: Layer<P, S> = {
    ...rest,
    declare: (shape: Shape) => ({ ...layer.declare(shape), recomputed: true }),
    apply(params: P, state: S, x: Tensor, context: Context) {
      if (context.intercept) return layer.apply(params, state, x, context);
      return recomputed((input, own: P) => layer.apply(own, state, input, context), x, params);
    },
  };
  return operations?.of === layer.apply
    ? { ...again, operations: { ...operations, of: again.apply } }
    : again;
}
