// Guided Grad-CAM: which pixels speak for a class where Grad-CAM sees it.
import type { Network } from "../../layers/layer.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tensor/tree.ts";
import { requireOptions } from "../../text/require.ts";
import { inputGradient } from "../input_gradient.ts";
import { readAttribution, requireExplainable, type Target } from "./attribution.ts";
import { CAM_NAMES } from "./cam_weights.ts";
import { GRAD_CAM_OPTIONS, type GradCam, gradCam, type GradCamOptions } from "./grad_cam.ts";

/**
 * Which pixels speak for a class where Grad-CAM sees it: the guided gradient times the map of
 * {@linkcode gradCam} (Selvaraju and others, 2016).
 *
 * @param network the network
 * @param x its inputs `[N, H, W, C]`
 * @param target the index of a class, for its logit, or an objective
 * @param options layer, method, backward rule
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
  requireOptions("compute guided Grad-CAM", options, GRAD_CAM_OPTIONS);
  const { rule = "guided", ...where } = options;
  const objective = requireExplainable(network, x, target, rule);
  const cam = await gradCam(network, x, objective, where);
  const { gradient, scores } = inputGradient(network, x, objective, { rule });
  const name = `guided ${CAM_NAMES[where.method ?? "grad-cam"]}`;
  const guided = await readAttribution(name, objective, gradient, scores);
  const channels = x.shape[3]!;
  const values = guided.values.map((value, i) => value * cam.values[Math.floor(i / channels)]!);
  return { ...guided, values, layer: cam.layer };
}
