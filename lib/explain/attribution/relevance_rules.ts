// How layer-wise relevance propagation passes relevance back through each kind of layer.
//
// What goes back is relevance by activation, c = R / y: as a gradient, it is added where a tensor is
// used twice, and divided among what is added in proportion to it, so that sums and concatenations
// need no rule.
import { type Intercept, type Network, type Site, slotEntries } from "../../layers/layer.ts";
import type { Shape, Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Path, Tree } from "../../tensor/tree.ts";
import { applyPlaced, isInnermost, type PlacedLayer, placedLayers } from "../placed_layers.ts";
import { type Passage, rerouted } from "../rerouted.ts";
import { ADDITIVE, LINEAR, WEIGHTED } from "./kinds_of_layers.ts";

/** How a weighted sum shares its relevance among its inputs, see `layerwiseRelevance`. */
export type RelevanceRule = "epsilon" | "z-plus" | "alpha-beta";

/** The rules by name. */
export const RELEVANCE_RULES: readonly RelevanceRule[] = ["epsilon", "z-plus", "alpha-beta"];

/** The rules of layers, and their numbers. */
export type RelevanceSettings = {
  readonly ruleOf: (site: Site) => RelevanceRule;
  readonly epsilon: number;
  readonly alpha: number;
};

/** Layers whose gradient is their rule: of the largest number, and of norms, which are homogeneous. */
const BY_GRADIENT: ReadonlySet<string> = new Set(["maxPool", "normPool"]);

/** Those among the linear layers that have sums: others only move numbers. */
const SUMMING: ReadonlySet<string> = new Set([
  "adaptiveMeanPool",
  "batchNorm",
  "globalMeanPool",
  "meanPool",
  "subsample",
  "upsample",
]);

/** A join that multiplies: all relevance goes to what is multiplied, none to the factors. */
const GATED = "squeezeExcite";

/** Against 0 / 0 where the rule itself has nothing against it. */
const LEAST = 1e-9;

/** Whether a layer keeps each number's place, and learns nothing: it passes relevance on as it is. */
function keepsPlaces({ inputShape, declaration: { shape, params } }: PlacedLayer): boolean {
  return `${shape}` === `${inputShape}` && slotEntries(params).length === 0;
}

/**
 * Refuses a model with a layer that has no rule.
 *
 * @throws {TypeError} naming the layer
 */
export function requireRules(layers: ReadonlyMap<Path, PlacedLayer>): void {
  const refuse = (what: string, path: Path, op: string): never => {
    throw new TypeError(
      `Cannot propagate relevance: each ${what} must have a rule, got "${path}", a ${op} ${what}`,
    );
  };
  for (const [path, placed] of layers) {
    const { layer: { op }, declaration: { arrangement }, join } = placed;
    if (join && !ADDITIVE.has(join.name)) refuse("join", path, join.name);
    if (isInnermost(placed) && !hasRule(placed)) refuse("layer", path, op);
    if (arrangement === "branches" && !ADDITIVE.has(op) && op !== GATED) refuse("join", path, op);
  }
}

function hasRule(placed: PlacedLayer): boolean {
  const { op } = placed.layer;
  if (op === "softmax" || op === "logSoftmax") return false;
  return LINEAR.has(op) || BY_GRADIENT.has(op) || op === "prelu" || keepsPlaces(placed);
}

/** An intercept under which the gradient of a score, times the input, is relevance. */
export function relevance<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  shape: Shape,
  settings: RelevanceSettings,
): Intercept {
  const layers = placedLayers(network.model, shape);
  const gates = new Set(
    [...layers].filter(([, { layer }]) => layer.op === GATED)
      .map(([path]) => path === "" ? "gate" : `${path}/gate`),
  );
  return (site, x, next) => {
    const placed = layers.get(site.path);
    if (gates.has(site.path)) return withoutGradient(next(x));
    if (!placed || !isInnermost(placed)) return next(x);
    const { op } = site;
    if (WEIGHTED.has(op)) {
      const rule = settings.ruleOf(site);
      if (rule === "epsilon") return stabilized(next(x), settings.epsilon);
      const alpha = rule === "z-plus" ? 1 : settings.alpha;
      return divided(next(x), x, partsOf(network, placed), alpha);
    }
    if (SUMMING.has(op)) return stabilized(next(x), settings.epsilon);
    if (LINEAR.has(op) || BY_GRADIENT.has(op)) return next(x);
    const y = next(x);
    return rerouted(y, [{ to: x, factor: tf.div(y, awayFromZero(x, LEAST)) }]);
  };
}

/** x + ε sign(x), with a sign of 1 for 0. */
function awayFromZero(x: Tensor, epsilon: number): Tensor {
  return tf.add(x, tf.where(tf.less(x, 0), tf.fill(x.shape, -epsilon), tf.fill(x.shape, epsilon)));
}

/** The ε rule: R_j = Σ_k x_j w_jk / (z_k + ε sign z_k) R_k. */
function stabilized(z: Tensor, epsilon: number): Tensor {
  return rerouted(z, [{ to: z, factor: tf.div(z, awayFromZero(z, epsilon)) }]);
}

/** A layer with other weights: those above 0 or below, and the biases of the same sign or none. */
type Part = (x: Tensor, sign: 1 | -1, isBiased: boolean) => Tensor;

function partsOf<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  placed: PlacedLayer,
): Part {
  return (x, sign, isBiased) => {
    const signed = (weights: Tensor): Tensor => tf.mul(tf.relu(tf.mul(weights, sign)), sign);
    return applyPlaced(network, placed, x, (own) => {
      const { kernel, bias } = own as { readonly kernel: Tensor; readonly bias?: Tensor };
      const biased = bias && { bias: isBiased ? signed(bias) : tf.zerosLike(bias) };
      return { kernel: signed(kernel), ...biased };
    });
  };
}

/** The same numbers, through which nothing goes back. */
function withoutGradient(y: Tensor): Tensor {
  return rerouted(y, [{ to: y, factor: tf.zerosLike(y) }]);
}

/**
 * The αβ rule: R_j = Σ_k (α (x_j w_jk)⁺ / z⁺_k − β (x_j w_jk)⁻ / z⁻_k) R_k with β = α − 1, biases
 * among the terms; without β it is the z⁺ rule.
 */
function divided(z: Tensor, x: Tensor, part: Part, alpha: number): Tensor {
  const [above, below] = [tf.relu(x), tf.neg(tf.relu(tf.neg(x)))];
  const sums = (sign: 1 | -1): Tensor =>
    tf.add(part(above, sign, true), part(below, -sign as 1 | -1, false));
  const passage = (sign: 1 | -1, share: number): Passage => {
    const to = sums(sign);
    return { to, factor: tf.mul(tf.div(z, awayFromZero(to, LEAST)), share) };
  };
  return rerouted(z, [passage(1, alpha), ...(alpha === 1 ? [] : [passage(-1, 1 - alpha)])]);
}
