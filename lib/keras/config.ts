// The configuration of a Keras model: its layers and which takes what, of Keras 2 and 3.
import { shown } from "../imported/call.ts";
import { withCallsFromZero } from "./call_numbers.ts";
import { nodeOf, placeOf } from "./call_operands.ts";
import {
  type Config,
  isRecord,
  type KerasLayer,
  type KerasModel,
  type TensorPlace,
} from "./model.ts";

/** Refuses what is not so, with the place in the configuration. */
type Bad = (place: string, rule: string, got: unknown) => SyntaxError;

const badIn = (file: string): Bad => (place, rule, got) =>
  new SyntaxError(
    `Cannot read ${file}: ${place} of its configuration must ${rule}, got ${shown(got)}`,
  );

/** Models may be layers of models; more than so deep they are not. */
const DEEPEST = 32;

/**
 * The model that a configuration describes.
 *
 * @param value what the file's JSON says: `{ class_name, config }`
 * @param file the file, for messages
 * @throws {SyntaxError} if it is no configuration of a model, with the place
 * @throws {TypeError} if it is of a class that has no configuration of its layers
 */
export function parseModel(value: unknown, file: string): KerasModel {
  const bad = badIn(file);
  if (!isRecord(value) || typeof value.class_name !== "string") {
    throw bad("the model", "have a class_name and a config", value);
  }
  if (!isModel(value)) {
    throw new TypeError(
      `Cannot read ${file}: its model must be Sequential or Functional, got ${value.class_name}, of which Keras keeps code alone`,
    );
  }
  return modelOf(value, { bad, path: [], store: "", depth: 0 });
}

/** Where a part of the configuration is. */
type Place = {
  readonly bad: Bad;
  readonly path: readonly string[];
  readonly store: string;
  readonly depth: number;
};

function isModel({ class_name: name, config }: Config): boolean {
  return name === "Sequential" || name === "Functional" || name === "Model" ||
    isRecord(config) && Array.isArray(config.input_layers) && Array.isArray(config.layers);
}

function modelOf({ class_name: className, config }: Config, place: Place): KerasModel {
  const { bad, path, depth } = place;
  const what = path.length === 0 ? "the model" : `"${path.join(".")}"`;
  if (depth > DEEPEST) throw bad(what, `lie in at most ${DEEPEST} others`, depth);
  // Keras 2 began with a list alone for Sequential.
  const own = isRecord(config) ? config : { layers: config };
  if (!Array.isArray(own.layers)) throw bad(what, "have a list of layers", own.layers);
  const used = new Map<string, number>();
  const layers = new Map<string, KerasLayer>();
  for (const [i, value] of own.layers.entries()) {
    const layer = layerOf(value, i, { ...place, what, used });
    if (layers.has(layer.name)) throw bad(what, "have layers of different names", layer.name);
    layers.set(layer.name, layer);
  }
  if (className === "Sequential") return sequenceOf(layers, own, what, bad);
  const ends = (key: string): TensorPlace[] => endsOf(own[key], `${key} of ${what}`, bad);
  return withCallsFromZero({
    layers,
    inputs: ends("input_layers"),
    outputs: ends("output_layers"),
  });
}

function layerOf(
  value: unknown,
  i: number,
  place: Place & { readonly what: string; readonly used: Map<string, number> },
): KerasLayer {
  const { bad, path, what, used } = place;
  const isLayer = isRecord(value) && typeof value.class_name === "string" &&
    (isRecord(value.config) || Array.isArray(value.config));
  if (!isLayer) throw bad(`layer ${i} of ${what}`, "have a class_name and a config", value);
  const { class_name: className, config } = value as { class_name: string; config: Config };
  const name = [value.name, config.name, `${snakeCase(className)}_${i}`]
    .find((one): one is string => typeof one === "string" && one !== "")!;
  const kind = snakeCase(className);
  const before = used.get(kind);
  used.set(kind, (before ?? -1) + 1);
  const store = `${place.store}/layers/${before === undefined ? kind : `${kind}_${before + 1}`}`;
  const own = { name, className, config, path: [...path, name], store };
  const nodes = value.inbound_nodes ?? [];
  if (!Array.isArray(nodes)) throw bad(`"${name}"`, "have a list of inbound_nodes", nodes);
  const badCall = (rule: string, got: unknown): SyntaxError =>
    bad(`a call of "${name}"`, rule, got);
  const layer = { ...own, nodes: nodes.map((node) => nodeOf(node, badCall)) };
  if (!isModel(value)) return layer;
  return { ...layer, model: modelOf(value, { ...place, ...own, depth: place.depth + 1 }) };
}

/** The name that Keras's files have for a class, "separable_conv2d". */
export function snakeCase(className: string): string {
  return className.replace(/\W+/g, "").replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
}

/** Layers one after another; the first is an input, if need be one of its own. */
function sequenceOf(
  given: ReadonlyMap<string, KerasLayer>,
  config: Config,
  what: string,
  bad: Bad,
): KerasModel {
  const [first] = given.values();
  if (!first) throw bad(what, "have a layer", []);
  const layers = new Map<string, KerasLayer>();
  if (first.className !== "InputLayer") {
    let name = "input";
    while (given.has(name)) name += "_";
    const build = isRecord(config.build_config) ? config.build_config.input_shape : undefined;
    const shape = first.config.batch_input_shape ?? first.config.batch_shape ??
      config.build_input_shape ?? build ?? inputOf(first.model)?.config.batch_shape ??
      inputOf(first.model)?.config.batch_input_shape;
    layers.set(name, {
      ...first,
      name,
      className: "InputLayer",
      config: { batch_shape: shape },
      nodes: [],
    });
  }
  for (const layer of given.values()) {
    const before = [...layers.keys()].at(-1);
    const nodes = before === undefined ? [] : [[{ layer: before, node: 0, tensor: 0 }]];
    layers.set(layer.name, { ...layer, nodes });
  }
  const names = [...layers.keys()];
  const place = (layer: string): TensorPlace => ({ layer, node: 0, tensor: 0 });
  return { layers, inputs: [place(names[0]!)], outputs: [place(names.at(-1)!)] };
}

/** The input layer of a model. */
export function inputOf(model: KerasModel | undefined): KerasLayer | undefined {
  return model?.inputs[0] && model.layers.get(model.inputs[0].layer);
}

/** The inputs or outputs of a functional model: one place or a list of places. */
function endsOf(value: unknown, what: string, bad: Bad): TensorPlace[] {
  const one = placeOf(value);
  if (one) return [one];
  const all = Array.isArray(value) ? value.map(placeOf) : [];
  if (all.length > 0 && all.every((place) => place !== undefined)) return all;
  throw bad(what, "be places of tensors", value);
}
