// Grad-CAM: which places of a layer's maps speak for a class, and guided Grad-CAM, which pixels there.
import { resize } from "../../image/resize.ts";
import type { Intercept } from "../../layers/layer.ts";
import { valueAndGrad } from "../../tensor/grad.ts";
import type { Scalar, Tensor } from "../../tensor/tensor.ts";
import type { Path, Tree } from "../../tensor/tree.ts";
import { tf } from "../../tensor/tf.ts";
import { type Attribution, attributionOf, requireExplainable, type Target } from "./attribution.ts";
import type { BackwardRule } from "../backward_rule.ts";
import { gradientOf, scoresOf } from "./gradients.ts";
import { lastMaps } from "./last_maps.ts";
import type { Network } from "../../layers/layer.ts";
import { layersOf, requireLayer } from "../../layers/layers_of.ts";
import type { Objective } from "../objective.ts";

/** Options of {@linkcode gradCam} and {@linkcode guidedGradCam}. */
export type GradCamOptions = {
  /** The layer whose maps are looked at. Default: the last one with maps, before the pooling. */
  readonly layer?: Path;
  /**
   * The way back through ReLUs: to the layer for {@linkcode gradCam}, `"backprop"` by default;
   * to the image for {@linkcode guidedGradCam}, `"guided"` by default.
   */
  readonly rule?: BackwardRule;
};

/** What {@linkcode gradCam} and {@linkcode guidedGradCam} answer. */
export type GradCam = Attribution & {
  /** The layer whose maps were looked at. */
  readonly layer: Path;
};

/**
 * Where in the image a class is seen: ReLU(Σ_k α_k A_k), with A_k a layer's maps and α_k the mean
 * over the places of ∂S/∂A_k, brought to the image's size bilinearly (Selvaraju, Cogswell, Das,
 * Vedantam, Parikh and Batra, "Grad-CAM", 2016).
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`, in its own units
 * @param target a class's index, for the class's logit, or an objective
 * @param options layer, rule
 * @returns one number a pixel, from 0, `[N, H, W, 1]`, and the layer
 * @throws {RangeError} where the layer is not in the model, answers no maps or comes after the
 * target, or the target does not fit the model
 * @throws {TypeError} where `x` is not what the network was made for, or the rule is about ReLUs
 * and the model has none
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { gradCam } from "@neocog/neocog/explain";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const model = lenet5();
 * const { params, state } = init(model, key(0), [28, 28, 1]);
 * const x = tf.ones([1, 28, 28, 1]);
 * const { shape } = await gradCam({ model, params, state }, x, 3, { layer: "conv2" });
 * assertEquals(shape, [1, 28, 28, 1]);
 * ```
 */
export async function gradCam<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  options: GradCamOptions = {},
): Promise<GradCam> {
  const { rule = "backprop" } = options;
  const objective = requireExplainable(network, x, target, rule);
  const layer = requireMaps(network, x, objective, options.layer);
  const { cam, scores } = tf.tidy(() => camOf(network, objective, x, layer, rule));
  const coarse = await attributionOf("Grad-CAM", objective, cam, scores);
  return { ...enlarged(coarse, x.shape[1]!, x.shape[2]!), layer };
}

/**
 * Which pixels speak for a class, where Grad-CAM sees it: the guided gradient times the map
 * (Selvaraju and others, 2016).
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`, in its own units
 * @param target a class's index, for the class's logit, or an objective
 * @param options layer, rule
 * @returns a number for each of the image's, for and against, `[N, H, W, C]`, and the layer
 * @throws {RangeError} as {@linkcode gradCam}
 * @throws {TypeError} as {@linkcode gradCam}; by default a model without ReLUs is refused
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { chapterMnist, init, key, start, tf } from "@neocog/neocog";
 * import { guidedGradCam } from "@neocog/neocog/explain";
 *
 * await start({ backend: "cpu" });
 * const model = chapterMnist();
 * const { params, state } = init(model, key(0), [28, 28, 1]);
 * const { layer } = await guidedGradCam({ model, params, state }, tf.ones([1, 28, 28, 1]), 3);
 * assertEquals(layer, "relu2");
 * ```
 */
