// Which call of a model in a model a place means: Keras's versions count these calls differently.
import { isPlace, type KerasLayer, type KerasModel, type TensorPlace } from "./model.ts";

/**
 * A model whose places of calls of models in it count from 0, as the lists of their calls do.
 *
 * Such a model has a call of its own, of its own inputs, which files leave out. Keras 2 and
 * TensorFlow.js count it, so that the first call in a file has number 1; Keras 3 counts it for the
 * outputs of the outer model alone, and not in a Sequential one. A file's version does not tell: that
 * each call in it is taken by something does.
 */
export function withCallsFromZero(model: KerasModel): KerasModel {
  const starts = new Map(
    [...model.layers.values()].filter((layer) => layer.model).map((layer) => {
      const numbers = (places: readonly TensorPlace[]): number[] =>
        places.filter((place) => place.layer === layer.name).map(({ node }) => node);
      const inside = [...model.layers.values()].flatMap(({ nodes }) => nodes.flatMap(placesIn));
      return [layer.name, startsOf(layer, numbers(inside), numbers(model.outputs))];
    }),
  );
  const counted = (place: TensorPlace, by: "inside" | "outputs"): TensorPlace => ({
    ...place,
    node: place.node - (starts.get(place.layer)?.[by] ?? 0),
  });
  return {
    inputs: model.inputs,
    outputs: model.outputs.map((place) => counted(place, "outputs")),
    layers: new Map([...model.layers].map(([name, layer]) => [name, {
      ...layer,
      nodes: layer.nodes.map((node) =>
        node.map((one) => isPlace(one) ? counted(one, "inside") : one)
      ),
    }])),
  };
}

const placesIn = (node: KerasLayer["nodes"][number]): TensorPlace[] => node.filter(isPlace);

/** The numbers of first calls: for what takes their outputs in the model, and for its outputs. */
type Starts = { readonly inside: 0 | 1; readonly outputs: 0 | 1 };

function startsOf(
  { className, nodes }: KerasLayer,
  inside: readonly number[],
  outputs: readonly number[],
): Starts {
  const fromZero = { inside: 0, outputs: 0 } as const;
  const fromOne = { inside: 1, outputs: 1 } as const;
  const mixed = { inside: 0, outputs: 1 } as const;
  const ways: readonly Starts[] = className === "Sequential"
    ? [fromZero, fromOne]
    : [mixed, fromOne, fromZero];
  const all = `${[...nodes.keys()]}`;
  const isAll = (starts: Starts): boolean => {
    const taken = new Set([
      ...inside.map((node) => node - starts.inside),
      ...outputs.map((node) => node - starts.outputs),
    ]);
    return `${[...taken].sort((a, b) => a - b)}` === all;
  };
  // Of others it is said later that a call is not there.
  return ways.find(isAll) ?? fromZero;
}
