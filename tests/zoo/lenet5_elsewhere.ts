// `deno task test:zoo`: LeNet-5 trained here scores the same on MNIST's 10,000 test images in ONNX
// Runtime, Keras and TensorFlow.js, and when it comes back from their files. Prints a table.
import { assertEquals } from "@std/assert";
import { evaluate, mnist, open, start, tf, weights } from "../../mod.ts";
import { table } from "../../lib/text/table.ts";
import { hasPackages, type Program, pythonProgram, stockTfjs } from "../exported/other_programs.ts";

/** Images that another program takes at once. */
const BATCH = 1000;

Deno.test("LeNet-5 trained here scores the same elsewhere and when it comes back", async () => {
  await start();
  const network = await open("examples/networks/lenet5-relu-mnist.safetensors");
  const { test } = await mnist();
  const { accuracy, count } = await evaluate(network, test);
  const own = Math.round(accuracy * count);
  const rows = [["file", "program", "right of 10,000", "and back here"]];
  const folder = await Deno.makeTempDir();
  try {
    const targets: readonly [
      file: string,
      name: string,
      packages: string | undefined,
      begin: () => Program,
      write: (path: string) => Promise<unknown>,
    ][] = [
      [
        "lenet5.onnx",
        "ONNX Runtime",
        "onnx, onnxruntime",
        () => pythonProgram("onnx"),
        (path) => weights.writeOnnx(path, network),
      ],
      [
        "lenet5.keras",
        "Keras on PyTorch",
        "keras, torch",
        () => pythonProgram("keras"),
        (path) => weights.writeKeras(path, network),
      ],
      [
        "lenet5.h5",
        "Keras on PyTorch",
        "keras, torch",
        () => pythonProgram("keras"),
        (path) => weights.writeKeras(path, network),
      ],
      [
        "lenet5",
        "TensorFlow.js (layers)",
        undefined,
        stockTfjs,
        (path) => weights.writeTfjs(path, network),
      ],
      [
        "lenet5-graph",
        "TensorFlow.js (graph)",
        undefined,
        stockTfjs,
        (path) => weights.writeTfjs(path, network, { kind: "graph" }),
      ],
    ];
    for (const [file, name, packages, begin, write] of targets) {
      const path = `${folder}/${file}`;
      await write(path);
      const back = /\./.test(file) ? path : `${path}/model.json`;
      const again = await evaluate(await open(back), test);
      const right = Math.round(again.accuracy * again.count);
      assertEquals(right, own, `${file} when it comes back`);
      const there = !packages || await hasPackages(packages);
      const scored = there ? await score(begin, path, test) : undefined;
      if (scored !== undefined) assertEquals(scored, own, `${file} in ${name}`);
      rows.push([file, name, `${scored ?? "skipped"}`, `${right}`]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  console.log(`${own} of ${count} here\n${table(rows, { heading: true })}`);
});

/** How many test images a program is right about. */
async function score(
  begin: () => Program,
  path: string,
  { images, labels }: Awaited<ReturnType<typeof mnist>>["test"],
): Promise<number> {
  await using program = begin();
  let right = 0;
  for (let first = 0; first < labels.length; first += BATCH) {
    const pixels = images.subarray(first * 784, (first + BATCH) * 784);
    const x = tf.tensor(Float32Array.from(pixels, (one) => one / 255), [BATCH, 28, 28, 1]);
    const { values } = await program.answer(path, x);
    x.dispose();
    for (let i = 0; i < BATCH; i++) {
      const logits = values.subarray(10 * i, 10 * (i + 1));
      if (logits.indexOf(Math.max(...logits)) === labels[first + i]) right++;
    }
  }
  return right;
}
