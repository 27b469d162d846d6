// Writes a network as a file of Keras 3: `.keras`, or `.h5` as versions before had it.
import { halved, isLarge, programOf } from "../exported/mod.ts";
import { writeFileAtomically } from "../files/atomic_file.ts";
import { type Hdf5Group, type Hdf5Numbers, serializeHdf5 } from "../files/hdf5_write.ts";
import { serializeZip } from "../files/zip.ts";
import type { Network } from "../layers/layer.ts";
import type { Weight } from "../layers/operation.ts";
import type { Shape, ShapeTree } from "../tensor/tensor.ts";
import { snakeCase } from "./config.ts";
import { kerasModel } from "./written_layers.ts";
import type { Json, JsonRecord, WrittenLayer, WrittenModel } from "./written_model.ts";

/** How a file of Keras is written. */
export type KerasWriting = {
  /** Whether kernels are rounded to 16 bits. Default: `false`. */
  readonly float16?: boolean;
  /** What the file says of itself. */
  readonly metadata?: Readonly<Record<string, string>>;
};

/** The version of Keras whose files these are. */
const VERSION = "3.0.0";

/**
 * Writes a file of Keras: a `.keras` archive, or whole in HDF5 if the name ends in `.h5` or `.hdf5`.
 *
 * @param path the file
 * @param network the network
 * @param inputShape shape of one input, without the batch; of several a record of them
 * @throws {TypeError} if layers do not say of which operations they consist: with all their paths
 */
export async function writeKerasFile(
  path: string,
  network: Network,
  inputShape: ShapeTree,
  { float16 = false, metadata = {} }: KerasWriting = {},
): Promise<void> {
  const model = kerasModel(programOf(network, inputShape), "keras");
  const numbers = await numbersOf(model, float16);
  const bytes = /\.(h5|hdf5)$/i.test(path)
    ? await wholeFile(model, numbers, metadata)
    : await archive(model, numbers, metadata);
  await writeFileAtomically(path, bytes);
}

/** All weights, which the library that writes HDF5 wants at once. */
type Numbers = ReadonlyMap<Weight, Hdf5Numbers>;

async function numbersOf({ layers }: WrittenModel, half: boolean): Promise<Numbers> {
  const numbers = new Map<Weight, Hdf5Numbers>();
  for (const { name, weights } of layers) {
    for (const [role, weight] of weights) {
      const values = half && isLarge(weight)
        ? Float32Array.from(await halved(weight, `${name}/${role}`))
        : await weight.read();
      numbers.set(weight, { shape: weight.shape, values });
    }
  }
  return numbers;
}

/** Whether it is one of Keras's layers, and no operation on tensors. */
const isLayer = ({ module }: WrittenLayer): boolean => module === "keras.layers";

async function archive(
  model: WrittenModel,
  numbers: Numbers,
  metadata: Readonly<Record<string, string>>,
): Promise<Uint8Array> {
  const counts = new Map<string, number>();
  const stored: Record<string, Hdf5Group> = {};
  for (const layer of model.layers.filter(isLayer)) {
    const kind = snakeCase(layer.className);
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    stored[count === 0 ? kind : `${kind}_${count}`] = {
      members: {
        vars: {
          attributes: { name: layer.name },
          members: Object.fromEntries(
            layer.weights.map(([, weight], i) => [`${i}`, numbers.get(weight)!]),
          ),
        },
      },
    };
  }
  const text = (value: Json): Uint8Array<ArrayBuffer> =>
    new TextEncoder().encode(JSON.stringify(value));
  return await serializeZip({
    "metadata.json": text({
      keras_version: VERSION,
      date_saved: new Date().toISOString().replace("T", "@").slice(0, 19),
      ...metadata,
    }),
    "config.json": text(modelJson(model, numbers)),
    "model.weights.h5": await serializeHdf5({ members: { layers: { members: stored } } }),
  });
}

