// How many photos a second imageFolder reads, and augments, beside Pillow: NEOCOG_PYTHON=… deno run -A tests/data/photo_speed.ts
import {
  augment,
  imageFolder,
  jit,
  key,
  start,
  type Tensor2D,
  type Tensor4D,
  tf,
  type Tree,
} from "../../mod.ts";

const python = Deno.env.get("NEOCOG_PYTHON") ?? "python3";
const script = new URL("./photo_speed.py", import.meta.url).pathname;
const photos = new URL("../../../shared/data/photos", import.meta.url).pathname;

async function pillow(...args: string[]): Promise<void> {
  const { success } = await new Deno.Command(python, {
    args: [script, ...args],
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`Cannot measure Pillow: ${python} must have it`);
}

/** The best of three rates of a function that handles `count` images. */
async function rate(count: number, f: () => Promise<void>): Promise<string> {
  let best = 0;
  for (let i = 0; i < 4; i++) {
    const began = performance.now();
    await f();
    if (i > 0) best = Math.max(best, 1000 * count / (performance.now() - began));
  }
  return `${Math.round(best)} images/s`;
}

const folder = await Deno.makeTempDir();
try {
  await pillow("make", photos, folder);
  await start();
  for (const kind of ["jpg", "png"]) {
    for (const workers of [0, 2]) {
      using images = await imageFolder(`${folder}/${kind}`, {
        size: 224,
        resize: 256,
        workers,
        memoryLimit: 0, // Decodes each time.
        testFraction: 0.01,
      });
      const all = images.train.labels.map((_, i) => i);
      const every = Uint32Array.from(all);
      const read = await rate(every.length, async () => void await images.train.read(every));
      console.log(`neocog  ${kind}  ${workers} workers: ${read}`);
    }
  }
  const change = augment.compose(augment.randomCrop(16), augment.randomFlip());
  const shape = [32, 224, 224, 3] as const;
  const [batch, labels] = [tf.zeros([...shape]), tf.zeros([32, 3]) as Tensor2D];
  const apply = jit((images: Tensor4D, labels: Tensor2D, drawn: Tree) =>
    tf.sum(change.apply({ images, labels }, drawn).images)
  );
  const changed = await rate(32, async () => {
    await apply(batch as Tensor4D, labels, change.draw(key(1), shape)).data();
  });
  console.log(`neocog  random crop and flip on the device: ${changed}`);
  await pillow("measure", folder);
} finally {
  await Deno.remove(folder, { recursive: true });
}
