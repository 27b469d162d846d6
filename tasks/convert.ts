// `deno task convert`: a network into a file of another program, or of ours.
import { convertedTo, type Format, type Reopened, write } from "./convert/formats.ts";
import { agreement } from "./convert/agreement.ts";
import { entries, evaluate, type OpenedNetwork } from "../mod.ts";
import type { Preprocessing } from "../lib/image/mod.ts";
import { inputShapeOf } from "../lib/image/mod.ts";
import { table } from "../lib/text/table.ts";
import { isImported } from "../lib/weights/imported_file.ts";
import type { NetworkFile } from "../lib/weights/network_file.ts";
import { findClassNames, findPreprocessing } from "../lib/weights/sidecars.ts";
import {
  choice,
  count,
  path,
  runCommand,
  text,
  toggle,
  UsageError,
  type Values,
} from "./command.ts";
import { startDevice } from "./command/device.ts";
import { say } from "./command/say.ts";
import { dataDirFlag, DATASETS, limited, openDataset, trainedOn } from "./datasets.ts";
import { normalizationOf } from "./evaluate.ts";
import { networkFlags, openWeights } from "./network.ts";
import { parseShape } from "./summary.ts";

/** What the task takes. */
export const command = {
  name: "convert",
  summary:
    "Writes a network as a file of another program, ONNX, Keras or TensorFlow.js, or as safetensors. What was written is opened again and its answer compared.",
  positionals: {
    in: path({
      required: true,
      help: "the network, as --weights of other tasks: a path, a URL, or a known name",
    }),
    out: path({
      required: true,
      help:
        "the file: NAME.onnx, NAME.keras, NAME.h5, NAME.safetensors, or a folder for TensorFlow.js",
    }),
  },
  flags: {
    float16: toggle({
      help: "keep kernels in 16 bits; with --dataset the accuracy that this costs is printed",
    }),
    layout: choice(["NCHW", "NHWC"], {
      default: "NCHW",
      help: "how images are laid out in an ONNX file's input",
    }),
    kind: choice(["auto", "layers", "graph"], {
      default: "auto",
      help: "which model of TensorFlow.js: auto is layers, if it has layers for everything",
    }),
    names: choice(["neocog", "torch"], {
      default: "neocog",
      help: "of safetensors: a checkpoint of neocog, or PyTorch's names and order of numbers",
    }),
    input: text({
      help: "shape of one input, HEIGHTxWIDTHxCHANNELS",
      defaultText: "that of the preprocessing, or of the file",
    }),
    model: networkFlags.model,
    export: networkFlags.export,
    "changed-model": networkFlags["changed-model"],
    preprocessing: networkFlags.preprocessing,
    classes: networkFlags.classes,
    dataset: choice(DATASETS, {
      help: "with --float16: the data set whose test images tell what it costs",
      defaultText: "the one it was trained on, if --data-dir or --limit is given",
    }),
    "data-dir": dataDirFlag,
    limit: count({ min: 1, help: "N test images only, as many of each class", defaultText: "all" }),
    backend: networkFlags.backend,
    json: toggle({ help: "print one JSON object on stdout as the last line" }),
  },
  examples: [
    [
      "deno task convert runs/lenet5-mnist/checkpoint.safetensors lenet5.onnx",
      "what deno task train left, for ONNX Runtime",
    ],
    ["deno task convert resnet18.pth resnet18.keras", "PyTorch's weights, for Keras"],
    ["deno task convert model.onnx model-tfjs", "a folder for TensorFlow.js"],
    [
      "deno task convert examples/networks/lenet5-relu-mnist.safetensors small.onnx --float16 --dataset mnist",
      "in 16 bits, with what that costs on MNIST's test images",
    ],
    [
      "deno task convert runs/resnet20-cifar10/checkpoint.safetensors resnet20.safetensors --names torch",
      "for PyTorch's load_state_dict",
    ],
  ],
} as const;

type Flags = Values<typeof command.flags> & Values<typeof command.positionals>;

/** Refuses flags that would have no effect. */
function requireUse(flags: Flags, { name }: Format): void {
  const uses: readonly [flag: string, isGiven: boolean, formats: readonly string[]][] = [
    ["--layout", flags.layout !== "NCHW", ["ONNX"]],
    ["--kind", flags.kind !== "auto", ["TensorFlow.js"]],
    ["--names", flags.names !== "neocog", ["safetensors"]],
    ["--float16", flags.float16, ["ONNX", "Keras", "TensorFlow.js"]],
  ];
  for (const [flag, isGiven, formats] of uses) {
    if (!isGiven || formats.includes(name)) continue;
    throw new UsageError(`Cannot use ${flag} for ${flags.out}: it is of ${formats.join(", ")}`);
  }
  const isMeasured = flags.dataset ?? flags["data-dir"] ?? flags.limit;
  if (isMeasured !== undefined && !flags.float16) {
    throw new UsageError("Cannot measure what is lost without --float16: 32 bits lose nothing");
  }
}

