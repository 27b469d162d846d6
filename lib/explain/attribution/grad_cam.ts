// Grad-CAM and its kin: which positions of a layer's maps speak for a class.
import { resize } from "../../image/resize.ts";
import type { Intercept, Network } from "../../layers/layer.ts";
import { layersOf, requireLayer } from "../../layers/layers_of.ts";
import { valueAndGrad } from "../../tensor/grad.ts";
import type { Scalar, Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Path, Tree } from "../../tensor/tree.ts";
import { requireOneOf, requireOptions, requireRange, requireWhole } from "../../text/require.ts";
import type { BackwardRule } from "../backward_rule.ts";
import { PROGRESS_OPTIONS, type ProgressOptions } from "../for_each_batch.ts";
import { scoresOf } from "../input_gradient.ts";
import type { Objective } from "../objective.ts";
import {
  type Attribution,
  readAttribution,
  requireExplainable,
  type Target,
} from "./attribution.ts";
import {
  CAM_NAMES,
  type CamMethod,
  camWeights,
  type GradientCamMethod,
  weightedMap,
} from "./cam_weights.ts";
import { lastFeatureMaps } from "./last_feature_maps.ts";
import { scoreCam } from "./score_cam.ts";

/**
 * Options of {@linkcode gradCam} and of `guidedGradCam`. Progress, signal and jit are about
 * `"score-cam"`, the one method of many steps.
 */
export type GradCamOptions = ProgressOptions & {
  /** The layer, which outputs maps. Default: the last one with maps, before the pooling. */
  readonly layer?: Path;
  /**
   * The backward rule for ReLUs: down to the layer for {@linkcode gradCam}, `"backprop"` by
   * default; down to the image for `guidedGradCam`, `"guided"` by default.
   */
  readonly rule?: BackwardRule;
  /** What the maps count. Default: `"grad-cam"`. */
  readonly method?: CamMethod;
  /** How many masked images at a time by `"score-cam"`, from 1. Default: 8. */
  readonly batchSize?: number;
};

/** What {@linkcode gradCam} and `guidedGradCam` return. */
export type GradCam = Attribution & {
  /** The layer whose maps were used. */
  readonly layer: Path;
};

/** The names of {@linkcode GradCamOptions}. */
export const GRAD_CAM_OPTIONS: Readonly<Record<keyof GradCamOptions, true>> = {
  ...PROGRESS_OPTIONS,
  layer: true,
  rule: true,
  method: true,
  batchSize: true,
};

/**
 * Where in the image a class is seen: ReLU(Σ_k w_k A_k), with A_k the maps of a layer, resized
 * bilinearly to the image. With G_k = ∂S/∂A_k the weights are, by `method`:
 *
 * - `"grad-cam"`: the mean of G_k over the positions (Selvaraju, Cogswell, Das, Vedantam, Parikh and
 *   Batra, 2016)
 * - `"grad-cam++"`: Σ ReLU(G_k) · G_k² / (2 G_k² + G_k³ Σ A_k), which counts several objects of a
 *   class (Chattopadhyay, Sarkar, Howlader and Balasubramanian, 2017)
 * - `"hires-cam"`: G_k at each position by itself: exact if one dense layer follows (Draelos and
 *   Carin, 2020)
 * - `"layer-cam"`: ReLU(G_k) at each position, also good for early layers (Jiang, Zhang, Hou, Cheng
 *   and Wei, 2021)
 * - `"xgrad-cam"`: the mean of G_k weighted by A_k (Fu, Hu, Dong, Guo, Gao and Li, 2020)
 * - `"score-cam"`: the softmax of the scores of the image times each map, enlarged and scaled to 0
 *   to 1, without a gradient; one pass per map (Wang, Wang, Du, Yang, Zhang, Ding, Mardziel and Hu,
 *   2019)
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`
 * @param target the index of a class, for its logit, or an objective
 * @param options layer, method, backward rule; of Score-CAM batch size, progress, signal, jit
 * @returns one value per pixel, at least 0, `[N, H, W, 1]`, and the layer
 * @throws {RangeError} if the layer is not in the model, does not output maps or comes after the
 * target, the target does not fit the model, or there is no such method
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
  requireOptions("compute Grad-CAM", options, GRAD_CAM_OPTIONS);
  const { rule = "backprop", method = "grad-cam", batchSize = 8 } = options;
  const action = "compute a class activation map";
  requireOneOf(action, "its method", Object.keys(CAM_NAMES), method);
  requireWhole(action, "the batch size", batchSize);
  const isPlain = method !== "score-cam" || rule === "backprop";
  requireRange(
    action,
    "the rule of score-cam, which has no gradient, must be backprop",
    isPlain,
    rule,
  );
  const objective = requireExplainable(network, x, target, rule);
  const layer = requireMapLayer(network, x, objective, options.layer);
  const { cam, scores } = method === "score-cam"
    ? await scoreCam(network, x, objective, layer, { ...options, batchSize })
    : tf.tidy(() => camOf(network, x, objective, layer, method, rule));
  const coarse = await readAttribution(CAM_NAMES[method], objective, cam, scores);
  return { ...enlarged(coarse, x.shape[1]!, x.shape[2]!), layer };
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
  method: GradientCamMethod,
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
  const weights = camWeights(method, aux.maps, grads.shift);
  return { cam: weightedMap(aux.maps, weights), scores: aux.scores };
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
