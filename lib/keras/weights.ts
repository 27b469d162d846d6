// Where the numbers of a Keras model's layers are: in HDF5 files of two layouts, or under names.
import type { Hdf5Attribute, Hdf5File } from "../files/hdf5.ts";
import type { KerasLayer } from "./model.ts";

/** Numbers in a file. */
export type KerasTensor = {
  readonly name: string;
  readonly shape: readonly number[];
  read(): Float32Array;
};

/** Finds the numbers of layers. */
export type KerasWeights = {
  /** Whether a kernel holds what LoRA learned besides it. */
  readonly mergesLora: boolean;
  /**
   * @param names what the layer calls them, in the order in which it makes them
   * @returns each of them; `undefined` if there is none
   */
  of(layer: KerasLayer, names: readonly string[]): readonly (KerasTensor | undefined)[];
};

/** Names of the same numbers in other versions. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  depthwise_kernel: ["kernel"],
  kernel: ["depthwise_kernel"],
};

/** What a layer was given once it is given again: the file may be closed by then. */
function kept(weights: KerasWeights): KerasWeights {
  const known = new Map<KerasLayer, ReturnType<KerasWeights["of"]>>();
  return {
    ...weights,
    of(layer, names) {
      const found = known.get(layer) ?? weights.of(layer, names).map((tensor) => {
        if (!tensor) return undefined;
        let numbers: Float32Array | undefined;
        return { ...tensor, read: () => numbers ??= tensor.read() };
      });
      known.set(layer, found);
      return found;
    },
  };
}

/** The numbers of an open HDF5 file at a path. */
function datasetIn(file: Hdf5File, path: string): KerasTensor | undefined {
  const dataset = file.dataset(path);
  return dataset && { name: path, ...dataset };
}

/** The numbers of `model.weights.h5` in a `.keras` file: by the place of each layer's class. */
export function storedWeights(file: Hdf5File): KerasWeights {
  // Keras 2.12 called its lists otherwise.
  const list = file.names("").includes("_layer_checkpoint_dependencies")
    ? "_layer_checkpoint_dependencies"
    : "layers";
  return kept({
    mergesLora: true,
    of: ({ store }, names) =>
      names.map((_, i) =>
        datasetIn(file, `${store.replaceAll("/layers/", `/${list}/`)}/vars/${i}`)
      ),
  });
}

/** The numbers of a whole model in HDF5: by layer, under names in the order of the layer's own. */
export function legacyWeights(file: Hdf5File): KerasWeights {
  const root = "model_weights";
  return kept({
    mergesLora: false,
    of(layer, names) {
      const group = `${root}/${layer.path[0]}`;
      const listed = listIn(file, group, "weight_names");
      const isAlone = layer.path.length === 1;
      const found = findNamed(listed, layer, names, isAlone);
      // Names of old files may be others: then their order tells, of a layer that is in no other.
      const isAll = found.every((name) => name !== undefined);
      const isOrdered = !isAll && isAlone && listed.length >= names.length;
      return (isOrdered ? listed.slice(0, names.length) : found)
        .map((name) => name === undefined ? undefined : datasetIn(file, `${group}/${name}`));
    },
  });
}

/** A list of names, which Keras cuts in parts if it is long. */
function listIn(file: Hdf5File, group: string, name: string): string[] {
  const asList = (value: Hdf5Attribute | undefined): string[] =>
    value === undefined ? [] : [value].flat().map(String);
  const whole = file.attribute(group, name);
  if (whole !== undefined) return asList(whole);
  const all: string[] = [];
  for (let i = 0;; i++) {
    const part = file.attribute(group, `${name}${i}`);
    if (part === undefined) return all;
    all.push(...asList(part));
  }
}

/** Numbers under names, "block.conv1/kernel": those of TensorFlow.js. */
export function namedWeights(tensors: ReadonlyMap<string, KerasTensor>): KerasWeights {
  const listed = [...tensors.keys()];
  return kept({
    mergesLora: false,
    of: (layer, names) =>
      findNamed(listed, layer, names).map((name) =>
        name === undefined ? undefined : tensors.get(name)
      ),
  });
}

/**
 * The name of each number: by the layer's name and those of the models that it is in, as far as they
 * are said.
 *
 * @param isGroup whether the names are those of one layer
 */
function findNamed(
  listed: readonly string[],
  { path }: KerasLayer,
  names: readonly string[],
  isGroup = false,
): readonly (string | undefined)[] {
  const plain = listed.map((name) => `/${name.replace(/:\d+$/, "")}`);
  const only = (holds: (name: string) => boolean): string | undefined => {
    const found = plain.flatMap((name, i) => holds(name) ? [i] : []);
    return found.length === 1 ? listed[found[0]!] : undefined;
  };
  const find = (own: string): string | undefined => {
    const ends = path.map((_, depth) => `/${path.slice(depth).join("/")}/${own}`);
    if (isGroup) ends.push(`/${own}`);
    const exact = only((name) => name === ends[0]);
    return exact ?? ends.map((end) => only((name) => name.endsWith(end))).find((one) => one);
  };
  return names.map((name) =>
    [name, ...ALIASES[name] ?? []].map(find).find((found) => found !== undefined)
  );
}
