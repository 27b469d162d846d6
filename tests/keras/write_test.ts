// Files of Keras that are written: each layer comes back, from an archive and from HDF5.
import { assertEquals, assertRejects } from "@std/assert";
import { entries, init, key, lenet5, open, relu, type Tree, weights } from "../../mod.ts";
import { onCpu } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { CASES } from "../exported/cases.ts";
import { answerOf } from "../exported/networks.ts";
import { openZip } from "../../lib/files/zip.ts";
import { readKeras } from "../../lib/keras/mod.ts";

/** Calls with a folder. */
async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const ending of ["keras", "h5"]) {
  onCpu(`each layer is written as .${ending}, and comes back with the same answers`, async () => {
    await inFolder(async (folder) => {
      const path = `${folder}/model.${ending}`;
      for (const [name, [layer, shape]] of Object.entries(CASES)) {
        const { network, x, y } = answerOf(layer, shape);
        await weights.writeKeras(path, network);
        const file = await readKeras(path, { keepSoftmax: true });
        assertEquals(file.inputShape, shape, name);
        const { model, params, state } = file.build().load();
        await assertClose(model.apply(params, state, x, {})[0], y, name);
      }
    });
  });
}

onCpu("a .keras file is an archive of Keras's three files, layers in Keras's order", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/model.keras`;
    const [layer, shape] = CASES["parallel"]!;
    await weights.writeKeras(path, answerOf(layer, shape).network);
    await using zip = await openZip(path);
    assertEquals([...zip.entries.keys()], ["metadata.json", "config.json", "model.weights.h5"]);
    const json = JSON.parse(
      new TextDecoder().decode(await zip.entries.get("config.json")!.read()),
    );
    assertEquals(
      json.config.layers.map(({ name, class_name }: Record<string, string>) =>
        `${name} ${class_name}`
      ),
      [
        "input InputLayer",
        "a Conv2D",
        "b MaxPooling2D",
        "concat Concatenate",
      ],
    );
    assertEquals(json.config.output_layers, ["concat", 0, 0]);
  });
});

onCpu("classes and preprocessing are said in the file, which opens with them", async () => {
  await inFolder(async (folder) => {
    const network = init(lenet5(), key(0), [28, 28, 1]);
    const about = {
      classNames: [..."abcdefghij"],
      preprocessing: { crop: [28, 28], range: 255, mean: [128], std: [2] } as const,
    };
    for (const ending of ["keras", "h5", "onnx"]) {
      const path = `${folder}/model.${ending}`;
      const write = ending === "onnx" ? weights.writeOnnx : weights.writeKeras;
      await write(path, { ...network, ...about });
      const opened = await open(path);
      assertEquals(opened.classNames, about.classNames, ending);
      assertEquals(opened.preprocessing, about.preprocessing, ending);
    }
  });
});

onCpu("16 bits round kernels, and other endings are refused", async () => {
  await inFolder(async (folder) => {
    const [layer, shape] = CASES["conv"]!;
    const { network } = answerOf(layer, shape);
    await weights.writeKeras(`${folder}/a.keras`, network, { float16: true });
    const { params } = (await readKeras(`${folder}/a.keras`)).build().load();
    const kernelOf = async (tree: Tree): Promise<Float32Array> => {
      const [, kernel] = entries(tree).find(([path]) => path.endsWith("kernel"))!;
      return await kernel.data() as Float32Array;
    };
    const before = await kernelOf(network.params);
    assertEquals(await kernelOf(params), before.map((one) => Math.f16round(one)));
    await assertRejects(
      () => weights.writeKeras(`${folder}/a.zip`, network),
      RangeError,
      "its name must end in .keras, .h5 or .hdf5",
    );
    await assertRejects(
      () =>
        weights.writeKeras(
          `${folder}/b.keras`,
          init({ ...relu(), apply: (_p, s, x) => [x, s] }, key(0), [3]),
        ),
      TypeError,
      '"" (relu)',
    );
  });
});
