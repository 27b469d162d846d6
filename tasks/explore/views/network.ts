// What a page is told first: the network's picture, its layers, its classes, and what there is to see.
import { BACKWARD_RULES } from "../../../lib/explain/backward_rule.ts";
import { type ColorMap, diverging, viridis } from "../../../lib/image/mod.ts";
import { blockDrawing, type LayerSize, sizeOfModel } from "../../../lib/sizing/mod.ts";
import { layersOf } from "../../../mod.ts";
import { featureLayer } from "../../pictures/examples.ts";
import { mapLayers } from "../../pictures/opened_network.ts";
import { METHODS } from "../../generate/adversarial_methods.ts";
import type { Said } from "../../web/message.ts";
import type { Subject } from "../subject.ts";
import { classCount } from "./classes.ts";
import { EXPLANATIONS } from "./why.ts";

/** A layer of the list: one made of layers has no sizes of its own. */
type ListedLayer = {
  readonly path: string;
  readonly op: string;
  readonly shape: readonly number[];
  readonly size?: Omit<LayerSize, "path" | "op" | "outputShape">;
};

/** The 256 colors of a map, as bytes. */
function colorTable(colors: ColorMap): number[][] {
  return Array.from({ length: 256 }, (_, i) => colors(i / 255).map((one) => Math.round(255 * one)));
}

/** The network as a picture, and all names that requests may use. */
export function networkOf(subject: Subject): Said {
  const { opened, data, first, network: { device } } = subject;
  const { name, model, inputShape, classNames } = opened;
  const size = sizeOfModel(model, inputShape);
  const sizes = new Map(
    size.layers.map(({ path, op: _, outputShape: _shape, ...own }) => [path, own]),
  );
  const layers = [...layersOf(model, inputShape)].filter(([path]) => path !== "")
    .map(([path, { op, shape }]): ListedLayer => {
      const own = sizes.get(path);
      return { path, op, shape, ...(own ? { size: own } : {}) };
    });
  const hasRelu = layers.some(({ op }) => op === "relu");
  const maps = mapLayers(opened);
  return {
    name,
    weights: opened.file.file,
    inputShape,
    classNames: Array.from({ length: classCount(subject) }, (_, i) => classNames[i] ?? `${i}`),
    parameters: size.parameters,
    flops: size.flops,
    depth: size.depth,
    svg: blockDrawing(model, inputShape, { title: name }),
    layers,
    mapLayers: maps,
    usual: {
      dream: maps[Math.floor(0.8 * (maps.length - 1))] ?? null,
      features: featureLayer(opened),
    },
    rules: hasRelu ? BACKWARD_RULES : ["backprop"],
    colors: { viridis: colorTable(viridis), diverging: colorTable(diverging) },
    explanations: Object.entries(EXPLANATIONS).map(([id, { title, isLong }]) => ({
      id,
      title,
      isLong,
    })),
    attacks: METHODS,
    device: device.adapter ?? device.backend,
    software: device.software,
    first: first ?? null,
    data: data
      ? {
        name: data.name,
        count: data.examples.labels.length,
        classNames: data.examples.classNames,
      }
      : null,
  };
}