async function wholeFile(
  model: WrittenModel,
  numbers: Numbers,
  metadata: Readonly<Record<string, string>>,
): Promise<Uint8Array> {
  const own = model.layers.filter(isLayer);
  const version = { keras_version: VERSION, backend: "tensorflow" };
  const groups = own.map(({ name, weights }): [string, Hdf5Group] => [name, {
    attributes: { weight_names: weights.map(([role]) => `${name}/${role}`) },
    members: weights.length === 0 ? {} : {
      [name]: {
        members: Object.fromEntries(weights.map(([role, weight]) => [role, numbers.get(weight)!])),
      },
    },
  }]);
  return await serializeHdf5({
    attributes: {
      ...version,
      ...metadata,
      model_config: JSON.stringify(modelJson(model, numbers)),
    },
    members: {
      model_weights: {
        attributes: { ...version, layer_names: own.map(({ name }) => name) },
        members: {
          ...Object.fromEntries(groups),
          top_level_model_weights: { attributes: { weight_names: [] } },
        },
      },
    },
  });
}

function modelJson({ layers, inputs, outputs }: WrittenModel, numbers: Numbers): JsonRecord {
  const shapes = new Map(layers.map(({ name, shape }) => [name, shape]));
  const ends = (names: readonly string[]): Json =>
    names.length === 1 ? [names[0]!, 0, 0] : names.map((name) => [name, 0, 0]);
  return {
    module: "keras.src.models.functional",
    class_name: "Functional",
    config: {
      name: "model",
      trainable: true,
      layers: layers.map((layer) => layerJson(layer, shapes, numbers)),
      input_layers: ends(inputs),
      output_layers: ends(outputs),
    },
    registered_name: "Functional",
    build_config: { input_shape: null },
  };
}

/** A shape with its batch, of any size. */
const batched = (shape: Shape): Json => [null, ...shape];

function layerJson(
  layer: WrittenLayer,
  shapes: ReadonlyMap<string, Shape>,
  numbers: Numbers,
): JsonRecord {
  const { name, className, module, config, inputs, inputShapes, shape } = layer;
  const base = { module, class_name: className, name };
  if (className === "InputLayer") {
    const about = { batch_shape: batched(shape), dtype: "float32", sparse: false, name };
    return { ...base, registered_name: null, config: about, inbound_nodes: [] };
  }
  const tensors = inputs.map((input): Json =>
    typeof input === "number" ? input : {
      class_name: "__keras_tensor__",
      config: {
        shape: batched(shapes.get(input)!),
        dtype: "float32",
        keras_history: [input, 0, 0],
      },
    }
  );
  if (!isLayer(layer)) {
    const node = operationNode(layer, tensors, numbers);
    return {
      ...base,
      registered_name: className,
      config: { ...config, name },
      inbound_nodes: [node],
    };
  }
  const isMerge = tensors.length > 1 || MERGES.has(className);
  const built = inputShapes.map(batched);
  return {
    ...base,
    registered_name: null,
    config: { name, trainable: true, dtype: "float32", ...config },
    build_config: { input_shape: isMerge ? built : built[0]! },
    inbound_nodes: [{ args: isMerge ? [tensors] : tensors, kwargs: {} }],
  };
}

/** Layers that take a list. */
const MERGES = new Set(["Add", "Subtract", "Multiply", "Maximum", "Minimum", "Concatenate"]);

/** An operation's call, of whose inputs one may be numbers. */
function operationNode(
  { weights }: WrittenLayer,
  tensors: readonly Json[],
  numbers: Numbers,
): JsonRecord {
  const [constant] = weights;
  if (!constant) return { args: tensors, kwargs: {} };
  const [place, weight] = constant;
  const { values, shape } = numbers.get(weight)!;
  const own = {
    class_name: "__numpy__",
    config: { value: nested([...values], shape), dtype: "float32" },
  };
  return { args: place === "first" ? [own, ...tensors] : [...tensors, own], kwargs: {} };
}

/** Numbers as lists in lists. */
function nested(numbers: readonly number[], shape: readonly number[]): Json {
  if (shape.length === 0) return numbers[0]!;
  const [count, ...rest] = shape as [number, ...number[]];
  const each = numbers.length / count;
  return Array.from(
    { length: count },
    (_, i) => nested(numbers.slice(i * each, (i + 1) * each), rest),
  );
}
