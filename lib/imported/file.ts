// What is known of a file of another program that has its model with it.
import type { Layer } from "../layers/layer.ts";
import type { Shape } from "../tensor/tensor.ts";
import type { Built, ImportedNetwork } from "./assemble.ts";
import type { Head } from "./emitter.ts";

/** A file that was read. */
export type ImportedFile = {
  readonly file: string;
  /** What the file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Shape of one input, `[H, W, C]` of images; sizes that the file leaves open are 224. */
  readonly inputShape: Shape;
  /**
   * The network for inputs of a shape. Nothing is on the device yet.
   *
   * @param shape shape of one input. Default: the file's
   * @throws {TypeError | RangeError} if the file cannot take such inputs
   */
  build(shape?: Shape): ImportedNetwork;
  /**
   * The same model with another number of classes: its last convolution or fully connected layer has
   * so many features.
   *
   * @param numClasses the number of classes
   * @throws {TypeError} if it does not end in such a layer, or its shapes depend on the classes
   */
  withClasses(numClasses: number): Layer;
};

/** Options of reading such a file. */
export type ImportOptions = {
  /**
   * Whether a softmax at the end stays. Default: `false`; the network returns logits, as ours do,
   * of which {@linkcode classify} and losses make probabilities.
   */
  readonly keepSoftmax?: boolean;
  /** Shape of one input, of which the sizes that the file leaves open are taken. Default: 224. */
  readonly inputShape?: Shape | undefined;
};

/** A size that the file leaves open. */
const OPEN_SIZE = 224;

/** Sizes of which those that are open, `undefined`, are those of another shape. */
export function openSizes(
  sizes: readonly (number | undefined)[],
  shape: Shape | undefined,
): number[] {
  const like = shape?.length === sizes.length ? shape : undefined;
  return sizes.map((size, axis) => size ?? like?.[axis] ?? OPEN_SIZE);
}

/** What makes an {@linkcode ImportedFile}. */
type FileParts = Pick<ImportedFile, "file" | "metadata" | "inputShape"> & {
  /** The network for inputs of a shape, perhaps with another head. */
  convert(shape: Shape, head?: Head): Built;
};

/**
 * A file whose graph can be converted; it is once, so that all that is wrong with it is known.
 *
 * @throws what the conversion throws
 */
export function importedFile({ file, metadata, inputShape, convert }: FileParts): ImportedFile {
  const build = (shape: Shape = inputShape): Built => {
    const isImage = inputShape.length === 3;
    const fits = shape.length === inputShape.length &&
      shape.every((size, axis) => size === inputShape[axis] || isImage && axis < 2 && size >= 1);
    if (fits) return convert(shape);
    throw new RangeError(
      `Cannot read ${file}: its input must be like [${inputShape}], got [${shape}]`,
    );
  };
  const { head: last } = build();
  const withClasses = (numClasses: number): Layer => {
    if (last?.params.kernel) return convert(inputShape, { name: last.node, numClasses }).model;
    throw new TypeError(
      `Cannot read ${file}: its last layer with weights must be a convolution or fully connected to get other classes, got ${
        last ? `"${last.name}" (${last.layer.op})` : "none"
      }`,
    );
  };
  return { file, metadata, inputShape, build, withClasses };
}

/** What is missing, by its name with the places that want it. */
export class Missing {
  readonly #places = new Map<string, string[]>();

  add(what: string, place: string): void {
    this.#places.set(what, [...this.#places.get(what) ?? [], place]);
  }

  /**
   * Refuses all that is missing at once.
   *
   * @param kind what is missing, "layers"
   * @throws {TypeError} if anything is missing
   */
  require(file: string, kind: string): void {
    if (this.#places.size === 0) return;
    const some = (names: readonly string[]): string =>
      names.slice(0, 3).map((name) => `"${name}"`).join(", ") + (names.length > 3 ? ", …" : "");
    const all = [...this.#places].map(([what, names]) =>
      `${what} (${names.length} × : ${some(names)})`
    );
    throw new TypeError(
      `Cannot read ${file}: its ${kind} must be among those of docs/weights.md, got ${
        all.join("; ")
      }`,
    );
  }
}
