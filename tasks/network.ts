// The network that flags name.
import { askedShape } from "../lib/weights/sidecars.ts";
import { type NetworkFile, openNetworkFile } from "../lib/weights/network_file.ts";
import { choice, type Flag, path, text } from "./command.ts";
import { say } from "./command/say.ts";
import { type DownloadProgress, downloadProgress } from "./progress.ts";
import { givenModel, modelFlag, type ModelFlags, ownModelFlags } from "./own_model.ts";
import { DEFAULT_RUN } from "./train/recipes.ts";

/** A network in the project, with ReLUs, which backward rules need. */
const OWN_NETWORK = "examples/networks/lenet5-relu-mnist.safetensors";

/**
 * `--weights`: the network, for {@linkcode openWeights}.
 *
 * @param standard the default
 */
export function weightsFlag(standard: string): Flag<string> {
  return path({
    default: standard,
    help:
      "the network: a checkpoint of deno task train or transfer, an ONNX, Keras or TensorFlow.js file, or a " +
      "safetensors or .pth file with PyTorch's names; a path, a URL, or a known name such as resnet18",
  }) as Flag<string>;
}

/** Which network, and where it computes. */
export const networkFlags = {
  weights: weightsFlag(OWN_NETWORK),
  model: modelFlag({
    help: "the model that the weights must be of",
    defaultText: "recognized by the file",
  }),
  ...ownModelFlags,
  preprocessing: text({
    help: "torchvision, inception, googlenet, caffe, cifar, or a JSON file",
    defaultText: "of the weights, or of NAME.json beside them, or the model's usual one",
  }),
  classes: path({
    help: "a file with the classes' names, one per line",
    defaultText:
      "of the checkpoint, or NAME.classes.txt beside the weights, or of ImageNet or CIFAR-10",
  }),
  backend: choice(["webgpu", "cpu"], {
    help: "where to compute",
    defaultText: "webgpu, or cpu if there is no adapter",
  }),
} as const;

/** The checkpoint that tasks open if none is named. */
export const DEFAULT_WEIGHTS =
  `runs/${DEFAULT_RUN.model}-${DEFAULT_RUN.dataset}/checkpoint.safetensors`;

/**
 * Opens a network's file, with a bar while it is fetched. Nothing is on the device yet.
 *
 * @param weights a path, a URL, or a known name
 * @param flags the model it must be of; recognized if there is none
 */
export async function openWeights(
  weights: string,
  flags: ModelFlags & { readonly preprocessing?: string | undefined },
): Promise<NetworkFile> {
  const model = await givenModel(flags);
  let progress: DownloadProgress | undefined;
  try {
    const file = await openNetworkFile(weights, {
      ...(model === undefined ? {} : { model }),
      pictureShape: await askedShape(flags.preprocessing),
      onFetch: () => progress = downloadProgress(weights),
      onProgress: (bytes, total) => progress?.update(bytes, total),
    });
    if (file.trust === "trusted") {
      say(`note: ${weights} has SHA-256 ${file.sha256}, which nothing here can confirm`);
    }
    return file;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const mend = "--weights names another, deno task train makes one";
    throw new Deno.errors.NotFound(`${error.message}: ${mend}`, { cause: error });
  } finally {
    progress?.stop();
  }
}
