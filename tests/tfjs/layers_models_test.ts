// Layers models of TensorFlow.js answer as in stock TensorFlow.js.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { readTfjs } from "../../lib/tfjs/mod.ts";
import { open } from "../../mod.ts";
import { onCpu } from "../backends.ts";
import { packageTest } from "../packages.ts";
import { type Artifacts, assertAsStock, type Group, numbersOf, onModel, stock } from "./models.ts";

type Make = (x: stock.SymbolicTensor) => stock.SymbolicTensor;
const { layers } = stock;
const conv = (filters: number, more: object = {}): ReturnType<typeof layers.conv2d> =>
  layers.conv2d({ filters, kernelSize: 3, padding: "same", ...more });
const apply = (layer: { apply(x: unknown): unknown }, x: unknown): stock.SymbolicTensor =>
  layer.apply(x) as stock.SymbolicTensor;

const MODELS: Readonly<Record<string, Make>> = {
  "convolutions and pooling": (x) => {
    const y = apply(
      layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }),
      apply(conv(4), x),
    );
    return apply(layers.averagePooling2d({ poolSize: 3, strides: 2, padding: "same" }), y);
  },
  "batch norm and depthwise": (x) => {
    const y = apply(layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 }), x);
    return apply(layers.batchNormalization({}), y);
  },
  "separable with hard sigmoid": (x) =>
    apply(layers.separableConv2d({ filters: 3, kernelSize: 3, activation: "hardSigmoid" }), x),
  "transposed, same": (x) =>
    apply(layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: "same" }), x),
  "transposed, valid": (x) =>
    apply(layers.conv2dTranspose({ filters: 2, kernelSize: 4, strides: 3 }), x),
  "transposed, small kernel": (x) =>
    apply(layers.conv2dTranspose({ filters: 2, kernelSize: 1, strides: 2, padding: "same" }), x),
  "enlarging, bilinear": (x) =>
    apply(layers.upSampling2d({ size: [2, 3], interpolation: "bilinear" }), x),
  "joins": (x) => {
    const [a, b] = [apply(conv(3), x), apply(layers.leakyReLU({}), x)];
    const sums = apply(layers.add(), [a, b, x]);
    const both = apply(layers.concatenate(), [sums, apply(layers.multiply(), [a, b])]);
    return apply(layers.layerNormalization({}), both);
  },
  "a head with softmax": (x) => {
    const y = apply(layers.globalAveragePooling2d({}), apply(layers.prelu({}), x));
    return apply(layers.dense({ units: 5, activation: "softmax" }), y);
  },
  "flatten and dense": (x) => {
    const y = apply(
      layers.flatten(),
      apply(layers.zeroPadding2d({ padding: [[1, 0], [0, 2]] }), x),
    );
    return apply(layers.dense({ units: 4, activation: "elu" }), y);
  },
};

onCpu(
  "a depthwise layer with dilation, of which TensorFlow.js does nothing, is refused",
  async () => {
    const [artifacts, group] = await savedOf((x) =>
      apply(layers.depthwiseConv2d({ kernelSize: 3, dilationRate: 2 }), x)
    );
    await onModel(artifacts, [group], async (path) => {
      const error = await assertRejects(() => readTfjs(path), TypeError);
      assert(
        error.message.includes("must have no dilation, which TensorFlow.js passes over, got [2,2]"),
      );
    });
  },
);

/** A model as TensorFlow.js saves it, whose numbers are not those that it begins with. */
async function savedOf(make: Make): Promise<[Artifacts, Group]> {
  await stock.setBackend("cpu");
  const input = stock.input({ shape: [7, 6, 3] });
  const model = stock.model({ inputs: input, outputs: make(input) });
  model.setWeights(model.weights.map(({ originalName, shape }) => {
    const size = shape.reduce<number>((product, one) => product * one!, 1);
    const values = numbersOf(size + 3).subarray(3);
    const isVariance = originalName.includes("variance");
    return stock.tensor(values.map((one) => isVariance ? one + 1.5 : one / 2), shape as number[]);
  }));
  let saved: [Artifacts, Group] | undefined;
  await model.save(stock.io.withSaveHandler((artifacts) => {
    const { weightSpecs, weightData, ...rest } = artifacts;
    const bytes = new Uint8Array(weightData as ArrayBuffer);
    saved = [rest as Artifacts, { weights: weightSpecs!, bytes, shards: 2 }];
    return Promise.resolve({
      modelArtifactsInfo: stock.io.getModelArtifactsInfoForJSON(artifacts),
    });
  }));
  model.dispose();
  return saved!;
}

