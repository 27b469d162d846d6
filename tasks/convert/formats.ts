// The formats that networks are written in, by the endings of files.
import type { Network, OpenedNetwork, Shape } from "../../mod.ts";
import { readTree } from "../../lib/train/callbacks/kept_weights.ts";
import { writeCheckpoint } from "../../lib/weights/checkpoint.ts";
import type { Json } from "../../lib/weights/json.ts";
import { type NetworkFile, openNetworkFile } from "../../lib/weights/network_file.ts";
import { writeTorch } from "../../lib/weights/torch.ts";
import { pathLayout } from "../../lib/weights/torch_layout.ts";
import { torchLayouts } from "../../lib/weights/torch_layouts.ts";
import { writeKeras, writeOnnx, writeTfjs } from "../../lib/weights/write.ts";
import { refuse } from "../command.ts";

/** A network that was written and opened again. */
export type Reopened = Network & { readonly inputShape: Shape };

/** How a network is written. */
export type Format = {
  readonly name: "ONNX" | "Keras" | "TensorFlow.js" | "safetensors";
  readonly endings: readonly string[];
  /** Opens what was written, if that tells the model. */
  open?(path: string, inputShape: Shape): Promise<Reopened>;
};

/** Opens a file that has its model with it. */
const open = async (path: string, inputShape: Shape): Promise<Reopened> =>
  await (await openNetworkFile(path)).load(inputShape);

/** The formats; a folder, which has no ending, is TensorFlow.js's. */
const FORMATS: readonly Format[] = [
  { name: "ONNX", endings: [".onnx"], open },
  { name: "Keras", endings: [".keras", ".h5", ".hdf5"], open },
  { name: "safetensors", endings: [".safetensors"] },
];

/** The format of a path. */
export function convertedTo(path: string): Format {
  const ending = /\.\w+$/.exec(path.replace(/^.*[/\\](?=.)/, ""))?.[0].toLowerCase();
  const known = FORMATS.find(({ endings }) => endings.some((one) => one === ending));
  if (known) return known;
  const isFolder = ending === undefined || /[/\\]$/.test(path);
  if (isFolder) {
    return {
      name: "TensorFlow.js",
      endings: [],
      open: (folder, shape) => open(`${folder.replace(/[/\\]$/, "")}/model.json`, shape),
    };
  }
  refuse(
    "OUT",
    `${FORMATS.flatMap(({ endings }) => endings).join(", ")}, or a folder for TensorFlow.js`,
    path,
  );
}

/** How a format is written. */
export type Writing = {
  readonly float16: boolean;
  readonly layout: "NCHW" | "NHWC";
  readonly kind: "auto" | "layers" | "graph";
  readonly names: "neocog" | "torch";
};

/**
 * Writes a network.
 *
 * @returns what it became, in words
 */
export async function write(
  { name }: Format,
  path: string,
  network: OpenedNetwork,
  file: NetworkFile,
  { float16, layout, kind, names }: Writing,
): Promise<string> {
  const bits = float16 ? " with kernels in 16 bits" : "";
  if (name === "ONNX") {
    await writeOnnx(path, network, { float16, layout });
    return `ONNX${bits}`;
  }
  if (name === "Keras") {
    await writeKeras(path, network, { float16 });
    return `Keras 3${float16 ? " with kernels rounded to 16 bits" : ""}`;
  }
  if (name === "TensorFlow.js") {
    return `a ${await writeTfjs(path, network, { float16, kind })} model of TensorFlow.js${bits}`;
  }
  const { classNames, preprocessing, inputShape } = network;
  if (names === "torch") {
    const layout = torchLayouts[file.name]?.[0] ?? pathLayout;
    const about = preprocessing && { preprocessing: JSON.stringify(preprocessing) };
    await writeTorch(path, network, inputShape, layout, about ?? {});
    return `safetensors with the names of ${layout.name}`;
  }
  const [params, state] = await Promise.all([network.params, network.state].map(readTree));
  await writeCheckpoint(path, {
    sections: { params: params!, state: state!, optimizer: new Map() },
    run: {
      model: file.name,
      inputShape: inputShape as Json,
      classNames: classNames as Json,
      ...(preprocessing ? { preprocessing: preprocessing as unknown as Json } : {}),
    },
  });
  return "a checkpoint";
}