/** How pictures are prepared, if anything says it. */
async function preprocessingOf(
  file: NetworkFile,
  asked: string | undefined,
): Promise<Preprocessing | undefined> {
  if (asked === undefined && isImported(file.file) && !file.metadata.preprocessing) {
    say(
      "note: the file does not say how pictures are prepared, so neither will what is written; --preprocessing names it",
    );
    return undefined;
  }
  return (await findPreprocessing(file, asked)).how;
}

/** The network with what is known of it. */
async function opened(file: NetworkFile, flags: Flags): Promise<OpenedNetwork> {
  const preprocessing = await preprocessingOf(file, flags.preprocessing);
  const shape = flags.input !== undefined
    ? parseShape(flags.input)
    : file.checkpoint || !preprocessing
    ? file.inputShape
    : inputShapeOf(preprocessing);
  const { model, params, state, inputShape } = await file.load(shape);
  const { name, origin, metadata } = file;
  const classNames = await findClassNames(file, flags.classes);
  // Without a preprocessing, none is written.
  return {
    name,
    model,
    params,
    state,
    inputShape,
    classNames,
    origin,
    metadata,
    preprocessing,
  } as OpenedNetwork;
}

/** Bytes of a file, or of all files of a folder. */
async function sizeOf(path: string): Promise<number> {
  const info = await Deno.stat(path);
  if (!info.isDirectory) return info.size;
  let sum = 0;
  for await (const { name, isFile } of Deno.readDir(path)) {
    if (isFile) sum += (await Deno.stat(`${path}/${name}`)).size;
  }
  return sum;
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;

/** The accuracy of both networks on test images; `undefined` if none are given. */
async function accuracies(
  file: NetworkFile,
  networks: readonly [OpenedNetwork, Reopened],
  flags: Flags,
): Promise<{ before: number; after: number; samples: number; dataset: string } | undefined> {
  const isAsked = flags.dataset ?? flags["data-dir"] ?? flags.limit;
  if (isAsked === undefined) return undefined;
  const dataset = flags.dataset ?? trainedOn(file) ?? "folder";
  const { test } = await openDataset(dataset, flags["data-dir"], {
    how: (await findPreprocessing(file, flags.preprocessing)).how,
  });
  const examples = limited(test, flags.limit, `the test images of ${dataset}`);
  const { normalize } = await normalizationOf(file, flags.preprocessing, examples.imageShape);
  const before = await evaluate(networks[0], examples, { normalize });
  const after = await evaluate(networks[1], examples, { normalize });
  return { before: before.accuracy, after: after.accuracy, samples: before.count, dataset };
}

/** Runs the task. */
async function run(flags: Flags): Promise<void> {
  const format = convertedTo(flags.out);
  requireUse(flags, format);
  const file = await openWeights(flags.in, flags);
  await startDevice(flags.backend);
  const network = await opened(file, flags);
  const became = await write(format, flags.out, network, file, flags);
  const again = await format.open?.(flags.out, network.inputShape);
  const difference = again && await agreement(network, again);
  const bytes = await sizeOf(flags.out);
  const parameters = entries(network.params).reduce((sum, [, { size }]) => sum + size, 0);
  const lost = again && flags.float16 ? await accuracies(file, [network, again], flags) : undefined;
  if (flags.json) {
    console.log(JSON.stringify({
      in: flags.in,
      out: flags.out,
      format: became,
      parameters,
      bytes,
      inputShape: network.inputShape,
      ...(difference === undefined ? {} : { difference }),
      ...(lost ? { accuracy: lost } : {}),
    }));
    return;
  }
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  console.log(table([
    ["network", `${file.name} by ${file.origin}`],
    ["parameters", parameters.toLocaleString("en-US")],
    ["input", network.inputShape.join(" × ")],
    ["written", `${flags.out}, ${became}, ${megabytes(bytes)}`],
    ...(difference === undefined ? [] : [[
      "opened again",
      difference === 0
        ? "the same answer, to the last bit"
        : `its answer differs by ${difference.toExponential(1)} of its largest number`,
    ]]),
    ...(lost
      ? [[
        "accuracy",
        `${percent(lost.before)} in 32 bits, ${
          percent(lost.after)
        } in 16, on ${lost.samples} images of ${lost.dataset}`,
      ]]
      : []),
  ]));
}

if (import.meta.main) await runCommand(command, Deno.args, run);
