// The layers of another program's file as one network.
import { identity } from "../layers/activation.ts";
import { graph, type GraphNode } from "../layers/graph.ts";
import { fillSlots, type Layer, type Network } from "../layers/layer.ts";
import { sequential } from "../layers/sequential.ts";
import type { Shape } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Emitted, Emitter } from "./emitter.ts";

/** A network of a file that has its model. */
export type ImportedNetwork = {
  readonly model: Layer;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** Puts its parameters on the device. */
  load(): Network & { readonly inputShape: Shape };
};

/** A network with its last layer that has weights. */
export type Built = ImportedNetwork & { readonly head?: Emitted };

/** The layers that the output needs as one. */
export function assemble(emitter: Emitter, end: string, inputShape: Shape): Built {
  if (end === "input") end = emitter.add("identity", identity(), [end]);
  const all = needed(emitter.emitted, end);
  // A layer that is called twice has one set of parameters in a graph alone.
  const isChain = new Set(all.map(({ layer }) => layer)).size === all.length &&
    all.every(({ from }, i) => from.length === 1 && from[0] === (all[i - 1]?.name ?? "input"));
  const model =
    (isChain ? sequential(Object.fromEntries(all.map(({ name, layer }) => [name, layer]))) : graph(
      Object.fromEntries(all.map(({ name, layer, from, join }): [string, GraphNode] => [name, {
        layer,
        from: from.length === 1 ? from[0]! : from,
        ...(join ? { join } : {}),
      }])),
      { outputs: end },
    )) as unknown as Layer;
  const declaration = model.declare(inputShape);
  const layers = new Map(all.map((one) => [one.name, one]));
  const load = (): ReturnType<ImportedNetwork["load"]> => {
    const part = (which: "params" | "state") =>
      fillSlots(declaration[which], ({ shape }, path) => {
        const [name, leaf] = path.split("/") as [string, string];
        const numbers = layers.get(name)![which][leaf]!();
        const own = numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
        return tf.tensor(own, [...shape], "float32");
      });
    return { model, inputShape, params: part("params"), state: part("state") };
  };
  const head = all.findLast(({ params }) => Object.keys(params).length > 0);
  return { model, inputShape, outputShape: declaration.shape, load, ...(head ? { head } : {}) };
}

function needed(emitted: ReadonlyMap<string, Emitted>, end: string): Emitted[] {
  const names = new Set([end]);
  // Each layer comes after what it takes.
  for (const { name, from } of [...emitted.values()].reverse()) {
    if (names.has(name)) from.forEach((source) => names.add(source));
  }
  return [...emitted.values()].filter(({ name }) => names.has(name));
}
