// The default layer of Grad-CAM.
import type { Declaration, Layer } from "../../layers/layer.ts";
import type { Shape } from "../../tensor/tensor.ts";
import type { Path, Tree } from "../../tensor/tree.ts";

/** Operations that only shrink maps or pass them on. */
const PASSING = new Set([
  "maxPool",
  "meanPool",
  "normPool",
  "adaptiveMeanPool",
  "globalMeanPool",
  "subsample",
  "dropout",
  "flatten",
  "padTo",
]);

/**
 * The last layer before the pooling whose output is maps `[H, W, C]` of more than one position: the
 * deepest features with a location.
 *
 * @param shape shape of one input, without the batch
 * @throws {TypeError} if the model has none
 */
export function lastFeatureMaps<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  shape: Shape,
): Path {
  const found = lastIn(model.declare(shape) as Declaration, "");
  if (found !== undefined) return found;
  throw new TypeError(
    `Cannot find feature maps: the model must have a layer that outputs [height, width, channels], got a model of inputs [${shape}] without`,
  );
}

function lastIn(
  { children = [], arrangement = "chain" }: Declaration,
  path: Path,
): Path | undefined {
  if (arrangement !== "chain" && arrangement !== "graph") return undefined;
  for (const { name, layer, declaration } of children.toReversed()) {
    const own = path === "" ? name : `${path}/${name}`;
    const [height, width, channels] = declaration.shape;
    const isMaps = channels !== undefined && height! * width! > 1;
    const last = declaration.children?.at(-1)?.layer.op;
    const endsInPassing = declaration.arrangement !== "branches" && PASSING.has(last ?? "");
    if (PASSING.has(layer.op)) continue;
    if (isMaps && !endsInPassing) return own;
    const inner = lastIn(declaration, own);
    if (inner !== undefined) return inner;
  }
  return undefined;
}
