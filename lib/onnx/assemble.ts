// The layers of an ONNX file as one network.
import { identity } from "../layers/activation.ts";
import { graph, type GraphNode } from "../layers/graph.ts";
import { fillSlots, type Layer, type Network } from "../layers/layer.ts";
import { sequential } from "../layers/sequential.ts";
import type { Shape } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { type Builder, type Emitted, lastAxes, plainAxes } from "./builder.ts";
import type { Value } from "./call.ts";

/** A network of an ONNX file. */
export type OnnxNetwork = {
  readonly model: Layer;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** Puts its parameters on the device. */
  load(): Network & { readonly inputShape: Shape };
};

/** A network with its last layer that has weights. */
export type Built = OnnxNetwork & { readonly head?: Emitted };

/** The order of an input's or output's axes: of images the channels last. */
export function axesOf(dims: readonly number[]): number[] {
  return dims.length === 3 ? lastAxes(dims) : plainAxes(dims);
}

/** The output as our networks have it: logits of one axis, images with channels last. */
export function endOf(builder: Builder, value: Value): Value {
  const { dims } = value;
  const isVector = dims.length === 3 && dims[1] === 1 && dims[2] === 1;
  const end = isVector ? builder.reshape("output", value, [dims[0]!]) : value;
  return builder.arrange("output", end, axesOf(end.dims));
}

/** The layers that the output needs as one. */
export function assemble(builder: Builder, end: Value, inputShape: Shape): Built {
  if (end.layer === "input") {
    end = builder.emit("identity", identity(), [end], { dims: end.dims, axes: end.axes });
  }
  const all = needed(builder.emitted, end.layer);
  const isChain = all.every(({ from }, i) =>
    from.length === 1 && from[0] === (all[i - 1]?.name ?? "input")
  );
  const model =
    (isChain ? sequential(Object.fromEntries(all.map(({ name, layer }) => [name, layer]))) : graph(
      Object.fromEntries(all.map(({ name, layer, from, join }): [string, GraphNode] => [name, {
        layer,
        from: from.length === 1 ? from[0]! : from,
        ...(join ? { join } : {}),
      }])),
      { outputs: end.layer },
    )) as unknown as Layer;
  const declaration = model.declare(inputShape);
  const layers = new Map(all.map((one) => [one.name, one]));
  const load = (): ReturnType<OnnxNetwork["load"]> => {
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
