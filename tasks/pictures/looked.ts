// A network that is looked into, for `explain` and `generate`: what can be known of it before the device is started.
import { type Device, type Layer, layersOf, type Network, type Shape } from "../../mod.ts";
import { inputShapeOf, type Preprocessing } from "../../lib/image/mod.ts";
import type { NetworkFile } from "../../lib/weights/network_file.ts";
import { findClassNames, findPreprocessing } from "../../lib/weights/sidecars.ts";
import { unknownName } from "../../lib/text/nearest.ts";
import { UsageError } from "../command.ts";
import { startDevice } from "../command/device.ts";
import { openWeights } from "../network/open_weights.ts";
import { say } from "../command/say.ts";

/** The values of `networkFlags`. */
export type NetworkValues = {
  readonly weights: string;
  readonly model: string | undefined;
  readonly preprocessing: string | undefined;
  readonly classes: string | undefined;
  readonly backend: "webgpu" | "cpu" | undefined;
};

/** A network of which nothing is on the device yet: bad flags are refused by what is known of it. */
export type Looked = {
  /** The model's name. */
  readonly name: string;
  readonly model: Layer;
  /** Shape of one input, `[H, W, C]`. */
  readonly inputShape: Shape;
  /** How pictures are prepared for it; it is its units too, as `toInputs` and `ascend` take them. */
  readonly units: Preprocessing;
  readonly classNames: readonly string[];
  /** What the weights' file says, and the data set it was trained on. */
  readonly opened: NetworkFile;
  /** What of it belongs beside every picture. */
  readonly settings: Readonly<Record<string, string>>;
  /**
   * Starts the device and puts the weights on it.
   *
   * @param inputShape shape of one input. Default: its own
   */
  start(inputShape?: Shape): Promise<Network & { readonly device: Device }>;
};

/**
 * Opens the network that the flags name. Nothing is on the device until `start`.
 *
 * @param flags the values of `networkFlags`
 * @throws {Error} where the weights are not there, or are no network's
 */
export async function openLooked(flags: NetworkValues): Promise<Looked> {
  const opened = await openWeights(flags.weights, flags.model);
  const { how, source } = await findPreprocessing(opened, flags.preprocessing);
  const { name, model } = opened;
  const inputShape = opened.checkpoint ? opened.inputShape : inputShapeOf(how);
  const classNames = await findClassNames(opened, flags.classes);
  say(`${name} by ${opened.origin}; preprocessing: ${source}`);
  return {
    name,
    model,
    inputShape,
    units: how,
    classNames,
    opened,
    settings: { model: name, weights: flags.weights, preprocessing: source },
    async start(shape = inputShape) {
      const device = await startDevice(flags.backend);
      return { ...await opened.load(shape), device };
    },
  };
}

/** Operations whose answers are their inputs, or those with an edge: there is nothing to see in them. */
const PLAIN = new Set(["dropout", "padTo", "auxiliary"]);

/**
 * The layers that answer maps and are in no other, in their order.
 *
 * @param looked the network
 * @returns their paths
 */
export function mapLayers({ model, inputShape }: Pick<Looked, "model" | "inputShape">): string[] {
  return [...layersOf(model, inputShape)]
    .filter(([path, { op, shape }]) =>
      path !== "" && !path.includes("/") && shape.length === 3 && !PLAIN.has(op)
    )
    .map(([path]) => path);
}

/**
 * The index of the class that a flag names.
 *
 * @param looked the network
 * @param value a number from 0, or a name; the first of several by comma will do, in any case
 * @param flag the flag's name, for the error
 * @throws {UsageError} where there is no such class, with the nearest name
 */
export function findClass(
  { classNames }: Pick<Looked, "classNames">,
  value: string,
  flag = "--class",
): number {
  // Names first: MNIST's classes are called by their numbers, and others may be.
  const wanted = value.toLowerCase();
  const named = classNames.findIndex((name) => name.toLowerCase() === wanted);
  if (named >= 0) return named;
  if (/^\d+$/.test(value)) {
    if (Number(value) < classNames.length) return Number(value);
    throw new UsageError(
      `Cannot use ${flag}: it must be a number from 0 to ${
        classNames.length - 1
      } or a name, got ${value}`,
    );
  }
  const first = classNames.findIndex((name) => name.split(",")[0]!.toLowerCase() === wanted);
  if (first >= 0) return first;
  throw new UsageError(shortened(unknownName("class", value, classNames)));
}

/** A thousand names are no help. */
function shortened(sentence: string): string {
  return sentence.length <= 400 ? sentence : `${sentence.slice(0, 300)}, …`;
}
