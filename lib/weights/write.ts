// Writes a network, with its model, as files of other programs.
import type { Network } from "../layers/layer.ts";
import { checkPreprocessing, type Preprocessing } from "../image/preprocessing.ts";
import type { Shape, ShapesOf, ShapeTree, Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { requireOptions } from "../text/require.ts";

/** What a file says of its network besides the model and the weights. */
export type WrittenAbout = {
  /** The classes' names. */
  readonly classNames?: readonly string[];
  /** How pictures are prepared. */
  readonly preprocessing?: Preprocessing;
};

/**
 * A network that is written: of {@linkcode open} with its classes and preprocessing, or of
 * {@linkcode init}, or any with the shape of one input.
 */
export type WrittenNetwork<
  P extends Tree = Tree,
  S extends Tree = Tree,
  X extends Tree = Tensor,
  Y extends Tree = Tensor,
> = Network<P, S, X, Y> & WrittenAbout & {
  /** Shape of one input, without the batch; of several a record of them. */
  readonly inputShape: ShapesOf<X>;
};

/** Options of all writers. */
export type WriteOptions = WrittenAbout & {
  /** Whether kernels are kept in 16 bits, half the size; what is computed stays in 32. Default: `false`. */
  readonly float16?: boolean;
  /** What else the file says of itself. */
  readonly metadata?: Readonly<Record<string, string>>;
};

/** The names of {@linkcode WriteOptions}. */
export const WRITE_OPTIONS: Readonly<Record<keyof WriteOptions, true>> = {
  classNames: true,
  preprocessing: true,
  float16: true,
  metadata: true,
};

/** Options of {@linkcode writeOnnx}. */
export type WriteOnnxOptions = WriteOptions & {
  /** How images are laid out in the inputs. Default: `"NCHW"`, as others expect. */
  readonly layout?: "NCHW" | "NHWC";
};

/**
 * Writes a network as an ONNX file: operators of version 17 (2022), 32-bit floats, a batch of any
 * size, images with their channels first. ONNX Runtime and everything that reads ONNX runs it, and
 * {@linkcode open} opens it with its classes and preprocessing. The network is that of inference:
 * dropout and the like are left out, batch normalization is by the running statistics.
 *
 * A layer of your own that is made of layers can be written; one with its own `apply` if it says of
 * which `operations` it consists. The file is whole, or not there.
 *
 * Needs `--allow-read` and `--allow-write` for the folder of `path`.
 *
 * @param path the file, `NAME.onnx`
 * @param network the network with the shape of one input
 * @param options 16 bits, classes, preprocessing, layout
 * @throws {TypeError} if layers cannot be written: with the paths of all of them, before anything is
 * @throws {RangeError} if the file would be larger than 2 GB, or there is no such layout
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { classify, init, key, lenet5, open, start, tf, weights } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const path = `${await Deno.makeTempDir()}/lenet5.onnx`;
 * const classNames = [..."0123456789"];
 * const how = { crop: [28, 28], range: 1, mean: [0], std: [1] } as const;
 * await weights.writeOnnx(path, network, { classNames, preprocessing: how });
 *
 * const opened = await open(path);
 * assertEquals(opened.classNames, classNames);
 * const x = tf.ones([1, 28, 28, 1]);
 * const [before] = network.model.apply(network.params, network.state, x, {});
 * const [after] = opened.model.apply(opened.params, opened.state, x, {});
 * assertEquals(await after.array(), await before.array());
 * ```
 */
export async function writeOnnx<
  P extends Tree,
  S extends Tree,
  X extends Tree = Tensor,
  Y extends Tree = Tensor,
>(
  path: string,
  network: WrittenNetwork<P, S, X, Y>,
  options: WriteOnnxOptions = {},
): Promise<void> {
  requireOptions("write ONNX", options, { ...WRITE_OPTIONS, layout: true });
  const { layout = "NCHW", float16 = false } = options;
  if (layout !== "NCHW" && layout !== "NHWC") {
    throw new RangeError(`Cannot write ${path}: its layout must be NCHW or NHWC, got ${layout}`);
  }
  const { inputShape, metadata } = requireWhole(path, network, options);
  const { writeOnnxFile } = await import("../onnx/write.ts");
  await writeOnnxFile(path, network as unknown as Network, inputShape, {
    float16,
    layout,
    metadata,
  });
}

/**
 * Writes a network as a file of Keras 3: a `.keras` archive, or one file of HDF5 as versions before
 * had it, if the name ends in `.h5` or `.hdf5`. `keras.models.load_model` loads it on each of
 * Keras's backends. What Keras has no layers for are its operations on tensors, which it keeps in a
 * model beside layers. Names are paths with underscores, `block1_conv`.
 *
 * The file is whole, or not there. Its bytes are in memory until it is written.
 *
 * Needs `--allow-read` and `--allow-write` for the folder of `path`.
 *
 * @param path the file, `NAME.keras` or `NAME.h5`
 * @param network the network with the shape of one input
 * @param options 16 bits, to which kernels are rounded: the file is as large as in 32, as that is
 * what Keras makes of them; classes, preprocessing
 * @throws {TypeError} if layers cannot be written: with the paths of all of them, before anything is
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { init, key, lenet5, open, start, tf, weights } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const path = `${await Deno.makeTempDir()}/lenet5.keras`;
 * const how = { crop: [28, 28], range: 1, mean: [0], std: [1] } as const;
 * await weights.writeKeras(path, network, { preprocessing: how });
 *
 * const opened = await open(path);
 * const x = tf.ones([1, 28, 28, 1]);
 * const [before] = network.model.apply(network.params, network.state, x, {});
 * const [after] = opened.model.apply(opened.params, opened.state, x, {});
 * assertEquals(await after.array(), await before.array());
 * ```
 */
export async function writeKeras<
  P extends Tree,
  S extends Tree,
  X extends Tree = Tensor,
  Y extends Tree = Tensor,
>(
  path: string,
  network: WrittenNetwork<P, S, X, Y>,
  options: WriteOptions = {},
): Promise<void> {
  requireOptions("write Keras", options, WRITE_OPTIONS);
  if (!/\.(keras|h5|hdf5)$/i.test(path)) {
    throw new RangeError(`Cannot write ${path}: its name must end in .keras, .h5 or .hdf5`);
  }
  const { inputShape, metadata } = requireWhole(path, network, options);
  const { float16 = false } = options;
  const { writeKerasFile } = await import("../keras/write.ts");
  await writeKerasFile(path, network as unknown as Network, inputShape, { float16, metadata });
}

/** Options of {@linkcode writeTfjs}. */
export type WriteTfjsOptions = WriteOptions & {
  /**
   * `"layers"`: a model for `tf.loadLayersModel`, which can be trained there; `"graph"`: for
   * `tf.loadGraphModel`. Default: `"auto"`, layers if TensorFlow.js has a layer for everything.
   */
  readonly kind?: "auto" | "layers" | "graph";
};

/**
 * Writes a network as a folder of TensorFlow.js: `model.json` and its weights in shards of 4 MB. A
 * layers model if TensorFlow.js has layers for all of it, else a graph model; images have their
 * channels last in both. `tf.loadLayersModel` or `tf.loadGraphModel` opens it.
 *
 * What was a model in that folder is replaced: its files are there until `model.json` names the new
 * ones. What else is in the folder stays.
 *
 * Needs `--allow-read` and `--allow-write` for the folder.
 *
 * @param folder the folder, which is made if need be
 * @param network the network with the shape of one input
 * @param options 16 bits, kind, classes, preprocessing (both under `userDefinedMetadata`)
 * @returns which kind of model it became
 * @throws {TypeError} if layers cannot be written: with the paths of all of them, before anything is
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { init, key, lenet5, start, weights } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const folder = await Deno.makeTempDir();
 * assertEquals(await weights.writeTfjs(folder, network), "layers");
 * assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
 *   "group1-shard1of1.bin",
 *   "model.json",
 * ]);
 * ```
 */
export async function writeTfjs<
  P extends Tree,
  S extends Tree,
  X extends Tree = Tensor,
  Y extends Tree = Tensor,
>(
  folder: string,
  network: WrittenNetwork<P, S, X, Y>,
  options: WriteTfjsOptions = {},
): Promise<"layers" | "graph"> {
  requireOptions("write TensorFlow.js", options, { ...WRITE_OPTIONS, kind: true });
  const { kind = "auto", float16 = false } = options;
  if (!["auto", "layers", "graph"].includes(kind)) {
    throw new RangeError(
      `Cannot write ${folder}: its kind must be auto, layers or graph, got ${kind}`,
    );
  }
  const { inputShape, metadata } = requireWhole(folder, network, options);
  const { writeTfjsFolder } = await import("../tfjs/write.ts");
  return await writeTfjsFolder(folder, network as unknown as Network, inputShape, {
    float16,
    kind,
    metadata,
  });
}

/** The shape of one input, and what the file says of itself. */
function requireWhole<P extends Tree, S extends Tree, X extends Tree, Y extends Tree>(
  path: string,
  network: WrittenNetwork<P, S, X, Y>,
  options: WriteOptions,
): { inputShape: ShapeTree; metadata: Record<string, string> } {
  const { inputShape } = network;
  if (inputShape === undefined) {
    throw new TypeError(
      `Cannot write ${path}: the network must have the shape of one input, got none: { ...network, inputShape: [28, 28, 1] }`,
    );
  }
  const { classNames = network.classNames, preprocessing = network.preprocessing } = options;
  if (preprocessing) checkPreprocessing(preprocessing);
  const { shape } = network.model.declare(inputShape);
  const count = Array.isArray(shape) ? (shape as Shape).at(-1) : undefined;
  if (classNames && classNames.length !== count) {
    throw new RangeError(
      `Cannot write ${path}: there must be a name for each of its ${count} classes, got ${classNames.length}`,
    );
  }
  return {
    inputShape: inputShape as ShapeTree,
    metadata: {
      ...options.metadata,
      ...(classNames ? { classes: JSON.stringify(classNames) } : {}),
      ...(preprocessing ? { preprocessing: JSON.stringify(preprocessing) } : {}),
    },
  };
}
