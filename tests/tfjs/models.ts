// Models of stock TensorFlow.js for tests: written to a folder, and asked for their answers.
// deno-lint-ignore no-import-prefix
import * as stock from "npm:@tensorflow/tfjs@4.22.0";
import { assertEquals } from "@std/assert";
import { readTfjs } from "../../lib/tfjs/mod.ts";
import { sizeOf } from "../../lib/tensor/tensor.ts";
import { start, tf } from "../../mod.ts";
import { assertClose } from "../closeness.ts";

export { stock };

/** What a model.json has besides its weights. */
export type Artifacts = { readonly [name: string]: unknown };

/** A group of weights with its bytes, and how many shards they lie in. */
export type Group = {
  readonly weights: readonly unknown[];
  readonly bytes: Uint8Array;
  readonly shards: number;
};

/** Calls with the path of a model.json in a folder of its own, with its shards. */
export async function onModel(
  artifacts: Artifacts,
  groups: readonly Group[],
  use: (path: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const weightsManifest = [];
    for (const [g, { weights, bytes, shards }] of groups.entries()) {
      const paths = Array.from({ length: shards }, (_, i) => `group${g + 1}-shard${i + 1}.bin`);
      const each = Math.ceil(bytes.length / shards);
      for (const [i, name] of paths.entries()) {
        await Deno.writeFile(`${folder}/${name}`, bytes.subarray(i * each, (i + 1) * each));
      }
      weightsManifest.push({ paths, weights });
    }
    const path = `${folder}/model.json`;
    await Deno.writeTextFile(path, JSON.stringify({ ...artifacts, weightsManifest }));
    await use(path, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What stock TensorFlow.js reads of a model.json. */
function handlerOf(path: string): stock.io.IOHandler {
  return {
    async load() {
      const model = JSON.parse(await Deno.readTextFile(path));
      const groups = model.weightsManifest as { paths: string[]; weights: [] }[];
      const folder = path.replace(/[^/]*$/, "");
      const paths = groups.flatMap(({ paths }) => paths);
      const parts = await Promise.all(paths.map((name) => Deno.readFile(folder + name)));
      const weightData = await new Blob(parts).arrayBuffer();
      return { ...model, weightSpecs: groups.flatMap(({ weights }) => weights), weightData };
    },
  };
}

/** Numbers from −1 to 1, the same everywhere. */
export function numbersOf(size: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: size }, (_, i) => (i * i % 7919) % 1000 / 500 - 1);
}

/** The answer of stock TensorFlow.js on its CPU backend. */
async function stockAnswer(path: string, shape: readonly number[]): Promise<tf.Tensor> {
  await stock.setBackend("cpu");
  const { modelTopology } = JSON.parse(await Deno.readTextFile(path));
  const model = Array.isArray(modelTopology.node)
    ? await stock.loadGraphModel(handlerOf(path))
    : await stock.loadLayersModel(handlerOf(path));
  const y = model.predict(stock.tensor(numbersOf(sizeOf(shape)), [...shape])) as stock.Tensor;
  const values = await y.data();
  const answer = { shape: y.shape, values };
  model.dispose();
  return tf.tensor(answer.values as Float32Array, [...answer.shape]);
}

/** Compares a model.json with stock TensorFlow.js, on the CPU. */
export async function assertAsStock(path: string, shape: readonly number[]): Promise<void> {
  const wanted = await stockAnswer(path, shape);
  await start({ backend: "cpu" });
  const file = await readTfjs(path, { keepSoftmax: true });
  const { model, params, state } = file.build(shape.slice(1)).load();
  const x = tf.tensor(numbersOf(sizeOf(shape)), [...shape]);
  const [y] = model.apply(params, state, x, {});
  assertEquals(y.shape, wanted.shape);
  await assertClose(y, wanted);
}
