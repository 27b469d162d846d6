// Writes a network as a folder of TensorFlow.js.
import { type Program, programOf } from "../exported/mod.ts";
import type { Network } from "../layers/layer.ts";
import type { ShapeTree } from "../tensor/tensor.ts";
import { graphModel } from "./graph_model.ts";
import { layersModel } from "./layers_model.ts";
import { type TfjsModel, writeModelFolder } from "./model_json.ts";

/** How a folder of TensorFlow.js is written. */
export type TfjsWriting = {
  /** Whether kernels are kept in 16 bits; what is computed stays in 32. Default: `false`. */
  readonly float16?: boolean;
  /** A layers model, a graph model, or whichever can be. Default: `"auto"`. */
  readonly kind?: "auto" | "layers" | "graph";
  /** What the model says of itself. */
  readonly metadata?: Readonly<Record<string, string>>;
};

/**
 * Writes a folder of `model.json` and its weights.
 *
 * @param folder the folder, which is made if need be
 * @param network the network
 * @param inputShape shape of one input, without the batch; of several a record of them
 * @returns which kind of model it became
 * @throws {TypeError} if layers do not say of which operations they consist, or can not be layers there
 */
export async function writeTfjsFolder(
  folder: string,
  network: Network,
  inputShape: ShapeTree,
  { float16 = false, kind = "auto", metadata = {} }: TfjsWriting = {},
): Promise<"layers" | "graph"> {
  const model = modelOf(programOf(network, inputShape), kind);
  await writeModelFolder(folder, model, float16, metadata);
  return model.format === "layers-model" ? "layers" : "graph";
}

function modelOf(program: Program, kind: "auto" | "layers" | "graph"): TfjsModel {
  if (kind === "graph") return graphModel(program);
  try {
    return layersModel(program);
  } catch (error) {
    if (kind === "layers" || !(error instanceof TypeError)) throw error;
    return graphModel(program);
  }
}
