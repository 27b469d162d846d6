// Grad-CAM: which positions of a layer's maps speak for a class; guided Grad-CAM: which pixels there.
import { resize } from "../../image/resize.ts";
import type { Intercept, Network } from "../../layers/layer.ts";
import { layersOf, requireLayer } from "../../layers/layers_of.ts";
import { valueAndGrad } from "../../tensor/grad.ts";
import type { Scalar, Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Path, Tree } from "../../tensor/tree.ts";
import type { BackwardRule } from "../backward_rule.ts";
import { inputGradient, scoresOf } from "../input_gradient.ts";
import type { Objective } from "../objective.ts";
import {
  type Attribution,
  readAttribution,
  requireExplainable,
  type Target,
} from "./attribution.ts";
import { lastFeatureMaps } from "./last_feature_maps.ts";

/** Options of {@linkcode gradCam} and {@linkcode guidedGradCam}. */
export type GradCamOptions = {
  /** The layer, which outputs maps. Default: the last one with maps, before the pooling. */
  readonly layer?: Path;
  /**
   * The backward rule for ReLUs: down to the layer for {@linkcode gradCam}, `"backprop"` by
   * default; down to the image for {@linkcode guidedGradCam}, `"guided"` by default.
   */
  readonly rule?: BackwardRule;
};

/** What {@linkcode gradCam} and {@linkcode guidedGradCam} return. */
export type GradCam = Attribution & {
  /** The layer whose maps were used. */
  readonly layer: Path;
};

/**
 * Where in the image a class is seen: ReLU(Σ_k α_k A_k), with A_k the maps of a layer and α_k the
 * mean over the positions of ∂S/∂A_k, resized bilinearly to the image (Selvaraju, Cogswell, Das,
 * Vedantam, Parikh and Batra, "Grad-CAM", 2016).
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`
 * @param target the index of a class, for its logit, or an objective
 * @param options layer, backward rule
 * @returns one value per pixel, at least 0, `[N, H, W, 1]`, and the layer
 * @throws {RangeError} if the layer is not in the model, does not output maps or comes after the
 * target, or the target does not fit the model
 * @throws {TypeError} if the network does not take such inputs, or the rule is for ReLUs and the
 * model has none
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { gradCam } from "@neocog/neocog/explain";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const { shape } = await gradCam(network, tf.ones([1, 28, 28, 1]), 3, { layer: "conv2" });
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
  const layer = requireMapLayer(network, x, objective, options.layer);
  const { cam, scores } = tf.tidy(() => camOf(network, x, objective, layer, rule));
  const coarse = await readAttribution("Grad-CAM", objective, cam, scores);
  return { ...enlarged(coarse, x.shape[1]!, x.shape[2]!), layer };
}

/**
 * Which pixels speak for a class where Grad-CAM sees it: the guided gradient times the Grad-CAM map
 * (Selvaraju and others, 2016).
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`
 * @param target the index of a class, for its logit, or an objective
 * @param options layer, backward rule
 * @returns a value per input, positive and negative, `[N, H, W, C]`, and the layer
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
 * const network = init(chapterMnist(), key(0), [28, 28, 1]);
 * const { layer } = await guidedGradCam(network, tf.ones([1, 28, 28, 1]), 3);
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
  const { gradient, scores } = inputGradient(network, x, objective, { rule });
  const guided = await readAttribution("guided Grad-CAM", objective, gradient, scores);
  const channels = x.shape[3]!;
  const values = guided.values.map((value, i) => value * cam.values[Math.floor(i / channels)]!);
  return { ...guided, values, layer: cam.layer };
}

/** The layer, which must output maps and come before the objective. */
function requireMapLayer<P extends Tree, S extends Tree>(
  { model }: Network<P, S>,
  x: Tensor,
  { name, paths }: Objective,
  wanted?: Path,
): Path {
  const shape = x.shape.slice(1);
  const path = wanted ?? lastFeatureMaps(model, shape);
  const { shape: output } = requireLayer(model, shape, path);
  if (path === "" || output.length !== 3) {
    throw new RangeError(
      `Cannot compute Grad-CAM: its layer must be a named one that outputs [height, width, channels], got [${output}] of "${path}"`,
    );
  }
  const order = [...layersOf(model, shape).keys()];
  const isBefore = (later: Path): boolean =>
    path.startsWith(later === "" ? "" : `${later}/`) || order.indexOf(later) >= order.indexOf(path);
  if (paths.length === 0 || paths.some(isBefore)) return path;
  throw new RangeError(
    `Cannot compute Grad-CAM of ${name}: its layer must come before, got "${path}"`,
  );
}

/** The map in the layer's own size, `[N, h, w, 1]`. */
function camOf<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  objective: Objective,
  layer: Path,
  rule: BackwardRule,
): { readonly cam: Tensor; readonly scores: Tensor } {
  const { shape } = requireLayer(network.model, x.shape.slice(1), layer);
  // The gradient with respect to zeros that are added to the maps is that with respect to the maps.
  const gradientOf = valueAndGrad(({ shift }: { shift: Tensor }) => {
    let maps: Tensor | undefined;
    const around: Intercept = ({ path }, input, next) => {
      const y = next(input);
      if (path !== layer) return y;
      maps = y;
      return tf.add(y, shift);
    };
    const scores = scoresOf(network, x, objective, rule, around);
    if (!maps) {
      throw new RangeError(
        `Cannot compute Grad-CAM: its layer must also run outside training, got "${layer}"`,
      );
    }
    return [tf.sum(scores) as Scalar, { scores, maps }];
  });
  const { grads, aux } = gradientOf({ shift: tf.zeros([x.shape[0]!, ...shape]) });
  const weights = tf.mean(grads.shift, [1, 2], true); // [N, 1, 1, C]
  const cam = tf.relu(tf.sum(tf.mul(weights, aux.maps), -1, true));
  return { cam, scores: aux.scores };
}

/** Maps of one channel in another size, by bilinear interpolation between pixel centers. */
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
