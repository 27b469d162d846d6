// The network that `explain` and `generate` use, known before the device is started.
import { type Device, type Layer, layersOf, type Network, type Shape } from "../../mod.ts";
import { inputShapeOf, type Preprocessing } from "../../lib/image/mod.ts";
import type { NetworkFile } from "../../lib/weights/network_file.ts";
import { findClassNames, findPreprocessing } from "../../lib/weights/sidecars.ts";
import { unknownName } from "../../lib/text/nearest.ts";
import { refuse, UsageError, type Values } from "../command.ts";
import { startDevice } from "../command/device.ts";
import { type networkFlags, openWeights } from "../network.ts";
import { say } from "../command/say.ts";

/** A network of which nothing is on the device yet: wrong flags are refused before any work. */
export type OpenedNetwork = {
  /** The model's name. */
  readonly name: string;
  readonly model: Layer;
  /** Shape of one input, `[H, W, C]`. */
  readonly inputShape: Shape;
  /** How pictures are prepared for it. */
  readonly units: Preprocessing;
  readonly classNames: readonly string[];
  readonly file: NetworkFile;
  /** Settings for the JSON file beside every picture. */
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
 * @throws {Error} if the weights are not there, or are not of a network
 */
export async function openNetwork(flags: Values<typeof networkFlags>): Promise<OpenedNetwork> {
  const file = await openWeights(flags.weights, flags);
  const { how, source } = await findPreprocessing(file, flags.preprocessing);
  const { name, model } = file;
  const inputShape = file.checkpoint ? file.inputShape : inputShapeOf(how);
  const classNames = await findClassNames(file, flags.classes);
  say(`${name} by ${file.origin}; preprocessing: ${source}`);
  return {
    name,
    model,
    inputShape,
    units: how,
    classNames,
    file,
    settings: { model: name, weights: flags.weights, preprocessing: source },
    async start(shape = inputShape) {
      const device = await startDevice(flags.backend);
      return { ...await file.load(shape), device };
    },
  };
}

/** Operations whose output looks like their input. */
const PLAIN = new Set(["dropout", "padTo", "auxiliary"]);

/** The paths of the outermost layers that output feature maps, in their order. */
export function mapLayers(
  { model, inputShape }: Pick<OpenedNetwork, "model" | "inputShape">,
): string[] {
  return [...layersOf(model, inputShape)]
    .filter(([path, { op, shape }]) =>
      path !== "" && !path.includes("/") && shape.length === 3 && !PLAIN.has(op)
    )
    .map(([path]) => path);
}

/**
 * The index of the class that a flag names.
 *
 * @param value a number from 0, or a name in upper or lower case; of several names separated by
 * commas the first is enough
 * @throws {UsageError} if there is no such class, with the nearest name
 */
export function findClass(
  { classNames }: Pick<OpenedNetwork, "classNames">,
  value: string,
  flag = "--class",
): number {
  // Names first: MNIST's classes are called by their numbers, and others may be.
  const wanted = value.toLowerCase();
  const named = classNames.findIndex((name) => name.toLowerCase() === wanted);
  if (named >= 0) return named;
  if (/^\d+$/.test(value)) {
    if (Number(value) < classNames.length) return Number(value);
    refuse(flag, `a number from 0 to ${classNames.length - 1} or a name`, value);
  }
  const first = classNames.findIndex((name) => name.split(",")[0]!.toLowerCase() === wanted);
  if (first >= 0) return first;
  throw new UsageError(shortened(unknownName("class", value, classNames)));
}

/** A thousand names do not help. */
function shortened(sentence: string): string {
  return sentence.length <= 400 ? sentence : `${sentence.slice(0, 300)}, …`;
}
