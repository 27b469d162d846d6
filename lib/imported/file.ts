// What is known of a file of another program that has its model with it.
import type { Layer } from "../layers/layer.ts";
import type { Shape } from "../tensor/tensor.ts";
import type { ImportedNetwork } from "./assemble.ts";

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
};

/** A size that the file leaves open. */
export const OPEN_SIZE = 224;
