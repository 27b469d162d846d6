// Losses of a model's side exits, which training adds to that of its output.
import type { AnyLayer, Child, Intercept } from "../layers/layer.ts";
import { auxiliaryWeights } from "../layers/auxiliary.ts";
import type { Loss } from "../losses/losses.ts";
import type { Scalar, Shape, Tensor } from "../tensor/tensor.ts";
import type { Path } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";

/** What the loss of each named layer's output counts beside the model's own, by the layer's path. */
export type AuxiliaryLosses = { readonly [path: Path]: number };

/**
 * The losses that a training of a model adds: those asked for, or the weights that
 * its auxiliary layers were made with.
 *
 * @param model the model
 * @param shape shape of one input, without the batch
 * @param losses what was asked for, by path
 * @returns weights by path
 * @throws {RangeError} where a path is none of the model's, or a weight not finite and at least 0
 * @throws {TypeError} where a layer's output is not of the shape of the model's
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
        `Cannot add the loss of "${path}": its output must be of the shape of the model's, [${declaration.shape}], got [${found.declaration.shape}]`,
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

/** What gathers the outputs of the layers whose losses are added. */
export type Exits = {
  /** Keeps what those layers answer. Absent where there are none: layers are fused where nobody looks. */
  readonly intercept?: Intercept;
  /** The model's loss and the weighted losses of what was kept. */
  add(loss: Loss, value: Scalar, labels: Tensor): Scalar;
};

/**
 * Watches the layers whose losses are added, for one call of the model.
 *
 * @param losses weights by path
 */
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