for (const [name, make] of Object.entries(MODELS)) {
  onCpu(`a layers model answers as in stock TensorFlow.js: ${name}`, async () => {
    const [artifacts, group] = await savedOf(make);
    await onModel(artifacts, [group], (path) => assertAsStock(path, [2, 7, 6, 3]));
  });
}

onCpu(
  "names of classes and pictures' size are taken from the file, and from that beside it",
  async () => {
    const [artifacts, group] = await savedOf(MODELS["a head with softmax"]!);
    const names = ["a", "b", "c", "d", "e"];
    const preprocessing = {
      resize: 7,
      crop: [7, 6],
      range: 1,
      mean: [0, 0, 0],
      std: [1, 1, 1],
    } as const;
    await onModel(
      { ...artifacts, userDefinedMetadata: { labels: names } },
      [group],
      async (path) => {
        const { classNames, origin } = await open(path, { preprocessing });
        assertEquals([classNames, origin], [names, "TensorFlow.js"]);
        await assertRejects(() => open(path), TypeError, "model.preprocessing.json");
      },
    );
    await onModel(artifacts, [group], async (path, folder) => {
      const beside = { labels: names, imageSize: 7 };
      await Deno.writeTextFile(`${folder}/metadata.json`, JSON.stringify(beside));
      const file = await readTfjs(path);
      assertEquals(JSON.parse(file.metadata.classes!), names);
      const how = JSON.parse(file.metadata.preprocessing!);
      assertEquals(how, {
        resize: 7,
        crop: [7, 7],
        range: 255,
        mean: [127.5, 127.5, 127.5],
        std: [127.5, 127.5, 127.5],
      });
    });
  },
);

onCpu("shards that are too short, too long, missing, outside or linked are refused", async () => {
  const [artifacts, group] = await savedOf(MODELS["convolutions and pooling"]!);
  const { bytes } = group;
  const refused = async (
    bad: Group,
    kind: new (message: string) => Error,
    message: string,
  ): Promise<void> => {
    await onModel(artifacts, [bad], async (path) => {
      await assertRejects(() => readTfjs(path), kind, message);
    });
  };
  const longer = new Uint8Array(bytes.length + 1);
  const about =
    `its weights must be ${bytes.length} bytes in group1-shard1.bin, group1-shard2.bin, got `;
  await refused({ ...group, bytes: bytes.subarray(1) }, SyntaxError, `${about}${bytes.length - 1}`);
  await refused({ ...group, bytes: longer }, SyntaxError, `${about}${bytes.length + 1}`);
  const giant = [{ name: "conv2d/kernel", shape: [2 ** 30, 100], dtype: "float32" }];
  await refused({ ...group, weights: giant }, SyntaxError, "must be 429496729600 bytes");
  const text = [{ name: "a", shape: [1], dtype: "string" }];
  await refused({ ...group, weights: text }, TypeError, 'its weight "a" must be of float32');
  await onModel(artifacts, [group], async (path, folder) => {
    const model = JSON.parse(await Deno.readTextFile(path));
    for (
      const [shard, message] of [
        ["../secret.bin", "in a file of the model's folder"],
        ["/etc/passwd", "in a file of the model's folder"],
        ["https://example.com/a.bin", "in a file of the model's folder"],
        ["link.bin", "which is a link"],
      ]
    ) {
      await Deno.symlink(`${folder}/group1-shard1.bin`, `${folder}/link.bin`).catch(() => {});
      model.weightsManifest[0].paths[0] = shard;
      await Deno.writeTextFile(path, JSON.stringify(model));
      await assertRejects(() => readTfjs(path), RangeError, message!);
    }
    model.weightsManifest[0].paths[0] = "absent.bin";
    await Deno.writeTextFile(path, JSON.stringify(model));
    await assertRejects(() => readTfjs(path), Deno.errors.NotFound);
  });
});

onCpu("a model.json that is cut or of another program is refused", async () => {
  const [artifacts, group] = await savedOf(MODELS["joins"]!);
  await onModel(artifacts, [group], async (path) => {
    const whole = await Deno.readTextFile(path);
    for (let length = 0; length < whole.length; length += 500) {
      await Deno.writeTextFile(path, whole.slice(0, length));
      await assertRejects(() => readTfjs(path), SyntaxError, path);
    }
    for (const text of ["[]", "{}", '{"modelTopology":{}}', '{"modelTopology":{"node":[]}}']) {
      await Deno.writeTextFile(path, text);
      const error = await assertRejects(() => readTfjs(path));
      assert(error instanceof SyntaxError || error instanceof TypeError, String(error));
    }
  });
});

packageTest(
  "Upscaler's default model answers as in stock TensorFlow.js",
  "node_modules/@upscalerjs/default-model/models/model.json",
  (path) => assertAsStock(path, [1, 12, 10, 3]),
);
