// How DeepLIFT passes differences from a baseline back through each kind of layer.
import type { Intercept, Network } from "../../layers/layer.ts";
import type { Shape, Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { applyPlaced, isInnermost, placedLayers } from "../placed_layers.ts";
import { rerouted } from "../rerouted.ts";
import { ADDITIVE, ELEMENTWISE, LINEAR } from "./kinds_of_layers.ts";
import { quadrature } from "./quadrature.ts";

/** Calls a layer. */
type Call = (x: Tensor) => Tensor;

/** Differences below it are none, as in SHAP. */
const LEAST = 1e-6;

/** Points at which a layer of an unknown kind is differentiated. */
const POINTS = quadrature("gauss-legendre", 8);

/**
 * An intercept under which gradients follow the rescale rule. The batch is of images, and as many
 * baselines after them; gradients are right for the images alone.
 *
 * @param shape shape of one input, without the batch
 */
export function rescaled<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  shape: Shape,
): Intercept {
  const layers = placedLayers(network.model, shape);
  return ({ path, op }, x, next) => {
    const placed = layers.get(path);
    if (!placed || LINEAR.has(op)) return next(x);
    if (!isInnermost(placed)) {
      // Branches that are multiplied, as in squeeze-and-excitation, are one layer of no known kind.
      const isWhole = placed.declaration.arrangement !== "branches" || ADDITIVE.has(op);
      return isWhole ? next(x) : meanSlope(x, (input) => applyPlaced(network, placed, input));
    }
    if (op === "maxPool") return largest(x, next);
    return ELEMENTWISE.has(op) ? secant(x, next) : meanSlope(x, next);
  };
}

/** Images and baselines. */
function halves(x: Tensor): [Tensor, Tensor] {
  const [of, from] = tf.split(x, 2);
  return [of!, from!];
}

/** The image's part of a batch, and zeros. */
function first(x: Tensor): Tensor {
  return tf.concat([x, tf.zerosLike(x)]);
}

function difference(x: Tensor): Tensor {
  const [of, from] = halves(x);
  return tf.sub(of, from);
}

/** 1 / Δ, and 0 where there is no difference. */
function inverse(change: Tensor): Tensor {
  const isSome = tf.greaterEqual(tf.abs(change), LEAST);
  return tf.where(
    isSome,
    tf.div(1, tf.where(isSome, change, tf.onesLike(change))),
    tf.zerosLike(change),
  );
}

/** Of each number: Δy / Δx, and the layer's own slope where nothing differs. */
function secant(x: Tensor, next: Call): Tensor {
  const y = next(x);
  const by = inverse(difference(x));
  const none = tf.cast(tf.equal(by, 0), "float32");
  return rerouted(y, [
    { to: x, factor: first(tf.mul(difference(y), by)) },
    { to: y, factor: first(none) },
  ]);
}

/**
 * Of max pooling: what the image has more than the baseline goes to the image's largest number, what
 * it has less to the place of the baseline's, each in relation to the difference there.
 */
function largest(x: Tensor, next: Call): Tensor {
  const y = next(x);
  const [, from] = halves(x);
  const by = first(inverse(difference(x)));
  const change = difference(y);
  const ofImage = next(rerouted(x, [{ to: x, factor: by }]));
  // The baseline's numbers in the image's place.
  const ofBaseline = next(rerouted(tf.concat([from, from]), [{ to: x, factor: by }]));
  return rerouted(y, [
    { to: ofImage, factor: first(tf.relu(change)) },
    { to: ofBaseline, factor: first(tf.neg(tf.relu(tf.neg(change)))) },
  ]);
}

/** Of any layer: its mean slope on the straight way from the baseline's input to the image's. */
function meanSlope(x: Tensor, next: Call): Tensor {
  const y = next(x);
  const [of, from] = halves(x);
  const ones = first(tf.onesLike(of));
  return rerouted(
    y,
    POINTS.map(({ at, weight }) => {
      const there = tf.add(tf.mul(of, at), tf.mul(from, 1 - at));
      const to = next(rerouted(tf.concat([there, from]), [{ to: x, factor: ones }]));
      return { to, factor: tf.fill(y.shape, weight) };
    }),
  );
}
