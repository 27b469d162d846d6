// What a layer's maps count in a class activation map, by method.
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";

/** A method of weighting a layer's maps: see {@linkcode gradCam}. */
export type CamMethod =
  | "grad-cam"
  | "grad-cam++"
  | "hires-cam"
  | "layer-cam"
  | "score-cam"
  | "xgrad-cam";

/** The methods that weight maps by gradients. */
export type GradientCamMethod = Exclude<CamMethod, "score-cam">;

/** The methods by name, as results and captions call them. */
export const CAM_NAMES: Readonly<Record<CamMethod, string>> = {
  "grad-cam": "Grad-CAM",
  "grad-cam++": "Grad-CAM++",
  "hires-cam": "HiRes-CAM",
  "layer-cam": "Layer-CAM",
  "score-cam": "Score-CAM",
  "xgrad-cam": "XGrad-CAM",
};

/** Of maps A and slopes ∂S/∂A, both `[N, h, w, C]`: the factors of A, `[N, h or 1, w or 1, C]`. */
type Weighting = (maps: Tensor, slopes: Tensor) => Tensor;

const sumOver = (x: Tensor): Tensor => tf.sum(x, [1, 2], true); // [N, 1, 1, C]

const WEIGHTINGS: Readonly<Record<GradientCamMethod, Weighting>> = {
  "grad-cam": (_maps, slopes) => tf.mean(slopes, [1, 2], true),
  "grad-cam++": (maps, slopes) => {
    const above = tf.relu(slopes);
    // G² / (2 G² + G³ Σ A), without powers that float32 cannot hold.
    const shares = tf.div(1, tf.add(tf.mul(above, sumOver(maps)), 2));
    return sumOver(tf.mul(above, shares));
  },
  "hires-cam": (_maps, slopes) => slopes,
  "layer-cam": (_maps, slopes) => tf.relu(slopes),
  "xgrad-cam": (maps, slopes) => tf.div(sumOver(tf.mul(slopes, maps)), tf.add(sumOver(maps), 1e-7)), // As in pytorch-grad-cam.
};

/** What each number of the maps counts by a method, `[N, h or 1, w or 1, C]`. */
export function camWeights(method: GradientCamMethod, maps: Tensor, slopes: Tensor): Tensor {
  return WEIGHTINGS[method](maps, slopes);
}

/**
 * The map of weighted maps, ReLU(Σ_k w_k A_k), `[N, h, w, 1]`.
 *
 * @param maps `[N, h, w, C]`
 * @param weights `[N, h or 1, w or 1, C]`
 */
export function weightedMap(maps: Tensor, weights: Tensor): Tensor {
  return tf.relu(tf.sum(tf.mul(weights, maps), -1, true));
}
