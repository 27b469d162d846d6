// A picture of a folder is prepared the same way by every task: in training and evaluate, and in
// predict, serve and explain, which see it as a file of any size.
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { encodePng } from "../../lib/image/mod.ts";
import { openNetwork } from "../../tasks/pictures/opened_network.ts";
import { readPicture } from "../../tasks/pictures/read_picture.ts";
import { openFolder } from "../../tasks/datasets.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { disposeTree, fold, key, predict, start } from "../../mod.ts";
import { runTask } from "./run_task.ts";

/** Two classes of gray pictures, far from square; one of each to test with. */
async function pictures(dir: string): Promise<string[]> {
  const files: string[] = [];
  for (const [label, name] of ["across", "down"].entries()) {
    for (let i = 0; i < 3; i++) {
      const [width, height] = label === 0 ? [57, 20] : [18, 41];
      const pixels = uniformArray(fold(key(label), i), width * height);
      const folder = `${dir}/${i === 0 ? "test" : "train"}/${name}`;
      await Deno.mkdir(folder, { recursive: true });
      await Deno.writeFile(
        `${folder}/${i}.png`,
        encodePng({ width, height, channels: 1, pixels }),
      );
      if (i === 0) files.push(`${folder}/0.png`);
    }
  }
  return files;
}

const MOD = new URL("../../mod.ts", import.meta.url);

/** Preprocessing of an own network; without, pixels cover the input. */
const PREPROCESSINGS = [
  undefined,
  { resize: 16, filter: "bicubic", crop: [12, 10], range: 1, mean: [0.3], std: [0.5] },
  { crop: [12, 10], range: 255, mean: [100], std: [50] },
];

for (const preprocessing of PREPROCESSINGS) {
  const name = preprocessing ? `resize ${preprocessing.resize ?? "none"}` : "no preprocessing";
  Deno.test(`each task prepares a gray picture that is no square the same way: ${name}`, async () => {
    const dir = await Deno.makeTempDir();
    try {
      const files = await pictures(`${dir}/photos`);
      const own = `${dir}/own.ts`;
      await Deno.writeTextFile(
        own,
        `import { dense, flatten, sequential } from "${MOD}";
export default sequential({ flat: flatten(), out: dense({ features: 2 }) });
export const inputShape = [12, 10, 1];
${preprocessing ? `export const preprocessing = ${JSON.stringify(preprocessing)};` : ""}`,
      );
      const run = async (task: string, ...flags: string[]) => {
        const { code, out, err } = await runTask(task, [
          ...[...flags, "--backend", "cpu", "--json", "--model", own],
        ]);
        assertEquals(code, 0, err);
        return JSON.parse(out.trim().split("\n").at(-1)!);
      };
      const data = ["--dataset", "folder", "--data-dir", `${dir}/photos`];
      await run("train", ...data, "--out", `${dir}/run`, "--epochs", "1", "--batch-size", "2");
      const weights = `${dir}/run/checkpoint.safetensors`;
      const evaluated = await run("evaluate", ...data, "--weights", weights);
      const predicted = await Promise.all(files.map(async (file, label): Promise<number> => {
        const { top } = await run("predict", file, "--weights", weights);
        return top.find(({ index }: { index: number }) => index === label).probability;
      }));
      const loss = predicted.reduce((sum, p) => sum - Math.log(p) / 2, 0);
      assertAlmostEquals(evaluated.loss, loss, 0.005); // Of folders pixels are whole numbers.

      await start({ backend: "cpu" });
      const opened = await openNetwork({ weights, model: own, backend: "cpu" } as never);
      using images = await openFolder(`${dir}/photos`, { how: opened.units });
      const bytes = await images.test.read(new Uint32Array([0, 1]));
      const network = await opened.start();
      for (const [label, image] of files.entries()) {
        const flags = { image, invert: "auto", dataset: undefined, "data-dir": undefined } as const;
        const picture = await readPicture(opened, flags);
        picture.shown.pixels.forEach((value, i) =>
          assertAlmostEquals(255 * value, bytes[120 * label + i]!, 0.5001)
        );
        const x = picture.inputs();
        const probabilities = predict(network, x);
        assertAlmostEquals((await probabilities.data())[label]!, predicted[label]!, 1e-5);
        disposeTree({ x, probabilities });
      }
      disposeTree({ params: network.params, state: network.state });
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}
