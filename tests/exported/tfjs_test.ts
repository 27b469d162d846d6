// Folders of TensorFlow.js: stock TensorFlow.js runs each layer, as layers or as a graph.
import { assertEquals, assertRejects } from "@std/assert";
import { conv, init, key, localResponseNorm, relu, sequential, tf, weights } from "../../mod.ts";
import { onCpu } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { readTfjs } from "../../lib/tfjs/mod.ts";
import { CASES } from "./cases.ts";
import { answerOf } from "./networks.ts";
import { stockTfjs } from "./other_programs.ts";

/** Calls with a folder that is not there yet. */
async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(`${folder}/model`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Layers that TensorFlow.js has no layers for. */
const GRAPHS =
  /^(normPool|groupNorm|instanceNorm|localResponseNorm|elu|gelu|reduce|meanPool rounded|depthwise conv with gaps|layerNorm of four axes|difference|(max|mean)Pool of uneven padding$)(?!\w)/;

for (const kind of ["auto", "graph"] as const) {
  onCpu(
    `stock TensorFlow.js, and open, answer the same for each layer of kind ${kind}`,
    async () => {
      await using program = stockTfjs();
      await inFolder(async (folder) => {
        for (const [name, [layer, shape]] of Object.entries(CASES)) {
          const { network, x, y } = answerOf(layer, shape);
          const became = await weights.writeTfjs(folder, network, { kind });
          if (became === "graph" && kind === "auto") assertEquals(GRAPHS.test(name), true, name);
          const { shape: size, values } = await program.answer(folder, x);
          assertEquals(size, y.shape, name);
          await assertClose(values, y, name, 1e-5);
          const file = await readTfjs(`${folder}/model.json`, { keepSoftmax: true });
          const { model, params, state } = file.build().load();
          await assertClose(model.apply(params, state, x, {})[0], y, `${name} back here`);
        }
      });
    },
  );
}

onCpu(
  "a folder has layers with their names, weights in shards, and what is said of them",
  async () => {
    await inFolder(async (folder) => {
      const model = sequential({
        conv1: conv({ features: 64, size: 5, padding: 2 }),
        act: relu(),
        head: sequential({ conv: conv({ features: 700, size: 5, bias: false }) }),
      });
      const network = { ...init(model, key(0), [5, 5, 3]), classNames: undefined };
      await weights.writeTfjs(folder, network, { metadata: { author: "A" } });
      const json = JSON.parse(await Deno.readTextFile(`${folder}/model.json`));
      assertEquals(json.format, "layers-model");
      assertEquals(json.userDefinedMetadata, { author: "A" });
      const { layers } = json.modelTopology.model_config.config;
      assertEquals(
        layers.map(({ name, class_name }: Record<string, string>) => `${name} ${class_name}`),
        ["input InputLayer", "conv1 Conv2D", "act Activation", "head_conv Conv2D"],
      );
      assertEquals(layers[1].config.padding, "same");
      const [{ paths, weights: specs }] = json.weightsManifest;
      assertEquals(
        specs.map(({ name, shape }: { name: string; shape: number[] }) => [name, shape]),
        [
          ["conv1/kernel", [5, 5, 3, 64]],
          ["conv1/bias", [64]],
          ["head_conv/kernel", [5, 5, 64, 700]],
        ],
      );
      assertEquals(paths, ["group1-shard1of2.bin", "group1-shard2of2.bin"]);
      const sizes = paths.map((path: string) => Deno.statSync(`${folder}/${path}`).size);
      assertEquals(sizes, [4 << 20, 4 * (5 * 5 * 3 * 64 + 64 + 5 * 5 * 64 * 700) - (4 << 20)]);

      // A second model takes its place, and what else is there stays.
      await Deno.writeTextFile(`${folder}/notes.txt`, "mine");
      await weights.writeTfjs(folder, network, { float16: true });
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
      assertEquals(names.length, 3);
      assertEquals(names.slice(1), ["model.json", "notes.txt"]);
      assertEquals(
        Deno.statSync(`${folder}/${names[0]}`).size,
        sizes[0] + sizes[1] - 2 * (5 * 5 * 3 * 64 + 5 * 5 * 64 * 700),
      );
    });
  },
);

onCpu("kernels in 16 bits are read by stock TensorFlow.js", async () => {
  await using program = stockTfjs();
  await inFolder(async (folder) => {
    for (const kind of ["layers", "graph"] as const) {
      const [layer, shape] = CASES["dense of an image"]!;
      const { network, x, y } = answerOf(layer, shape);
      await weights.writeTfjs(folder, network, { float16: true, kind });
      await assertClose((await program.answer(folder, x)).values, y, kind, 1e-3);
    }
  });
});

onCpu("what cannot be written leaves nothing, or what was there", async () => {
  await inFolder(async (folder) => {
    const network = init(localResponseNorm(), key(0), [3, 3, 4]);
    await assertRejects(
      () => weights.writeTfjs(folder, network, { kind: "layers" }),
      TypeError,
      "as layers of TensorFlow.js: its operations must be those of the format",
    );
    await assertRejects(() => Deno.stat(folder), Deno.errors.NotFound);
    assertEquals(await weights.writeTfjs(folder, network), "graph");
    const before = await Deno.readTextFile(`${folder}/model.json`);
    const { params, ...rest } = init(conv({ features: 4, size: 3 }), key(0), [3, 3, 4]);
    const large = { ...rest, params: { ...params, kernel: tf.fill([3, 3, 4, 4], 1e6) } };
    await assertRejects(
      () => weights.writeTfjs(folder, large as never, { float16: true }),
      RangeError,
      'Cannot write "conv/kernel" in float16',
    );
    assertEquals(await Deno.readTextFile(`${folder}/model.json`), before);
    assertEquals([...Deno.readDirSync(folder)].length, 2);
    await assertRejects(
      () => weights.writeTfjs(folder, network, { kind: "both" as "auto" }),
      RangeError,
      "its kind must be auto, layers or graph, got both",
    );
  });
});
