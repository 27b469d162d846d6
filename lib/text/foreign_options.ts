// Options as Keras and PyTorch call them, and what they are called here.

/** Names of Keras and PyTorch, in small letters without underscores, and the names here. */
const NAMES: Readonly<Record<string, string>> = {
  amp: "precision",
  augmentation: "augment",
  classes: "numClasses",
  criterion: "loss",
  dilationrate: "dilation",
  filters: "features",
  kernelinitializer: "initializer",
  kernelsize: "size",
  lossfn: "loss",
  lossfunction: "loss",
  lr: "learningRate",
  outchannels: "features",
  outfeatures: "features",
  poolsize: "size",
  randomstate: "key",
  seed: "key",
  strides: "stride",
  units: "features",
  usebias: "bias",
};

/** A name without what differs from language to language: `kernel_size` as `kernelsize`. */
export function plainName(name: string): string {
  return name.replaceAll("_", "").toLowerCase();
}

/**
 * What an option of Keras or PyTorch is called here.
 *
 * @param known the names of a function's options
 * @returns one of `known`, or `undefined`
 */
export function nameHere(name: string, known: readonly string[]): string | undefined {
  const plain = plainName(name);
  return known.find((each) => each === NAMES[plain] || plainName(each) === plain);
}
