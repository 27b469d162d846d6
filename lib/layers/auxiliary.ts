// A classifier beside a network's main path, for training alone.
import type { Shape } from "../tensor/tensor.ts";
import type { Path } from "../tensor/tree.ts";
import { requireRange } from "../text/require.ts";
import { defineLayer, requireLayerOptions } from "./define_layer.ts";
import { enter } from "./enter.ts";
import type { AnyLayer, Child, Layer, ParamsOf, StateOf } from "./layer.ts";
import { declareChild, gather } from "./sequential.ts";

/** Options of {@linkcode auxiliary}. */
export type AuxiliaryOptions = {
  /** Weight of the head's loss beside the model's own, unless training options say otherwise. Default: 0.3. */
  readonly weight?: number;
};

/** A layer with the weight of its head's loss. */
export type AuxiliaryLayer<H extends Layer = Layer> =
  & Layer<ParamsOf<{ head: H }>, StateOf<{ head: H }>>
  & { readonly weight: number };

/**
 * A side exit (Szegedy et al., "Going deeper with convolutions", 2014, §5): its
 * output is its input. In training the child `head` takes the input too, so that an
 * `intercept` finds the head's output at the path `…/head`; `fit` and
 * {@linkcode trainStep} add its loss. In inference the head does not run.
 *
 * @param head the classifier, `[N, …shape] → logits [N, classes]`
 * @param options the weight of its loss
 * @returns the layer, `[N, …shape] → [N, …shape]`
 * @throws {RangeError} if the weight is not finite and at least 0
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { auxiliary, countParameters, dense } from "@neocog/neocog";
 *
 * const { shape, params } = auxiliary(dense({ features: 10 })).declare([4]);
 * assertEquals([shape, countParameters(params)], [[4], 50]);
 * ```
 */
export function auxiliary<H extends Layer>(
  head: H,
  options: AuxiliaryOptions = {},
): AuxiliaryLayer<H> {
  requireLayerOptions("auxiliary", options, { weight: true });
  const { weight = 0.3 } = options;
  requireRange(
    "make an auxiliary layer",
    "its weight must be finite and at least 0",
    weight >= 0 && weight < Infinity,
    weight,
  );
  const layer = defineLayer<ParamsOf<{ head: H }>, StateOf<{ head: H }>>({
    op: "auxiliary",
    declare(shape) {
      const declaration = declareChild("head", head, shape);
      const child = { name: "head", layer: head, inputShape: shape, declaration };
      return { ...gather(shape, [child]), arrangement: "aside" };
    },
    apply(params, state, x, context) {
      if (!context.training) return [x, state];
      const [, next] = enter("head", head, params, state, x, context);
      return [x, { head: next } as typeof state];
    },
    operations: ({ x }) => x,
  });
  return { ...layer, weight };
}

/**
 * The heads of a model's auxiliary layers.
 *
 * @param model the model
 * @param shape shape of one input, without the batch
 * @returns the weight of each head's loss, by the head's path, in the order they run
 * @throws {TypeError | RangeError} if the model cannot take such inputs
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { googlenet } from "@neocog/neocog";
 * import { auxiliaryWeights } from "./auxiliary.ts";
 *
 * assertEquals(
 *   auxiliaryWeights(googlenet({ auxiliary: true }), [224, 224, 3]),
 *   { "aux1/head": 0.3, "aux2/head": 0.3 },
 * );
 * ```
 */
export function auxiliaryWeights(model: AnyLayer, shape: Shape): Record<Path, number> {
  const root: Child = {
    name: "",
    layer: model,
    inputShape: shape,
    declaration: model.declare(shape),
  };
  return Object.fromEntries(headsBelow(root, ""));
}

function headsBelow({ layer, declaration }: Child, path: Path): [Path, number][] {
  return (declaration.children ?? []).flatMap((child): [Path, number][] => {
    const place = path === "" ? child.name : `${path}/${child.name}`;
    const below = headsBelow(child, place);
    return isAuxiliary(layer) ? [[place, layer.weight], ...below] : below;
  });
}

function isAuxiliary(layer: AnyLayer): layer is AuxiliaryLayer {
  return layer.op === "auxiliary" && "weight" in layer;
}
