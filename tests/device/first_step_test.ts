// What a fresh process has to load and compile until its first prediction and its first step: counts, not times.
import { assert, assertEquals } from "@std/assert";
import {
  adam,
  disposeTree,
  init,
  jit,
  key,
  lenet5,
  predict,
  softmaxCrossEntropy,
  start,
  stop,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tf,
  trainStep,
} from "../../mod.ts";
import { gpuTest } from "./adapter.ts";

/** How many pipelines are made while `f` runs, on a device that has none yet. */
async function pipelines(f: () => Promise<void>): Promise<number> {
  const { prototype } = GPUDevice;
  const { createComputePipeline } = prototype;
  let count = 0;
  prototype.createComputePipeline = function (descriptor): GPUComputePipeline {
    count++;
    return createComputePipeline.call(this, descriptor);
  };
  try {
    stop();
    await start();
    await f();
  } finally {
    prototype.createComputePipeline = createComputePipeline;
  }
  return count;
}

gpuTest("LeNet-5's first prediction takes few pipelines", async () => {
  const count = await pipelines(async () => {
    const network = init(lenet5(), key(0), [28, 28, 1]);
    const scores = predict(network, tf.ones([1, 28, 28, 1])) as Tensor;
    assertEquals((await scores.data()).length, 10);
  });
  assert(count <= 7, `${count} pipelines`);
});

gpuTest("LeNet-5's first training step takes few pipelines", async () => {
  const count = await pipelines(async () => {
    const model = lenet5();
    const { params, state } = init(model, key(0), [28, 28, 1]);
    const optimizer = adam();
    const step = jit(trainStep(model, softmaxCrossEntropy, optimizer));
    const classes = tf.tensor1d(Array.from({ length: 128 }, (_, i) => i % 10), "int32") as Tensor1D;
    const labels = tf.oneHot(classes, 10).toFloat() as Tensor2D;
    const batch = { images: tf.ones([128, 28, 28, 1]), labels };
    const { loss, ...rest } = step(
      { params, state, optimizer: optimizer.init(params) },
      batch,
      key(1),
    );
    assertEquals((await loss.data()).length, 1);
    disposeTree(rest as never);
    step.dispose();
  });
  assert(count <= 31, `${count} pipelines`);
});

Deno.test("mod.ts loads few modules, and no package that most do not need", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", new URL("../../mod.ts", import.meta.url).href],
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    readonly modules: readonly {
      readonly specifier: string;
      readonly dependencies?: readonly {
        readonly code?: { readonly specifier?: string };
        readonly isDynamic?: boolean;
      }[];
    }[];
  };
  const known = new Map(modules.map((module) => [module.specifier, module]));
  const loaded = new Set<string>();
  const load = (specifier: string): void => {
    if (loaded.has(specifier)) return;
    loaded.add(specifier);
    for (const { code, isDynamic } of known.get(specifier)?.dependencies ?? []) {
      if (code?.specifier && !isDynamic) load(code.specifier);
    }
  };
  load(new URL("../../mod.ts", import.meta.url).href);
  const packages = [...loaded].filter((one) => one.startsWith("npm:"));
  assertEquals(packages.map((one) => one.replace(/^npm:\/?(.+)@.*$/, "$1")).toSorted(), [
    "@tensorflow/tfjs-backend-cpu",
    "@tensorflow/tfjs-backend-webgpu",
    "@tensorflow/tfjs-core",
    "fastest-levenshtein",
    "gifenc",
    "oled-font-5x7",
  ]);
  const own = [...loaded].filter((one) => one.startsWith("file:"));
  assert(own.length <= 645, `${own.length} modules`);
});
