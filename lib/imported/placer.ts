// Layers of values whose axes are in our order: a layer's output, with its shape.
import type { AnyLayer } from "../layers/layer.ts";
import { joinOf } from "../layers/parallel.ts";
import type { Shape } from "../tensor/tensor.ts";
import { Emitter, type Parts } from "./emitter.ts";

/** The output of a layer, or the network's input. */
export type Placed = {
  /** The layer's name; `"input"` is the network's input. */
  readonly layer: string;
  /** Its shape, without the batch. */
  readonly shape: Shape;
};

/** Collects layers, and computes the shapes of their outputs. */
export class Placer extends Emitter {
  /** The shapes of the layers' outputs. */
  readonly #shapes = new Map<string, Shape>();

  /**
   * Adds a layer.
   *
   * @param node the name of what it is of
   * @param from what it takes
   * @throws {TypeError | RangeError} in the layer's words, if it does not fit what it takes
   */
  place(node: string, layer: AnyLayer, from: readonly Placed[], parts: Parts = {}): Placed {
    const shapes = from.map(({ shape }) => shape);
    const input = shapes.length === 1
      ? shapes[0]!
      : joinOf("join layers", parts.join ?? "concat").shape(shapes);
    const { shape } = layer.declare(input);
    const name = this.add(node, layer, from.map(({ layer }) => layer), parts);
    this.#shapes.set(name, shape);
    return { layer: name, shape };
  }

  /** What a softmax at the end takes, perhaps with its shape changed after it; else the end itself. */
  withoutSoftmax(end: Placed): Placed {
    const last = this.emitted.get(end.layer);
    if (last?.from.length !== 1) return end;
    if (last.layer.op === "softmax") return { ...end, layer: last.from[0]! };
    if (!["flatten", "reshape", "identity"].includes(last.layer.op)) return end;
    const before = this.emitted.get(last.from[0]!);
    if (before?.from.length !== 1 || before.layer.op !== "softmax") return end;
    // Without the axis that it is over, nobody could make the probabilities of the logits again.
    if (this.#shapes.get(before.name)!.at(-1) !== end.shape.at(-1)) return end;
    return { ...end, layer: this.add(last.node, last.layer, before.from) };
  }
}
