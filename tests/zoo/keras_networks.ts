// `deno task test:zoo`: networks of keras.applications, of both kinds of files, answer as in Keras.
import { assertEquals, assertLess } from "@std/assert";
import { disposeTree, start, tf } from "../../mod.ts";
import { readKeras } from "../../lib/keras/mod.ts";
import { gpuTest, hasAdapter } from "../device/adapter.ts";

/** float32 over some hundred layers, relative to the largest probability. */
const TOLERANCE = 1e-5;

/** The Python that has keras and torch. */
const PYTHON = Deno.env.get("NEOCOG_PYTHON") ?? "python3";

const NETWORKS = [
  "MobileNet",
  "MobileNetV2",
  "MobileNetV3Small",
  "EfficientNetB0",
  "EfficientNetV2B0",
  "ResNet50",
  "ResNet50V2",
  "DenseNet121",
  "Xception",
  "InceptionV3",
  "InceptionResNetV2",
  "ConvNeXtTiny",
];

const env = { KERAS_BACKEND: "torch" };

async function hasKeras(): Promise<boolean> {
  try {
    const args = ["-c", "import keras, torch"];
    return (await new Deno.Command(PYTHON, { args, env, stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

const declare = !hasAdapter || await hasKeras()
  ? gpuTest
  : (name: string) =>
    Deno.test.ignore(`${name} (ignored: NEOCOG_PYTHON must name a Python with keras)`, () => {});

for (const name of NETWORKS) {
  declare(`Keras's ${name} answers as in Keras, from both kinds of files`, async () => {
    await start();
    const folder = await Deno.makeTempDir();
    try {
      const script = new URL("keras_networks.py", import.meta.url).pathname;
      const args = [script, name, folder];
      const { success, stderr } = await new Deno.Command(PYTHON, { args, env }).output();
      assertEquals(success, true, new TextDecoder().decode(stderr));
      const { shape, x, y } = JSON.parse(await Deno.readTextFile(`${folder}/answer.json`));
      for (const ending of ["keras", "h5"]) {
        const file = await readKeras(`${folder}/model.${ending}`, { keepSoftmax: true });
        const { model, params, state } = file.build().load();
        const [out] = model.apply(params, state, tf.tensor(x, shape), {});
        const got = await out.data();
        const largest = Math.max(...y);
        got.forEach((number, i) => assertLess(Math.abs(number - y[i]), TOLERANCE * largest));
        disposeTree(params);
        disposeTree(state);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
