// ONNX files among those of weights: they have their model with them.
import { readOnnx } from "../onnx/mod.ts";
import type { Layer, Network } from "../layers/layer.ts";
import type { Shape } from "../tensor/tensor.ts";

/** Who wrote an ONNX file is not known by its format. */
export const ONNX_ORIGIN = "ONNX";

/** What an ONNX file tells of its network. */
type OnnxNetworkFile = {
  readonly file: string;
  readonly name: string;
  readonly model: Layer;
  readonly inputShape: Shape;
  readonly numClasses: number;
  readonly origin: string;
  readonly metadata: Readonly<Record<string, string>>;
  load(inputShape?: Shape): Promise<Network & { readonly inputShape: Shape }>;
};

/** The model of an ONNX file, as entries of the registry are. */
type OnnxModel = {
  readonly name: string;
  readonly inputShape: Shape;
  build(options?: { readonly numClasses?: number }): Layer;
};

/** Whether a path or an URL is one of an ONNX file, by its ending. */
export function isOnnx(path: string): boolean {
  return /\.onnx$/i.test(path);
}

/**
 * The network in an ONNX file.
 *
 * @throws {TypeError} if a model is given: the file has its own
 */
export async function openOnnx(path: string, wanted: unknown): Promise<OnnxNetworkFile> {
  if (wanted !== undefined) {
    throw new TypeError(
      `Cannot open ${path}: an ONNX file has its model, so that none may be given, got ${
        typeof wanted === "string" ? wanted : "a layer"
      }`,
    );
  }
  const file = await readOnnx(path);
  const { model, inputShape, outputShape } = file.build();
  return {
    file: path,
    name: path,
    model,
    inputShape,
    numClasses: outputShape.at(-1)!,
    origin: ONNX_ORIGIN,
    metadata: file.metadata,
    load: (shape = inputShape) => Promise.resolve(file.build(shape).load()),
  };
}

/**
 * The model of an ONNX file without its weights, for a checkpoint of it with other classes.
 *
 * @param path the file
 */
export async function onnxModel(path: string): Promise<OnnxModel> {
  const { build, withClasses, inputShape } = await readOnnx(path);
  return {
    name: path,
    inputShape,
    build: ({ numClasses } = {}) =>
      numClasses === undefined ? build().model : withClasses(numClasses),
  };
}
