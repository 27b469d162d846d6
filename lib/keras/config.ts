// The configuration of a Keras model: its layers and which takes what, of Keras 2 and 3.

/** A record of a configuration. */
export type Config = { readonly [name: string]: unknown };

/** The output of a call of a layer. */
export type TensorPlace = {
  readonly layer: string;
  /** Which call of it. */
  readonly node: number;
  /** Which of its outputs. */
  readonly tensor: number;
};

/** Numbers in the configuration, with the sizes that they have there, of which the first is no batch. */
export type KerasConstant = { readonly sizes: readonly number[]; readonly numbers: Float32Array };

/** What a call takes: outputs of others, or numbers. */
export type KerasNode = readonly (TensorPlace | KerasConstant | number)[];

/** A layer as the file has it. */
export type KerasLayer = {
  readonly name: string;
  readonly className: string;
  readonly config: Config;
  /** The names of the models that it is in, and its own. */
  readonly path: readonly string[];
  /** Where a `.keras` file keeps its numbers. */
  readonly store: string;
  /** What each call of it takes. */
  readonly nodes: readonly KerasNode[];
  /** Its own layers, if it is a model. */
  readonly model?: KerasModel;
};

/** A model as the file has it. */
export type KerasModel = {
  readonly layers: ReadonlyMap<string, KerasLayer>;
  readonly inputs: readonly TensorPlace[];
  readonly outputs: readonly TensorPlace[];
};

/** Refuses what is not so, with the place in the configuration. */
type Bad = (place: string, rule: string, got: unknown) => SyntaxError;

const badIn = (file: string): Bad => (place, rule, got) =>
  new SyntaxError(
    `Cannot read ${file}: ${place} of its configuration must ${rule}, got ${shown(got)}`,
  );

/** A value for a message, cut short. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "none";
  return text.length <= 120 ? text : `${text.slice(0, 117)}…`;
}

/** Whether a value is a record. */
export function isRecord(value: unknown): value is Config {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

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
  return { layers, inputs: ends("input_layers"), outputs: ends("output_layers") };
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
  const layer = { ...own, nodes: nodes.map((node) => nodeOf(node, name, bad)) };
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
    const build = isRecord(config.build_config) ? config.build_config.input_shape : undefined;
    const shape = first.config.batch_input_shape ?? first.config.batch_shape ??
      config.build_input_shape ?? build ?? inputOf(first.model)?.config.batch_shape ??
      inputOf(first.model)?.config.batch_input_shape;
    layers.set("input", {
      ...first,
      name: "input",
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

function placeOf(value: unknown): TensorPlace | undefined {
  if (isRecord(value) && value.class_name === "__keras_tensor__" && isRecord(value.config)) {
    return placeOf(value.config.keras_history);
  }
  if (!Array.isArray(value)) return undefined;
  const [layer, node, tensor] = value;
  const isPlace = typeof layer === "string" && Number.isInteger(node) && Number.isInteger(tensor);
  return isPlace ? { layer, node, tensor } : undefined;
}

/** What a call takes, of Keras 3 by arguments, of Keras 2 as a list of places with options. */
function nodeOf(node: unknown, name: string, bad: Bad): KerasNode {
  if (isRecord(node) && Array.isArray(node.args)) {
    const named = isRecord(node.kwargs) ? Object.values(node.kwargs) : [];
    return [
      ...operandsIn(node.args),
      ...operandsIn(named.filter((one) => typeof one === "object")),
    ];
  }
  const places = placeOf(node) ? [node] : node;
  if (!Array.isArray(places)) throw bad(`a call of "${name}"`, "be a list", node);
  return places.flatMap((one): KerasNode => {
    const place = placeOf(one);
    if (!place) throw bad(`a call of "${name}"`, "take tensors", one);
    // What an operator takes besides: { y: 2 }, { y: ["add", 0, 0] }.
    const { y, x } = isRecord((one as unknown[])[3]) ? (one as Config[])[3]! : {} as Config;
    return [place, ...operandsIn([x, y])];
  });
}

/** An array of numbers. */
function constantOf(value: unknown): KerasConstant | undefined {
  if (!isRecord(value) || !/^__(numpy|tensor)__$/.test(`${value.class_name}`)) return undefined;
  const sizes: number[] = [];
  let first = isRecord(value.config) ? value.config.value : undefined;
  const list = [first].flat(Infinity);
  for (; Array.isArray(first); first = first[0]) sizes.push(first.length);
  const isArray = list.every((one) => typeof one === "number") &&
    list.length === sizes.reduce((product, size) => product * size, 1);
  return isArray ? { sizes, numbers: Float32Array.from(list as number[]) } : undefined;
}

/** The places and numbers in arguments, in lists or not. */
function operandsIn(values: readonly unknown[]): KerasNode[number][] {
  return values.flatMap((value): KerasNode => {
    if (typeof value === "number") return [value];
    const place = placeOf(value) ?? constantOf(value);
    if (place) return [place];
    return Array.isArray(value) ? value.flatMap((one) => placeOf(one) ?? []) : [];
  });
}
