// Keras models answer as in Keras: each layer, shared layers, nested models, whole files of both kinds.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { ImportedFile } from "../../lib/imported/file.ts";
import { parseModel } from "../../lib/keras/config.ts";
import { kerasFile } from "../../lib/keras/network.ts";
import { namedWeights } from "../../lib/keras/weights.ts";
import { readKeras } from "../../lib/keras/mod.ts";
import { open, tf } from "../../mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import golden from "../golden/keras_files.json" with { type: "json" };
import keras2 from "../golden/keras2_files.json" with { type: "json" };
import { floats } from "../onnx/files.ts";
import { onKerasFile, type Packed, tensorOf, unpacked } from "./files.ts";

type Case = {
  readonly config: unknown;
  readonly weights: Readonly<Record<string, Packed>>;
  readonly x: Packed;
  readonly y: Packed;
};
const cases = golden.cases as unknown as Readonly<Record<string, Case>>;

/** A case of the golden file, whose numbers have the names that Keras gives them. */
function fileOf({ config, weights }: Case): ImportedFile {
  const tensors = new Map(
    Object.entries(weights).map(([name, { shape, values }]) => [
      name,
      { name, shape, read: () => floats(values) },
    ]),
  );
  return kerasFile({
    file: "model.keras",
    model: parseModel(config, "model.keras"),
    weights: namedWeights(tensors),
    dialect: { major: 3, isTfjs: false },
    metadata: {},
  }, { keepSoftmax: true });
}

async function assertAnswers(file: ImportedFile, x: Packed, y: Packed): Promise<void> {
  const { model, params, state } = file.build(x.shape.slice(1)).load();
  const [out] = model.apply(params, state, tensorOf(x), {});
  assertEquals(out.shape, [...y.shape]);
  await assertClose(out, tensorOf(y));
}

for (const [name, each] of Object.entries(cases)) {
  onEachBackend(`a Keras model answers as in Keras: ${name}`, async () => {
    await assertAnswers(fileOf(each), each.x, each.y);
  });
}

for (const [ending, text] of Object.entries(golden.whole)) {
  onCpu(`a whole .${ending} file answers as in Keras, and has its paths`, async () => {
    await onKerasFile(await unpacked(text), async (path) => {
      const file = await readKeras(path, { keepSoftmax: true });
      await assertAnswers(file, golden.network.x, golden.network.y);
      assertStringIncludes(file.metadata.keras_version!, "3.");
      const { params } = file.build().load();
      const learned = Object.entries(params as Record<string, object>)
        .filter(([, own]) => Object.keys(own).length > 0).map(([name]) => name);
      assertEquals(learned, ["conv", "block.conv", "deep.conv", "deep.norm", "head"]);
      assertEquals(file.withClasses(5).declare(file.inputShape).shape, [5]);
    }, `.${ending}`);
  });
}

for (const [ending, text] of Object.entries(keras2.whole)) {
  onCpu(`a .${ending} file that Keras 2 wrote answers as there`, async () => {
    await onKerasFile(await unpacked(text), async (path) => {
      const file = await readKeras(path, { keepSoftmax: true });
      await assertAnswers(file, keras2.x, keras2.y);
      assertStringIncludes(file.metadata.keras_version!, "2.");
    }, `.${ending}`);
  });
}

onCpu(
  "open takes a Keras file: logits, its own shape, and preprocessing that is asked for",
  async () => {
    await onKerasFile(await unpacked(golden.whole.keras), async (path, folder) => {
      await assertRejects(() => open(path), TypeError, "--preprocessing torchvision or another");
      const preprocessing = {
        resize: 6,
        crop: [6, 6],
        range: 1,
        mean: [0, 0, 0],
        std: [1, 1, 1],
      } as const;
      const network = await open(path, { preprocessing });
      assertEquals(network.origin, "Keras");
      assertEquals(network.inputShape, [6, 6, 3]);
      const [logits] = network.model.apply(
        network.params,
        network.state,
        tensorOf(golden.network.x),
        {},
      );
      await assertClose(tf.softmax(logits), tensorOf(golden.network.y));
      await Deno.writeTextFile(`${folder}/model.classes.txt`, "a\nb\nc\n");
      const named = await open(path, { preprocessing });
      assertEquals(named.classNames, ["a", "b", "c"]);
      await assertRejects(
        () => open(path, { preprocessing, model: "resnet18" }),
        TypeError,
        "a Keras file has its model",
      );
    });
  },
);

for (const [wanted, text] of Object.entries(golden.bad)) {
  Deno.test(`a Keras file with a fault is refused: ${wanted}`, async () => {
    await onKerasFile(await unpacked(text), async (path) => {
      const error = await assertRejects(() => readKeras(path));
      assert(error instanceof SyntaxError || error instanceof TypeError, String(error));
      assertStringIncludes(error.message, wanted);
      assertStringIncludes(error.message, path);
    });
  });
}

Deno.test("Keras files that are cut are refused, wherever they are cut", async () => {
  for (const [ending, text] of Object.entries(golden.whole)) {
    const whole = await unpacked(text);
    for (let length = 0; length < whole.length; length += 1000) {
      await onKerasFile(whole.subarray(0, length), async (path) => {
        await assertRejects(() => readKeras(path), SyntaxError);
      }, `.${ending}`);
    }
  }
});

for (
  const [name, after, isLeftOut] of [
    ["of vectors", [], true],
    ["of pixels", [{ class_name: "Reshape", config: { target_shape: [6, 4] } }], true],
    ["of pixels, flattened", [{ class_name: "Flatten", config: {} }], false],
  ] as const
) {
  onCpu(`a softmax at the end is left out if it can be made again: ${name}`, () => {
    const input = { class_name: "InputLayer", config: { batch_shape: [null, 2, 3, 4] } };
    const layers = [input, { class_name: "Softmax", config: {} }, ...after];
    const { model } = kerasFile({
      file: "model.keras",
      model: parseModel({ class_name: "Sequential", config: { layers } }, "model.keras"),
      weights: namedWeights(new Map()),
      dialect: { major: 3, isTfjs: false },
      metadata: {},
    }).build();
    const [output] = model.apply({}, {}, tf.ones([1, 2, 3, 4]), {}) as [tf.Tensor, unknown];
    assertEquals((output.dataSync())[0], isLeftOut ? 1 : 0.25);
  });
}

Deno.test("layers in one another without an end are refused", () => {
  let config: unknown = { class_name: "Dense", config: { units: 1 } };
  for (let i = 0; i < 50; i++) {
    config = { class_name: "Sequential", config: { name: "deep", layers: [config] } };
  }
  let message = "";
  try {
    parseModel(config, "model.keras");
  } catch (error) {
    message = (error as Error).message;
  }
  assertStringIncludes(message, "must lie in at most 32 others, got 33");
});
