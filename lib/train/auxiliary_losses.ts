// Losses of a model's auxiliary heads, which training adds to the loss of its output.
import type { AnyLayer, Child, Intercept } from "../layers/layer.ts";
import { auxiliaryWeights } from "../layers/auxiliary.ts";
import type { Loss } from "../losses/losses.ts";
import type { Scalar, Shape, Tensor } from "../tensor/tensor.ts";
import type { Path } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";

/** Weights of the losses of layers' outputs beside the model's own loss, by path. */
export type AuxiliaryLosses = { readonly [path: Path]: number };

/**
 * The losses that training adds: those given, or those that the model's auxiliary layers define.
 *
 * @param shape shape of one input, without the batch
 * @param losses the weights, by path. Default: those of the model
 * @throws {RangeError} if the model has no such path, or a weight is not finite and at least 0
 * @throws {TypeError} if a layer's output has another shape than the model's
 */
export function auxiliaryLossesOf(
  model: AnyLayer,
  shape: Shape,
  losses?: AuxiliaryLosses,
): AuxiliaryLosses {
  if (!losses) return auxiliaryWeights(model, shape);
  const declaration = model.declare(shape);
  for (const [path, weight] of Object.entries(losses)) {
    if (!(weight >= 0 && weight < Infinity)) {
      throw new RangeError(
        `Cannot add the loss of "${path}": its weight must be finite and at least 0, got ${weight}`,
      );
    }
    const found = childAt({ name: "", layer: model, inputShape: shape, declaration }, path);
    if (!found) throw unknownPath(path, Object.keys(auxiliaryWeights(model, shape)));
    if (`${found.declaration.shape}` !== `${declaration.shape}`) {
      throw new TypeError(
        `Cannot add the loss of "${path}": its output must have the shape of the model's, [${declaration.shape}], got [${found.declaration.shape}]`,
      );
    }
  }
  return losses;
}

/** The layer at a path. */
function childAt(root: Child, path: Path): Child | undefined {
  return path.split("/").reduce<Child | undefined>(
    (parent, part) => parent?.declaration.children?.find(({ name }) => name === part),
    root,
  );
}

function unknownPath(path: Path, heads: readonly Path[]): RangeError {
  const known = heads.length === 0
    ? "the model has no auxiliary heads, was it made with auxiliary: true?"
    : `its auxiliary heads are ${heads.map((head) => `"${head}"`).join(", ")}`;
  return new RangeError(
    `Cannot add the loss of a layer: its path must be in the model, got "${path}" (${known})`,
  );
}

/** Gathers the outputs of the layers whose losses are added. */
export type Exits = {
  /** Keeps the outputs of those layers. Absent if there are none, as it would prevent fused layers. */
  readonly intercept?: Intercept;
  /** The model's loss plus the weighted losses of the kept outputs. */
  add(loss: Loss, value: Scalar, labels: Tensor): Scalar;
};

/** Gathers the outputs of the layers whose losses are added, for one call of the model. */
export function watchExits(losses: AuxiliaryLosses): Exits {
  const outputs = new Map<Path, Tensor>();
  const intercept: Intercept = ({ path }, x, next) => {
    const y = next(x);
    if (Object.hasOwn(losses, path)) outputs.set(path, y);
    return y;
  };
  return {
    ...(Object.keys(losses).length > 0 ? { intercept } : {}),
    add: (loss, value, labels) =>
      Object.entries(losses).reduce<Scalar>((total, [path, weight]) => {
        const output = outputs.get(path);
        if (!output) {
          throw new TypeError(
            `Cannot add the loss of "${path}": the model must run it in training, got a model that did not`,
          );
        }
        return tf.add(total, tf.mul(loss(output, labels), weight));
      }, value),
  };
}
