// Trains, predicts and dreams in one process for a time, and notes what memory it holds.
// Run by itself: deno run -A --v8-flags=--expose-gc tests/faults/hour.ts <seconds> <file of samples>
import type { GuardedBackend } from "../../lib/device/backend.ts";
import { parseAugmentations } from "../../lib/augment/mod.ts";
import { deepDream } from "../../lib/generate/mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import {
  type BackendName,
  classify,
  conv,
  dense,
  disposeTraining,
  disposeTree,
  evaluate,
  fit,
  flatten,
  init,
  key,
  predict,
  relu,
  sequential,
  snapshot,
  start,
  tf,
} from "../../mod.ts";
import { toyExamples, toyModel } from "../train/toy.ts";

/** What the process holds at a moment. */
export type Sample = {
  readonly seconds: number;
  readonly round: number;
  /** Bytes of the process in memory, and of V8's heap. */
  readonly rss: number;
  readonly heap: number;
  /** tfjs's tensors, their data and bytes. */
  readonly tensors: number;
  readonly bytes: number;
  /** Buffers of the GPU in use and kept for use, and the bytes of all; 0 on the CPU backend. */
  readonly usedBuffers: number;
  readonly freeBuffers: number;
  readonly gpuBytes: number;
};

/** Options of {@linkcode workFor}. */
export type HourOptions = {
  readonly seconds: number;
  readonly backend?: BackendName;
  /** Milliseconds of rest after each round. */
  readonly rest?: number;
  /** Seconds between samples. */
  readonly every?: number;
  readonly onSample: (sample: Sample) => void;
};

const memory = (round: number, began: number): Sample => {
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed: heap } = Deno.memoryUsage();
  const { numTensors: tensors, numBytes: bytes } = tf.memory();
  const { bufferManager, textures } = tf.backend() as unknown as Partial<GuardedBackend>;
  return {
    seconds: Math.round((performance.now() - began) / 1000),
    round,
    rss,
    heap,
    tensors,
    bytes,
    usedBuffers: bufferManager?.getNumUsedBuffers() ?? 0,
    freeBuffers: bufferManager?.getNumFreeBuffers() ?? 0,
    gpuBytes: (bufferManager?.numBytesAllocated ?? 0) + (textures?.bytes ?? 0),
  };
};

/** Works in rounds, each a training run from its beginning, an evaluation, predictions and a dream. */
export async function workFor(options: HourOptions): Promise<void> {
  await start({ backend: options.backend ?? "webgpu" });
  const began = performance.now();
  const [examples, test] = [toyExamples(48), toyExamples(18, 1)];
  const dreaming = init(
    sequential({
      conv1: conv({ features: 4, size: 3 }),
      relu1: relu(),
      conv2: conv({ features: 4, size: 3 }),
      flatten: flatten(),
      logits: dense({ features: 3 }),
    }),
    key(0),
    [16, 16, 1],
  );
  const noise = tf.tensor3d(uniformArray(key(1), 24 * 24), [24, 24, 1]);
  const model = toyModel();
  const augment = parseAugmentations("crop:1,flip");
  let sampled = -Infinity;
  for (let round = 0; (performance.now() - began) / 1000 < options.seconds; round++) {
    const fitting = { epochs: 2, batchSize: 12, key: key(round), validation: test, augment };
    for await (const { network } of fit(model, examples, fitting)) {
      if (network.progress.epoch < 2) continue;
      await snapshot(network);
      await evaluate(network, test);
      const x = tf.zeros([2, 8, 8, 1]);
      const probabilities = predict(network, x as tf.Tensor4D);
      await probabilities.data();
      tf.dispose([x, probabilities]);
      const picture = tf.zeros([8, 8, 1]);
      await classify({ ...network, classNames: examples.classNames }, picture);
      picture.dispose();
      disposeTraining(network);
    }
    const { images } = await deepDream(dreaming, noise, { layer: "conv2", octaves: 2, steps: 4 });
    await images.data();
    images.dispose();
    await new Promise((done) => setTimeout(done, options.rest ?? 0));
    const seconds = (performance.now() - began) / 1000;
    if (seconds - sampled < (options.every ?? 10)) continue;
    sampled = seconds;
    options.onSample(memory(round, began));
  }
  disposeTree({ params: dreaming.params, noise });
}

if (import.meta.main) {
  const [seconds, file] = Deno.args;
  using out = Deno.openSync(file!, { write: true, create: true, truncate: true });
  const encoder = new TextEncoder();
  await workFor({
    seconds: Number(seconds),
    rest: 500,
    onSample: (sample) => void out.writeSync(encoder.encode(`${JSON.stringify(sample)}\n`)),
  });
}
