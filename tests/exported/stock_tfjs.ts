// Stock TensorFlow.js answers for models in folders: each line of stdin is one with an input. It is
// a process of its own, as it shares its engine with whatever imports it.
// deno-lint-ignore no-import-prefix
import * as tf from "npm:@tensorflow/tfjs@4.22.0";

type Asked = { file: string; input: string; output: string; shape: number[] };

/** A folder's model by TensorFlow.js's own loaders. */
async function modelIn(folder: string): Promise<tf.GraphModel | tf.LayersModel> {
  const json = JSON.parse(await Deno.readTextFile(`${folder}/model.json`));
  const artifacts = await tf.io.getModelArtifactsForJSON(json, async (manifest) => {
    const paths = manifest.flatMap(({ paths }) => paths);
    const shards = await Promise.all(paths.map((path) => Deno.readFile(`${folder}/${path}`)));
    const bytes = await new Blob(shards).arrayBuffer();
    return [manifest.flatMap(({ weights }) => weights), bytes];
  });
  const handler = tf.io.fromMemory(artifacts);
  return artifacts.format === "graph-model"
    ? await tf.loadGraphModel(handler)
    : await tf.loadLayersModel(handler);
}

/** The shape of the output, which is left in a file. */
async function answer({ file, input, output, shape }: Asked): Promise<object> {
  try {
    const model = await modelIn(file);
    const x = tf.tensor(new Float32Array((await Deno.readFile(input)).buffer), shape);
    const y = model.predict(x) as tf.Tensor;
    await Deno.writeFile(output, new Uint8Array(Float32Array.from(await y.data()).buffer));
    tf.dispose([x, y]);
    model.dispose();
    return { shape: y.shape };
  } catch (error) {
    return { error: String(error) };
  }
}

await tf.setBackend("cpu");
let rest = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + text).split("\n");
  rest = lines.pop()!;
  for (const line of lines) {
    const said = await answer(JSON.parse(line));
    await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(said)}\n`));
  }
}