export async function guidedGradCam<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  target: Target,
  options: GradCamOptions = {},
): Promise<GradCam> {
  const { rule = "guided", ...where } = options;
  const objective = requireExplainable(network, x, target, rule);
  const cam = await gradCam(network, x, objective, where);
  const { gradient, scores } = gradientOf(network, objective, x, rule);
  const guided = await attributionOf("guided Grad-CAM", objective, gradient, scores);
  const channels = x.shape[3]!;
  const values = guided.values.map((value, i) => value * cam.values[Math.floor(i / channels)]!);
  return { ...guided, values, layer: cam.layer };
}

/** The layer that is looked at, which must answer maps on the way to the objective. */
function requireMaps<P extends Tree, S extends Tree>(
  { model }: Network<P, S>,
  x: Tensor,
  { name, paths }: Objective,
  wanted?: Path,
): Path {
  const shape = x.shape.slice(1);
  const path = wanted ?? lastMaps(model, shape);
  const { shape: output } = requireLayer(model, shape, path);
  if (path === "" || output.length !== 3) {
    throw new RangeError(
      `Cannot make Grad-CAM's map: its layer must be a named one that answers [height, width, channels], got [${output}] of "${path}"`,
    );
  }
  const order = [...layersOf(model, shape).keys()];
  const isOnTheWay = (later: Path): boolean =>
    path.startsWith(later === "" ? "" : `${later}/`) || order.indexOf(later) >= order.indexOf(path);
  if (paths.length === 0 || paths.some(isOnTheWay)) return path;
  throw new RangeError(
    `Cannot make Grad-CAM's map of ${name}: its layer must come before, got "${path}"`,
  );
}

/** The map in the layer's own size, `[N, h, w, 1]`. */
function camOf<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  objective: Objective,
  x: Tensor,
  layer: Path,
  rule: BackwardRule,
): { readonly cam: Tensor; readonly scores: Tensor } {
  const { shape } = requireLayer(network.model, x.shape.slice(1), layer);
  // The gradient by zeros that are added to the maps is the gradient by the maps.
  const climb = valueAndGrad(({ shift }: { shift: Tensor }) => {
    let maps: Tensor | undefined;
    const around: Intercept = ({ path }, input, next) => {
      const y = next(input);
      if (path !== layer) return y;
      maps = y;
      return tf.add(y, shift);
    };
    const scores = scoresOf(network, objective, x, rule, around);
    if (!maps) throw notRun(layer);
    return [tf.sum(scores) as Scalar, { scores, maps }];
  });
  const { grads, aux } = climb({ shift: tf.zeros([x.shape[0]!, ...shape]) });
  const weights = tf.mean(grads.shift, [1, 2], true); // [N, 1, 1, C]
  const cam = tf.relu(tf.sum(tf.mul(weights, aux.maps), -1, true));
  return { cam, scores: aux.scores };
}

function notRun(layer: Path): RangeError {
  return new RangeError(
    `Cannot make Grad-CAM's map: its layer must be one that runs outside of training, got "${layer}"`,
  );
}

/** Maps of one channel in another size, by bilinear interpolation between the pixels' middles. */
function enlarged(coarse: Attribution, height: number, width: number): Attribution {
  const [count, h, w] = coarse.shape;
  const values = new Float32Array(count * height * width);
  for (let i = 0; i < count; i++) {
    const pixels = coarse.values.slice(i * h * w, (i + 1) * h * w);
    const fine = resize({ width: w, height: h, channels: 1, pixels }, width, height);
    values.set(fine.pixels, i * height * width);
  }
  return { ...coarse, shape: [count, height, width, 1], values };
}
