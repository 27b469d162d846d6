// Writes a network as an ONNX file.
import { programOf } from "../exported/mod.ts";
import { writeFileAtomically } from "../files/atomic_file.ts";
import type { Network } from "../layers/layer.ts";
import type { ShapeTree } from "../tensor/tensor.ts";
import { type ImageLayout, nodesOf, OPSET } from "./nodes.ts";
import { modelParts } from "./proto_write.ts";

/** How an ONNX file is written. */
export type OnnxWriting = {
  /** Whether kernels are kept in 16 bits; what is computed stays in 32. Default: `false`. */
  readonly float16?: boolean;
  /** How images are laid out in the inputs. Default: `"NCHW"`, as everybody expects. */
  readonly layout?: ImageLayout;
  /** What the file says of itself. */
  readonly metadata?: Readonly<Record<string, string>>;
};

/** The key of the metadata that says how images are laid out, if their channels are last. */
export const LAYOUT_KEY = "layout";

/**
 * Writes an ONNX file of operators of version 17, with a batch of any size. The file is whole or
 * not there.
 *
 * @param path the file
 * @param network the network
 * @param inputShape shape of one input, without the batch; of several a record of them
 * @throws {TypeError} if layers do not say of which operations they consist: with all their paths
 * @throws {RangeError} if it would be larger than 2 GB
 */
export async function writeOnnxFile(
  path: string,
  network: Network,
  inputShape: ShapeTree,
  { float16 = false, layout = "NCHW", metadata = {} }: OnnxWriting = {},
): Promise<void> {
  const nodes = nodesOf(programOf(network, inputShape), layout, float16);
  const said = layout === "NHWC" ? { ...metadata, [LAYOUT_KEY]: layout } : metadata;
  await writeFileAtomically(path, modelParts({ ...nodes, opset: OPSET, metadata: said }));
}
