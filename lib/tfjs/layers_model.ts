// A network as a layers model of TensorFlow.js, in the form of Keras 2.
import type { Program } from "../exported/mod.ts";
import { kerasModel } from "../keras/written_layers.ts";
import type { JsonRecord, WrittenLayer } from "../keras/written_model.ts";
import type { TfjsModel } from "./model_json.ts";

/**
 * The layers model of a program.
 *
 * @throws {TypeError} if layers of TensorFlow.js can not say it: with what can not be said
 */
export function layersModel(program: Program): TfjsModel {
  const { layers, inputs, outputs } = kerasModel(program, "tfjs");
  const place = (name: string) => [name, 0, 0] as const;
  return {
    format: "layers-model",
    modelTopology: {
      keras_version: "2.15.0",
      backend: "tensorflow",
      model_config: {
        class_name: "Functional",
        config: {
          name: "model",
          layers: layers.map(layerJson),
          input_layers: inputs.map(place),
          output_layers: outputs.map(place),
        },
      },
    },
    weights: layers.flatMap(({ name, weights }) =>
      weights.map(([role, weight]) => ({ name: `${name}/${role}`, weight }))
    ),
  };
}

function layerJson({ name, className, config, inputs, shape }: WrittenLayer): JsonRecord {
  const isInput = className === "InputLayer";
  const base: JsonRecord = isInput
    ? { batch_input_shape: [null, ...shape], sparse: false }
    : { trainable: true };
  return {
    class_name: className,
    name,
    config: { name, dtype: "float32", ...base, ...config },
    inbound_nodes: isInput ? [] : [inputs.map((input) => [input, 0, 0, {}])],
  };
}
