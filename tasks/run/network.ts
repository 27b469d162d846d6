// A network with its weights from a file: a checkpoint of `deno task train`, or PyTorch's weights.
import {
  fromTorch,
  type Layer,
  openSafetensors,
  recognise,
  type Recognised,
  type SafetensorsFile,
  type Shape,
  type Tree,
  type Weights,
} from "../../mod.ts";
import { loadTrained, type Trained } from "./load.ts";

/** A network of which nothing is on the device yet. */
export type Network = {
  /** The file of its weights. */
  readonly file: string;
  /** The model's name. */
  readonly name: string;
  readonly model: Layer;
  /** Shape of one input that it was made for or trained on. */
  readonly inputShape: Shape;
  readonly numClasses: number;
  /** Whose names the weights had. */
  readonly origin: string;
  /** What is known of it where `deno task train` trained it. */
  readonly trained?: Trained;
  /** What the file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Puts its parameters on the device that was started.
   *
   * @param inputShape shape of one input. Default: that which it was made for
   */
  weights(inputShape?: Shape): Promise<Weights<Tree, Tree>>;
};

/** Whether a file is a checkpoint of neocog's. */
function isCheckpoint({ metadata }: SafetensorsFile): boolean {
  return metadata.format?.startsWith("neocog") ?? false;
}

/**
 * Finds out what network a file of weights belongs to.
 *
 * @param file a checkpoint, or a safetensors file with the names of PyTorch's networks
 * @param name the model it must be of; found out where `undefined`
 * @throws {SyntaxError} where the file is no safetensors file, or cut
 * @throws {TypeError} where it is another model's: with the keys that do not fit
 */
export async function openNetwork(file: string, name?: string): Promise<Network> {
  await using opened = await openSafetensors(file);
  if (isCheckpoint(opened)) return trainedNetwork(file, await loadTrained(file, name));
  return torchNetwork(file, recognise(opened, name), opened.metadata);
}

function trainedNetwork(file: string, trained: Trained): Network {
  return {
    file,
    name: trained.settings.model,
    model: trained.model,
    inputShape: trained.inputShape,
    numClasses: trained.classNames.length,
    origin: "deno task train",
    trained,
    metadata: {},
    weights: () => Promise.resolve(trained.weights()),
  };
}

function torchNetwork(
  file: string,
  { name, model, inputShape, numClasses, layout }: Recognised,
  metadata: Readonly<Record<string, string>>,
): Network {
  return {
    file,
    name,
    model,
    inputShape,
    numClasses,
    origin: layout.name,
    metadata,
    async weights(shape = inputShape) {
      await using opened = await openSafetensors(file);
      return await fromTorch(model, shape, opened, layout);
    },
  };
}
